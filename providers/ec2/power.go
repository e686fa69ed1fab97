package ec2

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/charmbracelet/x/ansi"

	"rollcall/providers"
	"rollcall/providers/awsapi"
)

// Start starts an instance. It is no error if the instance is running.
func (c *Cloud) Start(ctx context.Context, id string) error {
	return c.power(ctx, "start an instance", id, func(ctx context.Context, ids []string) error {
		out, err := c.ec2.StartInstances(ctx, &awsec2.StartInstancesInput{InstanceIds: ids})
		if err != nil {
			return err
		}
		return c.changed(out.StartingInstances, id)
	})
}

// Stop stops an instance. It is no error if the instance is stopped.
func (c *Cloud) Stop(ctx context.Context, id string) error {
	return c.power(ctx, "stop an instance", id, func(ctx context.Context, ids []string) error {
		out, err := c.ec2.StopInstances(ctx, &awsec2.StopInstancesInput{InstanceIds: ids})
		if err != nil {
			return err
		}
		return c.changed(out.StoppingInstances, id)
	})
}

// Reboot reboots an instance.
func (c *Cloud) Reboot(ctx context.Context, id string) error {
	return c.power(ctx, "reboot an instance", id, func(ctx context.Context, ids []string) error {
		_, err := c.ec2.RebootInstances(ctx, &awsec2.RebootInstancesInput{InstanceIds: ids})
		return err
	})
}

// Terminate terminates an instance. It is no error if the instance is gone.
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

// power makes a call that may be repeated: none of the four changes an instance that is already in the wanted state. It is
// KindNotFound only if EC2 also says so when asked for the instance; else the outcome is KindUncertain.
func (c *Cloud) power(ctx context.Context, op, id string, call func(context.Context, []string) error) error {
	if id == "" {
		return c.fail(providers.KindInvalid, op, "the instance id is empty")
	}
	err := c.s.Repeat(ctx, op, func(ctx context.Context) error { return call(ctx, []string{id}) })
	if err = onlyInstanceNotFound(err, id); providers.KindOf(err) != providers.KindNotFound {
		return err
	}
	// A part of EC2 that lags behind does not find an instance that runs.
	if i, lookErr := c.Instance(ctx, id); !providers.IsGone(lookErr) && !(lookErr == nil && i.State.Dead()) {
		return &providers.Error{Kind: providers.KindUncertain, Source: c.name, Op: op, Err: fmt.Errorf("EC2 does not find it, and asked for it by its id does not say that it is gone: %w", err)}
	}
	return err
}

// changed checks that an answer is about the instance whose state should change.
func (c *Cloud) changed(list []types.InstanceStateChange, id string) error {
	if slices.ContainsFunc(list, func(i types.InstanceStateChange) bool { return aws.ToString(i.InstanceId) == id }) {
		return nil
	}
	return providers.Errorf(providers.KindIncomplete, "", "EC2 answered without the instance %s", id)
}

// ConsoleLog returns the end of the instance's console log, up to 64 KiB, without colours and control characters.
func (c *Cloud) ConsoleLog(ctx context.Context, id string) (string, error) {
	const op = "read the console log"
	in := &awsec2.GetConsoleOutputInput{InstanceId: aws.String(id), Latest: aws.Bool(true)}
	out, err := awsapi.Call(ctx, c.s.Read, op, c.ec2.GetConsoleOutput, in)
	if providers.KindOf(err) == providers.KindInvalid { // only Nitro instances support Latest
		in.Latest = nil
		out, err = awsapi.Call(ctx, c.s.Read, op, c.ec2.GetConsoleOutput, in)
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
