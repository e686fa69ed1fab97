package triton_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
	"rollcall/providers/triton"
)

const eastName = "joyent-east"

// embedded starts a world and returns the adapter for one of its Triton clouds.
func embedded(t *testing.T, o sim.Options) (*sim.Sim, *triton.Cloud) {
	t.Helper()
	o.Delays = world.Delays{Boot: time.Millisecond, Agent: time.Hour, Stop: time.Millisecond, Forget: time.Hour, Propagate: time.Millisecond}
	s := simtest.Start(t, o)
	e := s.Endpoints()
	c, err := triton.New(triton.Config{
		Name: eastName, URL: e.Triton[eastName], Account: e.TritonAccount, KeyID: e.TritonKeyID, AgentSocket: e.AgentSocket,
		Budget: budget.New("t", 0, 1, budget.WithClock(providertest.NewClock(time.Now()).Clock)), Env: providers.EnvironmentOf(), Home: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func list(t *testing.T, c *triton.Cloud) ([]providers.Instance, providers.Coverage) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var rows []providers.Instance
	cov := c.Instances(ctx, func(p []providers.Instance) { rows = append(rows, p...) })
	return rows, cov
}

// until asks for a machine until it is in a state.
func until(t *testing.T, c *triton.Cloud, id string, want providers.InstanceState) {
	t.Helper()
	for range 400 {
		i, err := c.Instance(t.Context(), id)
		if err == nil && i.State == want {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("%s never was %s", id, want)
}

func TestTheEmbeddedCloudIsListedAsItsWorldHoldsIt(t *testing.T) {
	for _, n := range []int{0, 6000} {
		s, c := embedded(t, sim.Options{Seed: 1, Instances: n})
		rows, cov := list(t, c)
		in, total := s.World().Instances(eastName, nil, 0, 0)
		if !cov.Complete() || len(rows) != total {
			t.Fatalf("%d rows of %d: %v", len(rows), total, cov.Err)
		}
		at := slices.IndexFunc(s.World().Clouds(), func(c world.Cloud) bool { return c.Name == eastName })
		if want := s.World().Clouds()[at]; cov.Key != want.Key || rows[0].Region != want.Region {
			t.Fatalf("key %s in %s, the world says %s in %s", cov.Key, rows[0].Region, want.Key, want.Region)
		}
		have := map[string]providers.Instance{}
		for _, r := range rows {
			have[r.ID] = r
		}
		for _, i := range in {
			r := have[i.ID]
			if r.Name != i.Name || r.State != i.State || !slices.Equal(r.Tags, providers.TagsOf(i.Tags)) {
				t.Errorf("%s: %+v, the world has %+v", i.ID, r, i)
			}
		}
	}
}

func TestALifeInTheEmbeddedCloud(t *testing.T) {
	_, c := embedded(t, sim.Options{})
	cat, err := c.Catalogue(t.Context())
	if err != nil || len(cat.Images) == 0 || len(cat.Sizes) == 0 || len(cat.Networks) == 0 {
		t.Fatalf("%+v %v", cat, err)
	}
	req := providers.LaunchRequest{
		LaunchID: "l1", Name: "life-1", Image: cat.Images[0].ID, Size: cat.Sizes[0].ID, UserData: []byte("#!/bin/sh\n"),
		Tags: map[string]string{"role": "test"},
	}
	born, err := c.Launch(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.Launch(t.Context(), req); err != nil || again.ID != born.ID {
		t.Fatalf("the same launch again: %s, not %s: %v", again.ID, born.ID, err)
	}
	until(t, c, born.ID, providers.StateRunning)
	if i, err := c.Instance(t.Context(), born.ID); err != nil || i.LaunchID != "l1" || i.Tags.Get("role") != "test" || len(i.PublicIPs) == 0 {
		t.Fatalf("%+v %v", i, err)
	}
	for _, step := range []struct {
		do   func(context.Context, string) error
		want providers.InstanceState
	}{{c.Stop, providers.StateStopped}, {c.Start, providers.StateRunning}, {c.Reboot, providers.StateRunning}} {
		if err := step.do(t.Context(), born.ID); err != nil {
			t.Fatal(err)
		}
		until(t, c, born.ID, step.want)
	}
	for range 2 {
		if err := c.Terminate(t.Context(), born.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Instance(t.Context(), born.ID); providers.KindOf(err) != providers.KindGone {
		t.Fatalf("after its end: %v", err)
	}
	if _, err := c.Instance(t.Context(), "00000000-0000-4000-8000-000000000000"); providers.KindOf(err) != providers.KindNotFound {
		t.Fatalf("one that never was: %v", err)
	}
}

func TestEveryFaultOfTheEmbeddedCloudIsSeen(t *testing.T) {
	s, c := embedded(t, sim.Options{Seed: 1, Instances: 6000})
	for fault, want := range map[world.FaultKind]struct {
		state providers.CoverageState
		kind  providers.Kind
	}{
		world.Unreachable: {providers.CoverageFailed, providers.KindUnreachable},
		world.Throttle:    {providers.CoverageFailed, providers.KindThrottled},
		world.ServerError: {providers.CoverageFailed, providers.KindUnreachable},
		world.AuthError:   {providers.CoverageFailed, providers.KindAuth},
		world.Reset:       {providers.CoverageFailed, providers.KindUnreachable},
		world.ShortPage:   {providers.CoveragePartial, providers.KindIncomplete},
		// Count and list agree on nothing: no different from an empty account, seen
		// from here. Who keeps the last read asks for its machines one by one.
		world.EmptyPage: {providers.CoverageComplete, ""},
		world.PageLoop:  {providers.CoveragePartial, providers.KindIncomplete},
	} {
		fresh, err := triton.New(triton.Config{
			Name: eastName, URL: s.Endpoints().Triton[eastName], Account: s.Endpoints().TritonAccount, KeyID: s.Endpoints().TritonKeyID,
			AgentSocket: s.Endpoints().AgentSocket, Budget: budget.New("t", 0, 1, budget.WithClock(providertest.NewClock(time.Now()).Clock)), Env: providers.EnvironmentOf(), Home: t.TempDir(),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.World().SetFault(eastName, fault); err != nil {
			t.Fatal(err)
		}
		// The budget waits out a Retry-After: the account's other requests of this
		// read are refused at once when the read has less time than that.
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		cov := fresh.Instances(ctx, func([]providers.Instance) {})
		cancel()
		if cov.State != want.state || providers.KindOf(cov.Err) != want.kind {
			t.Errorf("%s: %s, %v", fault, cov.State, cov.Err)
		}
	}
	if err := s.World().SetFault(eastName, world.WrongKey); err != nil {
		t.Fatal(err)
	}
	_, wrong := list(t, c)
	if err := s.World().SetFault(eastName, world.NoFault); err != nil {
		t.Fatal(err)
	}
	_, right := list(t, c)
	if !right.Complete() || wrong.Key == right.Key {
		t.Errorf("another account has the same key: %+v %+v", wrong, right)
	}
}

func TestALaunchWithLostRepliesStartsOneMachine(t *testing.T) {
	s, c := embedded(t, sim.Options{})
	cat, err := c.Catalogue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, before := s.World().Instances(eastName, nil, 0, 0)
	if err := s.World().SetFault(eastName, world.LostReply); err != nil {
		t.Fatal(err)
	}
	i, err := c.Launch(t.Context(), providers.LaunchRequest{LaunchID: "l2", Name: "lost-1", Image: cat.Images[0].ID, Size: cat.Sizes[0].ID})
	if err != nil || i.Name != "lost-1" {
		t.Fatalf("%+v %v", i, err)
	}
	if _, after := s.World().Instances(eastName, nil, 0, 0); after != before+1 {
		t.Fatalf("%d machines started", after-before)
	}
	if err := s.World().SetFault(eastName, world.NoFault); err != nil {
		t.Fatal(err)
	}
	if err := c.Terminate(t.Context(), i.ID); err != nil {
		t.Fatalf("terminating what is gone: %v", err)
	}
}

func TestAWrongKeyIsRefusedByTheEmbeddedCloud(t *testing.T) {
	s, _ := embedded(t, sim.Options{})
	e := s.Endpoints()
	c, err := triton.New(triton.Config{
		Name: eastName, URL: e.Triton[eastName], Account: "somebody-else", KeyID: e.TritonKeyID, AgentSocket: e.AgentSocket,
		Budget: budget.New("t", 0, 1, budget.WithClock(providertest.NewClock(time.Now()).Clock)), Env: providers.EnvironmentOf(), Home: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, cov := list(t, c); cov.State != providers.CoverageFailed || providers.KindOf(cov.Err) != providers.KindAuth {
		t.Fatalf("%s %v", cov.State, cov.Err)
	}
}
