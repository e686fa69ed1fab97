package ec2

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"rollcall/providers"
	"rollcall/providers/awsapi"
)

// protections lists the attributes that prevent an action. Stop protection also prevents termination (EC2 User Guide,
// "Enable stop protection for your EC2 instances").
var protections = map[providers.PowerAction][]types.InstanceAttributeName{
	providers.PowerTerminate: {types.InstanceAttributeNameDisableApiTermination, types.InstanceAttributeNameDisableApiStop},
	providers.PowerStop:      {types.InstanceAttributeNameDisableApiStop},
}

// CheckPower reads the attributes that protect the instance, which a dry run ignores, and makes a dry run of the call,
// which shows whether the credentials may make it. One more call asks for status checks and scheduled events, only of the
// instances on a plan: a call for all of them would add its pages to every refresh.
func (c *Cloud) CheckPower(ctx context.Context, id string, action providers.PowerAction) (providers.PowerCheck, error) {
	var out providers.PowerCheck
	if id == "" {
		return out, c.fail(providers.KindInvalid, "check "+string(action), "the instance id is empty")
	}
	for _, attribute := range protections[action] {
		on, err := c.attribute(ctx, id, attribute)
		switch {
		case err == nil && on:
			out.Refused, out.Satisfy = protectedText(attribute, c.region, id)
			return out, nil
		case err == nil:
		case isDenied(err):
			// Both attributes need the same permission, so one sentence suffices.
			if len(out.Unchecked) == 0 {
				out.Unchecked = append(out.Unchecked, c.name+": whether instances are protected cannot be asked: the permission ec2:DescribeInstanceAttribute is missing")
			}
		case isUnsupported(err):
			out.Unchecked = append(out.Unchecked, fmt.Sprintf("%s: this endpoint does not tell %s: %s", c.name, attribute, err))
		default:
			return providers.PowerCheck{}, err
		}
	}
	// Status checks decide nothing, so what cannot be asked of them is only said.
	if condition, err := c.status(ctx, id); err != nil {
		out.Notices = append(out.Notices, "its status checks and scheduled events are not known: "+err.Error())
	} else {
		out.Notices = append(condition.Notices, condition.Unchecked...)
	}
	err := c.dryRun(ctx, id, action)
	switch e, _ := errors.AsType[*providers.Error](err); {
	case err == nil:
	case isDenied(err):
		out.Refused = fmt.Sprintf("the credentials of %s may not %s it: %s", c.name, action, e.Err)
		out.Satisfy = "the permission " + permission(action) + " for these credentials"
	case providers.KindOf(err) == providers.KindConflict:
		out.Refused, out.Satisfy = fmt.Sprintf("%s would refuse to %s it: %s", c.name, action, e.Err), "an instance that allows it"
	case isUnsupported(err):
		out.Unchecked = append(out.Unchecked, fmt.Sprintf("%s: this endpoint cannot be asked whether it would carry out an action (DryRun): %s", c.name, err))
	default:
		return providers.PowerCheck{}, err
	}
	return out, nil
}

// protectedText returns the message about a protected instance, and the command that removes the protection.
func protectedText(a types.InstanceAttributeName, region, id string) (refused, satisfy string) {
	refused, flag := "it has termination protection (disableApiTermination)", "--no-disable-api-termination"
	if a == types.InstanceAttributeNameDisableApiStop {
		refused, flag = "it has stop protection (disableApiStop), which also keeps it from being terminated", "--no-disable-api-stop"
	}
	return refused, "aws ec2 modify-instance-attribute --region " + region + " --instance-id " + id + " " + flag
}

