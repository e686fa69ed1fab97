package providertest

import (
	"io"
	"net/http"
	"sync"
)

// Writes counts the requests with which one account changes its zone, and disturbs them. The zero value is usable. It is
// safe for concurrent use.
type Writes struct {
	mu     sync.Mutex
	sent   int
	before func()
	after  func()
	lose   bool
}

// Sent returns how many requests were sent.
func (w *Writes) Sent() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent
}

// Before makes f run once, after the account has read and before its next write is sent.
func (w *Writes) Before(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before = f
}

// Lose makes the answer of the next write get lost after the server has carried it out.
func (w *Writes) Lose() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lose = true
}

// Answered makes f run once, after the server has made a write whose answer is lost.
func (w *Writes) Answered(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.after = f
}

// End runs the function of Answered.
func (w *Writes) End() {
	w.mu.Lock()
	after := w.after
	w.after = nil
	w.mu.Unlock()
	if after != nil {
		after()
	}
}

// Begin counts a write that is about to be sent, and reports whether its answer is to be lost.
func (w *Writes) Begin() (lose bool) {
	w.mu.Lock()
	before := w.before
	lose, w.lose, w.before = w.lose, false, nil
	w.sent++
	w.mu.Unlock()
	if before != nil {
		before()
	}
	return lose
}

// Transport returns a transport for an account with an HTTP API, where a write is a request other than GET.
func (w *Writes) Transport() http.RoundTripper { return transport{w} }

type transport struct{ w *Writes }

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodGet || !t.w.Begin() {
		return http.DefaultTransport.RoundTrip(req)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		err = io.ErrUnexpectedEOF
	}
	return nil, err
}
