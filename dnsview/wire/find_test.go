package wire

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

// internet is one server that plays everybody on one port: a resolver, the
// servers of com, and those of example.com. Who is asked follows from RD and
// from the question, because all share one address.
type internet struct {
	parent  func(m *dns.Msg) // the answer of com's servers about example.com
	zone    func(m *dns.Msg, tcp bool)
	known   []dns.RR // what the resolver knows
	queries atomic.Int64
}

func (n *internet) serve(t *testing.T) (addr, port string) {
	t.Helper()
	addr = serve(t, n.answer)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return addr, port
}

func (n *internet) answer(m *dns.Msg, tcp bool) {
	n.queries.Add(1)
	q := m.Question[0]
	if !m.RecursionDesired {
		// The child is asked for its NS records only after its SOA; the parent never for anything else.
		if q.Qtype == dns.TypeNS && n.parent != nil {
			n.parent(m)
			return
		}
		n.zone(m, tcp)
		return
	}
	m.RecursionAvailable = true
	for _, r := range n.known {
		if providers.SameName(r.Header().Name, q.Name) && r.Header().Rrtype == q.Qtype {
			m.Answer = append(m.Answer, r)
		}
	}
	if len(m.Answer) == 0 {
		m.Ns = []dns.RR{rr2(soaText("com"))}
	}
}

func rr2(s string) dns.RR {
	r, err := dns.NewRR(s)
	if err != nil {
		panic(err)
	}
	return r
}

func rrs(lines ...string) []dns.RR {
	var out []dns.RR
	for _, l := range lines {
		out = append(out, rr2(l))
	}
	return out
}

func referral(lines ...string) func(m *dns.Msg) {
	return func(m *dns.Msg) { m.Ns = rrs(lines...) }
}

var comServers = rrs("com. 60 IN NS a.gtld.net.", "a.gtld.net. 60 IN A 127.0.0.1")

func TestTheParentZoneSaysWhoServesAZone(t *testing.T) {
	n := &internet{
		known: append(rrs("ns1.example.net. 60 IN A 127.0.0.1", "ns2.example.net. 60 IN A 127.0.0.2"), comServers...),
		zone:  authority(t, testZone, newWWW),
	}
	n.parent = referral("example.com. 60 IN NS ns1.example.net.", "example.com. 60 IN NS NS2.example.net.")
	addr, port := n.serve(t)
	c := New(fast(Options{Resolvers: []string{addr}, Port: port}))
	z, got := check(t, c, zone, www("192.0.2.2"))
	if z.From != FromParent {
		t.Errorf("from %q", z.From)
	}
	if d := cmp.Diff([]string{"ns1.example.net", "ns2.example.net"}, z.Delegation); d != "" {
		t.Error(d)
	}
	// 127.0.0.2 has nothing listening there.
	if len(z.Servers) != 2 || z.State != ZonePartial || z.Servers[0].Server.Name != "ns1.example.net" || !z.Servers[0].Delegated {
		t.Errorf("%+v", z)
	}
	r := got["www.example.com/A"]
	if r.Agree != 1 || r.Answers[0].Server.Name != "ns1.example.net" {
		t.Errorf("%+v", r)
	}
	before := n.queries.Load()
	check(t, c, zone)
	if more := n.queries.Load() - before; more > 2 { // SOA and NS: the delegation is still believed
		t.Errorf("%d questions for a zone that was found before", more)
	}
}

func TestGlueServesWhereNobodyKnowsTheAddress(t *testing.T) {
	n := &internet{known: comServers, zone: authority(t, testZone, newWWW)}
	n.parent = func(m *dns.Msg) {
		m.Ns = rrs("example.com. 60 IN NS ns1.example.com.")
		m.Extra = append(m.Extra, rrs("ns1.example.com. 60 IN A 127.0.0.1")...)
	}
	addr, port := n.serve(t)
	z, got := check(t, New(fast(Options{Finders: []string{addr}, Port: port})), zone, www("192.0.2.2"))
	wantState(t, got["www.example.com/A"], InSync)
	if z.State != ZoneInSync || len(z.Servers) != 1 || z.Servers[0].Server != (Server{Name: "ns1.example.com", Addr: "127.0.0.1:" + port}) {
		t.Errorf("%+v", z)
	}
}

