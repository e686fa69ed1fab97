package wire

import (
	"context"
	"crypto"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

// failsWith is a resolver that answers everything with one code; checked says that it answers as it should
// when it is reported not to validate.
func failsWith(rcode int, checked func(m *dns.Msg, tcp bool)) func(m *dns.Msg, tcp bool) {
	return func(m *dns.Msg, tcp bool) {
		if m.CheckingDisabled && checked != nil {
			checked(m, tcp)
			return
		}
		m.RecursionAvailable, m.Rcode = true, rcode
	}
}

// A zone that its own servers answer for and resolvers do not is known for certain once two resolvers
// have said so in two rounds.
func TestAZoneIsUnresolvableOnceTwoResolversSaySoInTwoRounds(t *testing.T) {
	servfail, nxdomain := failsWith(dns.RcodeServerFailure, nil), failsWith(dns.RcodeNameError, nil)
	well := cache(t, testZone, "www.example.com. 60 IN A 192.0.2.1", "example.com. 60 IN SOA ns. dns. 1 2 3 4 5")
	unchecked := failsWith(dns.RcodeServerFailure, well)
	for _, c := range []struct {
		name      string
		first     []func(*dns.Msg, bool) // the resolvers in the first round
		second    []func(*dns.Msg, bool) // and later
		zone      providers.Zone
		rounds    int
		gap       time.Duration
		failing   int
		confirmed bool
		fact      string
	}{
		{"two SERVFAIL", []func(*dns.Msg, bool){servfail, servfail}, nil, zone, 2, RoundGap, 2, true, "delegation"},
		{"two NXDOMAIN", []func(*dns.Msg, bool){nxdomain, nxdomain}, nil, zone, 2, RoundGap, 2, true, "SOA"},
		{"one of each, and a third that is well", []func(*dns.Msg, bool){servfail, nxdomain, well}, nil, zone, 2, RoundGap, 2, true, "DNSKEY"},
		{"validation alone fails", []func(*dns.Msg, bool){unchecked, unchecked}, nil, zone, 2, RoundGap, 2, true, "answers when it is told not to validate"},
		{"one round", []func(*dns.Msg, bool){servfail, servfail}, nil, zone, 1, RoundGap, 2, false, ""},
		{"two rounds at once are one", []func(*dns.Msg, bool){servfail, servfail}, nil, zone, 2, 0, 2, false, ""},
		{"one resolver alone", []func(*dns.Msg, bool){servfail}, nil, zone, 5, RoundGap, 1, false, ""},
		{"one of two", []func(*dns.Msg, bool){servfail, well}, nil, zone, 5, RoundGap, 1, false, ""},
		{"all are well", []func(*dns.Msg, bool){well, well}, nil, zone, 2, RoundGap, 0, false, ""},
		{"others in the second round", []func(*dns.Msg, bool){servfail, well}, []func(*dns.Msg, bool){well, servfail}, zone, 2, RoundGap, 1, false, ""},
		{"over in the second round", []func(*dns.Msg, bool){servfail, servfail}, []func(*dns.Msg, bool){well, well}, zone, 2, RoundGap, 0, false, ""},
		{"REFUSED says nothing", []func(*dns.Msg, bool){failsWith(dns.RcodeRefused, nil), failsWith(dns.RcodeRefused, nil)}, nil, zone, 2, RoundGap, 0, false, ""},
		{"a private zone", []func(*dns.Msg, bool){servfail, servfail}, nil, providers.Zone{Name: testZone, Private: true}, 2, RoundGap, 0, false, ""},
		{"a pending zone", []func(*dns.Msg, bool){servfail, servfail}, nil, providers.Zone{Name: testZone, Pending: true}, 2, RoundGap, 0, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			clk := providertest.NewClock(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
			var round atomic.Int32
			var addrs []string
			for i := range c.first {
				addrs = append(addrs, serve(t, func(m *dns.Msg, tcp bool) {
					if round.Load() > 1 && c.second != nil {
						c.second[i](m, tcp)
						return
					}
					c.first[i](m, tcp)
				}))
			}
			server := serve(t, authority(t, testZone, "www.example.com. 60 IN A 192.0.2.1"))
			o := fast(Options{Resolvers: addrs, Servers: map[string][]string{testZone: {server}}})
			o.Clock = clk.Clock
			ck := New(o)
			var z ZoneResult
			for range c.rounds {
				round.Add(1)
				z = ck.Zone(context.Background(), c.zone)
				clk.Advance(c.gap)
			}
			if len(z.Unresolved) != c.failing || z.Confirmed != c.confirmed {
				t.Errorf("%d resolvers fail, confirmed %v, want %d, %v: %+v", len(z.Unresolved), z.Confirmed, c.failing, c.confirmed, z.Unresolved)
			}
			if facts := strings.Join(z.Facts, "\n"); c.fact != "" && c.fact != "delegation" && !strings.Contains(facts, c.fact) {
				t.Errorf("no fact %q among\n%s", c.fact, facts)
			}
		})
	}
}

func TestAZoneWhoseOwnServersDoNotAnswerIsNotCalledUnresolvable(t *testing.T) {
	servfail := failsWith(dns.RcodeServerFailure, nil)
	o := fast(Options{Resolvers: []string{serve(t, servfail), serve(t, servfail)}, Servers: map[string][]string{testZone: {serve(t, servfail)}}})
	clk := providertest.NewClock(time.Now())
	o.Clock = clk.Clock
	ck := New(o)
	for range 3 {
		if z := ck.Zone(context.Background(), zone); len(z.Unresolved) > 0 || z.Confirmed {
			t.Errorf("%+v", z)
		}
		clk.Advance(RoundGap)
	}
}

// signer signs the records of one zone.
type signer struct {
	zone string
	key  *dns.DNSKEY
	priv crypto.Signer
}

func newSigner(t *testing.T, zone string) *signer {
	t.Helper()
	k := &dns.DNSKEY{Hdr: dns.RR_Header{Name: dns.Fqdn(zone), Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 300}, Flags: 257, Protocol: 3, Algorithm: dns.ECDSAP256SHA256}
	priv, err := k.Generate(256)
	if err != nil {
		t.Fatal(err)
	}
	return &signer{zone, k, priv.(crypto.Signer)}
}

// file writes a zone file; what begins with ! is not signed: delegations and glue.
func (s *signer) file(t *testing.T, lines ...string) string {
	t.Helper()
	type set struct {
		name string
		typ  uint16
	}
	sets := map[set][]dns.RR{{s.key.Hdr.Name, dns.TypeDNSKEY}: {s.key}}
	text := s.key.String() + "\n"
	apex := s.key.Hdr.Name // BIND takes a zone without an NSEC record for one that is not signed
	for _, l := range append(lines, apex+" 300 IN NSEC "+apex+" NS SOA RRSIG NSEC DNSKEY") {
		l, plain := strings.CutPrefix(l, "!")
		r := rr(t, l)
		text += r.String() + "\n"
		if !plain {
			k := set{r.Header().Name, r.Header().Rrtype}
			sets[k] = append(sets[k], r)
		}
	}
	for _, rrs := range sets {
		sig := &dns.RRSIG{
			Hdr:       dns.RR_Header{Ttl: 300},
			Algorithm: s.key.Algorithm, KeyTag: s.key.KeyTag(), SignerName: s.key.Hdr.Name,
			Inception: uint32(time.Now().Add(-time.Hour).Unix()), Expiration: uint32(time.Now().Add(time.Hour).Unix()),
		}
		if err := sig.Sign(s.priv, rrs); err != nil {
			t.Fatal(err)
		}
		text += sig.String() + "\n"
	}
	return text
}

// Two validating BINDs and a DS record of a key that the zone has not: every answer is SERVFAIL, though the
// servers of the zone answer. With the right DS the same zone resolves.
func TestABrokenDSRecordIsFoundThroughRealResolvers(t *testing.T) {
	providertest.NamedPath(t)
	com, child := newSigner(t, "com"), newSigner(t, "example.com")
	files := func(ds *dns.DS) string {
		return com.file(t, "com. 300 IN SOA a.com. dns.com. 1 3600 600 86400 1", "com. 300 IN NS a.com.", "a.com. 300 IN A "+parentAddr,
			"!example.com. 300 IN NS ns1.example.com.", "!ns1.example.com. 300 IN A "+childAddr, ds.String())
	}
	for _, c := range []struct {
		name   string
		ds     *dns.DS
		broken bool
		fact   string
	}{
		{"the DS of another key", newSigner(t, "example.com").key.ToDS(dns.SHA256), true, "no key of the zone matches"},
		{"the right DS", child.key.ToDS(dns.SHA256), false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			parent := providertest.StartNamed(t, "recursion no; };\nzone \"com\" { type primary; file \"com.zone\"; };\n", map[string]string{"com": files(c.ds)})
			own := providertest.StartNamed(t, "recursion no; };\nzone \"example.com\" { type primary; file \"example.com.zone\"; };\n", map[string]string{
				"example.com": child.file(t, "example.com. 300 IN SOA ns1.example.com. dns.example.com. 7 3600 600 86400 1", "example.com. 300 IN NS ns1.example.com.",
					"ns1.example.com. 300 IN A "+childAddr, "www.example.com. 300 IN A 192.0.2.1"),
			})
			config := "recursion yes; qname-minimization off; dnssec-validation yes; };\n" +
				fmt.Sprintf("trust-anchors { \"com.\" static-key 257 3 %d \"%s\"; };\n", com.key.Algorithm, com.key.PublicKey) +
				fmt.Sprintf("zone \"com\" { type forward; forward only; forwarders { 127.0.0.1 port %s; }; };\nzone \"example.com\" { type forward; forward only; forwarders { 127.0.0.1 port %s; }; };\n", parent.Port, own.Port)
			one, two := providertest.StartNamed(t, config, nil), providertest.StartNamed(t, config, nil)
			up := func(m *dns.Msg) bool { return m.Rcode == dns.RcodeSuccess && len(m.Answer) > 0 }
			parent.Until("com", dns.TypeSOA, "serving com", up)
			own.Until("example.com", dns.TypeSOA, "serving example.com", up)
			one.Until("com", dns.TypeSOA, "resolving com", up)
			two.Until("com", dns.TypeSOA, "resolving com", up)
			real := map[string]string{childAddr + ":53": own.Addr, parentAddr + ":53": parent.Addr, one.Addr: one.Addr, two.Addr: two.Addr}
			clk := providertest.NewClock(time.Now())
			ck := New(Options{
				Resolvers: []string{one.Addr, two.Addr}, Rate: 1e6, Burst: 1000, Timeout: 10 * time.Second, Clock: clk.Clock,
				Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, real[addr])
				},
			})
			z := providers.Zone{Name: "example.com", NameServers: []string{"ns1.example.com"}}
			first := ck.Zone(context.Background(), z)
			clk.Advance(RoundGap)
			got := ck.Zone(context.Background(), z)
			facts := strings.Join(got.Facts, "\n")
			if first.Confirmed || got.Confirmed != c.broken || (len(got.Unresolved) == 2) != c.broken || !strings.Contains(facts, c.fact) {
				t.Errorf("confirmed %v, then %v; %+v\n%s\n%+v", first.Confirmed, got.Confirmed, got.Unresolved, facts, got)
			}
			if c.broken {
				for _, want := range []string{
					one.Addr + " answers when it is told not to validate", fmt.Sprintf("DS: the parent zone holds %d", c.ds.KeyTag),
					fmt.Sprintf("DNSKEY: the zone serves the keys %d", child.key.KeyTag()), "delegation: the parent zone says ns1.example.com, the zone itself ns1.example.com", "serial 7",
				} {
					if !strings.Contains(facts, want) {
						t.Errorf("%q is not among the facts:\n%s", want, facts)
					}
				}
			}
		})
	}
}
