package apply_test

import (
	"net"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// frozenZone is what the name servers of a zone answer that get no more changes.
type frozenZone struct {
	mu   sync.Mutex
	kind world.FaultKind
	rows []dns.RR
}

// freeze has the servers answer what the zone is now, if that is the fault.
func (b *bindZone) freeze(k world.FaultKind) error {
	rows, err := b.transfer()
	if err != nil {
		return err
	}
	b.frozen.mu.Lock()
	defer b.frozen.mu.Unlock()
	b.frozen.kind, b.frozen.rows = k, rows
	return nil
}

// nameServer starts a name server of the zone, for UDP and TCP, and returns its address. It has its answers from BIND, unless
// it gets no more changes.
func (b *bindZone) nameServer(first bool) string {
	b.r.t.Helper()
	var l net.Listener
	var u net.PacketConn
	for u == nil {
		var err error
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			b.r.t.Fatal(err)
		}
		if u, err = net.ListenPacket("udp", l.Addr().String()); err != nil { // another has it
			_ = l.Close()
		}
	}
	for _, s := range []*dns.Server{{Listener: l, Net: "tcp"}, {PacketConn: u, Net: "udp"}} {
		s.Handler = dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
			defer func() { _ = w.Close() }()
			b.frozen.mu.Lock()
			stands, rows := b.frozen.kind == world.Lagging || b.frozen.kind == world.Split && !first, b.frozen.rows
			b.frozen.mu.Unlock()
			if stands {
				_ = w.WriteMsg(answerFrom(rows, q))
				return
			}
			c := &dns.Client{Net: s.Net, Timeout: 5 * time.Second}
			if in, _, err := c.Exchange(q, b.named.Addr); err == nil {
				_ = w.WriteMsg(in)
			}
		})
		go func() { _ = s.ActivateAndServe() }()
		b.r.t.Cleanup(func() { _ = s.Shutdown() })
	}
	return l.Addr().String()
}

// answerFrom answers a question about a name of a zone, without wildcards.
func answerFrom(rows []dns.RR, q *dns.Msg) *dns.Msg {
	m := new(dns.Msg).SetReply(q)
	m.Authoritative, m.Ns = true, rows[:1]
	m.Rcode = dns.RcodeNameError
	for _, rr := range rows[:len(rows)-1] {
		name := rr.Header().Name
		if providers.SameName(name, q.Question[0].Name) || strings.HasSuffix(strings.ToLower(name), "."+strings.ToLower(q.Question[0].Name)) {
			m.Rcode = dns.RcodeSuccess
		}
		if providers.SameName(name, q.Question[0].Name) && rr.Header().Rrtype == q.Question[0].Qtype {
			m.Answer, m.Ns = append(m.Answer, rr), nil
		}
	}
	return m
}
