package apply

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/index"
)

func many(t *testing.T, n int) *bench {
	b := newBench(t)
	for i := range n {
		ip := fmt.Sprintf("165.225.129.%d", i)
		b.serve(b.triton, fmt.Sprintf("x-%d", i), ip)
		b.triton.Remove(fmt.Sprintf("x-%d", i))
	}
	return b
}

func TestMoreThanTheThresholdAsksForTheCount(t *testing.T) {
	b := many(t, 10) // 15 owned records, 10 of them dead, 4 may go
	p := b.dead()
	if rep := b.engine().Check(t.Context(), p); rep.Count(StepRefused) != 10 {
		t.Fatalf("a check: %v", states(rep))
	}
	rep := b.run(p)
	if rep.Count(StepRefused) != 10 || len(b.cf.Applied) != 0 {
		t.Fatalf("states %v", states(rep))
	}
	asks := rep.Asks()
	if len(asks) != 1 || asks[0].Guard != index.GuardThreshold || asks[0].Text != "10" || len(asks[0].Steps) != 10 {
		t.Fatalf("asks %+v", asks)
	}
	if rep := b.run(p, "11"); rep.Count(StepRefused) != 10 {
		t.Fatalf("a wrong count: %v", states(rep))
	}
	if rep := b.run(p, "10"); rep.Count(StepDone) != 10 {
		t.Fatalf("the count: %v", states(rep))
	}
	if len(b.cf.Applied) != 1 {
		t.Errorf("%d calls for one zone", len(b.cf.Applied))
	}
}

func TestDeletesOfTheLastTenMinutesCountForTheThreshold(t *testing.T) {
	b := many(t, 10)
	p := b.dead()
	steps := p.Steps
	for n := range 5 {
		p.Steps = steps[n : n+1]
		rep := b.run(p)
		want := StepDone
		if n == 4 {
			want = StepRefused
		}
		wantStates(t, rep, want)
		b.clk.Advance(time.Second)
	}
	b.clk.Advance(11 * time.Minute)
	p.Steps = steps[4:5]
	wantStates(t, b.run(p), StepDone)
}

func TestOfTooManyNoneGoesHoweverManyGroupsTheyAreAskedIn(t *testing.T) {
	b := many(t, 48) // 53 owned records, of which 15 may go
	p := b.dead()
	for name, rep := range map[string]*Report{"a check": b.engine().Check(t.Context(), p), "a run": b.run(p), "with a wrong count": b.run(p, "8")} {
		if rep.Count(StepRefused) != 48 || len(b.cf.Applied) != 0 {
			t.Errorf("%s: %v", name, states(rep))
		}
		if asks := rep.Asks(); len(asks) != 1 || asks[0].Text != "48" {
			t.Errorf("%s: asks %+v", name, asks)
		}
	}
}

func TestAZoneMayHaveAThresholdOfItsOwn(t *testing.T) {
	b := many(t, 10)
	b.opts.ZoneGuards = map[string]Guards{cfZone: {Threshold: 0.9}}
	if rep := b.run(b.dead()); rep.Count(StepDone) != 10 {
		t.Errorf("states %v", states(rep))
	}
}

func TestTheThresholdOfAZoneHoldsFromAsManyRecordsAsItSays(t *testing.T) {
	b := many(t, 10) // 15 owned records
	b.opts.ZoneGuards = map[string]Guards{cfZone: {From: 16}}
	if rep := b.engine().Check(t.Context(), b.dead()); rep.Count(StepReady) != 10 {
		t.Errorf("from 16: %v", states(rep))
	}
	b.opts.ZoneGuards = map[string]Guards{cfZone: {From: 15}}
	if rep := b.engine().Check(t.Context(), b.dead()); rep.Count(StepRefused) != 10 {
		t.Errorf("from 15: %v", states(rep))
	}
	b.opts.ZoneGuards = map[string]Guards{sdZone: {From: 16}}
	if rep := b.engine().Check(t.Context(), b.dead()); rep.Count(StepRefused) != 10 {
		t.Errorf("from 16 in another zone: %v", states(rep))
	}
}

func TestAThresholdOfNothingAsksForTheCountOfEveryRemoval(t *testing.T) {
	b := many(t, 1)
	b.opts.ZoneGuards = map[string]Guards{cfZone: {Threshold: NothingGoes, From: 1}}
	rep := b.run(b.dead())
	wantStates(t, rep, StepRefused)
	if asks := rep.Asks(); len(asks) != 1 || asks[0].Text != "1" || !strings.Contains(asks[0].Why, "and 0 is the most") {
		t.Errorf("asks %+v", asks)
	}
	wantStates(t, b.run(b.dead(), "1"), StepDone)
}
