package apply

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers/journal"
	"rollcall/providers/providertest"
)

// newMember returns the bench with the journal of a team, and a second member of it whose journal is on another machine.
func (b *bench) newMember(s *providertest.Store, who string) *bench {
	b.t.Helper()
	j, err := journal.OpenTeam(journal.TeamOptions{Path: filepath.Join(b.t.TempDir(), "team-journal"), Store: s, Who: who, Clock: b.clk.Clock})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = j.Close() })
	m := *b
	m.opts.Journal, m.opts.Who, m.j = j, who, j
	return &m
}

// beforeEntry calls do right before the nth next object of the journal is created.
func beforeEntry(s *providertest.Store, n int, do func()) {
	s.Fail(func(c providertest.StoreCall) providertest.StoreFault {
		if c.Op == "create" && strings.HasPrefix(c.Key, "journal/") {
			if n--; n == 0 {
				s.Fail(nil)
				do()
			}
		}
		return providertest.StoreFault{}
	})
}

func TestDeletesOfTheWholeTeamCountForTheThreshold(t *testing.T) {
	b := many(t, 10) // 15 owned records, 10 of them dead, 4 may go
	s := providertest.NewStore(b.clk.Clock)
	me, bob := b.newMember(s, "me@here"), b.newMember(s, "bob@there")
	steps := b.dead().Steps
	for n := range 5 {
		p := b.dead()
		p.Steps = steps[n : n+1]
		m, want := me, StepDone
		if n%2 == 1 {
			m = bob
		}
		if n == 4 {
			want = StepRefused
		}
		wantStates(t, m.run(p), want)
		b.clk.Advance(time.Second)
	}
}

func TestTheThresholdIsCheckedAgainWhenTheEntryIsWritten(t *testing.T) {
	b := many(t, 10) // 4 may go
	s := providertest.NewStore(b.clk.Clock)
	me, bob := b.newMember(s, "me@here"), b.newMember(s, "bob@there")
	mine, his := b.dead(), b.dead()
	mine.Steps, his.Steps = mine.Steps[:3], his.Steps[5:8]
	beforeEntry(s, 1, func() { wantStates(t, bob.run(his), StepDone, StepDone, StepDone) })
	rep := me.run(mine)
	wantStates(t, rep, StepRefused, StepRefused, StepRefused)
	if g := guardNamed(rep, 0, index.GuardThreshold); g.Pass || !strings.Contains(g.Why, "would go within ten minutes") {
		t.Errorf("threshold: %+v", g)
	}
	for _, e := range entries(t, me.j) {
		if e.Who == "me@here" && e.State != journal.Refused {
			t.Errorf("an entry that would break the threshold: %+v", e)
		}
	}
}

func TestOfTwoMembersThatDeregisterOneRecordOneDoesAndTheOtherLearnsWhoWasFirst(t *testing.T) {
	b := many(t, 3)
	s := providertest.NewStore(b.clk.Clock)
	me, bob := b.newMember(s, "me@here"), b.newMember(s, "bob@there")
	p := b.dead()
	p.Steps = p.Steps[:1]
	beforeEntry(s, 1, func() { wantStates(t, bob.run(p), StepDone) })
	rep := me.run(p)
	wantStates(t, rep, StepDone)
	if !rep.Steps[0].Already || !strings.Contains(rep.Steps[0].Why, "bob@there was first") {
		t.Errorf("%+v", rep.Steps[0])
	}
	if es := entries(t, me.j); len(es) != 1 || es[0].Who != "bob@there" || es[0].State != journal.Done {
		t.Errorf("%+v", es)
	}
}

func TestARecordThatAnotherMemberChangesNowIsLeftToThatMember(t *testing.T) {
	b := many(t, 3)
	s := providertest.NewStore(b.clk.Clock)
	me, bob := b.newMember(s, "me@here"), b.newMember(s, "bob@there")
	p := b.dead()
	p.Steps = p.Steps[:1]
	if _, err := bob.j.Begin(journal.Entry{Run: "r0", Who: "bob@there", Verb: "deregister", Kind: journal.KindChange, Zone: cfZone, Change: p.Steps[0].Change, Sentence: "Delete it"}); err != nil {
		t.Fatal(err)
	}
	rep := me.run(p)
	wantStates(t, rep, StepRefused)
	if !strings.Contains(rep.Steps[0].Why, "entry 1 of bob@there changes this record now") {
		t.Error(rep.Steps[0].Why)
	}
	b.clk.Advance(underWay + time.Second) // its rollcall hangs
	wantStates(t, me.run(p), StepDone)
}

