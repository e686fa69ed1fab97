package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"rollcall/dnsview/index"
)

// valuesOf asks a server that f answers for, and returns what it answers.
func valuesOf(t *testing.T, name, typ string, f func(m *dns.Msg, tcp bool)) ([]string, error) {
	t.Helper()
	c := New(fast(Options{Servers: map[string][]string{testZone: {serve(t, f)}}}))
	return values(c.Answers(context.Background(), zone, name, typ, 1))
}

// values returns the values of the first server's answer, and its failure as an error.
func values(answers []index.WireAnswer, err error) ([]string, error) {
	if err == nil && answers[0].Failure != "" {
		err = errors.New(answers[0].Failure)
	}
	if err != nil {
		return nil, err
	}
	return answers[0].Values, nil
}

func TestAnAuthoritativeAnswerIsSpelledAsRollcallSpellsValues(t *testing.T) {
	got, err := valuesOf(t, "www.example.com", "SRV", func(m *dns.Msg, _ bool) {
		m.Authoritative = true
		m.Answer = []dns.RR{rr(t, "WWW.example.com. 60 IN SRV 10 5 80 Node-1.example.com."), rr(t, "other.example.com. 60 IN SRV 1 1 1 x.")}
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"10 5 80 Node-1.example.com"}, got); d != "" {
		t.Error(d)
	}
}

func TestAnAnswerWithoutAuthorityIsNotBelieved(t *testing.T) {
	got, err := valuesOf(t, "www.example.com", "A", func(m *dns.Msg, _ bool) { m.Answer = []dns.RR{rr(t, "www.example.com. 60 IN A 192.0.2.1")} })
	if err == nil || !strings.Contains(err.Error(), "without authority") {
		t.Errorf("%v, %v", got, err)
	}
}

