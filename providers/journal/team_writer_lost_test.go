package journal

import (
	"strings"
	"testing"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

func TestALostReplyToTheObjectOfAWriterDoesNotMakeTheStoreOneThatIsAway(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]providertest.StoreFault{"carried out": {After: providertest.Lost()}, "not carried out": {Before: providertest.Lost()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := teamStore()
			a := newMember(t, s)
			lose := func(times int) {
				s.Fail(func(c providertest.StoreCall) providertest.StoreFault {
					if c.Op == "create" && strings.HasPrefix(c.Key, "writers/") {
						if times--; times >= 0 {
							return f
						}
					}
					return providertest.StoreFault{}
				})
			}
			lose(1)
			if _, err := a.Begin(entry(1)); err != nil {
				t.Errorf("one lost reply: %v", err)
			}
			if f.Before == nil {
				return
			}
			b := newMember(t, s)
			lose(1000)
			if _, err := b.Begin(entry(2)); providers.KindOf(err) != providers.KindUncertain {
				t.Errorf("all replies are lost: %v", err)
			}
		})
	}
}
