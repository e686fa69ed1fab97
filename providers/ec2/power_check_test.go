package ec2_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"rollcall/providers"
	"rollcall/providers/ec2"
	"rollcall/providers/sim/world"
)

const anID = "i-0123456789abcdef0"

// attributes answers DescribeInstanceAttribute with the values of the two protections.
func attributes(noTerminate, noStop string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a, v := r.PostForm.Get("Attribute"), noTerminate
		if a == "disableApiStop" {
			v = noStop
		}
		xmlAnswer(`<DescribeInstanceAttributeResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><instanceId>`+anID+`</instanceId><`+a+`><value>`+v+`</value></`+a+`></DescribeInstanceAttributeResponse>`)(w, r)
	}
}

func dryRunAnswer(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.PostForm.Get("DryRun") != "true" {
			t.Errorf("%s is no dry run", r.PostForm.Get("Action"))
		}
		apiError(http.StatusPreconditionFailed, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")(w, r)
	}
}

func TestAProtectedInstanceIsRefusedBeforeItIsTouchedWithTheCommandThatFreesIt(t *testing.T) {
	s, cfg := startSim(t, 0)
	c, err := ec2.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	list, _ := s.World().Instances("aws-use1", func(i *world.Instance) bool { return i.State == providers.StateRunning }, 0, 1)
	id := list[0].ID
	for _, x := range []struct {
		noTerminate, noStop bool
		refused             map[providers.PowerAction]string // what is named
	}{
		{false, false, nil},
		{true, false, map[providers.PowerAction]string{providers.PowerTerminate: "disable-api-termination"}},
		{false, true, map[providers.PowerAction]string{providers.PowerTerminate: "disable-api-stop", providers.PowerStop: "disable-api-stop"}},
		{true, true, map[providers.PowerAction]string{providers.PowerTerminate: "disable-api-termination", providers.PowerStop: "disable-api-stop"}},
	} {
		if err := s.World().Protect("aws-use1", id, x.noTerminate, x.noStop); err != nil {
			t.Fatal(err)
		}
		for _, a := range []providers.PowerAction{providers.PowerTerminate, providers.PowerStop, providers.PowerReboot, providers.PowerStart} {
			got, err := c.CheckPower(t.Context(), id, a)
			want := x.refused[a]
			if err != nil || (got.Refused != "") != (want != "") || want != "" && !strings.Contains(got.Satisfy, "--instance-id "+id+" --no-"+want) || len(got.Unchecked) > 0 {
				t.Errorf("protection %+v, %s: %+v, %v", x, a, got, err)
			}
		}
	}
	if i, err := s.World().Instance("aws-use1", id); err != nil || i.State != providers.StateRunning {
		t.Errorf("afterwards %+v, %v", i, err)
	}
}

