package cli

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/sim/world"
)

func TestTimeoutBoundsTheWholeCommandAndLeavesWhatIsUnreadUnknown(t *testing.T) {
	sim := startSim(t, "--instances", fmt.Sprint(worldSize))
	sim.must("sim", "fault", "joyent-ams", string(world.Hang))
	began := time.Now()
	r := sim.rollcall("drift", "--exit-code", "--timeout", "8s", "-o", "json")
	if took := time.Since(began); r.code != exit.Unknown || took > time.Minute {
		t.Errorf("exit code %d after %s", r.code, took)
	}
	states := map[string]string{}
	for _, src := range decode[driftReport](t, r.out).Sources {
		states[src.Name] = src.State
	}
	if states["joyent-ams"] != "failed" || states["joyent-east"] != "complete" || states["unilans.net"] != "complete" {
		t.Errorf("%v", states)
	}
	if r := sim.rollcall("deregister", "--dead", "--timeout", "8s"); r.code == exit.Done || !strings.Contains(r.err, "joyent-ams") {
		t.Errorf("deregister --dead: exit code %d, %s", r.code, r.err)
	}
	for _, bad := range [][]string{{"watch", "--timeout", "3s"}, {"--timeout", "3s"}, {"sim", "--timeout", "3s"}, {"drift", "--timeout", "-1s"}, {"drift", "--timeout", "soon"}} {
		if r := sim.rollcall(bad...); r.code != exit.Usage {
			t.Errorf("%v: exit code %d, %s", bad, r.code, r.err)
		}
	}
}
