package apply

import (
	"os"
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers/journal"
	"rollcall/providers/providertest"
)

// terminations returns how many entries say that a node was terminated.
func terminations(t *testing.T, j *journal.Journal, id string) (n int) {
	t.Helper()
	for _, e := range entries(t, j) {
		if e.Kind == journal.KindPower && e.Action == string(plan.PowerTerminate) && e.State == journal.Done && e.Instance.ID == id {
			n++
		}
	}
	return n
}

// another returns the bench as another process of bob has it, with the same journal.
func (b *bench) another(t *testing.T) *bench {
	t.Helper()
	j, err := journal.Open(b.j.Path(), b.clk.Clock, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	second := *b
	second.opts.Journal, second.opts.Who, second.j = j, "bob@there", j
	return &second
}

func TestAReplacementThatARunOfThisMachineIsOnIsRefusedAndItIsNamed(t *testing.T) {
	b, _ := replacing(t)
	p := b.replace(1, "i-1")
	second := b.another(t)
	var his *Report
	var offered []journal.Unfinished
	mine := b.engine().Run(t.Context(), p, Confirm{}, func(ev Event) {
		if ev.Kind == EventWaiting && his == nil {
			var err error
			if offered, err = second.j.UnfinishedDrains(); err != nil {
				t.Error(err)
			}
			his = second.run(second.replace(1, "i-1"))
		}
	})
	if !mine.OK() || his == nil {
		t.Fatalf("%v %v", states(mine), his)
	}
	if len(offered) > 0 {
		t.Errorf("it is offered while it goes on: %+v", offered)
	}
	for i := range his.Steps {
		if s := &his.Steps[i]; s.State != StepRefused && s.State != StepSkipped || !strings.Contains(s.Why, b.opts.Who+" (process ") || !strings.Contains(s.Why, " works on www-1 now") {
			t.Errorf("%s: %s %s", s.Step.Sentence, s.State, s.Why)
		}
	}
	if n := terminations(t, b.j, "i-1"); n != 1 {
		t.Errorf("the journal holds %d terminations", n)
	}
}

func TestOfTwoMembersThatTerminateANodeOneDoesAndTheOtherNamesThatEntry(t *testing.T) {
	b := newBench(t)
	s := providertest.NewStore(b.clk.Clock)
	me, bob := b.newMember(s, "me@here"), b.newMember(s, "bob@there")
	b.node(b.aws, "i-7", "spare-7", "34.200.16.7", "www") // in DNS nowhere
	p := plan.Terminate(b.view(), true, ref(b.aws, "i-7"))
	at := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.Kind == plan.StepPower })
	if at < 0 {
		t.Fatalf("%+v", p)
	}
	p.Steps = p.Steps[at : at+1]
	p.Steps[0].Needs = nil
	written := me.engine().o.Journal
	power := journal.Entry{Run: "r1", Who: "me@here", Verb: "drain", Kind: journal.KindPower, Action: string(plan.PowerTerminate), Instance: &p.Steps[0].Instance, Sentence: "Terminate spare-7"}
	begun, err := written.Begin(power)
	if err != nil {
		t.Fatal(err)
	}
	rep := bob.run(p)
	if rep.Steps[0].State != StepRefused || !strings.Contains(rep.Steps[0].Why, "entry "+begun[0].ID+" of me@here ends it now") {
		t.Errorf("%v: %s", states(rep), rep.Steps[0].Why)
	}
	if err := written.End(journal.Outcome{ID: begun[0].ID, State: journal.Done}); err != nil {
		t.Fatal(err)
	}
	rep = bob.run(p)
	if st := &rep.Steps[0]; st.State != StepDone || !st.Already || !strings.Contains(st.Why, "ended already by entry "+begun[0].ID+" of me@here") {
		t.Errorf("%v: %s", states(rep), st.Why)
	}
	if n := terminations(t, bob.j, "i-7"); n != 1 {
		t.Errorf("the journal holds %d terminations", n)
	}
}

func TestNodesThatCannotBeClaimedBesideTheJournalAreHeldBackByItsGuard(t *testing.T) {
	b := newBench(t)
	if err := os.WriteFile(b.j.Path()+".work", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p := plan.Power(b.view(), plan.PowerTerminate, ref(b.aws, "i-1"))
	rep := b.run(p, "www-1")
	if rep.Steps[0].State != StepRefused {
		t.Fatalf("%v", states(rep))
	}
	if g := guardNamed(rep, 0, index.GuardJournal); g.Pass || g.Satisfy != "a journal that can be written to" {
		t.Errorf("%+v", rep.Steps[0].Guards)
	}
}
