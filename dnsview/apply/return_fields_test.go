package apply

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// addOwned puts an owned record of i-1 into a zone.
func (b *bench) addOwned(d *fakeDNS, r providers.Record) {
	r.Owners = []providers.Owner{{Fleet: fleetID, Cloud: awsKey, Instance: "i-1", Registered: begin.Add(-time.Hour)}}
	if d == b.cf {
		r.Comment, _ = r.Owners[0].Encode()
	}
	d.Add(r)
}

// fields returns the records of a name as a return has to restore them.
func fields(d *fakeDNS, name string) (out []providers.Record) {
	for _, r := range d.Rows {
		if r.Name == name && !r.IsMarker() {
			out = append(out, providers.Record{Type: r.Type, Value: r.Value, TTL: r.TTL, AutoTTL: r.AutoTTL, Proxied: r.Proxied, SetID: r.SetID, Weight: r.Weight, Policy: r.Policy})
		}
	}
	slices.SortFunc(out, func(a, b providers.Record) int { return strings.Compare(a.SetID, b.SetID) })
	return out
}

func TestAReturnedValueOfANameWithoutAServiceHasTheFieldsThatItHad(t *testing.T) {
	const cfName, sdName = "shop." + cfZone, "w." + sdZone
	for name, rs := range map[string][]providers.Record{
		"proxied":               {{Zone: cfZone, Name: cfName, Type: "A", TTL: 300, AutoTTL: true, Proxied: true, Value: "34.200.16.1"}},
		"with a long TTL":       {{Zone: cfZone, Name: cfName, Type: "A", TTL: 3600, Value: "34.200.16.1"}},
		"weighted":              {{Zone: sdZone, Name: sdName, Type: "A", TTL: 30, Value: "34.200.16.1", SetID: "b", Weight: 10, Policy: "weighted health=h"}},
		"simple, of a long TTL": {{Zone: sdZone, Name: sdName, Type: "A", TTL: 7200, Value: "34.200.16.1"}},
	} {
		b := newBench(t)
		d := map[string]*fakeDNS{cfZone: b.cf, sdZone: b.sd}[rs[0].Zone]
		for _, r := range rs {
			b.addOwned(d, r)
		}
		before := fields(d, rs[0].Name)
		if rep := b.run(plan.Quiesce(b.view(), ref(b.aws, "i-1")), rs[0].Name, rs[0].Name); !rep.OK() || len(fields(d, rs[0].Name)) > 0 {
			t.Fatalf("%s: %v, asks %+v", name, states(rep), rep.Asks())
		}
		if rep := b.run(plan.Return(b.view(), ref(b.aws, "i-1"))); !rep.OK() || !slices.EqualFunc(fields(d, rs[0].Name), before, func(a, b providers.Record) bool { return a.Equal(&b) }) {
			t.Errorf("%s: %v, now %+v, want %+v", name, states(rep), fields(d, rs[0].Name), before)
		}
	}
}

func TestAValueWhoseRemovalIsInNoJournalHereIsNotReturnedWithFieldsMadeUp(t *testing.T) {
	b := newBench(t)
	b.addOwned(b.cf, providers.Record{Zone: cfZone, Name: "shop." + cfZone, Type: "A", TTL: 300, AutoTTL: true, Proxied: true, Value: "34.200.16.1"})
	b.run(plan.Quiesce(b.view(), ref(b.aws, "i-1")), "shop."+cfZone)
	v := b.view()
	v.Options.TakenOut = nil
	p := plan.Return(v, ref(b.aws, "i-1"))
	for i := range p.Steps {
		if c := p.Steps[i].Change; c.After.Name == "shop."+cfZone && c.Op == providers.OpCreate {
			t.Errorf("it makes %+v", c.After)
		}
	}
	if !slices.ContainsFunc(p.Skipped, func(s string) bool { return strings.Contains(s, "proxying and routing are not known") }) {
		t.Errorf("skipped %q", p.Skipped)
	}
}

func TestAValueThatWasInTwoRecordSetsIsLeftToAnUndo(t *testing.T) {
	b := newBench(t)
	b.addOwned(b.sd, providers.Record{Zone: sdZone, Name: "w." + sdZone, Type: "A", TTL: 30, Value: "34.200.16.1", SetID: "a", Weight: 90, Policy: "weighted"})
	b.run(plan.Quiesce(b.view(), ref(b.aws, "i-1")), "w."+sdZone)
	v := b.view()
	for id, was := range v.Options.TakenOut {
		if id.Name == "w."+sdZone {
			other := was[0]
			other.SetID = "b"
			v.Options.TakenOut[id] = append(was, other)
		}
	}
	if p := plan.Return(v, ref(b.aws, "i-1")); !slices.ContainsFunc(p.Skipped, func(s string) bool { return strings.Contains(s, "was in 2 record sets") }) {
		t.Errorf("skipped %q", p.Skipped)
	}
}