func TestAZoneThatItsParentDoesNotNameIsLame(t *testing.T) {
	n := &internet{known: comServers, zone: func(m *dns.Msg, _ bool) { m.Rcode = dns.RcodeRefused }}
	n.parent = func(m *dns.Msg) {
		m.Authoritative, m.Rcode = true, dns.RcodeNameError
		m.Ns = rrs(soaText("com"))
	}
	addr, port := n.serve(t)
	z, got := check(t, New(fast(Options{Finders: []string{addr}, Port: port})), zone, www("192.0.2.2"))
	wantState(t, got["www.example.com/A"], Lame, "delegated to no name server")
	if z.State != ZoneLame {
		t.Errorf("%+v", z)
	}
}

func TestAZoneThatIsDelegatedElsewhereIsLameThoughItsServersAnswer(t *testing.T) {
	n := &internet{
		known: append(rrs("ns1.other.net. 60 IN A 127.0.0.1", "ns1.provider.net. 60 IN A 127.0.0.9"), comServers...),
		zone:  authority(t, testZone, newWWW),
	}
	n.parent = referral("example.com. 60 IN NS ns1.other.net.")
	addr, port := n.serve(t)
	own := providers.Zone{Name: testZone, NameServers: []string{"ns1.provider.net."}}
	z, got := check(t, New(fast(Options{Finders: []string{addr}, Port: port})), own, www("192.0.2.2"))
	r := got["www.example.com/A"]
	wantState(t, r, Lame, "ns1.other.net", "ns1.provider.net")
	if z.State != ZoneLame || r.Agree != 1 { // what they answer is shown all the same
		t.Errorf("%+v", r)
	}
}

func TestOtherNamesForTheProvidersAddressesAreTheProvidersServers(t *testing.T) {
	n := &internet{
		known: append(rrs("ns1.vanity.net. 60 IN A 127.0.0.1", "ns1.provider.net. 60 IN A 127.0.0.1"), comServers...),
		zone:  authority(t, testZone, newWWW),
	}
	n.parent = referral("example.com. 60 IN NS ns1.vanity.net.")
	addr, port := n.serve(t)
	own := providers.Zone{Name: testZone, NameServers: []string{"ns1.provider.net"}}
	z, _ := check(t, New(fast(Options{Finders: []string{addr}, Port: port})), own)
	if z.State != ZoneInSync || len(z.Problems) != 0 {
		t.Errorf("%+v", z)
	}
}

func TestADelegationThatNamesSomeOfTheServersIsAProblemAndNotLame(t *testing.T) {
	n := &internet{known: append(rrs("ns1.provider.net. 60 IN A 127.0.0.1"), comServers...), zone: authority(t, testZone, newWWW)}
	n.parent = referral("example.com. 60 IN NS ns1.provider.net.")
	addr, port := n.serve(t)
	own := providers.Zone{Name: testZone, NameServers: []string{"ns1.provider.net", "ns2.provider.net"}}
	z, _ := check(t, New(fast(Options{Finders: []string{addr}, Port: port})), own)
	if z.State != ZoneInSync || len(z.Problems) != 1 || !strings.Contains(z.Problems[0], "not delegated to ns2.provider.net") {
		t.Errorf("%+v", z)
	}
}

