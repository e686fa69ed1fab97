package apply

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

func TestADeadEntryIsRemovedWithItsMarkerAndNothingElse(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.triton.Gone["m-1"] = true
	before := len(b.cf.Rows)
	b.cf.OnApply = func([]providers.Change) {
		es, _, err := journal.Read(b.j.Path(), nil)
		if err != nil || len(es) != 1 || es[0].State != journal.Begun || es[0].Change.Before.Value != "165.225.128.1" {
			t.Errorf("at the moment of the write the journal says %+v, %v", es, err)
		}
	}
	rep := b.run(b.dead())
	wantStates(t, rep, StepDone)
	if len(b.cf.Rows) != before-1 || has(b.cf, "165.225.128.1") {
		t.Fatalf("zone: %v", values(b.cf))
	}
	var ids []index.GuardID
	for _, g := range rep.Steps[0].Guards {
		ids = append(ids, g.Guard)
		if !g.Pass || g.Why == "" {
			t.Errorf("guard %+v", g)
		}
	}
	want := []index.GuardID{"coverage", "owner", "instance", "address", "unchanged", "grace", "minimum", "threshold", "journal"}
	if !slices.Equal(ids, want) {
		t.Errorf("guards %v", ids)
	}
	es := entries(t, b.j)
	if len(es) != 1 || es[0].State != journal.Done || es[0].Who != "me@here" || es[0].Verb != "deregister" || len(es[0].Guards) != 8 {
		t.Errorf("journal: %+v", es)
	}
	if !slices.Contains(b.triton.Asked, "m-1") {
		t.Error("the instance was not asked for by id")
	}
}

func TestACheckWritesNothing(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	rep := b.engine().Check(t.Context(), b.dead())
	wantStates(t, rep, StepReady)
	if len(rep.Steps[0].Guards) != 9 || len(b.cf.Applied) != 0 || len(entries(t, b.j)) != 0 {
		t.Errorf("guards %d, applied %v, journal %v", len(rep.Steps[0].Guards), b.cf.Applied, entries(t, b.j))
	}
}

func TestADeadNodeOfDNSSDLosesItsSRVValueBeforeItsHostName(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("s-1")
	rep := b.run(b.dead())
	wantStates(t, rep, StepDone, StepDone)
	if len(b.sd.Applied) != 2 || b.sd.Applied[0][0].Before.Type != "SRV" || b.sd.Applied[1][0].Before.Type != "A" {
		t.Errorf("order: %+v", b.sd.Applied)
	}
	want := []string{"_services._dns-sd._udp.unilans.net/PTR/_theservice._tcp.unilans.net", "_theservice._tcp.unilans.net/PTR/" + v1, "sd-2.unilans.net/A/165.225.128.12", v1 + "/SRV/10 10 4218 sd-2.unilans.net", v1 + `/TXT/"txtvers=1"`}
	slices.Sort(want)
	if got := values(b.sd); !slices.Equal(got, want) {
		t.Errorf("zone %v", got)
	}
	for _, r := range b.sd.Rows {
		if strings.HasPrefix(r.Name, "s-1.") {
			t.Errorf("a marker is left: %+v", r)
		}
	}
}

func TestALongPlanDoesNotFailBecauseItsEvidenceGrowsOld(t *testing.T) {
	b := many(t, 45)
	for i := range b.cf.Rows {
		if r := &b.cf.Rows[i]; strings.HasPrefix(r.Value, "165.225.129.") {
			r.Name = "n-" + r.Value[12:] + "." + cfZone
		}
	}
	b.opts.Guards.Threshold = 1
	p := b.dead()
	var typed []string
	for _, s := range p.Steps {
		typed = append(typed, s.Change.Before.Name)
	}
	b.cf.Slow = 1500 * time.Millisecond
	if rep := b.engine().Check(t.Context(), p); rep.Count(StepRefused) != 45 || len(rep.Asks()) != 45 {
		t.Errorf("check: %v %s", states(rep), rep.Steps[44].Why)
	}
	if rep := b.run(p, typed...); rep.Count(StepDone) != 45 {
		t.Errorf("%v %s", states(rep), rep.Steps[44].Why)
	}
}

func TestAWholePlanIsOneCallToItsZone(t *testing.T) {
	b := many(t, 48)
	rep := b.run(b.dead(), "48")
	if rep.Count(StepDone) != 48 || len(b.cf.Applied) != 1 {
		t.Errorf("%d calls for one zone, %v", len(b.cf.Applied), states(rep))
	}
}

