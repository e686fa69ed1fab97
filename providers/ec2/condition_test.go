package ec2_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/ec2"
	"rollcall/providers/sim/world"
)

func TestStatusChecksScheduledEventsAndProtectionAreSaidOfOneInstance(t *testing.T) {
	s, cfg := startSim(t, 0)
	c, err := ec2.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	list, _ := s.World().Instances("aws-use1", func(i *world.Instance) bool { return i.State == providers.StateRunning }, 0, 1)
	id := list[0].ID
	got, err := c.Condition(t.Context(), id)
	if err != nil || got.Checks != "system ok, instance ok" || len(got.Notices)+len(got.Protected)+len(got.Unchecked) != 0 {
		t.Errorf("a healthy one: %+v, %v", got, err)
	}
	at := time.Date(2026, 12, 2, 3, 0, 0, 0, time.UTC)
	if err := s.World().SetStatus("aws-use1", id, &world.Status{System: at.Add(-48 * time.Hour), Events: []world.ScheduledEvent{
		{ID: "instance-event-1", Code: "instance-retirement", Description: "The instance is running on degraded hardware", NotBefore: at},
		{ID: "instance-event-0", Code: "system-reboot", Description: "[Completed] Scheduled reboot", NotBefore: at.Add(-100 * time.Hour)},
	}}); err != nil {
		t.Fatal(err)
	}
	if err := s.World().Protect("aws-use1", id, true, false); err != nil {
		t.Fatal(err)
	}
	got, err = c.Condition(t.Context(), id)
	want := []string{
		"its system status check fails since 2026-11-30T03:00:00Z: what fails is Amazon's, and a stop and start moves it to another host",
		"Amazon has scheduled instance-retirement from 2026-12-02T03:00:00Z: The instance is running on degraded hardware",
	}
	if err != nil || got.Checks != "system impaired, instance ok" || !slices.Equal(got.Notices, want) || len(got.Protected) != 1 || !strings.Contains(got.Protected[0], "--no-disable-api-termination") {
		t.Errorf("%+v, %v", got, err)
	}
	all, err := c.Statuses(t.Context())
	if err != nil || len(all) < 2 || all[id].Checks != got.Checks || !slices.Equal(all[id].Notices, want) {
		t.Errorf("of all: %+v, %v", all[id], err)
	}
	check, err := c.CheckPower(t.Context(), id, providers.PowerReboot)
	if err != nil || check.Refused != "" || !slices.Equal(check.Notices, want) {
		t.Errorf("on a plan: %+v, %v", check, err)
	}
}

func TestAStatusThatCannotBeAskedHoldsNothingBackAndIsSaid(t *testing.T) {
	denied := apiError(http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation.")
	for name, h := range map[string]http.HandlerFunc{"denied": denied, "of another": statusAnswer("i-0aaaaaaaaaaaaaaaa", ""), "of none": xmlAnswer(`<DescribeInstanceStatusResponse/>`)} {
		c, _ := fakeCloud(t, handlers{"DescribeInstanceStatus": h, "DescribeInstances": dryRunAnswer(t), "RebootInstances": dryRunAnswer(t)})
		got, err := c.CheckPower(t.Context(), anID, providers.PowerReboot)
		if err != nil || got.Refused != "" || len(got.Unchecked) != 0 || len(got.Notices) != 1 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	c, _ := fakeCloud(t, handlers{"DescribeInstanceStatus": denied, "DescribeInstanceAttribute": denied})
	got, err := c.Condition(t.Context(), anID)
	if err != nil || len(got.Unchecked) != 3 || !strings.Contains(got.Unchecked[0], "ec2:DescribeInstanceStatus is missing") {
		t.Errorf("%+v, %v", got, err)
	}
	c, _ = fakeCloud(t, handlers{"DescribeInstanceStatus": statusAnswer("i-0aaaaaaaaaaaaaaaa", "")})
	if got, err := c.Condition(t.Context(), anID); providers.KindOf(err) != providers.KindIncomplete {
		t.Errorf("the answer about another is taken: %+v, %v", got, err)
	}
}
