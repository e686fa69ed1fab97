package awsfront

import (
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

func TestTheAWSCLIReadsStatusChecksAndScheduledEvents(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	list, _ := c.w.Instances("aws-use1", func(i *world.Instance) bool { return i.State == providers.StateRunning }, 0, 2)
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := c.w.SetStatus("aws-use1", list[0].ID, &world.Status{System: at, Events: []world.ScheduledEvent{
		{ID: "instance-event-0abc", Code: "system-reboot", Description: "scheduled reboot", NotBefore: at, NotAfter: at.Add(time.Hour)},
	}}); err != nil {
		t.Fatal(err)
	}
	got := c.ok("ec2 describe-instance-status --filters Name=system-status.status,Values=impaired")
	statuses := rows(got, "InstanceStatuses")
	if len(statuses) != 1 || statuses[0]["InstanceId"] != list[0].ID {
		t.Fatalf("%v", got)
	}
	events := rows(statuses[0], "Events")
	if len(events) != 1 || events[0]["Code"] != "system-reboot" || events[0]["NotBefore"] == nil || events[0]["InstanceEventId"] != "instance-event-0abc" {
		t.Errorf("%v", statuses[0])
	}
	details := rows(statuses[0]["SystemStatus"].(map[string]any), "Details")
	if len(details) != 1 || details[0]["Status"] != "failed" || details[0]["ImpairedSince"] == nil {
		t.Errorf("%v", statuses[0]["SystemStatus"])
	}
	got = c.ok("ec2 describe-instance-status --instance-ids " + list[1].ID)
	if s := rows(got, "InstanceStatuses"); len(s) != 1 || s[0]["SystemStatus"].(map[string]any)["Status"] != "ok" || s[0]["Events"] != nil {
		t.Errorf("a healthy one: %v", got)
	}
}