func TestAChangeDoesNotWaitForOthersUntilItsEvidenceIsOld(t *testing.T) {
	b := many(t, 48)
	for i := range b.cf.Rows {
		if r := &b.cf.Rows[i]; strings.HasPrefix(r.Value, "165.225.129.") {
			r.Name = strings.ReplaceAll(r.Value, ".", "-") + "." + cfZone // a lookup for each
		}
	}
	b.opts.Guards.Threshold = 1
	p := b.dead()
	var typed []string
	for _, s := range p.Steps {
		typed = append(typed, s.Change.Before.Name)
	}
	b.cf.Slow = time.Second // twenty lookups take twenty seconds, and no change waits longer than ten
	if rep := b.run(p, typed...); rep.Count(StepDone) != 48 || len(b.cf.Applied) != 3 {
		t.Errorf("%d calls, %v", len(b.cf.Applied), states(rep))
	}
}

func TestAnotherPlanThanTheOneThatWasShownIsNotCarriedOut(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	shown := b.dead()
	b.triton.Remove("s-1")
	rep := b.engine().Run(t.Context(), b.dead(), Confirm{Checksum: shown.Checksum()}, nil)
	wantStates(t, rep, StepRefused, StepRefused, StepRefused)
	if len(b.cf.Applied)+len(b.sd.Applied) != 0 || len(entries(t, b.j)) != 0 || !strings.Contains(rep.Steps[0].Why, shown.Checksum()) {
		t.Errorf("%d calls, %d entries, %q", len(b.cf.Applied)+len(b.sd.Applied), len(entries(t, b.j)), rep.Steps[0].Why)
	}
	wantStates(t, b.engine().Run(t.Context(), shown, Confirm{Checksum: shown.Checksum()}, nil), StepDone)
}

func TestWithoutAJournalNothingIsWritten(t *testing.T) {
	for name, mess := range map[string]func(b *bench){
		"none":   func(b *bench) { b.opts.Journal = nil },
		"closed": func(b *bench) { _ = b.j.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.triton.Remove("m-1")
			p := b.dead()
			mess(b)
			rep := b.engine().Check(t.Context(), p)
			if g := guardNamed(rep, 0, index.GuardJournal); g.Pass || !g.NoEvidence {
				t.Errorf("check: %+v", g)
			}
			rep = b.run(p)
			wantStates(t, rep, StepRefused)
			if len(b.cf.Applied) != 0 {
				t.Error("something was written")
			}
		})
	}
}

func TestALostReplyIsLookedUp(t *testing.T) {
	lost := providers.Errorf(providers.KindUncertain, "batch", "connection reset")
	for _, c := range []struct {
		name  string
		made  bool
		blind bool
		want  StepState
		state journal.State
	}{
		{"and the change was made", true, false, StepDone, journal.Done},
		{"and the change was not made", false, false, StepFailed, journal.Failed},
		{"and nothing can be looked up", true, true, StepUnknown, journal.Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.triton.Remove("m-1")
			p := b.dead()
			b.cf.Fault = func(providers.Change) (error, bool) {
				if c.blind {
					b.cf.LookupErr = errDown
				}
				return lost, c.made
			}
			rep := b.run(p)
			wantStates(t, rep, c.want)
			es := entries(t, b.j)
			if len(es) != 1 || es[0].State != c.state || es[0].Note == "" || es[0].Error == "" {
				t.Errorf("journal %+v", es)
			}
		})
	}
}

func TestAConflictOnADeleteIsNotTriedAgain(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.cf.Fault = func(providers.Change) (error, bool) {
		return providers.Errorf(providers.KindConflict, "batch", "changed"), false
	}
	rep := b.run(b.dead())
	wantStates(t, rep, StepFailed)
	if len(b.cf.Applied) != 1 || entries(t, b.j)[0].State != journal.Failed {
		t.Errorf("%d calls", len(b.cf.Applied))
	}
}

func TestARunThatIsStoppedLeavesATrueJournal(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("s-1")
	p := b.dead() // SRV, then A
	ctx, stop := context.WithCancel(t.Context())
	b.sd.OnApply = func([]providers.Change) { stop() }
	b.sd.Fault = func(providers.Change) (error, bool) {
		return providers.Errorf(providers.KindUncertain, "change", "%w", context.Canceled), true
	}
	rep := b.engine().Run(ctx, p, Confirm{}, nil)
	wantStates(t, rep, StepDone, StepSkipped)
	es := entries(t, b.j)
	if len(es) != 1 || es[0].State != journal.Done || !strings.Contains(es[0].Note, "looked up") {
		t.Errorf("journal %+v", es)
	}
	if !has(b.sd, "sd-1.unilans.net/A") {
		t.Error("a step began after the stop")
	}
}