// attribute reports whether an instance has one of the protecting attributes.
func (c *Cloud) attribute(ctx context.Context, id string, a types.InstanceAttributeName) (on bool, err error) {
	err = c.s.Read(ctx, "ask for the protection of an instance", func(ctx context.Context) error {
		out, err := c.ec2.DescribeInstanceAttribute(ctx, &awsec2.DescribeInstanceAttributeInput{InstanceId: aws.String(id), Attribute: a})
		if err != nil {
			return err
		}
		value := out.DisableApiTermination
		if a == types.InstanceAttributeNameDisableApiStop {
			value = out.DisableApiStop
		}
		if aws.ToString(out.InstanceId) != id || value == nil || value.Value == nil {
			return providers.Errorf(providers.KindIncomplete, "", "the answer does not say %s of %s", a, id)
		}
		on = *value.Value
		return nil
	})
	return on, onlyInstanceNotFound(err, id)
}

// tryOnly is what a dry run does, for errors.
const tryOnly = "try without carrying it out"

// honoursDryRun returns an error unless the endpoint honours the flag of a dry run. One that ignores it would carry out the
// action, so the flag is first tried with a call that only reads.
func (c *Cloud) honoursDryRun(ctx context.Context, read *awsec2.DescribeInstancesInput) error {
	if c.dryRuns.Load() {
		return nil
	}
	read.DryRun = aws.Bool(true)
	_, err := awsapi.Call(ctx, c.s.Read, tryOnly, c.ec2.DescribeInstances, read)
	switch {
	case err == nil:
		return c.fail(providers.KindInvalid, tryOnly, "it answers a dry run of DescribeInstances as if it were none")
	case codeOf(err) != dryRunOperation:
		return err
	}
	c.dryRuns.Store(true)
	return nil
}

// dryRun makes the call of an action as a dry run; nil means that it would succeed.
func (c *Cloud) dryRun(ctx context.Context, id string, action providers.PowerAction) error {
	ids, dry := []string{id}, aws.Bool(true)
	if err := c.honoursDryRun(ctx, &awsec2.DescribeInstancesInput{InstanceIds: ids}); err != nil {
		return onlyInstanceNotFound(err, id)
	}
	const op = tryOnly
	err := c.s.Read(ctx, op, func(ctx context.Context) (err error) {
		switch action {
		case providers.PowerStart:
			_, err = c.ec2.StartInstances(ctx, &awsec2.StartInstancesInput{InstanceIds: ids, DryRun: dry})
		case providers.PowerStop:
			_, err = c.ec2.StopInstances(ctx, &awsec2.StopInstancesInput{InstanceIds: ids, DryRun: dry})
		case providers.PowerReboot:
			_, err = c.ec2.RebootInstances(ctx, &awsec2.RebootInstancesInput{InstanceIds: ids, DryRun: dry})
		case providers.PowerTerminate:
			_, err = c.ec2.TerminateInstances(ctx, &awsec2.TerminateInstancesInput{InstanceIds: ids, DryRun: dry})
		default:
			return providers.Errorf(providers.KindInvalid, "", "there is no action %q", action)
		}
		return err
	})
	switch {
	case err == nil:
		c.dryRuns.Store(false)
		return c.fail(providers.KindUncertain, op, "the endpoint took a dry run for the action itself, and may have carried it out")
	case codeOf(err) == dryRunOperation:
		return nil
	}
	return onlyInstanceNotFound(err, id)
}

// dryRunOperation is the code of a dry run that would succeed.
const dryRunOperation = "DryRunOperation"

// permission returns IAM's name of the permission for an action.
func permission(a providers.PowerAction) string {
	return "ec2:" + strings.ToUpper(string(a[:1])) + string(a[1:]) + "Instances"
}

// isDenied reports whether valid credentials lack a permission.
func isDenied(err error) bool {
	switch strings.TrimPrefix(codeOf(err), "Client.") {
	case "UnauthorizedOperation", "AccessDenied", "AccessDeniedException":
		return true
	}
	return false
}

// isUnsupported reports whether an endpoint does not know the request.
func isUnsupported(err error) bool {
	k := providers.KindOf(err)
	return k == providers.KindInvalid || k == providers.KindOther
}