func TestTheMinimumOfAServiceHoldsForTheWholeTeam(t *testing.T) {
	b := newBench(t)
	b.opts.Services[0].Minimum = 4 // of 5
	s := providertest.NewStore(b.clk.Clock)
	me, bob := b.newMember(s, "me@here"), b.newMember(s, "bob@there")
	mine, his := plan.Quiesce(b.view(), ref(b.aws, "i-1")), plan.Quiesce(b.view(), ref(b.aws, "i-2"))
	var bobs *Report
	beforeEntry(s, 1, func() { bobs = bob.run(his) })
	rep := me.run(mine)
	last := func(r *Report) StepState { return r.Steps[len(r.Steps)-1].State }
	if bobs == nil || last(bobs) != StepDone || last(rep) == StepDone {
		t.Errorf("bob %v, me %v: %+v", states(bobs), states(rep), rep.Steps)
	}
	if len(values(b.cf)) != 4 {
		t.Errorf("%v", values(b.cf))
	}
}

func TestWithoutTheStoreAPlanAsksForItsPlaceAndGoesOnOnceThatIsTyped(t *testing.T) {
	b := many(t, 3)
	s := providertest.NewStore(b.clk.Clock)
	me := b.newMember(s, "me@here")
	s.Fail(func(providertest.StoreCall) providertest.StoreFault {
		return providertest.StoreFault{Before: providertest.Away()}
	})
	p := b.dead()
	for name, rep := range map[string]*Report{"a check": me.engine().Check(t.Context(), p), "a run": me.run(p)} {
		asks := rep.Asks()
		if rep.Count(StepRefused) != 3 || len(asks) != 1 || asks[0].Text != s.Name() || asks[0].Guard != index.GuardJournal {
			t.Errorf("%s: %v, asks %+v", name, states(rep), asks)
		}
	}
	if rep := me.run(p, s.Name()); rep.Count(StepDone) != 3 {
		t.Fatalf("%v", states(rep))
	}
	s.Fail(nil)
	b.clk.Advance(time.Minute)
	bob := b.newMember(s, "bob@there")
	_ = entries(t, me.j)
	done := 0
	for _, e := range entries(t, bob.j) {
		if e.State == journal.Done && e.Local != "" {
			done++
		}
	}
	if done != 3 {
		t.Errorf("%d of 3 entries have joined", done)
	}
}

func TestUndoWithoutAnEntryConcernsTheOperatorsOwnChanges(t *testing.T) {
	b := many(t, 3)
	s := providertest.NewStore(b.clk.Clock)
	me, bob := b.newMember(s, "me@here"), b.newMember(s, "bob@there")
	mine, his := b.dead(), b.dead()
	mine.Steps, his.Steps = mine.Steps[:1], his.Steps[1:2]
	wantStates(t, me.run(mine), StepDone)
	rep := bob.run(his)
	wantStates(t, rep, StepDone)
	p, err := me.engine().UndoPlan("")
	if err != nil || len(p.Steps) != 1 || p.Steps[0].Change.After.Value != mine.Steps[0].Change.Before.Value {
		t.Fatalf("%+v, %v", p, err)
	}
	wantStates(t, me.run(p), StepDone)
	if _, err := me.engine().UndoPlan(""); err == nil {
		t.Error("there is more to undo than the operator's own change")
	}
	p, err = me.engine().UndoPlan(rep.Steps[0].Entry)
	if err != nil || !strings.HasSuffix(p.Title, "of bob@there") {
		t.Errorf("%q, %v", p.Title, err)
	}
	if p, err := me.engine().RedoPlan(); err != nil || len(p.Steps) != 1 { // bob's change is no reason against it
		t.Errorf("%+v, %v", p, err)
	}
}