func TestWhatIsAlreadyGoneIsDone(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	p := b.dead()
	b.cf.Rows = b.cf.Rows[:4]
	rep := b.run(p)
	wantStates(t, rep, StepDone)
	if !rep.Steps[0].Already || len(b.cf.Applied) != 0 || len(entries(t, b.j)) != 0 {
		t.Errorf("%+v", rep.Steps[0])
	}
}

func TestAYoungReadIsNotReadAgainAndAnOldOneIs(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	p := b.dead()
	read := b.sources()
	read.Refresh(t.Context())
	b.opts.Sources = read
	lists := b.aws.Lists
	wantStates(t, b.engine().Check(t.Context(), p), StepReady)
	if b.aws.Lists != lists {
		t.Error("a young read was read again")
	}
	b.clk.Advance(50 * time.Second)
	wantStates(t, b.run(p), StepDone)
	if b.aws.Lists == lists {
		t.Error("an old read was taken for fresh")
	}
}

func TestAMovedEntryGetsTheAddressThatItsInstanceHasNow(t *testing.T) {
	b := newBench(t)
	b.triton.Rows[0].PublicIPs = []netip.Addr{netip.MustParseAddr("165.225.128.77")}
	v := b.view()
	p := plan.ForFindings(v, &v.Findings[0])
	if p.Verb != index.VerbUpdate {
		t.Fatalf("%+v", v.Findings[0])
	}
	wantStates(t, b.run(p), StepDone)
	if !has(b.cf, "165.225.128.77") || has(b.cf, "165.225.128.1") || len(b.view().Findings) != 0 {
		t.Errorf("zone %v, findings %v", values(b.cf), b.view().Findings)
	}
	undo, err := b.engine().UndoPlan("")
	if err != nil {
		t.Fatal(err)
	}
	wantStates(t, b.run(undo), StepDone)
	if !has(b.cf, "/165.225.128.1") {
		t.Errorf("zone %v", values(b.cf))
	}
}

func TestAnEntryIsNotMovedToAnAddressThatItsInstanceLostMeanwhile(t *testing.T) {
	b := newBench(t)
	b.triton.Rows[0].PublicIPs = []netip.Addr{netip.MustParseAddr("165.225.128.77")}
	v := b.view()
	p := plan.ForFindings(v, &v.Findings[0])
	b.triton.Rows[0].PublicIPs = []netip.Addr{netip.MustParseAddr("165.225.128.78")}
	rep := b.run(p)
	wantStates(t, rep, StepRefused)
	if g := guardNamed(rep, 0, index.GuardInstance); !strings.Contains(g.Why, "does not have 165.225.128.77 now") {
		t.Errorf("%+v", g)
	}
}

func TestAMissingNodeIsRegisteredAndTheUndoAsksForNoMoreThanAQuiesce(t *testing.T) {
	for _, c := range []struct {
		id    string
		zone  func(b *bench) *fakeDNS
		strip int
	}{
		{"m-1", func(b *bench) *fakeDNS { return b.cf }, 1},
		{"s-1", func(b *bench) *fakeDNS { return b.sd }, 2},
	} {
		t.Run(c.id, func(t *testing.T) {
			b := newBench(t)
			d := c.zone(b)
			all := values(d)
			d.Rows = slices.DeleteFunc(d.Rows, func(r providers.Record) bool {
				return strings.Contains(r.Value, "sd-1.") || r.Value == "165.225.128.1" || r.Value == "165.225.128.11" || strings.HasPrefix(r.Name, "s-1.")
			})
			left := values(d)
			if len(all)-len(left) != c.strip {
				t.Fatalf("left %v", left)
			}
			p := plan.Register(b.view(), "", ref(b.triton, c.id))
			rep := b.run(p)
			if !rep.OK() || len(rep.Steps) != c.strip {
				t.Fatalf("plan %+v: %v %v", p, states(rep), rep.Steps)
			}
			if got := values(d); !slices.Equal(got, all) {
				t.Fatalf("zone %v, want %v", got, all)
			}
			if f := b.view().Findings; len(f) != 0 {
				t.Errorf("findings %+v", f)
			}
			undo, err := b.engine().UndoPlan(rep.Run)
			if err != nil {
				t.Fatal(err)
			}
			if rep := b.run(undo); !rep.OK() {
				t.Fatalf("undo %v: %+v", states(rep), rep.Steps)
			}
			if got := values(d); !slices.Equal(got, left) {
				t.Errorf("zone %v, want %v", got, left)
			}
		})
	}
}
