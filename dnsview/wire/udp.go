package wire

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"

	"rollcall/providers"
)

// udpSize is what we say that we take over UDP (RFC 9715 section 3).
const udpSize = 1232

var errStopped = errors.New("the socket was closed")

// mux is one UDP socket to one server, shared by all questions under way to it.
type mux struct {
	conn net.Conn

	mu      sync.Mutex
	waiting map[uint16]*waiter
	err     error // set once the socket is of no more use
}

// waiter is one question that a reply is awaited for.
type waiter struct {
	question dns.Question
	reply    chan *dns.Msg // nil is sent when the socket breaks
	wrong    int           // replies to the same question with an id of no one's
	garbled  int
}

func newMux(conn net.Conn) *mux { return &mux{conn: conn, waiting: map[uint16]*waiter{}} }

// read hands replies to those who wait for them, until the socket is closed.
func (x *mux) read() {
	buf := make([]byte, dns.MaxMsgSize)
	for {
		n, err := x.conn.Read(buf)
		if err != nil {
			x.fail(err)
			return
		}
		x.deliver(slices.Clone(buf[:n]))
	}
}

// deliver hands a reply to the question with its id. A reply that answers
// no question is not believed (RFC 5452 section 3). It is counted as garbled for the question
// with its id, which goes on waiting for the real reply.
func (x *mux) deliver(p []byte) {
	m := new(dns.Msg)
	err := m.Unpack(p)
	x.mu.Lock()
	defer x.mu.Unlock()
	if err != nil {
		for id, w := range x.waiting {
			if len(p) < 2 || id == uint16(p[0])<<8|uint16(p[1]) || len(x.waiting) == 1 {
				w.garbled++
			}
		}
		return
	}
	if w := x.waiting[m.Id]; w != nil && replies(m, w.question) {
		delete(x.waiting, m.Id)
		w.reply <- m
		return
	}
	for id, w := range x.waiting {
		if id == m.Id || replies(m, w.question) {
			w.wrong++
		}
	}
}

// replies reports whether m is a reply to q. Servers that refuse a message as a
// whole may leave the question out.
func replies(m *dns.Msg, q dns.Question) bool {
	if !m.Response {
		return false
	}
	if len(m.Question) == 0 {
		return m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError
	}
	r := m.Question[0]
	return len(m.Question) == 1 && r.Qtype == q.Qtype && r.Qclass == q.Qclass && providers.SameName(r.Name, q.Name)
}

// fail ends the socket and all who wait on it.
func (x *mux) fail(err error) {
	_ = x.conn.Close()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err == nil {
		x.err = err
	}
	for id, w := range x.waiting {
		delete(x.waiting, id)
		w.reply <- nil
	}
}

func (x *mux) broken() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.err
}

// register sets an id of the message that no other question waits for, and returns what to wait on. It fails when
// the socket has failed.
func (x *mux) register(m *dns.Msg) (*waiter, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err != nil {
		return nil, x.err
	}
	for x.waiting[m.Id] != nil {
		m.Id++
	}
	w := &waiter{question: m.Question[0], reply: make(chan *dns.Msg, 1)}
	x.waiting[m.Id] = w
	return w, nil
}

// forget ends a wait, unless someone else waits with the same id by now.
func (x *mux) forget(id uint16, w *waiter) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.waiting[id] == w {
		delete(x.waiting, id)
	}
}

// exchange sends m and waits for its reply, sending it again after each
// timeout; again is asked for leave before that.
func (x *mux) exchange(ctx context.Context, m *dns.Msg, tries int, timeout time.Duration, again func() error) (*dns.Msg, error) {
	w, err := x.register(m)
	if err != nil {
		return nil, err
	}
	defer x.forget(m.Id, w)
	p, err := m.Pack()
	if err != nil {
		return nil, err
	}
	for try := range tries {
		if try > 0 {
			if err := again(); err != nil {
				return nil, err
			}
		}
		if _, err := x.conn.Write(p); err != nil {
			x.fail(err)
			return nil, err
		}
		select {
		case r := <-w.reply:
			if r == nil {
				return nil, x.broken()
			}
			return r, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(timeout):
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return nil, &silence{wrong: w.wrong, garbled: w.garbled}
}

// silence says that no reply came, and what came in its place.
type silence struct{ wrong, garbled int }

func (s *silence) Error() string {
	switch {
	case s.wrong > 0:
		return "only replies to something else came"
	case s.garbled > 0:
		return "only replies came that are no DNS messages"
	}
	return "no reply in time"
}
