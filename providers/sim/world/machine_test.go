package world_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// machines is a world whose launched instances are run by what calls[...] records.
func machines(t *testing.T) (w *world.World, changes func() []world.Power) {
	t.Helper()
	var calls []world.Power
	w = world.New(world.Options{
		Seed: 1, Delays: world.Delays{Boot: time.Second, Agent: time.Second, Stop: time.Second, Forget: time.Hour},
		Machine: func(ev world.MachineEvent) { calls = append(calls, ev.Power) },
		Node:    func(context.Context, world.NodeEvent) { t.Error("the agent of a real machine was played") },
	})
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go w.Run(ctx)
	return w, func() []world.Power {
		time.Sleep(3 * time.Second)
		synctest.Wait()
		return slices.Clone(calls)
	}
}

func TestAStoppingMachineIsStoppedOnceItSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, changes := machines(t)
		i, err := w.Launch("aws-use1", world.Instance{Name: "www-99"})
		if err != nil {
			t.Fatal(err)
		}
		if got := changes(); !slices.Equal(got, []world.Power{world.Start}) {
			t.Fatalf("a launch tells %v", got)
		}
		state := func() world.Instance {
			t.Helper()
			now, err := w.Instance("aws-use1", i.ID)
			if err != nil {
				t.Fatal(err)
			}
			return now
		}
		if now := state(); now.State != providers.StateRunning || !now.Public.IsValid() {
			t.Errorf("%s with address %s", now.State, now.Public)
		}
		for _, p := range []world.Power{world.Reboot, world.Stop} {
			if _, _, err := w.Do("aws-use1", i.ID, p); err != nil {
				t.Fatal(err)
			}
		}
		if got := changes(); !slices.Equal(got[1:], []world.Power{world.Reboot, world.Stop}) {
			t.Errorf("told %v", got)
		}
		if now := state(); now.State != providers.StateStopping {
			t.Errorf("the machine is still on, and the instance is %s", now.State)
		}
		w.Halted("aws-use1", i.ID)
		if now := state(); now.State != providers.StateStopped || now.Public.IsValid() {
			t.Errorf("the machine is off, and the instance is %s with address %s", now.State, now.Public)
		}
	})
}

func TestAMachineThatSwitchesItselfOffIsStoppedAndOneThatIsTerminatedGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, changes := machines(t)
		var ids []string
		for range 3 {
			i, err := w.Launch("joyent-east", world.Instance{})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, i.ID)
		}
		changes()
		w.Halted("joyent-east", ids[0])
		if i, err := w.Instance("joyent-east", ids[0]); err != nil || i.State != providers.StateStopped || !i.Public.IsValid() {
			t.Errorf("%s, address %s, %v", i.State, i.Public, err)
		}
		for n, p := range []world.Power{world.Terminate, world.PowerLoss} {
			if _, _, err := w.Do("joyent-east", ids[n+1], p); err != nil {
				t.Fatal(err)
			}
		}
		if got := changes(); !slices.Equal(got[3:], []world.Power{world.Terminate, world.PowerLoss}) {
			t.Errorf("told %v", got)
		}
		if _, err := w.Instance("joyent-east", ids[2]); err != world.ErrGone { //nolint:errorlint // it comes bare
			t.Errorf("a machine without power: %v", err)
		}
		if i, err := w.Instance("joyent-east", ids[1]); err != nil || i.State != providers.StateTerminating {
			t.Errorf("%s, %v", i.State, err)
		}
		w.Halted("joyent-east", ids[1])
		if _, err := w.Instance("joyent-east", ids[1]); err != world.ErrGone { //nolint:errorlint // it comes bare
			t.Errorf("terminated and off: %v", err)
		}
	})
}
