package dnssd_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview/dnssd"
	"rollcall/providers"
)

// lame answers from records, but for one name, which no server answers for.
type lame struct {
	*dnssd.Records
	name string
}

func (l lame) Ask(ctx context.Context, name, typ string) (dnssd.Answer, error) {
	if providers.SameName(name, l.name) {
		return dnssd.Answer{}, errors.New("ask for " + name + " " + typ + ": it answers SERVFAIL")
	}
	return l.Records.Ask(ctx, name, typ)
}

func TestATargetThatNobodyAnswersForIsAProblemOfItsOwn(t *testing.T) {
	z := zoneWith(providers.Route53, append(announced(),
		row(v1, "SRV", "10 9 4218 a.elsewhere.example"), row(v1, "SRV", "20 1 4218 b.unilans.net"), row("b.unilans.net", "A", "192.0.2.1"))...)
	r := lame{dnssd.NewRecords(z.Records), "a.elsewhere.example"}
	one, err := dnssd.Resolve(context.Background(), r, name(t, v1))
	if err != nil {
		t.Fatal(err)
	}
	if p := one.Targets[0].Problems; len(p) != 2 || !strings.Contains(p[0], "A: it answers SERVFAIL") {
		t.Errorf("the first target: %q", p)
	}
	if got := one.Targets[1]; !slices.Equal(got.Addresses, []netip.Addr{netip.MustParseAddr("192.0.2.1")}) || len(got.Problems) != 0 {
		t.Errorf("the second target: %+v", got)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := dnssd.Resolve(ctx, r, name(t, v1)); err == nil {
		t.Error("a resolution that was stopped is taken for an answer")
	}
}

func TestAnEnumerationThatListsItselfIsToldAndNotFollowed(t *testing.T) {
	z := zoneWith(providers.Route53, append(announced(), row(allTypes, "PTR", allTypes), row(v1, "SRV", "0 0 80 a.unilans.net"))...)
	types, err := dnssd.Browse(context.Background(), dnssd.NewRecords(z.Records), zoneName)
	if err != nil || len(types) != 2 {
		t.Fatalf("%+v, %v", types, err)
	}
	for _, ty := range types {
		if len(ty.Problems) > 0 != (ty.Name.Service == "") || ty.Name.Enumerates() {
			t.Errorf("%+v", ty)
		}
	}
}
