package awsfront

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// answerOf returns the code and status of a refusal.
func answerOf(err error) (code string, status int) {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code = api.ErrorCode()
	}
	if r, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		status = r.HTTPStatusCode()
	}
	return code, status
}

func firstRunning(t *testing.T, s *site) string {
	t.Helper()
	list, _ := s.w.Instances("aws-use1", func(i *world.Instance) bool { return i.State == providers.StateRunning }, 0, 1)
	return list[0].ID
}

func TestAProtectedInstanceIsNeitherTerminatedNorStoppedUntilTheProtectionIsTakenOff(t *testing.T) {
	s := newSite(t)
	c := ec2.NewFromConfig(s.config("us-east-1"))
	id := firstRunning(t, s)
	attribute := func(name types.InstanceAttributeName) bool {
		t.Helper()
		out, err := c.DescribeInstanceAttribute(t.Context(), &ec2.DescribeInstanceAttributeInput{InstanceId: aws.String(id), Attribute: name})
		if err != nil {
			t.Fatal(err)
		}
		if name == types.InstanceAttributeNameDisableApiStop {
			return aws.ToBool(out.DisableApiStop.Value)
		}
		return aws.ToBool(out.DisableApiTermination.Value)
	}
	set := func(in *ec2.ModifyInstanceAttributeInput) {
		t.Helper()
		in.InstanceId = aws.String(id)
		if _, err := c.ModifyInstanceAttribute(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	terminate := func() error {
		_, err := c.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{id}})
		return err
	}
	stop := func() error {
		_, err := c.StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{id}})
		return err
	}
	refused := func(err error, attribute string) {
		t.Helper()
		if code, status := answerOf(err); code != "OperationNotPermitted" || status != http.StatusBadRequest || !strings.Contains(err.Error(), "'"+attribute+"'") {
			t.Errorf("answer %v", err)
		}
	}
	on, off := &types.AttributeBooleanValue{Value: aws.Bool(true)}, &types.AttributeBooleanValue{Value: aws.Bool(false)}
	if attribute(types.InstanceAttributeNameDisableApiTermination) || attribute(types.InstanceAttributeNameDisableApiStop) {
		t.Fatal("protected from the beginning")
	}
	set(&ec2.ModifyInstanceAttributeInput{DisableApiTermination: on})
	if !attribute(types.InstanceAttributeNameDisableApiTermination) || attribute(types.InstanceAttributeNameDisableApiStop) {
		t.Error("the attributes are not what was set")
	}
	refused(terminate(), "disableApiTermination")
	// As Attribute and Value, the older form of the call.
	set(&ec2.ModifyInstanceAttributeInput{Attribute: types.InstanceAttributeNameDisableApiTermination, Value: aws.String("false")})
	set(&ec2.ModifyInstanceAttributeInput{DisableApiStop: on})
	refused(stop(), "disableApiStop")
	refused(terminate(), "disableApiStop")
	set(&ec2.ModifyInstanceAttributeInput{DisableApiStop: off})
	if err := terminate(); err != nil {
		t.Errorf("unprotected: %v", err)
	}
}

func TestALaunchCanProtectItsInstances(t *testing.T) {
	s := newSite(t)
	c := ec2.NewFromConfig(s.config("us-east-1"))
	out, err := c.RunInstances(t.Context(), &ec2.RunInstancesInput{
		ImageId: aws.String(image), InstanceType: "t3.micro", MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		DisableApiTermination: aws.Bool(true), DisableApiStop: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	i, err := s.w.Instance("aws-use1", aws.ToString(out.Instances[0].InstanceId))
	if err != nil || !i.NoTerminate || !i.NoStop {
		t.Errorf("launched %+v, %v", i, err)
	}
}

func TestADryRunOfAnyCallChangesNothingAndSaysThatItWouldHaveSucceeded(t *testing.T) {
	s := newSite(t)
	c := ec2.NewFromConfig(s.config("us-east-1"))
	id := firstRunning(t, s)
	one, dry := []string{id}, aws.Bool(true)
	for name, call := range map[string]func() error{
		"DescribeInstances": func() error {
			_, err := c.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{DryRun: dry, InstanceIds: one})
			return err
		},
		"DescribeInstanceAttribute": func() error {
			_, err := c.DescribeInstanceAttribute(t.Context(), &ec2.DescribeInstanceAttributeInput{DryRun: dry, InstanceId: &id, Attribute: "disableApiStop"})
			return err
		},
		"DescribeAddresses": func() error {
			_, err := c.DescribeAddresses(t.Context(), &ec2.DescribeAddressesInput{DryRun: dry})
			return err
		},
		"DescribeNetworkInterfaces": func() error {
			_, err := c.DescribeNetworkInterfaces(t.Context(), &ec2.DescribeNetworkInterfacesInput{DryRun: dry})
			return err
		},
		"DescribeImages": func() error {
			_, err := c.DescribeImages(t.Context(), &ec2.DescribeImagesInput{DryRun: dry})
			return err
		},
		"ModifyInstanceAttribute": func() error {
			_, err := c.ModifyInstanceAttribute(t.Context(), &ec2.ModifyInstanceAttributeInput{DryRun: dry, InstanceId: &id, DisableApiStop: &types.AttributeBooleanValue{Value: aws.Bool(true)}})
			return err
		},
		"TerminateInstances": func() error {
			_, err := c.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{DryRun: dry, InstanceIds: one})
			return err
		},
		"StopInstances": func() error {
			_, err := c.StopInstances(t.Context(), &ec2.StopInstancesInput{DryRun: dry, InstanceIds: one})
			return err
		},
		"StartInstances": func() error {
			_, err := c.StartInstances(t.Context(), &ec2.StartInstancesInput{DryRun: dry, InstanceIds: one})
			return err
		},
		"RebootInstances": func() error {
			_, err := c.RebootInstances(t.Context(), &ec2.RebootInstancesInput{DryRun: dry, InstanceIds: one})
			return err
		},
	} {
		if code, status := answerOf(call()); code != "DryRunOperation" || status != http.StatusPreconditionFailed {
			t.Errorf("%s answered %d %s", name, status, code)
		}
	}
	if i, err := s.w.Instance("aws-use1", id); err != nil || i.State != providers.StateRunning || i.NoStop {
		t.Errorf("afterwards %+v, %v", i, err)
	}
	unknown := "i-0123456789abcdef0"
	_, err := c.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{DryRun: dry, InstanceIds: []string{unknown}})
	if code, _ := answerOf(err); code != "InvalidInstanceID.NotFound" {
		t.Errorf("of an instance that is not there: %v", err)
	}
}
