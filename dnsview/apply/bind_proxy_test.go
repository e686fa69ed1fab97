package apply_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"

	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/sim/world"
)

var bindSecret = map[string]string{providertest.NamedKey: providertest.NamedSecret}

// real returns the time by which BIND checks signatures.
func (b *bindZone) real() int64 { return time.Now().Unix() }

// bindProxy stands between the adapters and BIND, and has the key of both: what it passes on is signed anew, because a
// rig has a clock of its own and BIND has not. The faults of the zone are played here.
type bindProxy struct {
	b       *bindZone
	addr    string
	page    int // how many records a message of a transfer has; as many as fit if 0
	changed func(world.ZoneChange)
	victim  *proxies // those that may be killed at a write; nil for none

	mu      sync.Mutex
	kind    world.FaultKind
	writes  int // under the fault
	expired bool
}

// before starts a proxy before BIND, for a victim or for none.
func (b *bindZone) before(victim *proxies) *bindProxy {
	b.r.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.r.t.Fatal(err)
	}
	b.r.t.Cleanup(func() { _ = l.Close() })
	p := &bindProxy{b: b, addr: l.Addr().String(), victim: victim}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				for p.serve(c) == nil {
				}
			}()
		}
	}()
	return p
}

// bindFaults are the faults that a name server of one's own can have. Reads that are behind writes are not among them: the
// adapter reads from the primary server, where a transfer has what the last update wrote.
var bindFaults = []world.FaultKind{
	world.NoFault, world.Unreachable, world.Throttle, world.ServerError, world.AuthError, world.ShortPage, world.EmptyPage, world.PageLoop, world.LostReply, world.Reset,
	world.WrongKey, world.EmptyBody, world.ProxyPage, world.Expired, world.ClockSkew, world.SecondWriter, world.Split, world.Lagging,
}

// set sets the fault of the zone.
func (b *bindZone) set(k world.FaultKind) {
	b.r.t.Helper()
	if !slices.Contains(bindFaults, k) {
		b.r.t.Fatalf("a name server has no fault %q", k)
	}
	if err := b.freeze(k); err != nil {
		b.r.t.Fatal(err)
	}
	b.proxy.mu.Lock()
	defer b.proxy.mu.Unlock()
	b.proxy.kind, b.proxy.writes, b.proxy.expired = k, 0, false
}

// exchange is one request of a client, and how it is answered.
type exchange struct {
	net.Conn
	p     *bindProxy
	req   *dns.Msg
	mac   string // with which the next message is signed
	later bool   // it is not the first
}

func (p *bindProxy) serve(c net.Conn) error {
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return err
	}
	raw := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, raw); err != nil {
		return err // its sender died meanwhile
	}
	x := &exchange{Conn: c, p: p, req: new(dns.Msg)}
	if err := x.req.Unpack(raw); err != nil {
		return err
	}
	sig := x.req.IsTsig()
	if sig == nil {
		return x.refuse(dns.RcodeRefused, 0)
	}
	x.mac = sig.MAC
	p.mu.Lock()
	kind, expired := p.kind, p.expired
	p.mu.Unlock()
	off := time.Duration(int64(sig.TimeSigned)-p.now(sig)) * time.Second
	switch {
	case kind == world.Unreachable:
		return io.EOF
	case kind == world.ProxyPage:
		_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><body>Please log in</body></html>\r\n"))
		return io.EOF
	case kind == world.WrongKey: // a key of the server that may not read this zone
		return x.send(new(dns.Msg).SetRcode(x.req, dns.RcodeRefused))
	case kind == world.AuthError, expired:
		return x.refuse(dns.RcodeNotAuth, dns.RcodeBadKey)
	case kind == world.ClockSkew, off.Abs() > 300*time.Second:
		return x.refuse(dns.RcodeNotAuth, dns.RcodeBadTime)
	case kind == world.ServerError, kind == world.Throttle: // a server that has too much to do has no other answer
		return x.send(new(dns.Msg).SetRcode(x.req, dns.RcodeServerFailure))
	case x.req.Opcode == dns.OpcodeUpdate:
		return x.write(kind)
	}
	return x.read(kind)
}

// now returns the time of the server's clock. A victim's rig stands still while the victim waits, so its clock is that
// of the victim.
func (p *bindProxy) now(sig *dns.TSIG) int64 {
	if p.victim != nil {
		return int64(sig.TimeSigned)
	}
	return p.b.r.clk.Now().Unix()
}

// refuse answers without a signature.
func (x *exchange) refuse(rcode, reason int) error {
	m := new(dns.Msg).SetRcode(x.req, rcode)
	m.SetTsig(providertest.NamedKey, dns.HmacSHA256, 300, x.p.b.real())
	sig := m.IsTsig()
	sig.Error, sig.OrigId = uint16(reason), m.Id
	raw, err := m.Pack()
	if err != nil {
		return err
	}
	return x.frame(raw, len(raw))
}

// sign returns a message of the answer with its signature. Its fudge is wide: the adapter checks it by the time of the
// machine.
func (x *exchange) sign(m *dns.Msg) ([]byte, error) {
	m.SetTsig(providertest.NamedKey, dns.HmacSHA256, 65535, x.p.now(x.req.IsTsig()))
	raw, mac, err := dns.TsigGenerate(m, providertest.NamedSecret, x.mac, x.later)
	x.mac, x.later = mac, true
	return raw, err
}

