// Package dnsserver is the authoritative name server of the embedded clouds, over UDP and TCP. It answers from the
// current state of the simulated zones.
package dnsserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

const (
	udpSize    = 1232 // the announced payload size; RFC 9715 section 3
	maxUDPSize = 4096 // the largest reply over UDP, whatever the client offers
	bindTries  = 20   // a free TCP port may be taken for UDP
	slowBy     = 2 * time.Second
)

// Server is a running name server. Close ends it.
type Server struct {
	world    *world.World
	addr     string
	second   bool // see world.Split
	ctx      context.Context
	cancel   context.CancelFunc
	udp      *dns.Server
	tcp      *dns.Server
	wg       sync.WaitGroup
	rotation atomic.Uint64 // rotates answers, as name servers do
	parsed   sync.Map      // the dns.RR of each type and value, or nil
}

// Start serves all zones of w on addr (host:port; port 0 for any), with UDP and TCP on the same port.
func Start(w *world.World, addr string) (*Server, error) { return start(w, addr, false) }

// StartSecond starts the second name server of all zones. Without a fault it answers like the first one.
func StartSecond(w *world.World, addr string) (*Server, error) { return start(w, addr, true) }

func start(w *world.World, addr string, second bool) (*Server, error) {
	pc, l, err := bind(addr)
	if err != nil {
		return nil, fmt.Errorf("listen for DNS: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{world: w, addr: pc.LocalAddr().String(), second: second, ctx: ctx, cancel: cancel}
	// The library reports when it has started to serve. Close must not shut down a server that has not.
	ready := make(chan struct{}, 2)
	started := func() { ready <- struct{}{} }
	s.udp = &dns.Server{PacketConn: pc, Handler: s, NotifyStartedFunc: started, UDPSize: dns.DefaultMsgSize}
	s.tcp = &dns.Server{Listener: l, Handler: s, NotifyStartedFunc: started, MaxTCPQueries: -1}
	for _, d := range []*dns.Server{s.udp, s.tcp} {
		s.wg.Go(func() { _ = d.ActivateAndServe() })
	}
	<-ready
	<-ready
	return s, nil
}

// bind opens a port that is free for both protocols.
func bind(addr string) (net.PacketConn, net.Listener, error) {
	var errs error
	for range bindTries {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return nil, nil, err
		}
		pc, err := net.ListenPacket("udp", l.Addr().String())
		if err == nil {
			return pc, l, nil
		}
		errs = err
		_ = l.Close()
	}
	return nil, nil, errs
}

// Addr returns the server's host:port.
func (s *Server) Addr() string { return s.addr }

// Close stops the server and waits for its goroutines.
func (s *Server) Close() error {
	s.cancel()
	err := errors.Join(s.udp.Shutdown(), s.tcp.Shutdown())
	s.wg.Wait()
	return err
}

// ServeDNS answers one query.
func (s *Server) ServeDNS(w dns.ResponseWriter, r *dns.Msg) {
	if len(r.Question) != 1 {
		s.refuse(w, r, dns.RcodeFormatError)
		return
	}
	if r.Opcode != dns.OpcodeQuery {
		s.refuse(w, r, dns.RcodeNotImplemented)
		return
	}
	opt := r.IsEdns0()
	if opt != nil && opt.Version() != 0 { // RFC 6891 section 6.1.3
		s.refuse(w, r, dns.RcodeBadVers)
		return
	}
	q := r.Question[0]
	z, ok := s.world.ZoneOf(q.Name)
	if !ok || (q.Qclass != dns.ClassINET && q.Qclass != dns.ClassANY) || q.Qtype == dns.TypeAXFR || q.Qtype == dns.TypeIXFR {
		s.refuse(w, r, dns.RcodeRefused)
		return
	}
	switch s.world.FaultOf(z.Name) {
	case world.Unreachable, world.Hang:
		_ = w.Close() // over UDP this is silence
		return
	case world.ServerError:
		s.refuse(w, r, dns.RcodeServerFailure)
		return
	case world.Slow:
		if providers.Sleep(s.ctx, slowBy) != nil {
			return
		}
	}
	m := new(dns.Msg)
	m.SetReply(r)
	m.Authoritative = true
	a := answer{s: s, m: m}
	a.resolve(zone{z, s.second}, q)
	s.send(w, r, m)
}

func (s *Server) refuse(w dns.ResponseWriter, r *dns.Msg, rcode int) {
	m := new(dns.Msg)
	m.SetRcode(r, rcode)
	s.send(w, r, m)
}

// send adds EDNS if the client used it, truncates the reply to the client's size, and sends it.
func (s *Server) send(w dns.ResponseWriter, r, m *dns.Msg) {
	size := dns.MinMsgSize
	if opt := r.IsEdns0(); opt != nil {
		m.SetEdns0(udpSize, opt.Do())
		if m.Rcode == dns.RcodeBadVers {
			m.IsEdns0().SetVersion(0)
		}
		size = min(max(int(opt.UDPSize()), dns.MinMsgSize), maxUDPSize)
	}
	if _, ok := w.RemoteAddr().(*net.TCPAddr); ok {
		size = dns.MaxMsgSize
	}
	m.Compress = true
	if m.Len() > size {
		// Dropping additional records is no truncation (RFC 2181 section 9).
		m.Extra = slices.DeleteFunc(m.Extra, func(rr dns.RR) bool { return rr.Header().Rrtype != dns.TypeOPT })
	}
	m.Truncate(size)
	if _, err := m.Pack(); err != nil { // without a reply the client would wait
		e := new(dns.Msg)
		m = e.SetRcode(r, dns.RcodeServerFailure)
	}
	// The client may have left.
	_ = w.WriteMsg(m)
}
