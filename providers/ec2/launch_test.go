package ec2_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"sync"
	"testing"

	"rollcall/providers"
	"rollcall/providers/ec2"
)

func runAnswer(id string) string {
	return `<RunInstancesResponse><reservationId>r-1</reservationId><instancesSet><item><instanceId>` + id +
		`</instanceId><instanceState><code>0</code><name>pending</name></instanceState></item></instancesSet></RunInstancesResponse>`
}

var request = providers.LaunchRequest{
	LaunchID: "l1", Index: 2, Name: "www-03", Image: "ami-1", Size: "t3.micro", UserData: []byte("#!/bin/sh\n"),
	Tags: map[string]string{"service": "www", providers.TagFleet: "7f3a"},
}

// tokens plays RunInstances as EC2 does: one instance for each client token.
type tokens struct {
	mu   sync.Mutex
	made map[string]string
}

func (k *tokens) run(r *http.Request) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.made == nil {
		k.made = map[string]string{}
	}
	token := r.PostForm.Get("ClientToken")
	if k.made[token] == "" {
		k.made[token] = "i-" + string(rune('a'+len(k.made)))
	}
	return k.made[token]
}

func TestALaunchWhoseReplyIsLostMakesOneInstance(t *testing.T) {
	var k tokens
	lost := false
	c, _ := fakeCloud(t, handlers{"RunInstances": func(w http.ResponseWriter, r *http.Request) {
		id := k.run(r)
		if !lost {
			lost = true
			hangUp(w, r)
			return
		}
		xmlAnswer(runAnswer(id))(w, r)
	}})
	for range 2 { // the second is the operator's own retry
		i, err := c.Launch(context.Background(), request)
		if err != nil || i.ID != "i-a" || i.State != providers.StatePending || i.Key == "" {
			t.Fatalf("instance %+v, error %v", i, err)
		}
	}
	if len(k.made) != 1 {
		t.Fatalf("%d instances were made", len(k.made))
	}
	other := request
	other.Index = 3
	if i, err := c.Launch(context.Background(), other); err != nil || i.ID != "i-b" {
		t.Fatalf("another index gave %+v, error %v", i, err)
	}
}

func TestALaunchThatIsNeverAnsweredIsUncertain(t *testing.T) {
	c, _ := fakeCloud(t, handlers{"RunInstances": hangUp})
	_, err := c.Launch(context.Background(), request)
	wantKind(t, err, providers.KindUncertain)
}

func TestALaunchThatWasRefusedAfterALostReplyIsStillUncertain(t *testing.T) {
	c, _ := fakeCloud(t, handlers{"RunInstances": sequence(hangUp, apiError(503, "RequestLimitExceeded", "slow"))})
	_, err := c.Launch(context.Background(), request)
	wantKind(t, err, providers.KindUncertain)
}

