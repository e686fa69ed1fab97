package wire

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"rollcall/providers"
)

const testZone = "example.com"

var zone = providers.Zone{Name: testZone}

// tries is how often a free TCP port may be taken for UDP.
const tries = 20

// raw starts a server that answers with the bytes that f returns, and not at all when there are
// none. TCP may be left closed.
func raw(t testing.TB, host string, tcpOpen bool, f func(q *dns.Msg, tcp bool) [][]byte) string {
	t.Helper()
	var l net.Listener
	var p net.PacketConn
	var err error
	for range tries {
		if l, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
			t.Fatal(err)
		}
		if p, err = net.ListenPacket("udp", l.Addr().String()); err == nil {
			break
		}
		_ = l.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if !tcpOpen {
		_ = l.Close()
	}
	t.Cleanup(func() { _ = p.Close(); _ = l.Close() })
	go func() {
		buf := make([]byte, dns.MaxMsgSize)
		for {
			n, from, err := p.ReadFrom(buf)
			if err != nil {
				return
			}
			q := new(dns.Msg)
			if q.Unpack(buf[:n]) != nil {
				continue
			}
			for _, b := range f(q, false) {
				_, _ = p.WriteTo(b, from)
			}
		}
	}()
	if !tcpOpen {
		return addr
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go overTCP(c, f)
		}
	}()
	return addr
}

func overTCP(c net.Conn, f func(q *dns.Msg, tcp bool) [][]byte) {
	defer c.Close()
	for {
		var n uint16
		if binary.Read(c, binary.BigEndian, &n) != nil {
			return
		}
		b := make([]byte, n)
		q := new(dns.Msg)
		if _, err := io.ReadFull(c, b); err != nil || q.Unpack(b) != nil {
			return
		}
		out := f(q, true)
		if len(out) == 0 {
			return // silence over TCP is a connection that ends
		}
		for _, b := range out {
			_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
		}
	}
}

// serve is a well-behaved server of test data: f fills in the reply.
func serve(t *testing.T, f func(m *dns.Msg, tcp bool)) string { return serveOn(t, "127.0.0.1", f) }

func serveOn(t *testing.T, host string, f func(m *dns.Msg, tcp bool)) string {
	t.Helper()
	return raw(t, host, true, func(q *dns.Msg, tcp bool) [][]byte {
		m := new(dns.Msg)
		m.SetReply(q)
		if q.IsEdns0() != nil {
			m.SetEdns0(udpSize, false)
		}
		f(m, tcp)
		return packed(m)
	})
}

func packed(m *dns.Msg) [][]byte {
	b, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return [][]byte{b}
}

// soaText is the SOA of a zone.
func soaText(zone string) string {
	return zone + ". 300 IN SOA ns1." + zone + ". dns." + zone + ". 7 3600 600 86400 60"
}

// authority answers for one zone with records in zone file form.
func authority(t *testing.T, zone string, records ...string) func(m *dns.Msg, tcp bool) {
	t.Helper()
	rrs := []dns.RR{rr(t, soaText(zone))}
	for _, s := range records {
		rrs = append(rrs, rr(t, s))
	}
	return func(m *dns.Msg, _ bool) {
		q := m.Question[0]
		if !providers.InZone(q.Name, zone) {
			m.Rcode = dns.RcodeRefused
			return
		}
		m.Authoritative = true
		exists := false
		for _, r := range rrs {
			h := r.Header()
			if !providers.SameName(h.Name, q.Name) {
				continue
			}
			exists = true
			if h.Rrtype == q.Qtype || h.Rrtype == dns.TypeCNAME {
				m.Answer = append(m.Answer, r)
			}
		}
		if len(m.Answer) == 0 {
			m.Ns = append(m.Ns, rrs[0])
			if !exists {
				m.Rcode = dns.RcodeNameError
			}
		}
	}
}

// cache answers as a resolver does, of what it remembers.
func cache(t *testing.T, zone string, records ...string) func(m *dns.Msg, tcp bool) {
	t.Helper()
	f := authority(t, zone, records...)
	return func(m *dns.Msg, tcp bool) {
		f(m, tcp)
		m.Authoritative, m.RecursionAvailable = false, true
	}
}

func rr(t *testing.T, s string) dns.RR {
	t.Helper()
	r, err := dns.NewRR(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// www is the question of most tests.
func www(want ...string) Question { return Question{Name: "www.example.com", Type: "A", Want: want} }

// fast are the options of tests on loopback, where everybody replies or is closed.
func fast(o Options) Options {
	o.Rate, o.Burst = 1e6, 1000
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second
	}
	return o
}

// pipes leads to a server in this process, for tests in which time is played:
// silence costs nothing there, and no reply comes too late because a machine is busy.
func pipes(t *testing.T, tcpOpen bool, f func(q *dns.Msg, tcp bool) [][]byte) func(ctx context.Context, network, addr string) (net.Conn, error) {
	t.Helper()
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	return func(_ context.Context, network, _ string) (net.Conn, error) {
		if network == "tcp" && !tcpOpen {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		ours, theirs := net.Pipe()
		if network == "tcp" {
			wg.Go(func() { overTCP(theirs, f) })
			return ours, nil
		}
		wg.Go(func() {
			defer theirs.Close()
			buf := make([]byte, dns.MaxMsgSize)
			for {
				n, err := theirs.Read(buf)
				if err != nil {
					return
				}
				q := new(dns.Msg)
				if q.Unpack(buf[:n]) != nil {
					continue
				}
				for _, b := range f(q, false) {
					_, _ = theirs.Write(b)
				}
			}
		})
		return ours, nil
	}
}

// piped checks names of the test zone in played time, against one server.
func piped(t *testing.T, dial func(ctx context.Context, network, addr string) (net.Conn, error), q ...Question) (ZoneResult, map[string]Result) {
	t.Helper()
	return check(t, New(Options{Servers: map[string][]string{testZone: {"192.0.2.53:53"}}, Dial: dial}), zone, q...)
}

// between checks names against servers of the test zone that are named outright.
func between(t *testing.T, resolvers, servers []string, q ...Question) (ZoneResult, map[string]Result) {
	t.Helper()
	c := New(fast(Options{Resolvers: resolvers, Finders: []string{"127.0.0.1:1"}, Servers: map[string][]string{testZone: servers}}))
	return check(t, c, zone, q...)
}

func check(t *testing.T, c *Checker, zone providers.Zone, q ...Question) (ZoneResult, map[string]Result) {
	t.Helper()
	got := map[string]Result{}
	z := c.Check(context.Background(), zone, q, func(r Result) {
		if _, twice := got[r.Name+"/"+r.Type]; twice {
			t.Errorf("%s %s has two results", r.Name, r.Type)
		}
		got[r.Name+"/"+r.Type] = r
	})
	if len(got) != len(q) {
		t.Errorf("%d results for %d questions", len(got), len(q))
	}
	return z, got
}

func wantState(t *testing.T, r Result, state State, words ...string) {
	t.Helper()
	if r.State != state {
		t.Errorf("state %q, want %q: %s", r.State, state, r.Reason)
	}
	for _, w := range words {
		if !strings.Contains(r.Reason, w) {
			t.Errorf("reason %q lacks %q", r.Reason, w)
		}
	}
}
