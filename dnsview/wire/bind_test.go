package wire

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

// The small internet of these tests: the server of com, that of example.com and
// a resolver, each a named of its own on a loopback port. Zones speak of the
// first two by unused addresses, and the dialer leads there.
const (
	childAddr  = "192.0.2.53"
	parentAddr = "192.0.2.54"
)

func zoneFile(serial int, lines ...string) string {
	return fmt.Sprintf("$TTL 300\n@ IN SOA ns1 dns %d 3600 600 86400 120\n@ IN NS ns1\n@ IN NS ns2\nns1 IN A %s\nns2 IN A %s\n%s\n", serial, childAddr, childAddr, strings.Join(lines, "\n"))
}

func TestRealNameServersThroughAChangeOfTheirZone(t *testing.T) {
	parent := providertest.StartNamed(t, "recursion no; };\nzone \"com\" { type primary; file \"com.zone\"; };\n", map[string]string{
		"com": "$TTL 300\n@ IN SOA a dns 1 3600 600 86400 120\n@ IN NS a\na IN A " + parentAddr + "\nexample IN NS ns1.example\nexample IN NS ns2.example\nns1.example IN A " + childAddr + "\nns2.example IN A " + childAddr + "\n",
	})
	var big []string
	for i := range 90 { // more than fits into a datagram
		big = append(big, "big IN A 198.51.100."+strconv.Itoa(i+1))
	}
	child := providertest.StartNamed(t, `recursion no; };
zone "example.com" { type primary; file "example.com.zone"; allow-update { key "`+providertest.NamedKey+`"; }; };
zone "static.net" { type primary; file "static.net.zone"; };
`, map[string]string{
		"example.com": zoneFile(1, append(big, "www IN A 192.0.2.1", "alias IN CNAME www", "loop1 IN CNAME loop2", "loop2 IN CNAME loop1",
			`_x._tcp IN SRV 1 2 80 www`, `text IN TXT "a b" "c\"d"`, "sub IN NS ns.elsewhere.net.")...),
		"static.net": zoneFile(1, "www IN A 192.0.2.1"),
	})
	forward := func(zone string, to *providertest.Named) string {
		return fmt.Sprintf("zone %q { type forward; forward only; forwarders { 127.0.0.1 port %s; }; };\n", zone, to.Port)
	}
	resolver := providertest.StartNamed(t, "recursion yes; qname-minimization off; max-ncache-ttl 3600; };\n"+
		forward("com", parent)+forward("example.com", child), nil)
	for _, w := range []struct {
		n    *providertest.Named
		name string
	}{{parent, "com"}, {child, "example.com"}, {child, "static.net"}, {resolver, "com"}} {
		w.n.Until(w.name, dns.TypeSOA, "serving "+w.name, func(m *dns.Msg) bool { return m.Rcode == dns.RcodeSuccess && len(m.Answer) > 0 })
	}

	own := providers.Zone{Name: "example.com", NameServers: []string{"ns1.example.com", "ns2.example.com"}}
	real := map[string]string{childAddr + ":53": child.Addr, parentAddr + ":53": parent.Addr, resolver.Addr: resolver.Addr}
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, real[addr])
	}
	c := New(Options{Resolvers: []string{resolver.Addr}, Rate: 1e6, Burst: 1000, Timeout: 10 * time.Second, Dial: dial})
	all := Question{Name: "big.example.com", Type: "A"}
	for i := range 90 {
		all.Want = append(all.Want, "198.51.100."+strconv.Itoa(i+1))
	}
	ask := func(t *testing.T, q ...Question) map[string]Result {
		t.Helper()
		z, got := check(t, c, own, q...)
		if z.State != ZoneInSync || z.From != FromParent || len(z.Servers) != 1 || z.Servers[0].Serial == 0 || len(z.Problems) != 0 {
			t.Errorf("%+v", z)
		}
		return got
	}

	t.Run("names of every kind are in sync at the server and the resolver", func(t *testing.T) {
		got := ask(t, www("192.0.2.1"), all,
			Question{Name: "alias.example.com", Type: "CNAME", Want: []string{"www.example.com"}},
			Question{Name: "_x._tcp.example.com", Type: "SRV", Want: []string{"1 2 80 WWW.example.com."}},
			Question{Name: "text.example.com", Type: "TXT", Want: []string{`"a b" "c\"d"`}},
			Question{Name: "example.com", Type: "NS", Want: []string{"ns1.example.com", "ns2.example.com"}})
		for k, r := range got {
			if r.State != InSync || r.Agree != 1 || len(r.Answers) != 2 || !r.Answers[1].Agrees {
				t.Errorf("%s: %s %s %+v", k, r.State, r.Reason, r.Answers)
			}
		}
		if r := got["big.example.com/A"]; !r.Answers[0].TCP || !r.Answers[1].TCP || len(r.Answers[0].Values) != 90 {
			t.Errorf("%+v", r.Answers)
		}
	})
	t.Run("a loop of aliases is told", func(t *testing.T) {
		r := ask(t, Question{Name: "loop1.example.com", Type: "CNAME", Want: []string{"loop2.example.com"}})["loop1.example.com/CNAME"]
		wantState(t, r, Broken, "lead back to loop1.example.com")
	})
	t.Run("a delegation inside the zone is in sync", func(t *testing.T) {
		r := ask(t, Question{Name: "sub.example.com", Type: "NS", Want: []string{"ns.elsewhere.net"}})["sub.example.com/NS"]
		if !r.Answers[0].Agrees {
			t.Errorf("%+v", r)
		}
	})
	t.Run("what is written down and not yet served is propagating, then cached, and its TTL counts down", func(t *testing.T) {
		wantState(t, ask(t, www("192.0.2.1"))["www.example.com/A"], InSync)
		wantState(t, ask(t, www("192.0.2.2"))["www.example.com/A"], Propagating, "192.0.2.1")
		child.Update("example.com", func(m *dns.Msg) {
			m.RemoveRRset([]dns.RR{rr(t, oldWWW)})
			m.Insert([]dns.RR{rr(t, newWWW)})
		})
		r := ask(t, www("192.0.2.2"))["www.example.com/A"]
		wantState(t, r, Cached, "192.0.2.1")
		if a := r.Answers[1]; a.TTL == 0 || a.TTL > 300 || r.Until != a.Expires() {
			t.Errorf("%+v", r)
		}
		again := ask(t, www("192.0.2.2"))["www.example.com/A"]
		if again.Answers[1].TTL > r.Answers[1].TTL || again.Since != r.Since {
			t.Errorf("first %+v\nthen %+v", r, again)
		}
	})
	t.Run("a name that a resolver was asked for too early is negative-cached", func(t *testing.T) {
		q := Question{Name: "late.example.com", Type: "A", Want: []string{"192.0.2.7"}}
		wantState(t, ask(t, q)["late.example.com/A"], Propagating, "no such name")
		child.Update("example.com", func(m *dns.Msg) { m.Insert([]dns.RR{rr(t, "late.example.com. 60 IN A 192.0.2.7")}) })
		r := ask(t, q)["late.example.com/A"]
		wantState(t, r, NegativeCached)
		if left := r.Until.Sub(r.Answers[1].At); left <= 0 || left > 120*time.Second {
			t.Errorf("until %v", left)
		}
	})
	t.Run("a name that was taken out is cached where it was asked for", func(t *testing.T) {
		child.Update("example.com", func(m *dns.Msg) { m.RemoveName([]dns.RR{rr(t, newWWW)}) })
		r := ask(t, www())["www.example.com/A"]
		wantState(t, r, Cached)
		got, err := values(c.Answers(context.Background(), own, "www.example.com", "A", 1))
		if err != nil || len(got) != 0 {
			t.Errorf("%v, %v", got, err)
		}
	})
	t.Run("a zone file that is read again on a signal", func(t *testing.T) {
		static := providers.Zone{Name: "static.net"}
		c := New(Options{Servers: map[string][]string{"static.net": {child.Addr}}, Timeout: 10 * time.Second})
		q := Question{Name: "www.static.net", Type: "A", Want: []string{"192.0.2.2"}}
		z, got := check(t, c, static, q)
		wantState(t, got["www.static.net/A"], Propagating)
		if z.Servers[0].Serial != 1 {
			t.Errorf("%+v", z.Servers)
		}
		// The file's time has seconds only: what was written within one second of the load would not be seen.
		child.Write("static.net.zone", zoneFile(2, "www IN A 192.0.2.2"))
		later := time.Now().Add(2 * time.Second)
		if err := os.Chtimes(filepath.Join(child.Dir, "static.net.zone"), later, later); err != nil {
			t.Fatal(err)
		}
		child.Signal(syscall.SIGHUP)
		child.Until("static.net", dns.TypeSOA, "the new serial", func(m *dns.Msg) bool {
			return len(m.Answer) == 1 && m.Answer[0].(*dns.SOA).Serial == 2
		})
		z, got = check(t, c, static, q)
		wantState(t, got["www.static.net/A"], InSync)
		if z.Servers[0].Serial != 2 {
			t.Errorf("%+v", z.Servers)
		}
	})
	t.Run("a zone that the server does not have is lame", func(t *testing.T) {
		c := New(Options{Servers: map[string][]string{"nobody.net": {child.Addr}}, Timeout: 10 * time.Second})
		z, got := check(t, c, providers.Zone{Name: "nobody.net"}, Question{Name: "www.nobody.net", Type: "A", Want: []string{"192.0.2.2"}})
		wantState(t, got["www.nobody.net/A"], Lame, "REFUSED")
		if z.State != ZoneLame {
			t.Errorf("%+v", z)
		}
	})
	t.Run("a server that is ended is unreachable", func(t *testing.T) {
		child.Kill()
		z, got := check(t, c, own, www("192.0.2.2"))
		wantState(t, got["www.example.com/A"], Unreachable)
		if z.State != ZoneUnreachable {
			t.Errorf("%+v", z)
		}
	})
}
