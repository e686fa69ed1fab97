package apply_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"rollcall/providers/sim"
)

// fate is what becomes of a request whose sender is killed while it is on its way.
type fate string

const (
	dropped fate = "a request is sent, and gets lost with its sender"
	late    fate = "a request is sent, and is carried out after its sender died"
	unheard fate = "a request is carried out, and its sender dies before the answer"
)

// proxies stand between a victim and the embedded clouds. One of its writes can be the moment
// at which it is killed.
type proxies struct {
	mu     sync.Mutex
	writes int // seen so far
	target int // the write at which the victim is killed; none when 0
	fate   fate
	kill   func() // returns when the victim is dead
	busy   sync.WaitGroup
}

// between puts proxies before the endpoints that changes go to. Triton's stay as they are: a data
// centre is known by its URL.
func (p *proxies) between(t *testing.T, e sim.Endpoints) sim.Endpoints {
	t.Helper()
	e.AWS, e.Cloudflare = p.before(t, e.AWS), p.before(t, e.Cloudflare)
	return e
}

// proxy starts a server before one at an address, which is back to serve, and returns its address.
func proxy(t *testing.T, base string, serve func(back http.Handler, w http.ResponseWriter, r *http.Request)) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	rest := u.Path
	u.Path = ""
	back := httputil.NewSingleHostReverseProxy(u) // it leaves the Host header alone, which AWS's clients sign
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(back, w, r) }))
	t.Cleanup(s.Close)
	return s.URL + rest
}

func (p *proxies) before(t *testing.T, base string) string {
	t.Helper()
	return proxy(t, base, func(back http.Handler, w http.ResponseWriter, r *http.Request) {
		p.busy.Add(1)
		defer p.busy.Done()
		p.serve(back, w, r)
	})
}

func (p *proxies) serve(back http.Handler, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the victim died while it sent this
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r = r.WithContext(context.WithoutCancel(r.Context())) // what has arrived is carried out even when the client hangs up
	if !writes(r, string(body)) {
		back.ServeHTTP(w, r)
		return
	}
	answer := httptest.NewRecorder()
	p.write(func() { back.ServeHTTP(answer, r) }, func() {
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

// write has a write carried out and answered, unless it is the one at which the victim is killed.
func (p *proxies) write(carryOut, answer func()) {
	p.mu.Lock()
	p.writes++
	now, kill := p.writes == p.target, p.kill
	p.mu.Unlock()
	switch {
	case !now:
		carryOut()
		answer()
	case p.fate == dropped:
		kill()
	case p.fate == late:
		kill()
		carryOut()
	default:
		carryOut()
		kill()
	}
}

// writes reports whether a request changes something.
func writes(r *http.Request, body string) bool {
	switch {
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		return false
	case strings.Contains(r.URL.Path, "hostedzone"), strings.Contains(r.URL.Path, "/client/v4/"):
		return true
	}
	return strings.Contains(body, "Action=TerminateInstances") // EC2 asks everything by POST
}
