package route53_test

import (
	"slices"
	"testing"

	"rollcall/providers"
)

func TestARecordSetIsListedAsALookupFindsIt(t *testing.T) {
	weight, none := int64(7), int64(0)
	f := newFake(t)
	f.put(rrset{Name: `\052.unilans.net.`, Type: "A", TTL: 60, Values: []string{"54.1.1.1", "54.1.1.2"}},
		rrset{Name: "txt.unilans.net.", Type: "TXT", TTL: 1, Values: []string{`"a \"b\" & <c>" "d"`, `"\303\274"`}},
		rrset{Name: "srv.unilans.net.", Type: "SRV", TTL: 300, Values: []string{"0 5 4218 n1.unilans.net."}},
		rrset{Name: "w.unilans.net.", Type: "A", SetIdentifier: "one", Weight: &weight, TTL: 60, Values: []string{"54.1.1.3"}},
		rrset{Name: "w.unilans.net.", Type: "A", SetIdentifier: "zürich", Weight: &none, TTL: 60, Values: []string{"54.1.1.5"}},
		rrset{Name: "h.unilans.net.", Type: "A", SetIdentifier: "two", Weight: &weight, HealthCheckID: "hc", TTL: 60, Values: []string{"54.1.1.4"}},
		rrset{Name: "al.unilans.net.", Type: "A", Alias: &aliasTarget{HostedZoneID: "Z9", DNSName: "lb.example.com.", Evaluate: true}})
	a := f.account()
	all, v := list(a) // decoded by this package, where it can
	names := map[string][]providers.Record{}
	for _, r := range all {
		names[r.Name] = append(names[r.Name], r)
	}
	if len(names) != 7 { // with the zone's own
		t.Fatalf("%+v: %+v", v, all)
	}
	for name, listed := range names {
		found, err := a.Lookup(t.Context(), zone, name, "") // decoded by the SDK
		if err != nil || !slices.EqualFunc(listed, found, func(a, b providers.Record) bool { return a.Same(&b) }) {
			t.Errorf("%v: listed %+v, found %+v", err, listed, found)
		}
	}
}
