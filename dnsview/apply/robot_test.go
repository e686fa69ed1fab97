package apply

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers/journal"
	"rollcall/providers/providertest"
)

// robot makes a member of a team one that no person leads.
func (b *bench) robot(number uint64, perHour int) *Robot {
	b.opts.Robot = &Robot{Lease: func(context.Context) (uint64, error) { return number, nil }, Held: func() bool { return true }, PerHour: perHour}
	return b.opts.Robot
}

// some are the first steps of the plan to remove what is dead.
func (b *bench) some(n int) plan.Plan {
	p := b.dead()
	p.Steps = p.Steps[:n]
	return p
}

func TestAWatchWritesTheNumberOfItsLeaseAndIsRefusedAfterANewerOne(t *testing.T) {
	b := many(t, 10)
	s := providertest.NewStore(b.clk.Clock)
	old, next := b.newMember(s, "watch@a"), b.newMember(s, "watch@b")
	old.robot(1, 100)
	next.robot(2, 100)
	wantStates(t, old.run(b.some(1)), StepDone)
	beforeEntry(s, 1, func() { // it was stopped between its last look at the lease and its write
		wantStates(t, next.run(b.some(1)), StepDone)
	})
	p := b.dead()
	p.Steps = p.Steps[2:3]
	rep := old.run(p)
	wantStates(t, rep, StepRefused)
	if !strings.Contains(rep.Steps[0].Why, "newer lease 2") {
		t.Error(rep.Steps[0].Why)
	}
	entries, err := next.j.Entries()
	if err != nil || entries[0].Lease != 1 || entries[1].Lease != 2 {
		t.Errorf("%+v, %v", entries, err)
	}
}

func TestAWatchReadsTheLeaseAgainBeforeEachBatch(t *testing.T) {
	b := many(t, 10)
	m := b.newMember(providertest.NewStore(b.clk.Clock), "watch@a")
	r := m.robot(1, 100)
	reads := 0
	r.Lease = func(context.Context) (uint64, error) {
		if reads++; reads > 1 {
			return 0, errors.New("the store does not answer")
		}
		return 1, nil
	}
	wantStates(t, m.run(b.some(1)), StepDone)
	wantStates(t, m.run(b.some(1)), StepRefused)
	r.Lease, r.Held = func(context.Context) (uint64, error) { return 1, nil }, func() bool { return false }
	wantStates(t, m.run(b.some(1)), StepRefused)
}

func TestTheMostForAnHourCountsWhatWatchesOfTheTeamRemovedAlsoBeforeARestart(t *testing.T) {
	b := many(t, 40)
	s := providertest.NewStore(b.clk.Clock)
	for n := range 4 {
		m := b.newMember(s, "watch@a") // it was started again
		m.robot(1, 3)
		want := StepDone
		if n == 3 {
			want = StepRefused
		}
		rep := m.run(b.some(1))
		wantStates(t, rep, want)
		if n == 3 && !strings.Contains(rep.Steps[0].Why, ErrPerHour.Error()) {
			t.Error(rep.Steps[0].Why)
		}
		b.clk.Advance(11 * time.Minute)
	}
	b.clk.Advance(30 * time.Minute) // the first is older than an hour
	m := b.newMember(s, "watch@a")
	m.robot(1, 3)
	wantStates(t, m.run(b.some(1)), StepDone)
}

func TestAWatchHoldsToTheThresholdFromTheFirstRecordOn(t *testing.T) {
	b := many(t, 2) // 7 owned records: no threshold for a person
	m := b.newMember(providertest.NewStore(b.clk.Clock), "watch@a")
	m.robot(1, 100)
	m.opts.Guards.Threshold = 0.10
	rep := m.run(b.some(1))
	wantStates(t, rep, StepRefused)
	if g := guardNamed(rep, 0, index.GuardThreshold); g.Pass {
		t.Errorf("%+v", g)
	}
	m.opts.Robot = nil
	wantStates(t, m.run(b.some(1)), StepDone)
}

func TestAWatchChangesNothingWithoutTheJournalOfATeam(t *testing.T) {
	b := many(t, 10)
	b.robot(1, 100)
	wantStates(t, b.run(b.some(1)), StepRefused)
	s := providertest.NewStore(b.clk.Clock)
	m := b.newMember(s, "watch@a")
	m.robot(1, 100)
	s.Fail(func(providertest.StoreCall) providertest.StoreFault {
		return providertest.StoreFault{Before: providertest.Away()}
	})
	wantStates(t, m.run(b.some(1)), StepRefused)
	if es, _ := m.j.Entries(); len(es) != 0 {
		for _, e := range es {
			if e.State != journal.Refused {
				t.Errorf("%+v", e)
			}
		}
	}
}

func TestAWatchEmptiesNoNameAndNothingThatIsTypedLetsIt(t *testing.T) {
	b := many(t, 10)
	m := b.newMember(providertest.NewStore(b.clk.Clock), "watch@a")
	m.robot(1, 100)
	m.opts.Guards.Threshold = 1
	p := b.dead()
	first := p.Steps[0].Change.Before
	rows := b.cf.Rows[:0]
	for _, r := range b.cf.Rows { // it becomes the last one of its name
		if r.Name != first.Name || r.Type != first.Type || r.Value == first.Value {
			rows = append(rows, r)
		}
	}
	b.cf.Rows = rows
	p.Steps = p.Steps[:1]
	rep := m.run(p, first.Name)
	wantStates(t, rep, StepRefused)
	if g := guardNamed(rep, 0, index.GuardMinimum); g.Pass || g.Confirm != "" {
		t.Errorf("%+v", g)
	}
}
