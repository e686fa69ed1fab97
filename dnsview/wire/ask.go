package wire

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/miekg/dns"

	"rollcall/dnsview/index"
)

// session holds the sockets of one call.
type session struct {
	c  *Checker
	wg sync.WaitGroup

	mu     sync.Mutex
	conns  map[string]*mux
	silent map[string]bool // finders that did not reply during this call
}

func (c *Checker) session() *session {
	return &session{c: c, conns: map[string]*mux{}, silent: map[string]bool{}}
}

// close closes all sockets and waits for their readers.
func (s *session) close() {
	s.mu.Lock()
	for _, x := range s.conns {
		x.fail(errStopped)
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// udp returns the socket for a server, a new one if the last has failed.
func (s *session) udp(ctx context.Context, addr string) (*mux, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.conns[addr]; x != nil && x.broken() == nil {
		return x, nil
	}
	conn, err := s.c.o.Dial(ctx, "udp", addr)
	if err != nil {
		return nil, err
	}
	x := newMux(conn)
	s.conns[addr] = x
	s.wg.Go(x.read)
	return x, nil
}

// reply is the result of one query.
type reply struct {
	msg     *dns.Msg // nil if there was no reply
	outcome Outcome  // why there was no reply
	detail  string
	at      time.Time
	took    time.Duration
	tcp     bool
	edns    bool
}

// query is one query as sent to a server.
type query struct {
	zone    string // zone for which the server's failures are counted
	name    string
	qtype   uint16
	recurse bool
	cd      bool // disables validation by the resolver (RFC 4035 section 3.2.2)
	do      bool // requests signatures (RFC 3225)
}

// ask sends one query to one server within its rate, unless the server is paused. The caller interprets error codes and
// notes failures.
func (s *session) ask(ctx context.Context, addr string, q query) reply {
	sv := s.c.server(addr)
	select {
	case sv.slots <- struct{}{}:
	case <-ctx.Done():
		return reply{outcome: NotAsked, detail: "stopped before its turn", at: s.c.o.Now()}
	}
	defer func() { <-sv.slots }()
	now := s.c.o.Now()
	if until, why, ok := sv.paused(q.zone, now); ok {
		return reply{outcome: BackingOff, detail: why + "; left alone for " + until.Sub(now).Round(time.Second).String(), at: now}
	}
	if sv.limit.Wait(ctx) != nil {
		return reply{outcome: NotAsked, detail: "stopped before its turn", at: s.c.o.Now()}
	}
	start := s.c.o.Now()
	r := s.exchange(ctx, sv, q)
	r.at = s.c.o.Now()
	r.took = r.at.Sub(start)
	if r.msg == nil {
		if ctx.Err() != nil {
			r.outcome, r.detail = NotAsked, "stopped while it was asked"
		}
		sv.note(q.zone, r.outcome, r.detail, r.at)
	}
	return r
}

// exchange uses EDNS if the server supports it. It tries UDP first, and TCP if the reply is truncated or missing.
func (s *session) exchange(ctx context.Context, sv *server, q query) reply {
	r := s.once(ctx, sv, q, !sv.plain.Load())
	if r.msg == nil || !r.edns || r.msg.IsEdns0() != nil && r.msg.Rcode != dns.RcodeBadVers {
		return r
	}
	switch r.msg.Rcode {
	case dns.RcodeFormatError, dns.RcodeNotImplemented, dns.RcodeBadVers: // RFC 6891 section 6.2.2
		if sv.limit.Wait(ctx) != nil {
			return r
		}
		if p := s.once(ctx, sv, q, false); p.msg != nil {
			if p.msg.Rcode != r.msg.Rcode {
				sv.plain.Store(true)
			}
			return p
		}
	}
	return r
}

func (s *session) once(ctx context.Context, sv *server, q query, edns bool) reply {
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(q.name), q.qtype)
	m.RecursionDesired, m.CheckingDisabled = q.recurse, q.cd
	if edns {
		m.SetEdns0(udpSize, q.do)
	}
	again := func() error { return sv.limit.Wait(ctx) }
	in, err := s.overUDP(ctx, sv.addr, m, again)
	if err == nil && !in.Truncated {
		return reply{msg: in, edns: edns}
	}
	r := reply{outcome: NotAsked, detail: "its reply over UDP is cut short, and time is up for a question over TCP"}
	if err != nil {
		r = failure(err)
	}
	if r.outcome == NoRoute || ctx.Err() != nil || again() != nil {
		return r
	}
	over, tcpErr := s.overTCP(ctx, sv.addr, m)
	switch {
	case tcpErr == nil && over.Truncated:
		return reply{outcome: Truncated, detail: "the reply is cut short over TCP too", tcp: true, edns: edns}
	case tcpErr == nil:
		return reply{msg: over, tcp: true, edns: edns}
	case err == nil:
		return reply{outcome: Truncated, detail: "the reply over UDP is cut short, and over TCP: " + failure(tcpErr).detail, edns: edns}
	}
	r.edns = edns
	return r
}

func (s *session) overUDP(ctx context.Context, addr string, m *dns.Msg, again func() error) (*dns.Msg, error) {
	x, err := s.udp(ctx, addr)
	if err != nil {
		return nil, err
	}
	return x.exchange(ctx, m, s.c.o.Tries, s.c.o.Timeout, again)
}

func (s *session) overTCP(ctx context.Context, addr string, m *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, s.c.o.Timeout)
	defer cancel()
	conn, err := s.c.o.Dial(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer func() {
		stop()
		_ = conn.Close()
	}()
	c := &dns.Conn{Conn: conn}
	if err := c.WriteMsg(m); err != nil {
		return nil, timeUp(ctx, err)
	}
	p, err := c.ReadMsgHeader(nil)
	if err != nil {
		return nil, timeUp(ctx, err)
	}
	in := new(dns.Msg)
	switch err := in.Unpack(p); {
	case err != nil:
		return nil, &silence{garbled: 1}
	case in.Id != m.Id || !replies(in, m.Question[0]):
		return nil, &silence{wrong: 1}
	}
	return in, nil
}

// timeUp returns the error of ctx if ctx has ended, else err. At the end of ctx the connection is closed, which is not
// a failure of the server.
func timeUp(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// failure returns the reply for a network error.
func failure(err error) reply {
	if err == nil {
		return reply{}
	}
	if s, ok := errors.AsType[*silence](err); ok {
		switch {
		case s.wrong > 0:
			return reply{outcome: WrongReply, detail: s.Error()}
		case s.garbled > 0:
			return reply{outcome: Garbled, detail: s.Error()}
		}
		return reply{outcome: Timeout, detail: s.Error()}
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return reply{outcome: Timeout, detail: "no reply in time"}
	}
	switch {
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT):
		return reply{outcome: NoRoute, detail: "this machine has no way to it"}
	case errors.Is(err, syscall.ECONNREFUSED):
		return reply{outcome: Closed, detail: "the port is closed"}
	}
	return reply{outcome: Closed, detail: index.Clean(err.Error())}
}