func TestAReferralIsFollowedDownToTheZone(t *testing.T) {
	deep := providers.Zone{Name: "a.b.example.com"}
	var asked atomic.Int64
	n := &internet{known: append(rrs("ns.mid.net. 60 IN A 127.0.0.1", "ns.deep.net. 60 IN A 127.0.0.1"), comServers...), zone: authority(t, "a.b.example.com")}
	n.parent = func(m *dns.Msg) {
		if asked.Add(1) == 1 {
			m.Ns = rrs("example.com. 60 IN NS ns.mid.net.")
			return
		}
		m.Ns = rrs("a.b.example.com. 60 IN NS ns.deep.net.")
	}
	addr, port := n.serve(t)
	z, _ := check(t, New(fast(Options{Finders: []string{addr}, Port: port})), deep)
	if z.From != FromParent || !slices.Equal(z.Delegation, []string{"ns.deep.net"}) || z.State != ZoneInSync {
		t.Errorf("%+v", z)
	}
}

func TestParentsThatReferInCirclesAreGivenUp(t *testing.T) {
	n := &internet{known: append(rrs("ns.mid.net. 60 IN A 127.0.0.1"), comServers...), zone: authority(t, testZone)}
	n.parent = referral("com. 60 IN NS ns.mid.net.")
	addr, port := n.serve(t)
	z, _ := check(t, New(fast(Options{Finders: []string{addr}, Port: port})), providers.Zone{Name: testZone, NameServers: []string{"ns.mid.net"}})
	if z.From != FromProvider || z.State != ZoneInSync {
		t.Errorf("%+v", z)
	}
}

func TestWithoutAParentTheResolversWordIsTaken(t *testing.T) {
	n := &internet{known: rrs("example.com. 60 IN NS ns1.example.net.", "ns1.example.net. 60 IN A 127.0.0.1"), zone: authority(t, testZone, newWWW)}
	addr, port := n.serve(t)
	z, got := check(t, New(fast(Options{Finders: []string{addr}, Port: port})), zone, www("192.0.2.2"))
	wantState(t, got["www.example.com/A"], InSync)
	if z.From != FromResolver || z.State != ZoneInSync {
		t.Errorf("%+v", z)
	}
}

func TestAServerThatServesAllZonesStandsForNameServersWithoutAddresses(t *testing.T) {
	only := serve(t, authority(t, testZone, newWWW, "example.com. 60 IN NS ns1.nowhere.net.", "example.com. 60 IN NS ns2.nowhere.net."))
	own := providers.Zone{Name: testZone, NameServers: []string{"ns1.nowhere.net", "ns2.nowhere.net"}}
	z, got := check(t, New(fast(Options{Resolvers: []string{only}})), own, www("192.0.2.2"))
	r := got["www.example.com/A"]
	wantState(t, r, InSync)
	if z.State != ZoneInSync || len(z.Servers) != 1 || z.Servers[0].Server.Addr != only || len(z.Delegation) != 2 || len(z.Problems) != 0 {
		t.Errorf("%+v", z)
	}
	if len(r.Answers) != 2 || r.Servers != 1 || !r.Answers[1].Server.Resolver || !r.Answers[1].Agrees {
		t.Errorf("%+v", r.Answers)
	}
}

func TestAZoneWhoseServersNobodyFindsIsUnreachableAndSaysWhy(t *testing.T) {
	failing := serve(t, func(m *dns.Msg, _ bool) { m.Rcode = dns.RcodeServerFailure })
	z, got := check(t, New(fast(Options{Resolvers: []string{failing}})), zone, www("192.0.2.2"))
	wantState(t, got["www.example.com/A"], Unreachable, "SERVFAIL")
	if z.State != ZoneUnreachable || z.From != FromNone {
		t.Errorf("%+v", z)
	}
}