func (x *exchange) send(m *dns.Msg) error {
	raw, err := x.sign(m)
	if err != nil {
		return err
	}
	return x.frame(raw, len(raw))
}

// frame sends the first bytes of a message.
func (x *exchange) frame(raw []byte, n int) error {
	_, err := x.Conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(raw))), raw[:n]...))
	return err
}

// ask has BIND answer the request.
func (x *exchange) ask() (*dns.Msg, error) {
	m := x.req.Copy()
	m.Extra = slices.DeleteFunc(m.Extra, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeTSIG })
	for _, part := range [][]dns.RR{m.Answer, m.Ns} {
		for i, rr := range part {
			if rr.Header().Rdlength == 0 { // has no data (RFC 2136 section 2.4)
				part[i] = &dns.ANY{Hdr: *rr.Header()}
			}
		}
	}
	m.SetTsig(providertest.NamedKey, dns.HmacSHA256, 300, x.p.b.real())
	c := &dns.Client{Net: "tcp", TsigSecret: bindSecret, Timeout: 10 * time.Second}
	in, _, err := c.Exchange(m, x.p.b.named.Addr)
	if err != nil {
		return nil, err
	}
	in.Extra = slices.DeleteFunc(in.Extra, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeTSIG })
	return in, nil
}

// write has an update carried out.
func (x *exchange) write(kind world.FaultKind) error {
	p := x.p
	p.mu.Lock()
	n := p.writes
	p.writes++
	p.mu.Unlock()
	if kind == world.SecondWriter && n%2 == 0 {
		x.overtake(n)
	}
	var in *dns.Msg
	var err error
	carryOut := func() {
		if in, err = x.ask(); err == nil && in.Rcode == dns.RcodeSuccess && p.changed != nil {
			p.changed(world.ZoneChange{Zone: sdZone})
		}
	}
	answer := func() {
		switch {
		case err != nil:
		case kind == world.LostReply:
			err = io.EOF
		case kind == world.EmptyBody:
			err = x.frame(nil, 0)
		default:
			err = x.send(in)
		}
	}
	if p.victim == nil {
		carryOut()
		answer()
		return err
	}
	p.victim.busy.Add(1)
	defer p.victim.busy.Done()
	p.victim.write(carryOut, answer)
	return err
}

// overtake is another writer who adds a value to the first name of an update, just before it.
func (x *exchange) overtake(n int) {
	rows, err := x.p.b.transfer()
	if err != nil {
		x.p.b.r.t.Error(err)
		return
	}
	for _, rr := range x.req.Ns {
		h := rr.Header()
		ttl := uint32(60)
		for _, old := range rows {
			if o := old.Header(); o.Rrtype == h.Rrtype && providers.SameName(o.Name, h.Name) {
				ttl = o.Ttl // one of its own would be that of the whole set
			}
		}
		value := map[uint16]string{dns.TypeA: fmt.Sprintf("198.51.100.%d", n%250+1), dns.TypeSRV: fmt.Sprintf("0 0 9 second-%d.%s.", n, sdZone)}[h.Rrtype]
		if value == "" {
			continue
		}
		more, err := dns.NewRR(fmt.Sprintf("%s %d IN %s %s", h.Name, ttl, dns.Type(h.Rrtype), value))
		if err != nil {
			x.p.b.r.t.Error(err)
			return
		}
		x.p.b.named.Update(sdZone, func(m *dns.Msg) { m.Insert([]dns.RR{more}) })
		return
	}
}

// read answers a question or a transfer.
func (x *exchange) read(kind world.FaultKind) error {
	transfer := x.req.Question[0].Qtype == dns.TypeAXFR
	reply := func(rows ...dns.RR) *dns.Msg {
		m := new(dns.Msg).SetReply(x.req)
		m.Authoritative, m.Compress, m.Answer = true, true, rows
		return m
	}
	rows, err := x.p.b.transfer()
	if err != nil {
		return err
	}
	soa := rows[0]
	switch {
	case kind == world.EmptyPage:
		return x.send(reply())
	case kind == world.EmptyBody:
		return x.frame(nil, 0)
	case kind == world.Reset:
		raw, err := x.sign(reply(rows[:2]...))
		if err == nil {
			err = x.frame(raw, len(raw)/2)
		}
		if err == nil {
			err = io.EOF
		}
		return err
	case !transfer:
		return x.send(reply(soa))
	}
	pages := [][]dns.RR{rows}
	if n := x.p.page; n > 0 {
		pages = slices.Collect(slices.Chunk(rows, n))
	} else if len(rows) > 300 { // what fits into a message for sure
		pages = slices.Collect(slices.Chunk(rows, 300))
	}
	for i, page := range pages {
		switch {
		case kind == world.ShortPage && i == len(pages)-1:
			if page = page[:len(page)/2]; len(page) > 0 {
				err = x.send(reply(page...))
			}
			if err == nil {
				err = io.EOF
			}
		case kind == world.Expired && i > 0:
			x.p.mu.Lock()
			x.p.expired = true
			x.p.mu.Unlock()
			err = x.refuse(dns.RcodeNotAuth, dns.RcodeBadKey)
		case kind == world.PageLoop && i == min(1, len(pages)-1):
			for err == nil {
				err = x.send(reply(page...))
			}
		default:
			err = x.send(reply(page...))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
