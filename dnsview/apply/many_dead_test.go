package apply_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
)

// deadValues is how many values each zone has whose instances are gone.
var deadValues = providertest.Amount(1000, 1000, 100)

// manyDead is a rollcall that sees 1,000 dead values in each zone, and what makes them one plan.
func manyDead(t *testing.T) (r *rig, c *console, calls *simtest.Calls, p plan.Plan) {
	calls = &simtest.Calls{}
	r = newRig(t, sim.Options{Requested: calls.Count})
	simtest.AddDead(t, r.world(), deadValues)
	c = r.console(0)
	c.opts.Guards.Threshold = 1
	var ids []providers.Identity
	for _, rec := range dead(c.look()) {
		if strings.HasPrefix(rec.Name, "gone") {
			ids = append(ids, rec.Identity())
		}
	}
	if len(ids) != 2*deadValues {
		t.Fatalf("%d values are found dead", len(ids))
	}
	return r, c, calls, plan.Deregister(c.look(), ids...)
}

// emptied are the names that lose their last value, which a person has to type.
func emptied() (names []string) {
	for _, zone := range []string{cfZone, sdZone} {
		for _, n := range []string{"gone0.", "gone1.", "gone2.", "gone3."} {
			names = append(names, n+zone)
		}
	}
	return names
}

// The first picture asks for the 500 instances of EC2 once, and so does the run for each zone, twice where only the
// marker says that they are not new.
func TestAThousandDeadValuesTakeFewWritesAndFewCallsForTheirEvidence(t *testing.T) {
	r, c, calls, p := manyDead(t)
	t.Log("to see them: ", calls.ByCloud())
	seen := calls.Of(simtest.InstancesByID)
	if n := calls.Of(simtest.MachineByID); seen > 2*len(c.clouds) || n > 510 {
		t.Errorf("%d calls for instances of EC2 and %d for machines, before anything is done", seen, n)
	}
	calls.Reset()
	c.must(p, emptied()...)
	t.Log("to deregister them: ", calls.ByCloud())
	for what, most := range map[string]int{
		simtest.ToCloudflare: 5, simtest.ToRoute53: 4,
		simtest.InstancesByID: 8, simtest.MachineByID: 1000, "sts GetCallerIdentity": 60, "GET /ops": 30,
		"ec2 DescribeAddresses": 50, "ec2 DescribeNetworkInterfaces": 50,
	} {
		if n := calls.Of(what); n == 0 || n > most {
			t.Errorf("%d times %s, and at most %d are needed", n, what, most)
		}
	}
	for _, s := range r.held() {
		if strings.HasPrefix(s, "gone") || strings.Contains(s, "._rollcall.gone") {
			t.Fatalf("%s is still there", s)
		}
	}
}

// Clouds are asked about many instances in one call, and the answer about one is not taken for that of another.
func TestAmongAThousandThatAreGoneThoseThatLiveAreKnownAsSuch(t *testing.T) {
	r, c, _, p := manyDead(t)
	var records []*providers.Record
	alive := map[providers.Identity]bool{}
	for i := range p.Steps {
		if i%97 == 0 {
			cloud, zone := []string{use1, euw1, east, ams}[i%4], []string{cfZone, sdZone}[i%2]
			rec := r.enter(zone, fmt.Sprintf("gone%d.%s", i%4, zone), "A", fmt.Sprintf("203.0.100.%d", i/97), r.owner(cloud, r.launch(cloud, world.Instance{Name: fmt.Sprint("alive-", i)}).ID, -24*time.Hour))
			records = append(records, rec)
			alive[rec.Identity()] = true
		}
		records = append(records, &p.Steps[i].Change.Before)
	}
	rep := c.run(force(records...), emptied()...)
	kept := 0
	for i := range rep.Steps {
		s := &rep.Steps[i]
		refused := slices.ContainsFunc(s.Guards, func(g index.GuardResult) bool { return g.Guard == index.GuardInstance && !g.Pass })
		if lives := alive[s.Step.Change.Before.Identity()]; lives != refused || lives == (s.State == apply.StepDone) {
			t.Errorf("%s: %s, lives: %v, %s", s.Step.Sentence, s.State, lives, s.Why)
		} else if lives {
			kept++
		}
	}
	if kept < deadValues/100 || kept != len(alive) {
		t.Errorf("%d of %d were kept", kept, len(alive))
	}
}
