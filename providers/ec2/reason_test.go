package ec2_test

import (
	"context"
	"strings"
	"testing"

	"rollcall/providers"
)

func TestTheReasonThatEC2GivesForAStateIsKeptWhole(t *testing.T) {
	long := "Client.InvalidSnapshot.NotFound: The snapshot 'snap-0' does not exist. " + strings.Repeat("x", 5000) + " end"
	for _, tc := range []struct{ what, xml, want string }{
		{"a message with its code", `<stateReason><code>Server.InsufficientInstanceCapacity</code><message>Server.InsufficientInstanceCapacity: There was insufficient capacity.</message></stateReason>`, "Server.InsufficientInstanceCapacity: There was insufficient capacity."},
		{"a message without it", `<stateReason><code>Client.VolumeLimitExceeded</code><message>Volume limit exceeded</message></stateReason>`, "Client.VolumeLimitExceeded: Volume limit exceeded"},
		{"a code alone", `<stateReason><code>Server.InternalError</code></stateReason>`, "Server.InternalError"},
		{"only a transition", `<reason>User initiated (2026-01-01 00:00:00 GMT)</reason>`, "User initiated (2026-01-01 00:00:00 GMT)"},
		{"a new instance", `<stateReason><code>pending</code><message>pending</message></stateReason>`, ""},
		{"nothing", ``, ""},
		{"a long one", `<stateReason><code>Client.InvalidSnapshot.NotFound</code><message>` + long + `</message></stateReason>`, long},
	} {
		c, _ := fakeCloud(t, handlers{"DescribeInstances": xmlAnswer(describeAnswer("", `<instanceId>i-1</instanceId><instanceState><code>48</code><name>terminated</name></instanceState>`+tc.xml))})
		i, err := c.Instance(context.Background(), "i-1")
		if err != nil || i.Reason != tc.want {
			t.Errorf("%s: %q, %v", tc.what, i.Reason, err)
		}
	}
}

func TestWhatAmazonDoesWithAnInstanceItselfIsSaid(t *testing.T) {
	group := `<tagSet><item><key>aws:autoscaling:groupName</key><value>asg-www&#x9b;2J</value></item></tagSet>`
	for _, tc := range []struct{ what, xml, want string }{
		{"an instance of a group", group, "in auto-scaling group asg-www2J, which replaces it"},
		{"a spot instance", `<instanceLifecycle>spot</instanceLifecycle>`, "a spot instance, which Amazon may take back"},
		{"both", group + `<instanceLifecycle>spot</instanceLifecycle>`, "in auto-scaling group asg-www2J, which replaces it; a spot instance, which Amazon may take back"},
		{"a scheduled instance", `<instanceLifecycle>scheduled</instanceLifecycle>`, ""},
		{"another", ``, ""},
	} {
		c, _ := fakeCloud(t, handlers{"DescribeInstances": xmlAnswer(describeAnswer("", `<instanceId>i-1</instanceId><instanceState><code>16</code><name>running</name></instanceState>`+tc.xml))})
		i, err := c.Instance(context.Background(), "i-1")
		if err != nil || i.Lifecycle != tc.want {
			t.Errorf("%s: %q, %v", tc.what, i.Lifecycle, err)
		}
	}
}

func TestAnEncodedAuthorizationFailureIsKeptToItsLastCharacter(t *testing.T) {
	encoded := strings.Repeat("4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdefghijklmn_", 150) + "TheEnd"
	msg := "You are not authorized to perform this operation. Encoded authorization failure message: " + encoded
	c, _ := fakeCloud(t, handlers{"RunInstances": apiError(403, "UnauthorizedOperation", msg), "TerminateInstances": apiError(403, "UnauthorizedOperation", msg)})
	_, launched := c.Launch(context.Background(), providers.LaunchRequest{LaunchID: "a", Image: "ami-1", Size: "t3.micro"})
	for op, err := range map[string]error{"launch": launched, "terminate": c.Terminate(context.Background(), "i-1")} {
		if providers.KindOf(err) != providers.KindAuth || !strings.HasSuffix(err.Error(), encoded) {
			t.Errorf("%s: %v", op, err)
		}
	}
}
