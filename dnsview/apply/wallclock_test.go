package apply

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/providers/fleet"
)

// jumps are steps of the wall clock, in whole seconds.
var jumps = []time.Duration{-24 * time.Hour, -time.Hour, -61 * time.Second, 61 * time.Second, time.Hour, 24 * time.Hour}

// newMonotonicBench is newBench with a clock that has a monotonic reading. It begins at begin, too.
func newMonotonicBench(t *testing.T) *bench {
	b := newBench(t)
	now := time.Now()
	now = now.Add(-time.Duration(now.Nanosecond()))
	b.clk.Set(now)
	b.clk.Jump(begin.Sub(now.Round(0)))
	return b
}

// fresh lets the sources of the engine be read, and returns the removal of what is dead.
func (b *bench) fresh() plan.Plan {
	b.opts.Sources = b.sources()
	return b.dead()
}

func TestAJumpOfTheWallClockBetweenAReadAndAGuardChangesNoAge(t *testing.T) {
	for _, d := range jumps {
		t.Run(d.String(), func(t *testing.T) {
			for name, test := range map[string]func(*testing.T, *bench){
				"a young read is not read again, and its guards pass": func(t *testing.T, b *bench) {
					b.triton.Remove("m-1")
					p, lists := b.fresh(), b.aws.Lists
					b.clk.Advance(20 * time.Second)
					b.clk.Jump(d)
					rep := b.engine().Check(t.Context(), p)
					wantStates(t, rep, StepReady)
					if b.aws.Lists != lists {
						t.Error("it was read again")
					}
					if g := guardNamed(rep, 0, index.GuardGrace); g.Why != "the marker is 60 min old" {
						t.Errorf("guard 6: %+v", g)
					}
				},
				"an old read is read again": func(t *testing.T, b *bench) {
					b.triton.Remove("m-1")
					p, lists := b.fresh(), b.aws.Lists
					b.clk.Advance(50 * time.Second)
					b.clk.Jump(d)
					b.engine().Check(t.Context(), p)
					if b.aws.Lists == lists {
						t.Error("it was taken for fresh")
					}
				},
				"an old read makes its source stale": func(t *testing.T, b *bench) {
					b.triton.Remove("m-1")
					s := b.view().Snapshot
					inspect := func() *dnsview.View {
						return dnsview.Inspect(s, index.Options{Fleet: fleetID, Now: b.clk.Now(), MaxAge: time.Minute, CreateGrace: 10 * time.Minute})
					}
					b.clk.Jump(d)
					b.clk.Advance(50 * time.Second)
					if v := inspect(); v.Sources[0].State != providers.CoverageComplete || v.Count(dnsview.Dead) != 1 {
						t.Errorf("after 50 s: %+v, %d dead", v.Sources[0], v.Count(dnsview.Dead))
					}
					b.clk.Advance(20 * time.Second)
					if v := inspect(); v.Sources[0].State != providers.CoverageStale || v.Sources[0].Age != 70*time.Second || v.Count(dnsview.Dead) != 0 {
						t.Errorf("after 70 s: %+v, %d dead", v.Sources[0], v.Count(dnsview.Dead))
					}
				},
				"a young marker is young": func(t *testing.T, b *bench) {
					b.aws.Remove("i-1")
					n := slices.IndexFunc(b.cf.Rows, func(r providers.Record) bool { return r.Value == "34.200.16.1" })
					p := b.dead()
					b.cf.Rows[n].Owners[0].Registered = begin.Add(-time.Minute)
					b.cf.Rows[n].Comment, _ = b.cf.Rows[n].Owners[0].Encode()
					p.Steps[0].Change.Before = b.cf.Owned()[n]
					b.fresh()
					b.clk.Jump(d)
					rep := b.run(p)
					wantStates(t, rep, StepRefused)
					if g := guardNamed(rep, 0, index.GuardGrace); g.Pass || g.Satisfy != "wait 9 min" {
						t.Errorf("guard 6: %+v", g)
					}
					if g := guardNamed(rep, 0, index.GuardInstance); g.Pass || !g.NoEvidence {
						t.Errorf("guard 3: %+v", g)
					}
				},
				"a wait goes on for what is left": func(t *testing.T, b *bench) {
					if rep := b.run(plan.Quiesce(b.view(), ref(b.triton, "m-1"))); !rep.OK() {
						t.Fatalf("%v", states(rep))
					}
					b.clk.Advance(45 * time.Second)
					b.clk.Jump(d)
					p := plan.Drain(b.view(), ref(b.triton, "m-1"))
					at := b.clk.Now()
					wantStates(t, b.run(p), StepDone, StepDone, StepDone)
					if waited := b.clk.Now().Sub(at); waited != 15*time.Second {
						t.Errorf("waited %s", waited)
					}
				},
				"deletes of the last ten minutes count": func(t *testing.T, b *bench) {
					b.opts.Guards.From = 1
					for n := 1; n <= 2; n++ {
						b.aws.Remove(fmt.Sprintf("i-%d", n))
					}
					steps := b.dead().Steps
					p := plan.Plan{Verb: index.VerbDeregister, Steps: steps[:1]}
					wantStates(t, b.run(p), StepDone)
					b.clk.Jump(d)
					p.Steps = steps[1:2]
					rep := b.run(p)
					wantStates(t, rep, StepRefused)
					if g := guardNamed(rep, 0, index.GuardThreshold); g.Pass {
						t.Errorf("guard 8: %+v", g)
					}
				},
			} {
				t.Run(name, func(t *testing.T) { test(t, newMonotonicBench(t)) })
			}
		})
	}
}

// Rows of an earlier run have no coverage, however young they say they are: their age is that of another process's wall clock.
func TestNothingIsConcludedFromASnapshotOnDisk(t *testing.T) {
	for _, d := range append(jumps, 0) {
		b := newMonotonicBench(t)
		b.triton.Remove("m-1")
		path := filepath.Join(t.TempDir(), "snapshot.json")
		if err := fleet.Save(path, b.view().Snapshot); err != nil {
			t.Fatal(err)
		}
		b.clk.Jump(d)
		last, err := fleet.Load(path, adapters.Declarations())
		if err != nil {
			t.Fatal(err)
		}
		f := fleet.New(fleet.Options{
			Clock: b.clk.Clock, Last: last, Clouds: []fleet.CloudSource{{Name: b.aws.Self.Name, Provider: b.aws.Self.Provider, Traits: b.aws.Self.Traits, Compute: b.aws}},
			Zones: []fleet.ZoneSource{{Name: cfZone, Provider: providers.Cloudflare, Traits: b.cf.Self.Traits, DNS: b.cf}},
		})
		for what, s := range map[string]*providers.Snapshot{"loaded": last, "shown": f.Snapshot()} {
			v := dnsview.Inspect(s, index.Options{Fleet: fleetID, Now: b.clk.Now(), MaxAge: time.Minute, CreateGrace: 10 * time.Minute})
			for i := range v.Sources {
				if v.Sources[i].State == providers.CoverageComplete {
					t.Errorf("%s, %s: %+v", what, d, v.Sources[i])
				}
			}
			if n := v.Count(dnsview.Dead) + v.Count(dnsview.Dangling); n > 0 || len(v.Sources) == 0 {
				t.Errorf("%s, %s: %d dead of %d sources", what, d, n, len(v.Sources))
			}
		}
	}
}
