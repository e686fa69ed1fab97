package ec2_test

import (
	"net/http"
	"strings"
	"testing"

	"rollcall/providers"
	"rollcall/providers/ec2"
)

// aLaunch is a launch that the embedded cloud takes.
func aLaunch(t *testing.T, c *ec2.Cloud) providers.LaunchRequest {
	t.Helper()
	cat, err := c.Catalogue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return providers.LaunchRequest{
		LaunchID: "check", Name: "check-01", Image: cat.Images[0].ID, Size: cat.Sizes[0].ID, Network: cat.Networks[0].ID, KeyPair: cat.KeyPairs[0],
		UserData: []byte("#!/bin/sh\n"), Tags: map[string]string{"service": "check"},
	}
}

func TestWhatEC2WouldRefuseOfALaunchIsKnownBeforeAnythingIsStarted(t *testing.T) {
	s, cfg := startSim(t, 0)
	c, err := ec2.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	_, before := s.World().Instances("aws-use1", nil, 0, 1)
	for name, x := range map[string]struct {
		change func(*providers.LaunchRequest)
		want   []string // in the refusal; none if it is taken
	}{
		"taken":            {func(*providers.LaunchRequest) {}, nil},
		"image":            {func(r *providers.LaunchRequest) { r.Image = "ami-00000000" }, []string{"ami-00000000", "choose an image of this region"}},
		"instance type":    {func(r *providers.LaunchRequest) { r.Size = "x9.huge" }, []string{"x9.huge", "choose an instance type"}},
		"subnet":           {func(r *providers.LaunchRequest) { r.Network = "subnet-00000000" }, []string{"subnet-00000000", "choose a subnet"}},
		"key pair":         {func(r *providers.LaunchRequest) { r.KeyPair = "nobody" }, []string{"nobody", "choose a key pair"}},
		"instance profile": {func(r *providers.LaunchRequest) { r.Profile = "none" }, []string{"none", "choose an instance profile"}},
		"user data":        {func(r *providers.LaunchRequest) { r.UserData = make([]byte, ec2.MaxUserData+1) }, []string{"16385 bytes", "shorten the template"}},
	} {
		req := aLaunch(t, c)
		x.change(&req)
		got, err := c.CheckLaunch(t.Context(), req)
		text := strings.Join(got.Refused, "\n")
		if err != nil || (text == "") != (x.want == nil) || len(got.Unchecked) > 0 || strings.Contains(text, "\n") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		for _, w := range x.want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: %q lacks %q", name, text, w)
			}
		}
	}
	if _, after := s.World().Instances("aws-use1", nil, 0, 1); after != before {
		t.Errorf("%d instances before, %d after", before, after)
	}
}

func TestAMissingPermissionToLaunchIsARefusalWithoutTheEncodedMessage(t *testing.T) {
	c, _ := fakeCloud(t, handlers{
		"DescribeInstances": dryRunAnswer(t),
		"RunInstances":      apiError(http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation. Encoded authorization failure message: AAAA"),
	})
	got, err := c.CheckLaunch(t.Context(), providers.LaunchRequest{LaunchID: "check", Image: "ami-1", Size: "t3.micro"})
	if err != nil || len(got.Refused) != 1 || !strings.Contains(got.Refused[0], "not authorized") || !strings.Contains(got.Refused[0], "ec2:RunInstances") || strings.Contains(got.Refused[0], "AAAA") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnEndpointThatIgnoresDryRunsIsNotAskedForALaunch(t *testing.T) {
	c, _ := fakeCloud(t, handlers{"DescribeInstances": xmlAnswer(describeAnswer("", running(anID)))}) // a call of RunInstances fails the test
	got, err := c.CheckLaunch(t.Context(), providers.LaunchRequest{LaunchID: "check", Image: "ami-1", Size: "t3.micro"})
	if err != nil || len(got.Refused) > 0 || len(got.Unchecked) != 1 || !strings.Contains(got.Unchecked[0], "DryRun") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestNoAnswerAboutALaunchIsAnErrorAndNotARefusal(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"throttled": apiError(http.StatusServiceUnavailable, "RequestLimitExceeded", "slow"), "down": apiError(http.StatusInternalServerError, "InternalError", "down"),
		"expired": apiError(http.StatusBadRequest, "RequestExpired", "old"), "hangs up": hangUp,
	} {
		c, _ := fakeCloud(t, handlers{"DescribeInstances": dryRunAnswer(t), "RunInstances": h})
		if got, err := c.CheckLaunch(t.Context(), providers.LaunchRequest{LaunchID: "check", Image: "ami-1", Size: "t3.micro"}); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
