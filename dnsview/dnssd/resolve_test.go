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

const (
	zoneName = "unilans.net"
	typeName = "_theservice._tcp.unilans.net"
	v1       = "v1." + typeName
	v2       = "v2." + typeName
	allTypes = "_services._dns-sd._udp.unilans.net"
)

func row(name, typ, value string) providers.Record {
	return providers.Record{Zone: zoneName, Name: name, Type: typ, Value: value, TTL: 60}
}

// announced are the records of v1 and v2.
func announced() []providers.Record {
	return []providers.Record{
		row(allTypes, "PTR", typeName), row(typeName, "PTR", v1), row(typeName, "PTR", v2),
		row(v1, "TXT", `"txtvers=1"`), row(v2, "TXT", `"txtvers=1"`),
	}
}

func name(t *testing.T, s string) dnssd.Name {
	t.Helper()
	n, err := dnssd.ParseName(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// answers is a Resolver that answers from records.
type answers struct {
	byName map[string][]*providers.Record
}

func newAnswers(records ...providers.Record) *answers {
	x := &answers{byName: map[string][]*providers.Record{}}
	for i := range records {
		x.byName[records[i].Name] = append(x.byName[records[i].Name], &records[i])
	}
	return x
}

func (x *answers) Ask(_ context.Context, name, typ string) (dnssd.Answer, error) {
	var a dnssd.Answer
	for _, r := range x.byName[providers.CanonicalName(name)] {
		if r.Type == "CNAME" {
			a.Alias = true
		}
		if r.Type != typ || r.Alias {
			continue
		}
		a.Values = append(a.Values, r.Value)
		if a.TTL == 0 || r.TTL < a.TTL {
			a.TTL = r.TTL
		}
	}
	return a, nil
}

// lame answers from records, but for one name, which no server answers for.
type lame struct {
	*answers
	name string
}

func (l lame) Ask(ctx context.Context, name, typ string) (dnssd.Answer, error) {
	if providers.SameName(name, l.name) {
		return dnssd.Answer{}, errors.New("ask for " + name + " " + typ + ": it answers SERVFAIL")
	}
	return l.answers.Ask(ctx, name, typ)
}

func TestATargetThatNobodyAnswersForIsAProblemOfItsOwn(t *testing.T) {
	z := append(announced(),
		row(v1, "SRV", "10 9 4218 a.elsewhere.example"), row(v1, "SRV", "20 1 4218 b.unilans.net"), row("b.unilans.net", "A", "192.0.2.1"))
	r := lame{newAnswers(z...), "a.elsewhere.example"}
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
	z := append(announced(), row(allTypes, "PTR", allTypes), row(v1, "SRV", "0 0 80 a.unilans.net"))
	types, err := dnssd.Browse(context.Background(), newAnswers(z...), zoneName)
	if err != nil || len(types) != 2 {
		t.Fatalf("%+v, %v", types, err)
	}
	for _, ty := range types {
		if len(ty.Problems) > 0 != (ty.Name.Service == "") || ty.Name.Enumerates() {
			t.Errorf("%+v", ty)
		}
	}
}

func TestAServiceResolvesWithItsTXTAndItsProblems(t *testing.T) {
	z := append(announced(),
		row(v1, "SRV", "20 1 4218 b.unilans.net"), row(v1, "SRV", "10 1 4218 a.unilans.net"), row(v1, "SRV", "10 9 4218 c.unilans.net"), row(v2, "SRV", "0 0 0 ."),
		row("a.unilans.net", "A", "192.0.2.1"), row("a.unilans.net", "AAAA", "2001:db8::1"), row("c.unilans.net", "CNAME", "a.unilans.net"))
	types, err := dnssd.Browse(context.Background(), newAnswers(z...), "unilans.net")
	if err != nil || len(types) != 1 || !types[0].Listed || len(types[0].Incarnations) != 2 {
		t.Fatalf("%+v, %v", types, err)
	}
	one, two := types[0].Incarnations[0], types[0].Incarnations[1]
	var got []string
	for _, x := range one.Targets {
		got = append(got, x.SRV.String()+" "+strings.Join(x.Problems, ","))
	}
	want := []string{
		"10 9 4218 c.unilans.net its host has no address,its host is an alias, which RFC 2782 forbids", "10 1 4218 a.unilans.net ", "20 1 4218 b.unilans.net its host has no address",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if !slices.Contains(one.TXT.Strings(), "txtvers=1") || !one.HasTXT || !one.Listed || len(one.Targets[1].Addresses) != 2 {
		t.Errorf("%+v", one)
	}
	if !two.Refused {
		t.Error("a target of a dot does not say that the service is not available")
	}
	if _, err := dnssd.Browse(context.Background(), newAnswers(), "v1._bad_._tcp.x.net"); err == nil {
		t.Error("a bad name was browsed")
	}
}