func TestADelegationOutlivesAResolverThatStopsAnswering(t *testing.T) {
	clk := providertest.NewClock(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
	var down atomic.Bool
	n := &internet{known: rrs("example.com. 60 IN NS ns1.example.net.", "ns1.example.net. 60 IN A 127.0.0.1"), zone: authority(t, testZone, newWWW)}
	_, port := n.serve(t)
	resolver := serve(t, func(m *dns.Msg, tcp bool) {
		if n.answer(m, tcp); down.Load() {
			m.Answer, m.Ns, m.Rcode = nil, nil, dns.RcodeServerFailure
		}
	})
	c := New(fast(Options{Finders: []string{resolver}, Port: port, Clock: clk.Clock}))
	z, _ := check(t, c, zone)
	if z.State != ZoneInSync {
		t.Fatalf("%+v", z)
	}
	down.Store(true)
	clk.Advance(time.Hour)
	if z, _ = check(t, c, zone); z.State != ZoneInSync || len(z.Servers) != 1 {
		t.Errorf("%+v", z)
	}
}

func TestServersThatTheZoneItselfNamesAreAskedToo(t *testing.T) {
	n := &internet{
		known: append(rrs("ns1.example.net. 60 IN A 127.0.0.1", "ns2.example.net. 60 IN AAAA ::1"), comServers...),
		zone:  authority(t, testZone, newWWW),
	}
	var asked atomic.Int64
	n.parent = func(m *dns.Msg) {
		if asked.Add(1) == 1 {
			m.Ns = rrs("example.com. 60 IN NS ns1.example.net.")
			return
		}
		m.Authoritative = true
		m.Answer = rrs("example.com. 60 IN NS ns1.example.net.", "example.com. 60 IN NS ns2.example.net.")
	}
	addr, port := n.serve(t)
	z, _ := check(t, New(fast(Options{Finders: []string{addr}, Port: port})), zone)
	if len(z.Servers) != 2 || z.Servers[1].Server.Addr != "[::1]:"+port || z.Servers[1].Delegated || !slices.Equal(z.Apex, []string{"ns1.example.net", "ns2.example.net"}) {
		t.Errorf("%+v", z)
	}
}

func TestServersAreAskedOverIPv4AndIPv6(t *testing.T) {
	n := &internet{
		known: append(rrs("ns1.example.net. 60 IN A 192.0.2.53", "ns1.example.net. 60 IN AAAA 2001:db8::53"), comServers...),
		zone:  authority(t, testZone, newWWW),
	}
	n.parent = referral("example.com. 60 IN NS ns1.example.net.")
	addr, port := n.serve(t)
	o := fast(Options{Finders: []string{addr}, Port: port})
	o.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr) // everybody is played by one server
	}
	_, got := check(t, New(o), zone, www("192.0.2.2"))
	r := got["www.example.com/A"]
	if r.State != InSync || r.Agree != 2 || r.Answers[0].Server.Addr != "192.0.2.53:"+port || r.Answers[1].Server.Addr != "[2001:db8::53]:"+port {
		t.Errorf("%+v", r)
	}
}

func TestTheFindersOfThisMachineAreThoseOfItsResolvConf(t *testing.T) {
	c := New(Options{ResolvConf: "testdata/resolv.conf"})
	if d := cmp.Diff([]string{"127.0.0.53:53", "[::1]:53"}, c.session().finders()); d != "" {
		t.Error(d)
	}
	if f := New(Options{ResolvConf: "testdata/none"}).session().finders(); f != nil {
		t.Errorf("%v", f)
	}
}

func TestAnAddressWithoutARouteIsNoFailureOfTheServer(t *testing.T) {
	a := serve(t, authority(t, testZone, newWWW))
	o := fast(Options{Servers: map[string][]string{testZone: {a, "[2001:db8::1]:53"}}})
	o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.HasPrefix(addr, "[2001:db8") {
			return nil, &net.OpError{Op: "dial", Err: syscall.ENETUNREACH}
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	z, got := check(t, New(o), zone, www("192.0.2.2"))
	if r := got["www.example.com/A"]; r.State != InSync || r.Servers != 1 || z.State != ZoneInSync || len(z.Problems) != 0 {
		t.Errorf("%+v\n%+v", z, r)
	}
	o.Servers = map[string][]string{testZone: {"[2001:db8::1]:53"}}
	z, got = check(t, New(o), zone, www("192.0.2.2"))
	if r := got["www.example.com/A"]; r.State != Unreachable || z.State != ZoneUnreachable || !strings.Contains(z.Reason, "no way") {
		t.Errorf("%+v\n%+v", z, r)
	}
}
