package ec2

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"

	"rollcall/providers"
	"rollcall/providers/awsapi"
)

// CheckLaunch makes the call of a launch as a dry run (EC2 API, RunInstances, DryRun), with a client token of its own. EC2
// names one refusal at a time.
func (c *Cloud) CheckLaunch(ctx context.Context, req providers.LaunchRequest) (providers.LaunchCheck, error) {
	var out providers.LaunchCheck
	in, err := c.runInput(tryOnly, req)
	if err == nil {
		if wrong := c.honoursDryRun(ctx, &awsec2.DescribeInstancesInput{MaxResults: aws.Int32(5)}); wrong != nil && !isUnsupported(wrong) {
			return out, wrong
		} else if wrong != nil {
			out.Unchecked = append(out.Unchecked, fmt.Sprintf("this endpoint cannot be asked whether it would launch (DryRun): %s", wrong))
			return out, nil
		}
		in.ClientToken, in.DryRun = nil, aws.Bool(true)
		var made *awsec2.RunInstancesOutput
		made, err = awsapi.Call(ctx, c.s.Read, tryOnly, c.ec2.RunInstances, in)
		if err == nil {
			c.dryRuns.Store(false)
			var ids []string
			for i := range made.Instances {
				ids = append(ids, aws.ToString(made.Instances[i].InstanceId))
			}
			return out, c.fail(providers.KindUncertain, tryOnly, "the endpoint took a dry run for a launch and answered with %s: look at it, and terminate it", strings.Join(ids, ", "))
		}
	}
	switch k := providers.KindOf(err); {
	case codeOf(err) == dryRunOperation:
	case isDenied(err), k == providers.KindInvalid, k == providers.KindNotFound, k == providers.KindConflict, k == providers.KindLimit:
		why := err.Error()
		if e, ok := errors.AsType[*providers.Error](err); ok {
			why = e.Err.Error()
		}
		why, _, _ = strings.Cut(why, " Encoded authorization failure message:") // it is longer than all else, and not for people
		out.Refused = append(out.Refused, fmt.Sprintf("the launch would be refused: %s; %s", strings.TrimSuffix(why, "."), launchAdvice(codeOf(err), why)))
	default:
		return out, err
	}
	return out, nil
}

// launchAdvice returns what to do about the refusal of a launch.
func launchAdvice(code, text string) string {
	code = strings.TrimPrefix(code, "Client.")
	switch {
	case code == "UnauthorizedOperation", strings.HasPrefix(code, "AccessDenied"):
		return "these credentials need ec2:RunInstances, ec2:CreateTags, and iam:PassRole for an instance profile, as rollcall policy aws prints them"
	case strings.HasPrefix(code, "InvalidAMIID"):
		return "choose an image of this region"
	case strings.HasPrefix(code, "InvalidSubnet"):
		return "choose a subnet of this region"
	case strings.HasPrefix(code, "InvalidGroup"), strings.HasPrefix(code, "InvalidSecurityGroup"):
		return "choose a security group of the subnet's network"
	case strings.HasPrefix(code, "InvalidKeyPair"):
		return "choose a key pair of this region"
	case strings.Contains(text, "Instance Profile"):
		return "choose an instance profile of this account, or create it"
	case strings.Contains(text, "InstanceType"), strings.Contains(text, "instance type"):
		return "choose an instance type of this region that runs the image"
	}
	return "correct it and try again"
}
