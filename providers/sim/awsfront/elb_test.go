package awsfront

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/providers/sim/world"
)

func TestTheAWSCLIListsTargetGroupsInPagesAndTheirTargetsWithTheirHealth(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	for n := range 5 {
		c.w.AddTargetGroup("aws-use1", world.TargetGroup{Name: fmt.Sprintf("tg-%d", n), Port: 8080})
	}
	var got []map[string]any
	for marker := ""; ; { // with a size of its own for pages the CLI does not go on by itself
		page := c.ok("elbv2 describe-target-groups --page-size 4" + marker)
		got = append(got, rows(page, "TargetGroups")...)
		if page["NextMarker"] == nil {
			break
		}
		marker = " --marker " + page["NextMarker"].(string)
	}
	if len(got) != 6 || got[0]["TargetGroupName"] != "tg-www" || got[0]["TargetType"] != "instance" || len(got[0]["LoadBalancerArns"].([]any)) != 1 || len(got[5]["LoadBalancerArns"].([]any)) != 0 {
		t.Fatalf("%v", got)
	}
	if one := rows(c.ok("elbv2 describe-target-groups --names tg-3"), "TargetGroups"); len(one) != 1 || one[0]["TargetGroupName"] != "tg-3" {
		t.Errorf("%v", one)
	}
	arn := got[0]["TargetGroupArn"].(string)
	states := func(more ...string) (all []string) {
		for _, d := range rows(c.ok("elbv2 describe-target-health --target-group-arn "+arn, more...), "TargetHealthDescriptions") {
			h := d["TargetHealth"].(map[string]any)
			all = append(all, strings.TrimSpace(fmt.Sprint(h["State"], " ", h["Reason"])))
		}
		return all
	}
	if s := strings.Join(states(), "; "); strings.Count(s, "healthy <nil>") != 6 {
		t.Errorf("at first: %s", s)
	}
	id := c.w.TargetGroups("aws-use1")[0].Targets[0].ID
	c.ok("elbv2 deregister-targets --target-group-arn " + arn + " --targets Id=" + id + ",Port=80")
	if s := states("--targets", "Id="+id); len(s) != 1 || s[0] != "draining Target.DeregistrationInProgress" {
		t.Errorf("deregistered: %v", s)
	}
	c.ok("elbv2 register-targets --target-group-arn " + arn + " --targets Id=" + id)
	c.ok("ec2 stop-instances --instance-ids " + id)
	if s := states("--targets", "Id="+id); len(s) != 1 || s[0] != "unused Target.InvalidState" {
		t.Errorf("stopped: %v", s)
	}
	if s := states("--targets", "Id="+id+",Port=81"); len(s) != 1 || s[0] != "unused Target.NotRegistered" {
		t.Errorf("on another port: %v", s)
	}
	c.refused("TargetGroupNotFound", "elbv2 describe-target-health --target-group-arn "+arn+"0")
	c.refused("TargetGroupNotFound", "elbv2 describe-target-groups --names none")
	c.refused("InvalidTarget", "elbv2 register-targets --target-group-arn "+arn+" --targets Id=i-0aaaaaaaaaaaaaaaa")
	c.refused("ValidationError", "elbv2 describe-target-groups --page-size 401")
	c.refused("InvalidAction", "elbv2 describe-load-balancers")
}
