package providers

import (
	"net/netip"
	"testing"
)

func TestAnIPv4AddressWithinAnIPv6OneKeepsItsSpellingAndLeadsToTheIPv4Address(t *testing.T) {
	for _, in := range []string{"::ffff:34.201.45.18", "::FFFF:34.201.45.18", "::ffff:22c9:2d12", "0:0:0:0:0:ffff:34.201.45.18"} {
		r := Record{Type: "AAAA", Value: CanonicalValue("AAAA", in)}
		if r.Value != "::ffff:34.201.45.18" || FoldValue("AAAA", in) != r.Value {
			t.Errorf("%s is kept as %s", in, r.Value)
		}
		if a, ok := r.Addr(); !ok || a != netip.MustParseAddr("34.201.45.18") {
			t.Errorf("%s leads to %s", in, a)
		}
		if !r.Family().Is6() || r.Family().Is4In6() {
			t.Errorf("%s is replaced by an address like %s", in, r.Family())
		}
	}
	a := Record{Type: "A", Value: "34.201.45.18"}
	if a.Family() != netip.MustParseAddr("34.201.45.18") {
		t.Errorf("%s", a.Family())
	}
	for typ, in := range map[string]string{"A": "::ffff:34.201.45.18", "AAAA": "34.201.45.18"} {
		if got := CanonicalValue(typ, in); got != in && typ == "A" {
			t.Errorf("%s %s is taken for %s", typ, in, got)
		}
	}
}

func TestTheParentOfANameIsFoundByItsLabels(t *testing.T) {
	for in, want := range map[string]string{"a.b.c": "b.c", `a\.b.c`: "c", `a\046b.c`: "c", `a\\.c`: "c", "a": "", ".": ""} {
		if got, _ := Parent(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}