func TestAMissingPermissionToActIsARefusalAndOneToAskIsNot(t *testing.T) {
	denied := apiError(http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation.")
	c, _ := fakeCloud(t, handlers{"DescribeInstanceAttribute": denied, "DescribeInstances": dryRunAnswer(t), "TerminateInstances": dryRunAnswer(t)})
	got, err := c.CheckPower(t.Context(), anID, providers.PowerTerminate)
	if err != nil || got.Refused != "" || len(got.Unchecked) != 1 || !strings.Contains(got.Unchecked[0], "ec2:DescribeInstanceAttribute") {
		t.Errorf("without the permission to ask: %+v, %v", got, err)
	}
	c, _ = fakeCloud(t, handlers{"DescribeInstanceAttribute": attributes("false", "false"), "DescribeInstances": dryRunAnswer(t), "TerminateInstances": denied})
	got, err = c.CheckPower(t.Context(), anID, providers.PowerTerminate)
	if err != nil || !strings.Contains(got.Refused, "not authorized") || !strings.Contains(got.Satisfy, "ec2:TerminateInstances") {
		t.Errorf("without the permission to act: %+v, %v", got, err)
	}
	// Some endpoints look at the protection in a dry run already.
	c, _ = fakeCloud(t, handlers{"DescribeInstanceAttribute": denied, "DescribeInstances": dryRunAnswer(t), "StopInstances": apiError(http.StatusBadRequest, "OperationNotPermitted", "may not be stopped")})
	if got, err = c.CheckPower(t.Context(), anID, providers.PowerStop); err != nil || !strings.Contains(got.Refused, "may not be stopped") {
		t.Errorf("told by the dry run: %+v, %v", got, err)
	}
}

func TestAnEndpointThatIgnoresDryRunsIsNeverAskedWithTheActionItself(t *testing.T) {
	page := xmlAnswer(describeAnswer("", running(anID)))
	c, _ := fakeCloud(t, handlers{"DescribeInstanceAttribute": attributes("false", "false"), "DescribeInstances": page}) // a call of TerminateInstances fails the test
	got, err := c.CheckPower(t.Context(), anID, providers.PowerTerminate)
	if err != nil || got.Refused != "" || len(got.Unchecked) != 1 || !strings.Contains(got.Unchecked[0], "DryRun") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestNoAnswerAboutAnActionIsAnErrorAndNotAPermission(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"throttled": apiError(http.StatusServiceUnavailable, "RequestLimitExceeded", "slow"), "down": apiError(http.StatusInternalServerError, "InternalError", "down"),
		"expired": apiError(http.StatusBadRequest, "RequestExpired", "old"), "hangs up": hangUp, "empty": xmlAnswer(`<DescribeInstanceAttributeResponse/>`),
		"of another": xmlAnswer(`<DescribeInstanceAttributeResponse><instanceId>i-0aaaaaaaaaaaaaaaa</instanceId><disableApiTermination><value>false</value></disableApiTermination></DescribeInstanceAttributeResponse>`),
	} {
		c, _ := fakeCloud(t, handlers{"DescribeInstanceAttribute": h, "DescribeInstances": dryRunAnswer(t), "TerminateInstances": dryRunAnswer(t)})
		if got, err := c.CheckPower(t.Context(), anID, providers.PowerTerminate); err == nil {
			t.Errorf("attribute %s: %+v", name, got)
		}
		if name == "empty" || name == "of another" {
			continue
		}
		c, _ = fakeCloud(t, handlers{"DescribeInstanceAttribute": attributes("false", "false"), "DescribeInstances": dryRunAnswer(t), "TerminateInstances": h})
		if got, err := c.CheckPower(t.Context(), anID, providers.PowerTerminate); err == nil {
			t.Errorf("dry run %s: %+v", name, got)
		}
	}
}

func TestNotFoundCountsOnlyForTheInstanceThatItNames(t *testing.T) {
	for message, gone := range map[string]bool{
		"The instance ID 'i-0fedcba9876543210' does not exist":              false,
		"The instance ID '" + anID + "' does not exist":                     true,
		"The instance IDs 'i-0fedcba9876543210, " + anID + "' do not exist": true,
		"There is none": true,
	} {
		no := apiError(http.StatusBadRequest, "InvalidInstanceID.NotFound", message)
		c, _ := fakeCloud(t, handlers{"DescribeInstances": no, "TerminateInstances": no})
		if _, err := c.Instance(t.Context(), anID); err == nil || providers.IsGone(err) != gone {
			t.Errorf("%s: %v", message, err)
		}
		if err := c.Terminate(t.Context(), anID); (err == nil) != gone {
			t.Errorf("a termination answered with %s: %v", message, err)
		}
	}
}

func TestAPowerActionThatIsAnsweredForAnotherInstanceIsNotDone(t *testing.T) {
	answer := func(action, id string) http.HandlerFunc {
		return xmlAnswer("<" + action + `Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><instancesSet><item><instanceId>` + id + "</instanceId></item></instancesSet></" + action + "Response>")
	}
	for id, done := range map[string]bool{anID: true, "i-0fedcba9876543210": false} {
		c, _ := fakeCloud(t, handlers{
			"StartInstances": answer("StartInstances", id), "StopInstances": answer("StopInstances", id), "TerminateInstances": answer("TerminateInstances", id),
		})
		for what, act := range map[string]func(context.Context, string) error{"terminate": c.Terminate, "stop": c.Stop, "start": c.Start} {
			if err := act(t.Context(), anID); (err == nil) != done {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
}
