package triton_test

import (
	"strings"
	"testing"

	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

func TestAMachineWithDeletionProtectionIsRefusedBeforeItIsTouched(t *testing.T) {
	s, c := embedded(t, sim.Options{Seed: 1})
	list, _ := s.World().Instances(eastName, func(i *world.Instance) bool { return i.State == providers.StateRunning }, 0, 1)
	id := list[0].ID
	check := func(a providers.PowerAction) providers.PowerCheck {
		t.Helper()
		got, err := c.CheckPower(t.Context(), id, a)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := check(providers.PowerTerminate); got.Refused != "" {
		t.Errorf("unprotected: %+v", got)
	}
	if err := s.World().Protect(eastName, id, true, false); err != nil {
		t.Fatal(err)
	}
	if got := check(providers.PowerTerminate); !strings.Contains(got.Refused, "deletion protection") || !strings.Contains(got.Satisfy, "disable-deletion-protection "+id) {
		t.Errorf("protected: %+v", got)
	}
	for _, a := range []providers.PowerAction{providers.PowerStart, providers.PowerStop, providers.PowerReboot} {
		if got := check(a); got.Refused != "" {
			t.Errorf("%s of a protected machine: %+v", a, got)
		}
	}
	err := c.Terminate(t.Context(), id)
	if k := providers.KindOf(err); k != providers.KindConflict || !strings.Contains(err.Error(), "preventing deletion") {
		t.Errorf("the deletion itself: %v, kind %s", err, k)
	}
	for _, kind := range []world.FaultKind{world.ServerError, world.AuthError, world.Throttle} {
		if err := s.World().SetFault(eastName, kind); err != nil {
			t.Fatal(err)
		}
		if got, err := c.CheckPower(t.Context(), id, providers.PowerTerminate); err == nil {
			t.Errorf("%s: %+v", kind, got)
		}
	}
}
