package apply

import (
	"strings"
	"testing"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

func TestWhatALookupDoesNotFindIsGoneOnlyWhenTheListAgrees(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.triton.Gone["m-1"] = true
	plan := b.dead()
	b.cf.Blind = true
	rep := b.run(plan)
	wantStates(t, rep, StepRefused)
	if g := guardNamed(rep, 0, index.GuardUnchanged); !g.NoEvidence || !strings.Contains(g.Why, "the list of "+cfZone+" shows it") || !has(b.cf, "165.225.128.1") {
		t.Errorf("%+v", g)
	}
	rows := b.cf.Rows
	b.cf.Rows = nil
	if g := guardNamed(b.run(plan), 0, index.GuardUnchanged); !g.NoEvidence || !strings.Contains(g.Why, cfZone+" shows no record at all") {
		t.Errorf("%+v", g)
	}
	b.cf.Rows, b.cf.Blind = rows, false
	wantStates(t, b.run(plan), StepDone)
}

func TestAnEntryStaysWhoseOwnerItsCloudDoesNotFindThoughItAnswersOfADeletedOneThatItIsGone(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	plan := b.dead()
	b.triton.Gone = nil // the credentials may not see it any more
	rep := b.run(plan)
	wantStates(t, rep, StepRefused)
	if g := guardNamed(rep, 0, index.GuardInstance); !g.NoEvidence || g.Why != "joyent-east "+providers.NotSeen || !has(b.cf, "165.225.128.1") {
		t.Errorf("%+v", g)
	}
}

func TestANodeIsNotTerminatedBecauseALookupFoundNothing(t *testing.T) {
	b := newBench(t)
	plan := plan.Drain(b.view(), ref(b.aws, "i-1"))
	b.cf.Blind = true
	if rep := b.run(plan); len(b.aws.Powered) != 0 || !has(b.cf, "34.200.16.1") {
		t.Errorf("%v, power %v", states(rep), b.aws.Powered)
	}
}

func TestADeleteWhoseAnswerWasLostIsNotDoneBecauseALookupFoundNothing(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.triton.Gone["m-1"] = true
	plan := b.dead()
	b.cf.Fault = func(providers.Change) (error, bool) {
		b.cf.Blind = true
		return providers.Errorf(providers.KindUncertain, "change", "lost"), false
	}
	rep := b.run(plan)
	wantStates(t, rep, StepUnknown)
	if es := entries(t, b.j); len(es) != 1 || es[0].State != journal.Unknown || !strings.Contains(es[0].Note, "the list of "+cfZone+" shows it") {
		t.Errorf("%+v", es)
	}
}
