package wire

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Consecutive failures after which a server is paused. A silent one costs time and packets. One that refuses costs
// little, and may refuse single names only.
const (
	silentLimit = 3
	noLimit     = 10
	firstPause  = 2 * time.Second
	longPause   = 5 * time.Minute
)

// server is what is remembered of one address between calls: its rate limit, and whether it supports EDNS.
type server struct {
	addr  string
	limit *rate.Limiter
	slots chan struct{} // one for each pending query
	plain atomic.Bool   // it does not support EDNS

	mu     sync.Mutex
	pauses map[string]*pause
}

// pause holds the failures of one server for one zone. A server that is silent for one zone may work for another.
type pause struct {
	silent, no, level int
	until             time.Time
	why               string
}

func (c *Checker) server(addr string) *server {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.servers[addr]
	if !ok {
		s = &server{
			addr: addr, limit: rate.NewLimiter(rate.Limit(c.o.Rate), c.o.Burst),
			slots: make(chan struct{}, c.o.AtOnce), pauses: map[string]*pause{},
		}
		c.servers[addr] = s
	}
	return s
}

// paused reports whether the server is paused for a zone, until when, and why.
func (s *server) paused(zone string, now time.Time) (until time.Time, why string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pauses[zone]
	if p == nil || !now.Before(p.until) {
		return time.Time{}, "", false
	}
	return p.until, p.why, true
}

// note counts failures. Queries that were pending when a pause began do not extend it. After a pause one more failure
// starts the next one, of twice the length.
func (s *server) note(zone string, o Outcome, why string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pauses[zone]
	if p == nil {
		p = new(pause)
		s.pauses[zone] = p
	}
	switch {
	case o.OK():
		*p = pause{}
		return
	case o == NoRoute || o == NotAsked || o == BackingOff || now.Before(p.until):
		return
	case o == Timeout || o == Closed || o == WrongReply || o == Garbled:
		p.silent++
	default:
		p.silent = 0
		p.no++
	}
	if p.silent >= silentLimit || p.no >= noLimit {
		p.until = now.Add(min(firstPause<<min(p.level, 10), longPause))
		p.level++
		p.why = why
		p.silent, p.no = min(p.silent, silentLimit-1), min(p.no, noLimit-1)
	}
}

// endPauses ends the pauses of the server. One more failure starts the next one, of twice the length.
func (s *server) endPauses() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pauses {
		p.until = time.Time{}
	}
}
