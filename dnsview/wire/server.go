package wire

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Failures in a row after which a server is left alone for a while. One that
// says nothing costs time and packets; one that says no costs little, and may
// mean single names only.
const (
	silentLimit = 3
	noLimit     = 10
	firstPause  = 2 * time.Second
	longPause   = 5 * time.Minute
)

// server is what is remembered of one address over calls: how fast it may be
// asked, and whether it speaks EDNS.
type server struct {
	addr  string
	limit *rate.Limiter
	slots chan struct{} // one for each question that may be under way

	mu     sync.Mutex
	plain  bool // it does not speak EDNS
	pauses map[string]*pause
}

// pause is how one server behaves for one zone. A server that is silent about
// one zone may be well for another.
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

// paused says until when the server is left alone for a zone, and why.
func (s *server) paused(zone string, now time.Time) (until time.Time, why string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pauses[zone]
	if p == nil || !now.Before(p.until) {
		return time.Time{}, "", false
	}
	return p.until, p.why, true
}

// note keeps count of failures. Questions that were under way when a pause
// began do not make it longer; after a pause one more failure begins the next, which is twice as long.
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

func (s *server) speaksEDNS() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.plain
}

func (s *server) setPlain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plain = true
}
