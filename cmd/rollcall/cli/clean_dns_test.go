package cli

import (
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview/apply"
	"rollcall/providers/sim/world"
)

func TestAPlanOfWhichNobodyCanTellWhetherItWasMadeEndsInItsOwnExitCode(t *testing.T) {
	for _, c := range []struct {
		states []apply.StepState
		want   int
	}{
		{[]apply.StepState{apply.StepUnknown}, exit.Unknown},
		{[]apply.StepState{apply.StepDone, apply.StepUnknown, apply.StepSkipped}, exit.Unknown},
		{[]apply.StepState{apply.StepUnknown, apply.StepFailed}, exit.Failed},
		{[]apply.StepState{apply.StepUnknown, apply.StepRefused}, exit.Failed},
		{[]apply.StepState{apply.StepSkipped}, exit.Failed},
	} {
		r := &apply.Report{}
		for _, s := range c.states {
			r.Steps = append(r.Steps, apply.StepReport{State: s})
		}
		if got := exitOf(r); got != c.want {
			t.Errorf("%v ends in %d, want %d", c.states, got, c.want)
		}
	}
}

func TestADryRunOfATerminationShowsWhatDNSMustSayBeforeIt(t *testing.T) {
	w := newWorld(t)
	node := objects(t, "ls", "instances", "--filter", "name:svc-v1-05", "-o", "json")[0]
	id, address := node["id"].(string), node["public_ips"].([]any)[0].(string)
	if r := rollcall(t, "terminate", id, "--dry-run"); r.code != exit.Done || !strings.Contains(r.out, "guard dns passes: nothing but what the plan takes out leads to it") {
		t.Errorf("exit code %d\n%s", r.code, r.out)
	}
	z, err := w.World().Zone(world.CloudflareZone)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Update(func(tx *world.Tx) error {
		tx.AddRecord(&world.Record{Name: "foreign." + world.CloudflareZone, Type: "A", Content: address, TTL: 60, Comment: "heritage=other"})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "terminate", id, "--dry-run"); r.code != exit.Failed || !strings.Contains(r.out+r.err, "foreign."+world.CloudflareZone) {
		t.Errorf("exit code %d though another record leads to it\n%s\n%s", r.code, r.out, r.err)
	}
}
