package dnsview_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/tree"
)

// mishapsAndQuiesce is a world in which things went wrong, and some nodes were taken out.
func mishapsAndQuiesce(t *rapid.T) *world {
	w := randomWorld(t)
	for i := range w.opts.Services {
		w.opts.Services[i].Minimum = rapid.IntRange(0, 3).Draw(t, "minimum")
	}
	if rapid.Bool().Draw(t, "quiesce") {
		c := &w.snap.Clouds[rapid.IntRange(0, 1).Draw(t, "cloud")]
		if len(c.Instances) > 0 {
			if _, err := w.carryOut(plan.Quiesce(w.view(), c.Instances[0].Ref())); err != nil {
				t.Fatal(err)
			}
		}
	}
	return w
}

func TestTheServicesDoNotDependOnTheOrderOfRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := mishapsAndQuiesce(t)
		want := strings.Join(treeText(w.view()), "\n")
		seed := rapid.Uint64().Draw(t, "seed")
		rng := rand.New(rand.NewPCG(seed, 1))
		for c := range w.snap.Clouds {
			rows := slices.Clone(w.snap.Clouds[c].Instances)
			rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			w.snap.Clouds[c].Instances = rows
		}
		for z := range w.snap.Zones {
			rows := slices.Clone(w.snap.Zones[z].Records)
			rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			w.snap.Zones[z].Records = rows
		}
		if got := strings.Join(treeText(w.view()), "\n"); got != want {
			t.Fatalf("before:\n%s\nafter:\n%s", want, got)
		}
	})
}

func TestTheLiveMembersOfAServiceAreThoseThatItsMinimumCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := mishapsAndQuiesce(t).view()
		thin := map[string]string{}
		for i := range v.Findings {
			if f := &v.Findings[i]; f.Class == dnsview.Thin || f.Would == dnsview.Thin {
				thin[f.Service] = f.Reason
			}
		}
		check := func(r *tree.Members) {
			if r.Declared == nil {
				return
			}
			reason, ok := thin[r.Name]
			if r.Thin() != ok || ok && f(reason, r) != nil {
				t.Fatalf("%s: %d live, minimum %d, finding %q", r.Name, r.Live, r.Minimum, reason)
			}
		}
		for _, s := range tree.Of(v) {
			check(&s.Members)
			for _, i := range s.Incarnations {
				check(&i.Members)
			}
		}
	})
}

// f holds the reason of a finding against what the tree counts, where the reason says it.
func f(reason string, r *tree.Members) error {
	if strings.Contains(reason, " live member") && !strings.Contains(reason, " has "+index.Plural(r.Live, "live member", "live members")+",") {
		return fmt.Errorf("%s: %d", reason, r.Live)
	}
	return nil
}

// Every record that belongs to a declared service is in the tree once, and no node of it twice.
func TestNoNodeIsLostAndNoneIsThereTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := mishapsAndQuiesce(t).view()
		seen, records := map[tree.NodeKey]bool{}, map[string]int{}
		count := func(r *tree.Members) {
			for _, n := range r.Nodes {
				if seen[n.Key()] {
					t.Fatalf("%v is there twice", n.Key())
				}
				seen[n.Key()] = true
				for _, rec := range n.Records {
					records[fmt.Sprintf("%p", rec)]++
				}
			}
		}
		for _, s := range tree.Of(v) {
			count(&s.Members)
			for _, i := range s.Incarnations {
				count(&i.Members)
			}
		}
		for z := range v.Snapshot.Zones {
			for i := range v.Snapshot.Zones[z].Records {
				r := &v.Snapshot.Zones[z].Records[i]
				s := v.Service(r.Name)
				if s == nil || r.Alias || !(s.Kind == index.DNSSD && r.Type == "SRV" && !strings.HasSuffix(r.Value, " .") || s.Kind == index.RoundRobin && (r.Type == "A" || r.Type == "AAAA")) {
					continue
				}
				if records[fmt.Sprintf("%p", r)] != 1 {
					t.Fatalf("%s is in the tree %d times", r, records[fmt.Sprintf("%p", r)])
				}
			}
		}
	})
}

func benchmarkServices(b *testing.B, records int) {
	v := dnsview.Inspect(bigWorld(records, false))
	b.ReportAllocs()
	for b.Loop() {
		tree.Build(v)
	}
}

func BenchmarkServiceTree10000(b *testing.B) { benchmarkServices(b, 10_000) }

func BenchmarkServiceTree100000(b *testing.B) { benchmarkServices(b, 100_000) }

func BenchmarkServiceTree1000000(b *testing.B) { benchmarkServices(b, 1_000_000) }
