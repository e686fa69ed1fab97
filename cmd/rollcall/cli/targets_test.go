package cli

import (
	"os"
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// putSets writes record sets into a zone of the world as another client would.
func putSets(t *testing.T, s *sim.Sim, zone string, sets ...*world.Set) {
	t.Helper()
	z, err := s.World().Zone(zone)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Update(func(tx *world.Tx) error {
		for _, set := range sets {
			tx.Put(set)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func weightedSet(id string, weight int64, values ...string) *world.Set {
	return &world.Set{Name: "split.unilans.net", Type: "A", SetID: id, TTL: 60, Weight: &weight, Values: values}
}

func TestAValueOfTwoRecordSetsIsNamedWithItsSetIdentifierAndNamesBothTextsBack(t *testing.T) {
	s := newWorld(t)
	putSets(t, s, "unilans.net", weightedSet("blue", 0, "203.0.113.7", "203.0.113.8"), weightedSet("green #2/A/x", 40, "203.0.113.7"))
	const name = "unilans.net:split.unilans.net/A/203.0.113.7"
	var lines []string
	for l := range strings.Lines(must(t, "ls", "records", "--filter", "name:split", "-o", "name")) {
		lines = append(lines, strings.TrimSuffix(l, "\n"))
	}
	if want := []string{name + "#blue", name + "#green #2/A/x", "unilans.net:split.unilans.net/A/203.0.113.8"}; !slices.Equal(lines, want) {
		t.Fatalf("-o name prints %q, want %q", lines, want)
	}
	v := viewOf(t)
	for _, l := range append(lines, lines[2]+"#blue") {
		ids, err := findRecords(v, []string{l})
		if err != nil || len(ids) != 1 {
			t.Errorf("%q names %v, %v", l, ids, err)
			continue
		}
		if got := v.RecordName(v.Record(ids[0])); got != l && got+"#blue" != l {
			t.Errorf("%q names %s", l, got)
		}
	}
	if _, err := findRecords(v, []string{name}); err == nil || !strings.Contains(err.Error(), "is in 2 record sets: write one of "+name+"#blue, "+name+"#green #2/A/x") {
		t.Errorf("the value alone: %v", err)
	}
	if _, err := findRecords(v, []string{name + "#red"}); err == nil || !strings.Contains(err.Error(), "203.0.113.7#blue") {
		t.Errorf("a set that is not there: %v", err)
	}
	wide := must(t, "ls", "records", "--filter", "name:split", "-o", "wide")
	for _, want := range []string{"SET", "WEIGHT", "blue", "green #2/A/x", "40"} {
		if !strings.Contains(wide, want) {
			t.Errorf("-o wide does not show %q:\n%s", want, wide)
		}
	}
	for _, r := range objects(t, "ls", "records", "--filter", "name:split", "-o", "json") {
		if want := map[any]float64{"blue": 0, "green #2/A/x": 40}[r["set_id"]]; r["weight"] != want {
			t.Errorf("JSON gives %v the weight %v, want %v", r["set_id"], r["weight"], want)
		}
	}
}

func TestEveryRecordOfTheWorldIsFoundByWhatNamePrints(t *testing.T) {
	s := newWorld(t)
	putSets(t, s, "unilans.net", weightedSet("a", 1, "203.0.113.7"), weightedSet("b", 2, "203.0.113.7"))
	v := viewOf(t)
	n := 0
	for z := range v.Snapshot.Zones {
		for i := range v.Snapshot.Zones[z].Records {
			r := &v.Snapshot.Zones[z].Records[i]
			ids, err := findRecords(v, []string{v.RecordName(r)})
			if err != nil || !slices.Contains(ids, r.Identity()) {
				t.Errorf("%s is found as %v, %v", v.RecordName(r), ids, err)
			}
			n++
		}
	}
	if n == 0 {
		t.Error("no records")
	}
}

func TestAPlanForOneOfTwoSetsLeavesTheOtherAlone(t *testing.T) {
	s := newWorld(t)
	putSets(t, s, "unilans.net", weightedSet("blue", 10, "203.0.113.7"), weightedSet("green", 20, "203.0.113.7"))
	r := rollcall(t, "deregister", "split.unilans.net/A/203.0.113.7#green", "--dry-run")
	if r.code != exit.Failed || strings.Count(r.err, "split.unilans.net") != 1 {
		t.Errorf("a foreign value: exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "deregister", "split.unilans.net/A/203.0.113.7"); r.code != exit.Usage {
		t.Errorf("a value of two sets: exit code %d, %s", r.code, r.err)
	}
}

// viewOf looks around as a command does.
func viewOf(t *testing.T) *dnsview.View {
	t.Helper()
	a := &app.Program{Env: environment(t), In: os.Stdin, Out: t.Output(), Err: t.Output()}
	_, v, err := a.RefreshOnce(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, c := range a.Closers {
			_ = c()
		}
	})
	return v
}

func TestANodeThatIsNamedTwiceIsTakenOnce(t *testing.T) {
	newWorld(t)
	v := viewOf(t)
	one, err := findNodes(v, []string{"www-01"})
	if err != nil || len(one) != 1 {
		t.Fatal(one, err)
	}
	if got, err := findNodes(v, []string{"www-01", one[0].ID, one[0].Cloud + "/www-01"}); err != nil || !slices.Equal(got, one) {
		t.Errorf("%v, %v", got, err)
	}
}
