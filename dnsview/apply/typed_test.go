package apply

import (
	"slices"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

func TestTheNameOfARecordDoesNotShortenTheWaitOfANodeThatIsCalledSo(t *testing.T) {
	for _, c := range []struct {
		typed    []string
		shortens bool
	}{
		{[]string{www}, false},
		{[]string{www, www}, false},
		{[]string{www, "m-1"}, true},
	} {
		b := newBench(t)
		b.triton.Rows[0].Name = www
		b.cf.Rows = slices.DeleteFunc(b.cf.Rows, func(r providers.Record) bool { return r.Value != "165.225.128.1" })
		b.opts.Wire = nil // so that rollcall waits longer
		rep := b.run(plan.Drain(b.view(), ref(b.triton, "m-1")), c.typed...)
		if !rep.OK() {
			t.Fatalf("%q: %v", c.typed, states(rep))
		}
		if took := b.clk.Now().Sub(begin); (took < 2*time.Minute) != c.shortens {
			t.Errorf("%q: it took %s", c.typed, took)
		}
	}
}

func TestTheCountOfOneZoneDoesNotAnswerForAnother(t *testing.T) {
	b := newBench(t)
	b.serve(b.triton, "x-1", "165.225.129.1")
	b.serve(b.triton, "x-2", "165.225.129.2")
	for _, id := range []string{"x-1", "x-2", "s-1"} {
		b.triton.Remove(id)
	}
	all := Guards{Threshold: NothingGoes, From: 1}
	b.opts.ZoneGuards = map[string]Guards{cfZone: all, sdZone: all}
	p := b.dead()
	var texts []string
	for _, a := range b.run(p, "2").Asks() {
		texts = append(texts, a.Text)
	}
	slices.Sort(texts)
	if want := []string{cfZone + " 2", sdZone + " 2"}; !slices.Equal(texts, want) || len(b.cf.Applied)+len(b.sd.Applied) > 0 {
		t.Fatalf("asked for %q, want %q; applied %v %v", texts, want, b.cf.Applied, b.sd.Applied)
	}
	b.run(p, cfZone+" 2")
	if has(b.cf, "165.225.129.1") || has(b.cf, "165.225.129.2") || !has(b.sd, "165.225.128.11") {
		t.Errorf("%v %v", values(b.cf), values(b.sd))
	}
}

func TestATextThatWasTypedOnceAnswersOneGuard(t *testing.T) {
	for n, want := range []int{0, 1, 2} {
		b := newBench(t)
		r := newRun(b.engine(), plan.Plan{}, Confirm{Typed: slices.Repeat([]string{www}, n)}, nil)
		passed := 0
		for _, g := range []index.GuardID{index.GuardMinimum, index.GuardAddress, index.GuardMinimum} {
			gs := []index.GuardResult{{Guard: g, Confirm: www}}
			r.acceptTyped(gs)
			if gs[0].Pass && g != index.GuardMinimum || gs[0].Pass && passed == 0 {
				passed++
			}
		}
		if passed != want {
			t.Errorf("typed %d times: %d guards pass", n, passed)
		}
	}
}