func TestALaunchThatCannotBeSentIsUnreachable(t *testing.T) {
	c, err := ec2.New(ec2.Config{Name: "x", AWS: staticConfig("us-east-1"), Endpoint: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	err = c.Terminate(context.Background(), "i-1")
	wantKind(t, err, providers.KindUnreachable)
}

func TestALaunchAsksForIMDSv2AndBearsTheTags(t *testing.T) {
	c, _ := fakeCloud(t, handlers{"RunInstances": func(w http.ResponseWriter, r *http.Request) {
		f := r.PostForm
		for key, want := range map[string]string{
			"MetadataOptions.HttpTokens": "required", "MinCount": "1", "MaxCount": "1", "ImageId": "ami-1", "InstanceType": "t3.micro",
			"UserData":                        base64.StdEncoding.EncodeToString(request.UserData),
			"TagSpecification.1.ResourceType": "instance",
			"TagSpecification.1.Tag.1.Key":    "Name", "TagSpecification.1.Tag.1.Value": "www-03",
			"TagSpecification.1.Tag.2.Key": "rollcall.fleet", "TagSpecification.1.Tag.2.Value": "7f3a",
			"TagSpecification.1.Tag.3.Key": "rollcall.launch", "TagSpecification.1.Tag.3.Value": "l1/2",
			"TagSpecification.1.Tag.4.Key": "service", "TagSpecification.1.Tag.4.Value": "www",
		} {
			if got := f.Get(key); got != want {
				t.Errorf("%s is %q, want %q", key, got, want)
			}
		}
		if n := len(f.Get("ClientToken")); n == 0 || n > 64 {
			t.Errorf("the client token has %d characters", n)
		}
		xmlAnswer(runAnswer("i-1"))(w, r)
	}})
	if _, err := c.Launch(context.Background(), request); err != nil {
		t.Fatal(err)
	}
}

func TestUserDataOverTheLimitIsRefusedBeforeTheCall(t *testing.T) {
	c, _ := fakeCloud(t, handlers{}) // any call fails the test, but for the identity
	big := request
	big.UserData = bytes.Repeat([]byte("x"), ec2.MaxUserData+1)
	_, err := c.Launch(context.Background(), big)
	wantKind(t, err, providers.KindInvalid)
}

func TestRefusalsOfALaunchHaveTheirKind(t *testing.T) {
	for code, want := range map[string]providers.Kind{
		"InsufficientInstanceCapacity": providers.KindLimit, "VcpuLimitExceeded": providers.KindLimit, "InstanceLimitExceeded": providers.KindLimit,
		"IdempotentParameterMismatch": providers.KindConflict, "InvalidParameterValue": providers.KindInvalid, "UnauthorizedOperation": providers.KindAuth,
		"InvalidAMIID.NotFound": providers.KindNotFound,
	} {
		calls := 0
		c, _ := fakeCloud(t, handlers{"RunInstances": func(w http.ResponseWriter, r *http.Request) {
			calls++
			status := 400
			if code == "InsufficientInstanceCapacity" {
				status = 500 // as EC2 does
			}
			apiError(status, code, "no")(w, r)
		}})
		_, err := c.Launch(context.Background(), request)
		if got := providers.KindOf(err); got != want || calls != 1 {
			t.Errorf("%s is %q after %d calls, want %q after one", code, got, calls, want)
		}
	}
}

func TestTerminatingAnInstanceThatIsGoneIsNoError(t *testing.T) {
	gone := apiError(400, "InvalidInstanceID.NotFound", "gone")
	c, _ := fakeCloud(t, handlers{"TerminateInstances": gone, "DescribeInstances": gone})
	if err := c.Terminate(context.Background(), "i-1"); err != nil {
		t.Fatal(err)
	}
}

func TestAPowerActionThatDoesNotFindAnInstanceWhichIsThereIsUncertain(t *testing.T) {
	gone := apiError(400, "InvalidInstanceID.NotFound", "gone")
	for name, shown := range map[string]http.HandlerFunc{
		"it runs":     xmlAnswer(`<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><instanceState><code>16</code><name>running</name></instanceState></item></instancesSet></item></reservationSet></DescribeInstancesResponse>`),
		"no one says": apiError(403, "UnauthorizedOperation", "no"),
	} {
		c, _ := fakeCloud(t, handlers{"TerminateInstances": gone, "StopInstances": gone, "StartInstances": gone, "RebootInstances": gone, "DescribeInstances": shown})
		for what, act := range map[string]func(context.Context, string) error{"terminate": c.Terminate, "stop": c.Stop, "start": c.Start, "reboot": c.Reboot} {
			if err := act(t.Context(), "i-1"); providers.KindOf(err) != providers.KindUncertain {
				t.Errorf("%s, %s: %v", what, name, err)
			}
		}
	}
}

func TestStartingAnInstanceInTheWrongStateIsAConflict(t *testing.T) {
	c, _ := fakeCloud(t, handlers{"StartInstances": apiError(400, "IncorrectInstanceState", "The instance 'i-1' is not in a state from which it can be started.")})
	wantKind(t, c.Start(context.Background(), "i-1"), providers.KindConflict)
}

func TestAConsoleLogIsReadWithoutColoursAndControlCharacters(t *testing.T) {
	out := base64.StdEncoding.EncodeToString([]byte("boot\x1b[0;32m  OK  \x1b[0m]\x1b[2J\x1b]0;title\x07 \x07\x00done \u009b1mä\r\nlogin:\xff"))
	c, _ := fakeCloud(t, handlers{"GetConsoleOutput": sequence(
		apiError(400, "UnsupportedOperation", "This instance type does not support retrieving the latest console logs."),
		xmlAnswer(`<GetConsoleOutputResponse><instanceId>i-1</instanceId><output>`+out+`</output></GetConsoleOutputResponse>`))})
	text, err := c.ConsoleLog(context.Background(), "i-1")
	if err != nil || text != "boot  OK  ] done 1mä\nlogin:?" {
		t.Fatalf("log %q, error %v", text, err)
	}
}
