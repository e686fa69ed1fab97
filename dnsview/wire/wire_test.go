package wire

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"rollcall/providers"
)

// serve answers every question with f, over UDP and TCP on one port.
func serve(t *testing.T, f func(m *dns.Msg, tcp bool)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := net.ListenPacket("udp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	answer := func(tcp bool) dns.Handler {
		return dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
			m := new(dns.Msg)
			m.SetReply(q)
			f(m, tcp)
			_ = w.WriteMsg(m)
		})
	}
	for _, s := range []*dns.Server{{Listener: l, Handler: answer(true)}, {PacketConn: p, Handler: answer(false)}} {
		started := make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		go func() { _ = s.ActivateAndServe() }()
		<-started
		t.Cleanup(func() { _ = s.Shutdown() })
	}
	return l.Addr().String()
}

func rr(t *testing.T, s string) dns.RR {
	t.Helper()
	r, err := dns.NewRR(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAnAuthoritativeAnswerIsSpelledAsRollcallSpellsValues(t *testing.T) {
	server := serve(t, func(m *dns.Msg, _ bool) {
		m.Authoritative = true
		m.Answer = []dns.RR{rr(t, "WWW.example.com. 60 IN SRV 10 5 80 Node-1.example.com."), rr(t, "other.example.com. 60 IN SRV 1 1 1 x.")}
	})
	got, err := (&Asker{Resolvers: []string{server}}).Values(context.Background(), providers.Zone{}, "www.example.com", "SRV")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"10 5 80 Node-1.example.com"}, got); d != "" {
		t.Error(d)
	}
}

func TestAnAnswerWithoutAuthorityIsNotBelieved(t *testing.T) {
	server := serve(t, func(m *dns.Msg, _ bool) { m.Answer = []dns.RR{rr(t, "www.example.com. 60 IN A 192.0.2.1")} })
	got, err := (&Asker{Resolvers: []string{server}}).Values(context.Background(), providers.Zone{}, "www.example.com", "A")
	if err == nil || !strings.Contains(err.Error(), "without authority") {
		t.Errorf("%v, %v", got, err)
	}
}

func TestANameThatIsNotThereHasNoValues(t *testing.T) {
	server := serve(t, func(m *dns.Msg, _ bool) { m.Authoritative, m.Rcode = true, dns.RcodeNameError })
	got, err := (&Asker{Resolvers: []string{server}}).Values(context.Background(), providers.Zone{}, "gone.example.com", "A")
	if err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestATruncatedAnswerIsAskedForAgainOverTCP(t *testing.T) {
	server := serve(t, func(m *dns.Msg, tcp bool) {
		m.Authoritative, m.Truncated = true, !tcp
		if tcp {
			m.Answer = []dns.RR{rr(t, "www.example.com. 60 IN A 192.0.2.1")}
		}
	})
	got, err := (&Asker{Resolvers: []string{server}}).Values(context.Background(), providers.Zone{}, "www.example.com", "A")
	if err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}
