package wire

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

func TestQuestionsAreOneForEachNameAndTypeInTheOrderOfTheRecords(t *testing.T) {
	rec := func(name, typ, value string, ttl uint32) providers.Record {
		return providers.Record{Zone: testZone, Name: name, Type: typ, Value: value, TTL: ttl}
	}
	proxied := rec("p.example.com", "A", "192.0.2.9", 300)
	proxied.Proxied = true
	weighted := rec("w.example.com", "A", "192.0.2.3", 60)
	weighted.SetID = "one"
	alias := rec("lb.example.com", "A", "", 0)
	alias.Alias = true
	got := Questions(zone, []providers.Record{
		rec("www.example.com", "A", "192.0.2.2", 300),
		rec("example.com", "SOA", "ns. dns. 1 2 3 4 5", 300),
		rec("www.example.com", "AAAA", "2001:db8::1", 300),
		rec("i-1._rollcall.www.example.com", "TXT", `"marker"`, 300),
		rec("www.example.com", "A", "192.0.2.1", 60),
		proxied, weighted, alias,
		rec("p.example.com", "TXT", `"x"`, 300),
		rec("p.example.com", "AAAA", "2001:db8::2", 300),
		rec("example.com", "CNAME", "elsewhere.net", 300),
		rec("sub.example.com", "NS", "ns.elsewhere.net", 300),
		rec("sub.example.com", "A", "192.0.2.4", 300),
		rec("a.b.sub.example.com", "A", "192.0.2.5", 300),
		rec("sub.example.com", "DS", "1 13 2 aa", 300),
		rec("notsub.example.com", "A", "192.0.2.6", 300),
		rec("example.com", "NS", "ns1.example.net", 300),
	})
	want := []Question{
		{Name: "www.example.com", Type: "A", Want: []string{"192.0.2.1", "192.0.2.2"}, TTL: 60},
		{Name: "www.example.com", Type: "AAAA", Want: []string{"2001:db8::1"}, TTL: 300},
		{Name: "p.example.com", Type: "A", Want: []string{"192.0.2.9"}, TTL: 300, Mode: Resolves},
		{Name: "w.example.com", Type: "A", Want: []string{"192.0.2.3"}, TTL: 60, Mode: AnyOf},
		{Name: "lb.example.com", Type: "A", Want: []string{""}, Mode: Resolves, Empty: true},
		{Name: "p.example.com", Type: "TXT", Want: []string{`"x"`}, TTL: 300},
		{Name: "p.example.com", Type: "AAAA", Want: []string{"2001:db8::2"}, TTL: 300, Mode: Resolves},
		{Name: "example.com", Type: "CNAME", Want: []string{"elsewhere.net"}, TTL: 300, Mode: Resolves},
		{Name: "sub.example.com", Type: "NS", Want: []string{"ns.elsewhere.net"}, TTL: 300},
		{Name: "sub.example.com", Type: "DS", Want: []string{"1 13 2 aa"}, TTL: 300},
		{Name: "notsub.example.com", Type: "A", Want: []string{"192.0.2.6"}, TTL: 300},
		{Name: "example.com", Type: "NS", Want: []string{"ns1.example.net"}, TTL: 300},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestAFlattenedAliasOfAHostWithIPv6OnlyResolves(t *testing.T) {
	a := serve(t, authority(t, testZone, "example.com. 60 IN AAAA 2001:db8::1"))
	_, got := between(t, nil, []string{a}, Question{Name: testZone, Type: "CNAME", Want: []string{"elsewhere.net"}, Mode: Resolves})
	wantState(t, got["example.com/CNAME"], InSync)
}

func TestAResultIsGivenToFindingsInFull(t *testing.T) {
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	r := Result{
		Zone: testZone, Question: www("192.0.2.2"), State: Cached, Reason: "why", At: at, Since: at.Add(-time.Minute), Until: at.Add(time.Minute),
		Answers: []Answer{
			{Server: Server{Name: "ns1.example.net", Addr: "192.0.2.53:53"}, Outcome: Answered, Values: []string{"192.0.2.2"}, TTL: 60, At: at, Agrees: true},
			{Server: Server{Addr: "192.0.2.54:53"}, Outcome: Timeout, At: at},
			{Server: Server{Addr: "9.9.9.9:53", Resolver: true}, Outcome: NoName, TTL: 5, At: at},
		},
	}
	want := index.WireState{
		Zone: testZone, Name: "www.example.com", Type: "A", State: index.WireCached, Reason: "why", Want: []string{"192.0.2.2"},
		At: at, Since: at.Add(-time.Minute), Until: at.Add(time.Minute),
		Answers: []index.WireAnswer{
			{Server: "ns1.example.net (192.0.2.53:53)", Values: []string{"192.0.2.2"}, TTL: 60, At: at, Agrees: true},
			{Server: "192.0.2.54:53", At: at, Failure: "timeout"},
			{Server: "9.9.9.9:53", Resolver: true, TTL: 5, At: at},
		},
	}
	if d := cmp.Diff(want, r.View()); d != "" {
		t.Error(d)
	}
	for have, want := range map[ZoneState]index.WireVerdict{ZoneInSync: index.WireInSync, ZonePartial: index.WireInSync, ZoneLame: index.WireLame, ZoneUnreachable: index.WireUnreachable} {
		z := ZoneResult{Zone: testZone, State: have, Reason: "why", Problems: []string{"p"}, At: at}
		if d := cmp.Diff(index.WireZone{Zone: testZone, State: want, Reason: "why", Problems: []string{"p"}, At: at}, z.View()); d != "" {
			t.Error(d)
		}
	}
}

func FuzzNoReplyIsACrash(f *testing.F) {
	f.Add([]byte{0, 1, 0x84, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'w', 'w', 'w', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'c', 'o', 'm', 0, 0, 1, 0, 1})
	f.Add([]byte{0, 1, 0x84, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1})
	f.Fuzz(func(t *testing.T, p []byte) {
		readAll(t, p)
	})
}

// readAll reads a reply as an authoritative server's and as a resolver's, for several questions.
func readAll(t *testing.T, p []byte) {
	t.Helper()
	m := new(dns.Msg)
	if m.Unpack(p) != nil {
		return
	}
	for _, q := range []Question{www("192.0.2.2"), {Name: "sub.example.com", Type: "NS"}, {Name: "www.example.com", Type: "CNAME", Mode: Resolves}, {Name: ".", Type: "SOA"}} {
		for _, resolver := range []bool{false, true} {
			a := Answer{Server: Server{Addr: "192.0.2.53:53", Resolver: resolver}}
			reading{msg: m, zone: testZone, name: q.Name, wanted: dns.StringToType[q.Type], follow: q.Mode == Resolves, resolver: resolver}.into(&a)
			if a.Outcome == "" || a.Outcome == Answered && len(a.Values) == 0 {
				t.Errorf("%+v", a)
			}
			for _, text := range append(append([]string{a.Detail}, a.Values...), a.Aliases...) {
				if index.Clean(text) != text {
					t.Errorf("%q", text)
				}
			}
			r := Result{Question: q, Answers: []Answer{a}}
			if setState(&r, &ZoneResult{State: ZoneInSync, Reason: "none"}); r.State == "" || r.Reason == "" {
				t.Errorf("%+v", r)
			}
		}
	}
}
