package watcher

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// listen opens an address for metrics and health. The returned function serves until ctx ends.
func (m *watchMetrics) listen(ctx context.Context, addr string, hosts []string, say func(string, ...any)) (serve func(), err error) {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return nil, exit.Usagef("--metrics %q: write an address and a port, such as 127.0.0.1:9469", addr)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", m.scrape)
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { answer(w, nil) })
	mux.HandleFunc("GET /readyz", m.readyz)
	mux.HandleFunc("GET /healthz", m.healthz)
	srv := &http.Server{
		Handler: onlyForHosts(mux, hosts), ErrorLog: log.New(logTo(say), "", 0), MaxHeaderBytes: 64 << 10,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
	}
	say("rollcall watch: metrics on http://%s/metrics, health on http://%s/healthz", l.Addr(), l.Addr())
	return func() {
		stop := context.AfterFunc(ctx, func() {
			limited, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if srv.Shutdown(limited) != nil {
				_ = srv.Close()
			}
		})
		defer stop()
		if err := srv.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			say("rollcall: metrics are not served any more: %s", words.Clean(err.Error()))
		}
		<-ctx.Done()
	}, nil
}

// onlyForHosts serves only requests for this machine's names or addresses. It protects against DNS rebinding: a page of
// evil.example, whose name now resolves to 127.0.0.1, makes the browser send that name.
func onlyForHosts(h http.Handler, hosts []string) http.Handler {
	known := []string{"localhost"}
	if name, err := os.Hostname(); err == nil {
		known = append(known, providers.CanonicalName(name))
	}
	for _, name := range hosts {
		known = append(known, providers.CanonicalName(name))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		host = strings.Trim(host, "[]")
		a, err := netip.ParseAddr(host)
		ok := err != nil && slices.Contains(known, providers.CanonicalName(host))
		if err == nil {
			local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
			at, _ := netip.ParseAddrPort(fmt.Sprint(local))
			ok = a.Unmap().IsLoopback() || a.WithZone("").Unmap() == at.Addr().WithZone("").Unmap() || slices.Contains(known, host)
		}
		if !ok {
			http.Error(w, "this is not "+words.Clean(host)+": ask for the address that rollcall listens on, or give it --metrics-host", http.StatusMisdirectedRequest)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// logTo sends the server's log to a message function.
type logTo func(string, ...any)

func (l logTo) Write(p []byte) (int, error) {
	l("rollcall: metrics: %s", words.Clean(strings.TrimSpace(string(p))))
	return len(p), nil
}

// healthz answers OK while every source is being read; otherwise it lists those that are not.
func (m *watchMetrics) healthz(w http.ResponseWriter, _ *http.Request) {
	now := m.s.Program.Now()
	var bad []string
	for _, c := range coverages(m.s.Fleet.Snapshot()) {
		is, why := m.state(&c, now)
		if is == providers.CoverageComplete {
			continue
		}
		line := c.name + ": " + rows.StateName(is)
		if why != "" {
			line += ": " + strings.TrimPrefix(words.Clean(why), c.name+": ")
		}
		bad = append(bad, line)
	}
	answer(w, bad)
}

// readyz answers OK once a scan has been made, so that what metrics say is something that was read.
func (m *watchMetrics) readyz(w http.ResponseWriter, _ *http.Request) {
	m.mu.Lock()
	made := m.view != nil
	m.mu.Unlock()
	made = made || !m.team.works() // it is ready to take over
	if made {
		answer(w, nil)
		return
	}
	answer(w, []string{"no scan has been made yet"})
}

// answer writes "ok", or 503 and a line for each reason.
func answer(w http.ResponseWriter, bad []string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if len(bad) == 0 {
		bad = []string{"ok"}
	} else {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprintln(w, strings.Join(bad, "\n"))
}
