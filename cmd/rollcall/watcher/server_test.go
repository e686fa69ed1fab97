package watcher

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/reader"
)

// served starts the server of metrics, and returns its address.
func served(t *testing.T, hosts ...string) string {
	t.Helper()
	s := app.NewSession(&app.Program{Err: io.Discard}, config.Empty(), nil, nil)
	s.State = t.TempDir()
	s.Start(time.Second)
	var at string
	ctx, cancel := context.WithCancel(t.Context())
	serve, err := newMetrics(s, "").listen(ctx, "127.0.0.1:0", hosts, func(format string, args ...any) {
		t.Logf(format, args...)
		if l, ok := args[0].(net.Addr); ok {
			at = l.String()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { serve(); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return at
}

func TestMetricsAreGivenToThoseWhoAskForThisMachineOnly(t *testing.T) {
	at := served(t, "Watch.Example.")
	_, port, err := net.SplitHostPort(at)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{
		at: 200, "localhost": 200, "LOCALHOST:" + port: 200, "localhost.:" + port: 200, "127.0.0.1": 200, "127.9.9.9:80": 200, "[::1]:" + port: 200, "watch.example:9469": 200, "WATCH.example": 200,
		"evil.example": 421, "evil.example:" + port: 421, "localhost.evil.example": 421, "192.0.2.1": 421, "127.0.0.1.evil.example": 421, "watch.example.evil.example": 421, "[2001:db8::1]:80": 421,
	} {
		for _, path := range []string{"/metrics", "/healthz", "/"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+at+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			got, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatalf("Host %s, %s: %v", host, path, err)
			}
			text, _ := io.ReadAll(got.Body)
			_ = got.Body.Close()
			if refused := got.StatusCode == http.StatusMisdirectedRequest; refused != (want == 421) || path == "/metrics" && got.StatusCode != want {
				t.Errorf("Host %s, %s: %s", host, path, got.Status)
			} else if refused && strings.Contains(string(text), "rollcall_") {
				t.Errorf("Host %s is refused, and told %s", host, text)
			}
		}
	}
}

func TestAConnectionThatAsksForNothingIsClosed(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	at := served(t)
	for _, begin := range []string{"", "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Slow: "} {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, begin)
		if err := c.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Errorf("after %q the connection stays open: %v", begin, err)
		}
		_ = c.Close()
	}
}

func TestNoScanIsShownBeforeOneIsMadeNorWhileAnotherWatchWorks(t *testing.T) {
	s := app.NewSession(&app.Program{Err: io.Discard}, config.Empty(), nil, nil)
	s.State = t.TempDir()
	s.Start(time.Second)
	m := newMetrics(s, "")
	shows := func(works string, scan bool) {
		t.Helper()
		w := httptest.NewRecorder()
		m.scrape(w, nil)
		page := w.Body.String()
		if !strings.Contains(page, "\nrollcall_watch_works "+works+"\n") || strings.Contains(page, "\nrollcall_last_scan_timestamp_seconds ") != scan || strings.Contains(page, "\nrollcall_findings{") != scan {
			t.Errorf("want works %s, scan %t:\n%s", works, scan, page)
		}
	}
	shows("1", false)
	v := dnsview.Inspect(&providers.Snapshot{}, index.Options{Now: at})
	v.Findings = []dnsview.Finding{{Class: dnsview.Dead, Severity: dnsview.High, Zone: "example.com"}}
	m.scanned(v)
	shows("1", true)
	m.team = &member{lease: reader.NewLease(reader.Options{})} // it waits
	shows("0", false)
	m.waits()
	m.team = nil
	shows("1", false)
}
