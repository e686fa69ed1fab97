package dnsserver

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"rollcall/providers/sim/world"
)

func startFirst(t *testing.T) (*world.World, *Server) {
	t.Helper()
	w := world.New(world.Options{Seed: 1})
	s, err := Start(w, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return w, s
}

// put writes record sets into the Route 53 zone and waits until they are served.
func put(t *testing.T, w *world.World, sets ...*world.Set) {
	t.Helper()
	z, err := w.Zone(world.Route53Zone)
	if err != nil {
		t.Fatal(err)
	}
	id, err := z.Update(func(tx *world.Tx) error {
		for _, s := range sets {
			tx.Put(s)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 1_000_000 {
		if in, _ := z.ChangeInSync(id); in {
			return
		}
	}
	t.Fatal("the change is not served")
}

// fast starts a server over a world where changes are served at once.
func fast(t *testing.T, sets ...*world.Set) *Server {
	t.Helper()
	d := world.DefaultDelays()
	d.Propagate = 0
	w := world.New(world.Options{Seed: 1, Delays: d})
	put(t, w, sets...)
	s, err := Start(w, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func ask(t *testing.T, s *Server, network, name string, typ uint16) *dns.Msg {
	t.Helper()
	m := new(dns.Msg)
	m.SetQuestion(name, typ)
	c := dns.Client{Net: network}
	r, _, err := c.Exchange(m, s.Addr())
	if err != nil {
		t.Fatalf("%s %s over %s: %v", name, dns.TypeToString[typ], network, err)
	}
	return r
}

func soaIn(m *dns.Msg) bool {
	return len(m.Ns) == 1 && m.Ns[0].Header().Rrtype == dns.TypeSOA
}

func TestEachZoneHasItsSOAAndNameServers(t *testing.T) {
	w, s := startFirst(t)
	for _, z := range w.Zones("") {
		for _, network := range []string{"udp", "tcp"} {
			r := ask(t, s, network, z.Name+".", dns.TypeSOA)
			if !r.Authoritative || len(r.Answer) != 1 || r.Answer[0].(*dns.SOA).Ns != z.NameServers[0]+"." {
				t.Errorf("%s SOA over %s: %v", z.Name, network, r)
			}
			if r := ask(t, s, network, z.Name+".", dns.TypeNS); len(r.Answer) != len(z.NameServers) {
				t.Errorf("%s NS over %s: %v", z.Name, network, r.Answer)
			}
		}
	}
}

func TestANameThatNobodyMadeIsNXDOMAINAndAnEmptyNonTerminalIsNot(t *testing.T) {
	_, s := startFirst(t)
	if r := ask(t, s, "udp", "nope."+world.Route53Zone+".", dns.TypeA); r.Rcode != dns.RcodeNameError || !soaIn(r) || len(r.Answer) != 0 {
		t.Errorf("%v", r)
	}
	for _, name := range []string{"_tcp." + world.Route53Zone + ".", "v1._theservice._tcp." + world.Route53Zone + "."} {
		if r := ask(t, s, "udp", name, dns.TypeMX); r.Rcode != dns.RcodeSuccess || !soaIn(r) || len(r.Answer) != 0 {
			t.Errorf("%s: %v", name, r)
		}
	}
}

func TestOthersZonesAreRefused(t *testing.T) {
	_, s := startFirst(t)
	for _, name := range []string{"example.com.", "notunilans.net.", "."} {
		if r := ask(t, s, "udp", name, dns.TypeA); r.Rcode != dns.RcodeRefused || r.Authoritative {
			t.Errorf("%s: %v", name, r)
		}
	}
}

func TestTheQuestionKeepsItsCaseAndTheAnswerIsTheSame(t *testing.T) {
	_, s := startFirst(t)
	const name = "wWw.ScAlAbIlItY.ExPeRt."
	r := ask(t, s, "udp", name, dns.TypeA)
	if r.Question[0].Name != name || len(r.Answer) == 0 || r.Answer[0].Header().Name != name {
		t.Errorf("%v", r)
	}
}

func TestAnAnswerThatIsTooLargeIsTruncatedOverUDPAndWholeOverTCP(t *testing.T) {
	set := &world.Set{Name: "many." + world.Route53Zone, Type: "A", TTL: 60}
	for i := range 200 {
		set.Values = append(set.Values, fmt.Sprintf("198.51.100.%d", i+1))
	}
	s := fast(t, set)
	r := ask(t, s, "udp", set.Name+".", dns.TypeA)
	r.Compress = true // as it was sent
	if !r.Truncated || len(r.Answer) == 0 || r.Len() > dns.MinMsgSize {
		t.Errorf("over UDP: TC %v, %d answers, %d bytes", r.Truncated, len(r.Answer), r.Len())
	}
	if r := ask(t, s, "tcp", set.Name+".", dns.TypeA); r.Truncated || len(r.Answer) != 200 {
		t.Errorf("over TCP: TC %v, %d answers", r.Truncated, len(r.Answer))
	}
	m := new(dns.Msg)
	m.SetQuestion(set.Name+".", dns.TypeA)
	m.SetEdns0(4096, true)
	r, _, err := new(dns.Client).Exchange(m, s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if r.Truncated || len(r.Answer) != 200 || r.IsEdns0() == nil || !r.IsEdns0().Do() {
		t.Errorf("with EDNS: TC %v, %d answers, OPT %v", r.Truncated, len(r.Answer), r.IsEdns0())
	}
}

func TestAnUnknownEDNSVersionIsToldSo(t *testing.T) {
	_, s := startFirst(t)
	m := new(dns.Msg)
	m.SetQuestion(world.Route53Zone+".", dns.TypeSOA)
	m.SetEdns0(1232, false)
	m.IsEdns0().SetVersion(1)
	r, _, err := new(dns.Client).Exchange(m, s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if r.Rcode != dns.RcodeBadVers || r.IsEdns0() == nil || r.IsEdns0().Version() != 0 {
		t.Errorf("%v", r)
	}
}

func TestAWildcardAnswersUnderTheNameThatWasAskedFor(t *testing.T) {
	_, s := startFirst(t)
	r := ask(t, s, "udp", "any.thing.dev."+world.Route53Zone+".", dns.TypeA)
	if len(r.Answer) != 1 || r.Answer[0].Header().Name != "any.thing.dev."+world.Route53Zone+"." {
		t.Fatalf("%v", r)
	}
	if c, ok := r.Answer[0].(*dns.CNAME); !ok || c.Target != "dev.example.net." {
		t.Errorf("%v", r.Answer)
	}
}

func TestAnAliasIsFollowedWithinOurZones(t *testing.T) {
	z := world.Route53Zone
	s := fast(
		t,
		&world.Set{Name: "a." + z, Type: "CNAME", TTL: 60, Values: []string{"b." + z + "."}},
		&world.Set{Name: "b." + z, Type: "A", TTL: 60, Values: []string{"198.51.100.7"}},
		&world.Set{Name: "dead." + z, Type: "CNAME", TTL: 60, Values: []string{"nobody." + z + "."}},
		&world.Set{Name: "one." + z, Type: "CNAME", TTL: 60, Values: []string{"two." + z + "."}},
		&world.Set{Name: "two." + z, Type: "CNAME", TTL: 60, Values: []string{"one." + z + "."}},
	)
	if r := ask(t, s, "udp", "a."+z+".", dns.TypeA); len(r.Answer) != 2 || r.Answer[1].Header().Name != "b."+z+"." {
		t.Errorf("%v", r)
	}
	if r := ask(t, s, "udp", "dead."+z+".", dns.TypeA); r.Rcode != dns.RcodeNameError || len(r.Answer) != 1 || !soaIn(r) {
		t.Errorf("an alias of nothing: %v", r)
	}
	if r := ask(t, s, "udp", "one."+z+".", dns.TypeA); len(r.Answer) != 2 {
		t.Errorf("a loop: %v", r)
	}
}

func TestAnSRVAnswerBringsTheAddressesOfItsTargets(t *testing.T) {
	_, s := startFirst(t)
	r := ask(t, s, "tcp", "v1._theservice._tcp."+world.Route53Zone+".", dns.TypeSRV)
	if len(r.Answer) < 2 {
		t.Fatalf("%v", r)
	}
	have := map[string]bool{}
	for _, rr := range r.Extra {
		have[rr.Header().Name] = true
	}
	for _, rr := range r.Answer {
		if target := rr.(*dns.SRV).Target; !have[target] {
			t.Errorf("no address of %s", target)
		}
	}
}

func TestALongTextAndBytesThatDoNotPrintArriveWhole(t *testing.T) {
	long := strings.Repeat("x", 255)
	s := fast(t, &world.Set{Name: "txt." + world.Route53Zone, Type: "TXT", TTL: 60, Values: []string{`"` + long + `" "a\"b\010;c"`}})
	r := ask(t, s, "tcp", "txt."+world.Route53Zone+".", dns.TypeTXT)
	if len(r.Answer) != 1 {
		t.Fatalf("%v", r)
	}
	if txt := r.Answer[0].(*dns.TXT).Txt; len(txt) != 2 || txt[0] != long || txt[1] != `a\"b\010;c` {
		t.Errorf("%q", txt)
	}
}

func TestAPartOfTheZoneThatLiesElsewhereIsReferred(t *testing.T) {
	z := world.Route53Zone
	s := fast(t, &world.Set{Name: "sub." + z, Type: "NS", TTL: 60, Values: []string{"ns.example.org."}})
	r := ask(t, s, "udp", "host.sub."+z+".", dns.TypeA)
	if r.Authoritative || len(r.Answer) != 0 || len(r.Ns) != 1 || r.Ns[0].Header().Rrtype != dns.TypeNS {
		t.Errorf("%v", r)
	}
}

func TestAZoneThatFailsAnswersSERVFAILAndAnUnreachableOneNothing(t *testing.T) {
	w, s := startFirst(t)
	if err := w.SetFault(world.Route53Zone, world.ServerError); err != nil {
		t.Fatal(err)
	}
	if r := ask(t, s, "udp", world.Route53Zone+".", dns.TypeSOA); r.Rcode != dns.RcodeServerFailure {
		t.Errorf("%v", r)
	}
	if r := ask(t, s, "udp", world.CloudflareZone+".", dns.TypeSOA); r.Rcode != dns.RcodeSuccess {
		t.Errorf("the other zone: %v", r)
	}
	if err := w.SetFault(world.Route53Zone, world.Unreachable); err != nil {
		t.Fatal(err)
	}
	m := new(dns.Msg)
	m.SetQuestion(world.Route53Zone+".", dns.TypeSOA)
	c := dns.Client{Net: "tcp"}
	if r, _, err := c.Exchange(m, s.Addr()); err == nil {
		t.Errorf("answered %v", r)
	}
}

func TestAQueryWithTwoQuestionsIsAFormatError(t *testing.T) {
	_, s := startFirst(t)
	c, err := net.Dial("udp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	co := dns.Conn{Conn: c}
	defer func() { _ = co.Close() }()
	m := new(dns.Msg)
	m.SetQuestion(world.Route53Zone+".", dns.TypeSOA)
	m.Question = append(m.Question, m.Question[0])
	if err := co.WriteMsg(m); err != nil {
		t.Fatal(err)
	}
	if r, err := co.ReadMsg(); err != nil || r.Rcode != dns.RcodeFormatError {
		t.Errorf("%v %v", r, err)
	}
}

// dig runs the real client, and is skipped only if it is missing and not required.
func dig(t *testing.T, s *Server, args ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	path, err := exec.LookPath("dig")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("dig is not installed")
		}
		t.Skip("dig is not installed")
	}
	host, port, _ := strings.Cut(s.Addr(), ":")
	out, err := exec.Command(path, append([]string{"@" + host, "-p", port, "+tries=1", "+time=5"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("dig %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestDigGetsTheSameOverUDPAndTCP(t *testing.T) {
	_, s := startFirst(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"www.scalability.expert", "A"}, "status: NOERROR"},
		{[]string{"www.scalability.expert", "A", "+short"}, "34.200."},
		{[]string{"scalability.expert", "SOA", "+short"}, "ada.ns.example-cloudflare.net."},
		{[]string{"unilans.net", "NS", "+short"}, "ns-101.awsdns-12.example.com."},
		{[]string{"_theservice._tcp.unilans.net", "PTR", "+short"}, "v1._theservice._tcp.unilans.net."},
		{[]string{"v1._theservice._tcp.unilans.net", "SRV", "+short"}, "10 10 4218 svc-v1-"},
		{[]string{"v1._theservice._tcp.unilans.net", "TXT", "+short"}, `"txtvers=1" "proto=1"`},
		{[]string{"nope.unilans.net", "A"}, "status: NXDOMAIN"},
		{[]string{"example.org", "A"}, "status: REFUSED"},
	} {
		for _, proto := range []string{"+notcp", "+tcp"} {
			if out := dig(t, s, append(c.args, proto)...); !strings.Contains(out, c.want) {
				t.Errorf("dig %v %s lacks %q:\n%s", c.args, proto, c.want, out)
			}
		}
	}
}

func TestDigSeesTheTruncationBitAndRetriesOverTCP(t *testing.T) {
	set := &world.Set{Name: "many." + world.Route53Zone, Type: "A", TTL: 60}
	for i := range 200 {
		set.Values = append(set.Values, fmt.Sprintf("198.51.100.%d", i+1))
	}
	s := fast(t, set)
	if out := dig(t, s, set.Name, "A", "+noedns", "+ignore"); !strings.Contains(out, "flags: qr aa tc") {
		t.Errorf("no truncation:\n%s", out)
	}
	if out := dig(t, s, set.Name, "A", "+noedns", "+short"); strings.Count(out, "198.51.100.") != 200 {
		t.Errorf("the retry over TCP:\n%s", out)
	}
}
