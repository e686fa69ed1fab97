package ec2

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"rollcall/providers"
	"rollcall/providers/awsapi"
)

// targetsWithin limits how long the target groups of one instance are asked for, so that the rest of its condition is not lost.
const targetsWithin = 15 * time.Second

// Condition implements providers.ConditionReader with one DescribeInstanceStatus, two DescribeInstanceAttribute and
// TargetGroups. What the credentials may not ask is listed as unchecked.
func (c *Cloud) Condition(ctx context.Context, id string) (providers.Condition, error) {
	if id == "" {
		return providers.Condition{}, c.fail(providers.KindInvalid, statusOp, "the instance id is empty")
	}
	out, err := c.status(ctx, id)
	if err != nil {
		return providers.Condition{}, err
	}
	for _, a := range protections[providers.PowerTerminate] {
		on, err := c.attribute(ctx, id, a)
		switch {
		case err == nil && on:
			refused, satisfy := protectedText(a, c.region, id)
			out.Protected = append(out.Protected, strings.TrimPrefix(refused, "it has ")+"; it ends by "+satisfy)
		case err == nil:
		case isDenied(err):
			out.Unchecked = append(out.Unchecked, fmt.Sprintf("%s: the permission ec2:DescribeInstanceAttribute is missing", a))
		case isUnsupported(err):
			out.Unchecked = append(out.Unchecked, fmt.Sprintf("%s: %s", a, err))
		default:
			return providers.Condition{}, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, targetsWithin)
	defer cancel()
	targets := c.TargetGroups(ctx, []string{id})
	for i := range targets.Groups {
		out.Targets = append(out.Targets, targets.Groups[i].Describe(id, nil))
	}
	if targets.Unknown != "" {
		out.Unchecked = append(out.Unchecked, "target groups unknown: "+targets.Unknown)
	}
	return out, nil
}

const statusOp = "ask for the status of an instance"

// status reads the status checks and the scheduled events of one instance, in any state. It sets Protected of no
// condition.
func (c *Cloud) status(ctx context.Context, id string) (out providers.Condition, err error) {
	in := &awsec2.DescribeInstanceStatusInput{InstanceIds: []string{id}, IncludeAllInstances: aws.Bool(true)}
	answer, err := awsapi.Call(ctx, c.s.Read, statusOp, c.ec2.DescribeInstanceStatus, in)
	switch err = onlyInstanceNotFound(err, id); {
	case err == nil:
	case isDenied(err):
		out.Unchecked = []string{"status checks and scheduled events: the permission ec2:DescribeInstanceStatus is missing"}
		return out, nil
	case isUnsupported(err):
		out.Unchecked = []string{"status checks and scheduled events: " + err.Error()}
		return out, nil
	default:
		return out, err
	}
	if len(answer.InstanceStatuses) != 1 || aws.ToString(answer.InstanceStatuses[0].InstanceId) != id {
		return out, c.incomplete(statusOp, "the answer is not about %s", id)
	}
	return conditionOf(&answer.InstanceStatuses[0]), nil
}

// Statuses implements providers.StatusReader with DescribeInstanceStatus, a call for each thousand instances that run.
func (c *Cloud) Statuses(ctx context.Context) (map[string]providers.Condition, error) {
	const op = "list the status of instances"
	all := map[string]providers.Condition{}
	err := c.pages(op, func(token *string) (*string, error) {
		out, err := awsapi.Call(ctx, c.s.Read, op, c.ec2.DescribeInstanceStatus, &awsec2.DescribeInstanceStatusInput{MaxResults: aws.Int32(pageSize), NextToken: token})
		if err != nil {
			return nil, err
		}
		for i := range out.InstanceStatuses {
			all[aws.ToString(out.InstanceStatuses[i].InstanceId)] = conditionOf(&out.InstanceStatuses[i])
		}
		return out.NextToken, nil
	})
	return all, err
}

// conditionOf returns the status checks and the scheduled events of an instance.
func conditionOf(s *types.InstanceStatus) (out providers.Condition) {
	system, machine := checkOf(s.SystemStatus), checkOf(s.InstanceStatus)
	if system.Status != types.SummaryStatusNotApplicable || machine.Status != types.SummaryStatusNotApplicable {
		out.Checks = fmt.Sprintf("system %s, instance %s", cmp.Or(system.Status, "unknown"), cmp.Or(machine.Status, "unknown"))
	}
	if system.Status == types.SummaryStatusImpaired {
		out.Notices = append(out.Notices, "its system status check fails"+sinceText(system)+": what fails is Amazon's, and a stop and start moves it to another host")
	}
	if machine.Status == types.SummaryStatusImpaired {
		out.Notices = append(out.Notices, "its instance status check fails"+sinceText(machine))
	}
	for i := range s.Events {
		if text := eventText(&s.Events[i]); text != "" {
			out.Notices = append(out.Notices, text)
		}
	}
	return out
}

// checkOf returns a status check, which an answer may lack.
func checkOf(s *types.InstanceStatusSummary) types.InstanceStatusSummary {
	if s == nil {
		return types.InstanceStatusSummary{}
	}
	return *s
}

func sinceText(s types.InstanceStatusSummary) string {
	for _, d := range s.Details {
		if d.ImpairedSince != nil {
			return " since " + d.ImpairedSince.UTC().Format(time.RFC3339)
		}
	}
	return ""
}

// eventText describes a scheduled event, or returns "" for one that is over: for a week the description of such an event
// begins with "[Completed]" or "[Canceled]" (EC2 API, InstanceStatusEvent).
func eventText(e *types.InstanceStatusEvent) string {
	does := awsapi.Clean(aws.ToString(e.Description))
	if strings.HasPrefix(does, "[Completed]") || strings.HasPrefix(does, "[Canceled]") {
		return ""
	}
	text := "Amazon has scheduled " + awsapi.Clean(string(e.Code))
	if e.NotBefore != nil {
		text += " from " + e.NotBefore.UTC().Format(time.RFC3339)
	}
	if e.NotAfter != nil {
		text += " to " + e.NotAfter.UTC().Format(time.RFC3339)
	}
	if does != "" {
		text += ": " + does
	}
	return text
}
