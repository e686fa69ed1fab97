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

// udpSize is the UDP payload size that queries announce (RFC 9715 section 3).
const udpSize = 1232

var errStopped = errors.New("the socket was closed")

// mux is one UDP socket to one server, shared by all pending queries.
type mux struct {
	conn net.Conn

	mu      sync.Mutex
	waiting map[uint16]*waiter
	err     error // set once the socket has failed
}

// waiter is a query that waits for its reply.
type waiter struct {
	question dns.Question
	reply    chan *dns.Msg // receives nil when the socket fails
	wrong    int           // replies to the same question with an unknown id
	garbled  int
}

func newMux(conn net.Conn) *mux { return &mux{conn: conn, waiting: map[uint16]*waiter{}} }

// read delivers replies until the socket is closed.
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

// deliver passes a reply to the query with its id. It does not accept a reply to another question (RFC 5452 section 3),
// but counts it as garbled for the query with its id, which keeps waiting.
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

// replies reports whether m is a reply to q. Servers that refuse a whole message may omit the question.
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

// fail ends the socket and all waits on it.
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

// register sets the id of the message to an unused one and returns the waiter. It fails if the socket has failed.
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

// forget ends a wait, unless another query has reused the id.
func (x *mux) forget(id uint16, w *waiter) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.waiting[id] == w {
		delete(x.waiting, id)
	}
}

// exchange sends m and waits for its reply. After each timeout it sends m again, if again returns nil.
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
			return nil, context.Cause(ctx)
		case <-time.After(timeout):
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return nil, &silence{wrong: w.wrong, garbled: w.garbled}
}

// silence is the error for a missing reply, with the numbers of invalid ones.
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
