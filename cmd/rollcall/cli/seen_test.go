package cli

import (
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// orphan writes a marker that marks nothing into the Route 53 zone of the world, of a node that runs.
func orphan(t *testing.T, s *sim.Sim) (name string) {
	t.Helper()
	c := s.World().Clouds()[0]
	page, _ := s.World().Instances(c.Name, func(i *world.Instance) bool { return i.State == "running" }, 0, 1)
	if len(page) == 0 {
		t.Fatal("no instance runs")
	}
	o := providers.Owner{Fleet: viewOf(t).Options.Fleet, Cloud: c.Key, Instance: page[0].ID, Registered: time.Now().Add(-24 * time.Hour)}
	text, err := o.For("A", "203.0.113.99").Encode()
	if err != nil {
		t.Fatal(err)
	}
	name = providers.MarkerName(o.Instance, "nothing.unilans.net")
	putSets(t, s, "unilans.net", &world.Set{Name: name, Type: "TXT", TTL: 300, Values: []string{`"` + text + `"`}})
	return name
}

func TestAMarkerThatMarksNothingGoesByASecondCommandAfterAFirstHasSeenIt(t *testing.T) {
	s := newWorld(t)
	name := orphan(t, s)
	r := rollcall(t, "remedy", "orphan-marker")
	if r.code == exit.Done || !strings.Contains(r.err, "second scan") || !strings.Contains(strings.Join(allRecords(s), "\n"), name) {
		t.Fatalf("the first command: exit code %d, %s%s", r.code, r.out, r.err)
	}
	if out := must(t, "remedy", "orphan-marker", "--dry-run"); !strings.Contains(out, name) {
		t.Errorf("the dry run shows %s", out)
	}
	must(t, "remedy", "orphan-marker")
	if strings.Contains(strings.Join(allRecords(s), "\n"), name) {
		t.Error("the marker is still there")
	}
}
