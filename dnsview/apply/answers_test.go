package apply

import (
	"errors"
	"slices"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// asked is how often the clouds are asked by id while f runs.
func (b *bench) asked(f func()) (aws, triton int) {
	aws, triton = len(b.aws.Asked), len(b.triton.Asked)
	f()
	return len(b.aws.Asked) - aws, len(b.triton.Asked) - triton
}

// deregister is a plan that removes values of www, whatever is found about them.
func (b *bench) deregister(values ...string) plan.Plan {
	p := plan.Plan{Verb: index.VerbDeregister, Title: "By force"}
	for n, v := range values {
		rec := b.cf.Rows[slices.IndexFunc(b.cf.Rows, func(r providers.Record) bool { return r.Value == v })]
		p.Steps = append(p.Steps, plan.Step{ID: n + 1, Kind: plan.StepChange, Zone: cfZone, Change: &providers.Change{Op: providers.OpDelete, Before: rec}})
	}
	return p
}

func TestAnAnswerCountsLongerOnlyForAnInstanceThatIsGone(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	r := newRun(b.engine(), b.deregister("34.200.16.1", "165.225.128.1"), Confirm{}, nil)
	ev := r.evidence(t.Context())
	for _, tc := range []struct {
		after       time.Duration
		aws, triton int
	}{
		{0, 1, 1},
		{0, 0, 0},
		{r.engine.age() / holdShare, 0, 0},
		{time.Second, 1, 0}, // it may have changed
		{15 * time.Second, 1, 0},
		{5 * time.Second, 0, 1},
		{r.engine.age(), 1, 1},
	} {
		b.clk.Advance(tc.after)
		if aws, triton := b.asked(func() { r.askInstances(t.Context(), ev, []int{0, 1}, nil, true) }); aws != tc.aws || triton != tc.triton {
			t.Errorf("%s later: %d and %d questions, want %d and %d", tc.after, aws, triton, tc.aws, tc.triton)
		}
	}
	r.forgetAnswers()
	b.aws.AskErr = errors.New("down")
	for range 2 { // no answer counts for nothing
		if aws, triton := b.asked(func() { r.askInstances(t.Context(), ev, []int{0, 1}, nil, true) }); aws != 1 || triton != 0 {
			t.Errorf("%d and %d questions", aws, triton)
		}
	}
}

func TestCloudsAreAskedAboutTheStepsAheadWithTheFirst(t *testing.T) {
	b := newBench(t)
	r := newRun(b.engine(), b.deregister("34.200.16.1", "34.200.16.2", "34.200.16.3", "34.200.16.4"), Confirm{}, nil)
	ev := r.evidence(t.Context())
	if aws, _ := b.asked(func() { r.askInstances(t.Context(), ev, []int{0}, []int{1, 2, 3}, true) }); aws != 4 {
		t.Errorf("%d questions", aws)
	}
	if aws, _ := b.asked(func() { r.askInstances(t.Context(), ev, []int{1}, []int{2, 3}, true) }); aws != 0 {
		t.Errorf("%d questions again", aws)
	}
}
