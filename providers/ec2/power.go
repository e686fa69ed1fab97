package ec2

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/charmbracelet/x/ansi"

	"rollcall/providers"
)

// Start starts a stopped instance. One that runs already is no error.
func (c *Cloud) Start(ctx context.Context, id string) error {
	return c.power(ctx, "start an instance", id, func(ctx context.Context, ids []string) error {
		out, err := c.ec2.StartInstances(ctx, &awsec2.StartInstancesInput{InstanceIds: ids})
		if err != nil {
			return err
		}
		return c.changed(out.StartingInstances, id)
	})
}

// Stop stops a running instance. One that is stopped already is no error.
func (c *Cloud) Stop(ctx context.Context, id string) error {
	return c.power(ctx, "stop an instance", id, func(ctx context.Context, ids []string) error {
		out, err := c.ec2.StopInstances(ctx, &awsec2.StopInstancesInput{InstanceIds: ids})
		if err != nil {
			return err
		}
		return c.changed(out.StoppingInstances, id)
	})
}

// Reboot asks the instance's system to start again.
func (c *Cloud) Reboot(ctx context.Context, id string) error {
	return c.power(ctx, "reboot an instance", id, func(ctx context.Context, ids []string) error {
		_, err := c.ec2.RebootInstances(ctx, &awsec2.RebootInstancesInput{InstanceIds: ids})
		return err
	})
}

// Terminate ends an instance for ever. One that is gone already is no error.
func (c *Cloud) Terminate(ctx context.Context, id string) error {
	err := c.power(ctx, "terminate an instance", id, func(ctx context.Context, ids []string) error {
		out, err := c.ec2.TerminateInstances(ctx, &awsec2.TerminateInstancesInput{InstanceIds: ids})
		if err != nil {
			return err
		}
		return c.changed(out.TerminatingInstances, id)
	})
	if providers.KindOf(err) == providers.KindNotFound {
		return nil
	}
	return err
}

// power makes a call that may be made twice: each of the four leaves an
// instance that is there already where it is.
func (c *Cloud) power(ctx context.Context, op, id string, call func(context.Context, []string) error) error {
	if id == "" {
		return c.fail(providers.KindInvalid, op, "the instance id is empty")
	}
	err := c.s.Repeat(ctx, op, func(ctx context.Context) error { return call(ctx, []string{id}) })
	return onlyInstanceNotFound(err, id)
}

// changed makes sure that an answer is about an instance whose state was to change.
func (c *Cloud) changed(list []types.InstanceStateChange, id string) error {
	if slices.ContainsFunc(list, func(i types.InstanceStateChange) bool { return aws.ToString(i.InstanceId) == id }) {
		return nil
	}
	return providers.Errorf(providers.KindIncomplete, "", "EC2 answered without the instance %s", id)
}

// ConsoleLog reads what the instance last wrote to its console, up to 64 KiB,
// without colours and control characters.
func (c *Cloud) ConsoleLog(ctx context.Context, id string) (string, error) {
	const op = "read the console log"
	var out *awsec2.GetConsoleOutputOutput
	read := func(latest *bool) error {
		return c.s.Read(ctx, op, func(ctx context.Context) (err error) {
			out, err = c.ec2.GetConsoleOutput(ctx, &awsec2.GetConsoleOutputInput{InstanceId: aws.String(id), Latest: latest})
			return err
		})
	}
	err := read(aws.Bool(true))
	if providers.KindOf(err) == providers.KindInvalid { // only Nitro instances have a latest output
		err = read(nil)
	}
	if err != nil {
		return "", onlyInstanceNotFound(err, id)
	}
	text, err := base64.StdEncoding.DecodeString(aws.ToString(out.Output))
	if err != nil {
		return "", c.incomplete(op, "the log cannot be read: %w", err)
	}
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, ansi.Strip(strings.ToValidUTF8(string(text), "?"))), nil
}
