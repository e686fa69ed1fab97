package apply

import (
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers/providertest"
)

// nothingGoes has every delete need a typed text.
func nothingGoes(b *bench) { b.opts.Guards.Threshold, b.opts.Guards.From = NothingGoes, 1 }

func TestAReplacementAsksForOneTextWhichIsThatOfItsTerminations(t *testing.T) {
	for text, ids := range map[string][]string{"2": {"i-1", "i-2"}, "www-1": {"i-1"}} {
		t.Run(text, func(t *testing.T) {
			b, f := replacing(t)
			nothingGoes(b)
			p := b.replace(1, ids...)
			asks := b.engine().Check(t.Context(), p).Asks()
			if p.Confirm() != text || len(asks) != 1 || asks[0].Text != text || asks[0].Guard != index.GuardThreshold || !strings.Contains(asks[0].Why, "would go within ten minutes") {
				t.Fatalf("%q, asks %+v", p.Confirm(), asks)
			}
			if rep := b.run(p); rep.Count(StepDone) > 0 || len(f.requests) > 0 {
				t.Fatalf("without it: %v, %v", states(rep), f.requests)
			}
			began := b.clk.Now()
			rep := b.run(p, text)
			if !rep.OK() || len(f.requests) != len(ids) {
				t.Fatalf("%v", states(rep))
			}
			shortest := b.clk.Now().Sub(began)
			at := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.Kind == plan.StepWait })
			if shortest < p.Steps[at].Wait {
				t.Errorf("the text has shortened the wait to %s", shortest)
			}
		})
	}
}

func TestAReplacementAsksForThePlaceOfAStoreThatIsAwayBesideItsOwnText(t *testing.T) {
	b, _ := replacing(t)
	s := providertest.NewStore(b.clk.Clock)
	m := b.newMember(s, "me@here")
	if _, err := m.j.Entries(); err != nil {
		t.Fatal(err)
	}
	nothingGoes(m)
	p := m.replace(1, "i-1")
	s.Fail(func(providertest.StoreCall) providertest.StoreFault {
		return providertest.StoreFault{Before: providertest.Away()}
	})
	var texts []string
	for _, a := range m.engine().Check(t.Context(), p).Asks() {
		texts = append(texts, a.Text)
	}
	if slices.Sort(texts); !slices.Equal(texts, []string{s.Name(), "www-1"}) {
		t.Errorf("asks for %q", texts)
	}
}
