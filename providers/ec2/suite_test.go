package ec2_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/awsapi/mototest"
	"rollcall/providers/budget"
	"rollcall/providers/ec2"
)

func TestTheAdapterWorksAgainstMoto(t *testing.T) {
	url := mototest.Start(t)
	runSuite(t, ec2.Config{Name: "moto", AWS: staticConfig("us-east-1"), Endpoint: url, Budget: budget.New("moto", 20, 100)})
}

// runSuite is what the adapter must do against any EC2. It launches and
// terminates instances there.
func runSuite(t *testing.T, cfg ec2.Config) {
	c, err := ec2.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	who, err := c.Identify(ctx)
	if err != nil || len(who.Account) != 12 || who.Key != providers.NewCloudKey(providers.EC2, who.Account, who.Region) {
		t.Fatalf("identity %+v, error %v", who, err)
	}
	cat, err := c.Catalogue(ctx)
	if err != nil || len(cat.Images) == 0 || len(cat.Sizes) == 0 || len(cat.Networks) == 0 {
		t.Fatalf("catalogue of %d images, %d sizes, %d networks, error %v", len(cat.Images), len(cat.Sizes), len(cat.Networks), err)
	}
	req := providers.LaunchRequest{
		LaunchID: "suite", Name: "suite-01", Image: cat.Images[0].ID, Size: "t3.micro", UserData: []byte("#!/bin/sh\nexit 0\n"),
		Tags: map[string]string{"service": "suite"},
	}
	if got, err := c.CheckLaunch(ctx, req); err != nil || len(got.Refused)+len(got.Unchecked) > 0 {
		t.Errorf("asked before the launch: %+v, %v", got, err)
	}
	if all, v := list(c); !v.Complete() || slices.ContainsFunc(all, func(i providers.Instance) bool { return i.LaunchID == req.LaunchID }) {
		t.Errorf("being asked, it launched one of %d instances, or the list is not complete: %v", len(all), v.Err)
	}
	made, err := c.Launch(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("what was launched can be asked for, with name, tags and addresses", func(t *testing.T) {
		i := await(t, c, made.ID, providers.StateRunning)
		if i.Name != "suite-01" || i.Tags.Get("service") != "suite" || i.LaunchID != "suite" || i.Key != who.Key || i.Type != "t3.micro" {
			t.Errorf("instance %+v", i)
		}
		if len(i.PublicIPs)+len(i.PrivateIPs) == 0 {
			t.Errorf("instance %s has no address", i.ID)
		}
	})
	t.Run("what was launched is listed, and the listing is complete", func(t *testing.T) {
		all, v := list(c)
		if !v.Complete() || v.Key != who.Key || v.Rows != len(all) {
			t.Fatalf("coverage %+v with %d rows", v, len(all))
		}
		if !slices.ContainsFunc(all, func(i providers.Instance) bool { return i.ID == made.ID }) {
			t.Errorf("%s is not among %d instances", made.ID, len(all))
		}
	})
	t.Run("addresses are listed completely, and those of interfaces name their instance", func(t *testing.T) {
		i := await(t, c, made.ID, providers.StateRunning)
		found := len(i.PublicIPs) == 0
		v := c.Addresses(ctx, func(p []providers.Address) {
			for _, a := range p {
				found = found || (a.Instance == made.ID && i.HasAddress(a.IP))
			}
		})
		if !v.Complete() || v.Key != who.Key {
			t.Fatalf("coverage %+v", v)
		}
		if !found {
			t.Errorf("no address names %s", made.ID)
		}
	})
	t.Run("an instance is stopped, started, rebooted", func(t *testing.T) {
		if err := c.Stop(ctx, made.ID); err != nil {
			t.Fatal(err)
		}
		await(t, c, made.ID, providers.StateStopped)
		if err := c.Start(ctx, made.ID); err != nil {
			t.Fatal(err)
		}
		await(t, c, made.ID, providers.StateRunning)
		if err := c.Reboot(ctx, made.ID); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a console log can be read", func(t *testing.T) {
		if _, err := c.ConsoleLog(ctx, made.ID); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("nothing speaks against an action, and asking carries none out", func(t *testing.T) {
		for _, a := range []providers.PowerAction{providers.PowerStart, providers.PowerStop, providers.PowerReboot, providers.PowerTerminate} {
			if got, err := c.CheckPower(ctx, made.ID, a); err != nil || got.Refused != "" {
				t.Errorf("%s: %+v, %v", a, got, err)
			}
		}
		if i, err := c.Instance(ctx, made.ID); err != nil || i.State != providers.StateRunning {
			t.Errorf("afterwards %+v, %v", i, err)
		}
	})
	t.Run("an instance that is not there is told as such", func(t *testing.T) {
		_, err := c.Instance(ctx, "i-0123456789abcdef0")
		wantKind(t, err, providers.KindNotFound)
		if err := c.Terminate(ctx, "i-0123456789abcdef0"); err != nil {
			t.Fatal(err)
		}
		wantKind(t, c.Stop(ctx, "i-0123456789abcdef0"), providers.KindNotFound)
	})
	t.Run("an instance is terminated, twice without error", func(t *testing.T) {
		if err := c.Terminate(ctx, made.ID); err != nil {
			t.Fatal(err)
		}
		await(t, c, made.ID, providers.StateTerminated)
		if err := c.Terminate(ctx, made.ID); err != nil {
			t.Fatal(err)
		}
	})
}

// await asks for an instance until it is in a state. A new one may be not found for a while.
func await(t *testing.T, c *ec2.Cloud, id string, want providers.InstanceState) providers.Instance {
	t.Helper()
	var i providers.Instance
	var err error
	for range 300 {
		i, err = c.Instance(context.Background(), id)
		if err == nil && i.State == want {
			return i
		}
		if err != nil && providers.KindOf(err) != providers.KindNotFound {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s is %q, error %v; want %s", id, i.State, err, want)
	return i
}