func TestANameThatIsNotThereHasNoValues(t *testing.T) {
	got, err := valuesOf(t, "gone.example.com", "A", func(m *dns.Msg, _ bool) { m.Authoritative, m.Rcode = true, dns.RcodeNameError })
	if err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestATruncatedAnswerIsAskedForAgainOverTCP(t *testing.T) {
	got, err := valuesOf(t, "www.example.com", "A", func(m *dns.Msg, tcp bool) {
		m.Authoritative, m.Truncated = true, !tcp
		if tcp {
			m.Answer = []dns.RR{rr(t, "www.example.com. 60 IN A 192.0.2.1")}
		}
	})
	if err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestEachServerAnswersForItself(t *testing.T) {
	a := serve(t, authority(t, testZone, "www.example.com. 60 IN A 192.0.2.1"))
	b := serve(t, authority(t, testZone, "www.example.com. 60 IN A 192.0.2.1", "www.example.com. 60 IN A 192.0.2.2"))
	c := New(fast(Options{Servers: map[string][]string{testZone: {a, b, "127.0.0.1:1"}}}))
	got, err := c.Answers(context.Background(), zone, "www.example.com", "A", 1)
	if err != nil || len(got) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	if got[0].Server != a || !slices.Equal(got[0].Values, []string{"192.0.2.1"}) || got[1].Server != b || !slices.Equal(got[1].Values, []string{"192.0.2.1", "192.0.2.2"}) {
		t.Errorf("%+v", got)
	}
	if got[2].Server != "127.0.0.1:1" || got[2].Failure == "" || got[2].Values != nil {
		t.Errorf("a server that does not reply: %+v", got[2])
	}
}

func TestAServerThatAnswersWithAnotherValueEachTimeIsAskedSeveralTimes(t *testing.T) {
	var asked atomic.Int32
	server := serve(t, func(m *dns.Msg, _ bool) {
		m.Authoritative = true
		if n := asked.Add(1); n%3 == 0 {
			m.Rcode = dns.RcodeServerFailure
		} else {
			m.Answer = []dns.RR{rr(t, fmt.Sprintf("www.example.com. 60 IN A 192.0.2.%d", n))}
		}
	})
	c := New(fast(Options{Servers: map[string][]string{testZone: {server}}}))
	got, err := values(c.Answers(context.Background(), zone, "www.example.com", "A", 5))
	if err != nil || !slices.Equal(got, []string{"192.0.2.1", "192.0.2.2", "192.0.2.4", "192.0.2.5"}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAnAddressBehindAnAliasIsAnAnswer(t *testing.T) {
	got, err := valuesOf(t, "www.example.com", "A", func(m *dns.Msg, _ bool) {
		m.Authoritative = true
		m.Answer = []dns.RR{rr(t, "www.example.com. 60 IN CNAME web.example.com."), rr(t, "web.example.com. 60 IN A 192.0.2.1")}
	})
	if err != nil || !slices.Equal(got, []string{"192.0.2.1"}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAnIPv6AddressThatThereIsNoWayToDoesNotMakeItsServerUnasked(t *testing.T) {
	v4 := serve(t, authority(t, testZone, "example.com. 60 IN NS ns1.example.com.", "ns1.example.com. 60 IN A 127.0.0.1", "ns1.example.com. 60 IN AAAA 2001:db8::1", "www.example.com. 60 IN A 192.0.2.1"))
	_, port, err := net.SplitHostPort(v4)
	if err != nil {
		t.Fatal(err)
	}
	c := New(fast(Options{Finders: []string{v4}, Port: port, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.HasPrefix(addr, "[2001:db8::1]") {
			return nil, syscall.ENETUNREACH
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}))
	got, err := c.Answers(context.Background(), zone, "www.example.com", "A", 1)
	if err != nil || len(got) != 1 || !slices.Equal(got[0].Values, []string{"192.0.2.1"}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAServerThatOnlyTheZoneItselfNamesIsAskedToo(t *testing.T) {
	child := serveOn(t, "127.0.0.2", authority(t, testZone, "example.com. 60 IN NS ns1.example.com.", "example.com. 60 IN NS ns2.example.com.", "www.example.com. 60 IN A 192.0.2.1"))
	_, port, err := net.SplitHostPort(child)
	if err != nil {
		t.Fatal(err)
	}
	// The parent, which is also asked for addresses, delegates to ns1 alone.
	parent := serve(t, func(m *dns.Msg, _ bool) {
		switch q := m.Question[0]; {
		case q.Name == "com." && q.Qtype == dns.TypeNS:
			m.Answer = []dns.RR{rr(t, "com. 60 IN NS parent.com.")}
		case q.Name == "parent.com." && q.Qtype == dns.TypeA:
			m.Answer = []dns.RR{rr(t, "parent.com. 60 IN A 127.0.0.3")}
		case q.Name == "ns1.example.com." && q.Qtype == dns.TypeA:
			m.Answer = []dns.RR{rr(t, "ns1.example.com. 60 IN A 127.0.0.2")}
		case q.Name == "ns2.example.com." && q.Qtype == dns.TypeA:
			m.Answer = []dns.RR{rr(t, "ns2.example.com. 60 IN A 127.0.0.4")}
		}
	})
	hops := map[string]string{net.JoinHostPort("127.0.0.3", port): "parent", net.JoinHostPort("127.0.0.4", port): "second"}
	delegates := serve(t, func(m *dns.Msg, _ bool) {
		m.Ns = []dns.RR{rr(t, "example.com. 60 IN NS ns1.example.com.")}
		m.Extra = append(m.Extra, rr(t, "ns1.example.com. 60 IN A 127.0.0.2"))
	})
	second := serve(t, authority(t, testZone, "www.example.com. 60 IN A 192.0.2.9"))
	c := New(fast(Options{Finders: []string{parent}, Port: port, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		switch hops[addr] {
		case "parent":
			addr = delegates
		case "second":
			addr = second
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}))
	got, err := c.Answers(context.Background(), zone, "www.example.com", "A", 1)
	if err != nil || len(got) != 2 || !strings.HasPrefix(got[1].Server, "ns2.example.com") || !slices.Equal(got[1].Values, []string{"192.0.2.9"}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnAskerFindsTheServerThatAnswersWithAuthority(t *testing.T) {
	server := serve(t, authority(t, testZone, "example.com. 60 IN NS ns1.example.com.", "www.example.com. 60 IN A 192.0.2.1"))
	a := &Asker{Resolvers: []string{server}}
	got, err := values(a.Answers(context.Background(), zone, "www.example.com", "A", 1))
	if err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := a.Answers(context.Background(), zone, "www.example.com", "NOPE", 1); err == nil {
		t.Error("an unknown type is asked for")
	}
}
