package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"rollcall/dnsview"
	"rollcall/providers"
	"rollcall/providers/budget"
)

// meter measures a watch. Most of what it gives is read off the last scan, the
// fleet and the accounts when somebody asks.
type meter struct {
	s          *session
	registry   *prometheus.Registry
	scans      prometheus.Counter
	lastScan   prometheus.Gauge
	refresh    *prometheus.HistogramVec
	deliveries *prometheus.CounterVec
	accounts   map[string][]*budget.Account // by name

	findings, coverage, age, rows, calls, throttles, left, blocked, names, delegated *prometheus.Desc

	mu     sync.Mutex
	view   *dnsview.View        // of the last scan; nil before the first
	doubts map[string]doubt     // reads that the last scan does not believe, by source
	ended  map[string]time.Time // when the last read of each source ended that was measured
	began  time.Time
}

// doubt is why a read that was complete is not believed: what is asked one by
// one, or the account that answered, refutes it.
type doubt struct {
	started time.Time
	why     string
}

// newMeter makes the metrics of a session. They are in a registry of their own.
func newMeter(s *session) *meter {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("rollcall_"+name, help, labels, nil)
	}
	m := &meter{
		s: s, registry: prometheus.NewRegistry(), accounts: map[string][]*budget.Account{}, ended: map[string]time.Time{}, began: s.app.now(),
		scans:    prometheus.NewCounter(prometheus.CounterOpts{Name: "rollcall_scans_total", Help: "Scans made of what all sources have shown."}),
		lastScan: prometheus.NewGauge(prometheus.GaugeOpts{Name: "rollcall_last_scan_timestamp_seconds", Help: "When the last scan was made."}),
		refresh: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rollcall_refresh_duration_seconds", Help: "How long one read of a source took, well or not.",
			Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 20, 30},
		}, []string{"source"}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rollcall_hook_deliveries_total", Help: "Findings that hooks were told of."}, []string{"hook", "result"}),
		findings:   desc("findings", "Findings of the last scan.", "class", "zone", "severity"),
		coverage:   desc("source_coverage", "1 for the state that a source is in: complete, partial, failed, stale or unread.", "source", "state"),
		age:        desc("source_age_seconds", "Age of the rows of a source.", "source"),
		rows:       desc("source_rows", "Rows of a source: instances or record values.", "source"),
		calls:      desc("api_calls_total", "Calls to the API of an account: ok, refused (4xx, which gone is too), throttled, failed (5xx or no answer), or held back by its budget.", "source", "result"),
		throttles:  desc("api_throttles_total", "Answers of an account that said: too many.", "source"),
		left:       desc("api_budget_left", "Calls that the budget of an account allows right now.", "source"),
		blocked:    desc("api_blocked_seconds", "How long an account wants no call at all from now.", "source"),
		names:      desc("wire_names", "Names by what their name servers answer.", "zone", "state"),
		delegated:  desc("wire_zone", "1 for what the name servers of a zone are.", "zone", "state"),
	}
	add := func(a *budget.Account) {
		if a != nil && !slices.Contains(m.accounts[a.Name()], a) {
			m.accounts[a.Name()] = append(m.accounts[a.Name()], a)
		}
	}
	for i := range s.clouds {
		add(s.clouds[i].budget)
	}
	for i := range s.zones {
		add(s.zones[i].budget)
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "rollcall_build_info", Help: "1, with the version of rollcall.", ConstLabels: prometheus.Labels{"version": buildVersion().Version},
	})
	build.Set(1)
	m.registry.MustRegister(m, m.scans, m.lastScan, m.refresh, m.deliveries, build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// scanned takes in a scan.
func (m *meter) scanned(v *dnsview.View) {
	m.scans.Inc()
	m.lastScan.Set(float64(v.Options.Now.UnixMilli()) / 1000)
	doubts := map[string]doubt{}
	for i, c := range coverages(v.Snapshot) { // View.Sources has the same order
		if b := &v.Sources[i]; c.Complete() && b.State == providers.CoveragePartial {
			doubts[c.name] = doubt{c.Started, b.Err}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.view, m.doubts = v, doubts
}

// read measures every read that has ended since it looked last.
func (m *meter) read(snap *providers.Snapshot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range coverages(snap) {
		if c.Finished.After(m.began) && c.Finished.After(m.ended[c.name]) {
			m.refresh.WithLabelValues(c.name).Observe(c.Finished.Sub(c.Started).Seconds())
			m.ended[c.name] = c.Finished
		}
	}
}

// covered is the coverage of one source with what it has shown.
type covered struct {
	providers.Coverage
	name string
	rows int
	from time.Time
}

func coverages(snap *providers.Snapshot) []covered {
	var out []covered
	for i := range snap.Clouds {
		c := &snap.Clouds[i]
		out = append(out, covered{c.Coverage, clean(c.Cloud.Name), len(c.Instances), c.RowsFrom})
	}
	for i := range snap.Zones {
		z := &snap.Zones[i]
		out = append(out, covered{z.Coverage, clean(z.Zone.Name), len(z.Records), z.RowsFrom})
	}
	return out
}

// Describe implements prometheus.Collector.
func (m *meter) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.findings, m.coverage, m.age, m.rows, m.calls, m.throttles, m.left, m.blocked, m.names, m.delegated} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *meter) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	view := m.view
	m.mu.Unlock()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	m.sources(gauge)
	for name, accounts := range m.accounts {
		m.account(ch, name, accounts, gauge)
	}
	if view == nil {
		return
	}
	type kind struct{ class, zone, severity string }
	found := map[kind]int{}
	for i := range view.Findings {
		f := &view.Findings[i]
		found[kind{string(f.Class), clean(f.Zone), f.Severity.String()}]++
	}
	for k, n := range found {
		gauge(m.findings, float64(n), k.class, k.zone, k.severity)
	}
	m.wire(view, gauge)
}

// sources gives the state of each source as it is now.
func (m *meter) sources(gauge func(*prometheus.Desc, float64, ...string)) {
	now := m.s.app.now()
	for _, c := range coverages(m.s.fleet.Snapshot()) {
		is, _ := m.state(&c, now)
		for _, s := range []providers.CoverageState{providers.CoverageComplete, providers.CoveragePartial, providers.CoverageFailed, providers.CoverageStale, providers.CoverageNone} {
			on := 0.0
			if s == is {
				on = 1
			}
			gauge(m.coverage, on, c.name, stateName(s))
		}
		gauge(m.rows, float64(c.rows), c.name)
		if !c.from.IsZero() {
			gauge(m.age, seconds(now.Sub(c.from)), c.name)
		}
	}
}

// state is what a source is worth now, and why it is not complete.
func (m *meter) state(c *covered, now time.Time) (is providers.CoverageState, why string) {
	if c.Err != nil {
		why = c.Err.Error()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	is = c.At(now, m.s.staleAfter())
	if d, ok := m.doubts[c.name]; ok && is == providers.CoverageComplete && d.started.Equal(c.Started) {
		return providers.CoveragePartial, d.why
	}
	return is, why
}

func (m *meter) account(ch chan<- prometheus.Metric, name string, accounts []*budget.Account, gauge func(*prometheus.Desc, float64, ...string)) {
	var sum budget.State
	now := m.s.app.now()
	for _, a := range accounts { // accounts of one name are counted together
		s := a.State()
		sum.Good, sum.Refused, sum.Throttles, sum.Failures, sum.Held = sum.Good+s.Good, sum.Refused+s.Refused, sum.Throttles+s.Throttles, sum.Failures+s.Failures, sum.Held+s.Held
		sum.Left += max(s.Left, 0)
		if s.BlockedUntil.After(sum.BlockedUntil) {
			sum.BlockedUntil = s.BlockedUntil
		}
	}
	name = clean(name)
	for result, n := range map[string]int64{"ok": sum.Good, "refused": sum.Refused, "throttled": sum.Throttles, "failed": sum.Failures, "held": sum.Held} {
		ch <- prometheus.MustNewConstMetric(m.calls, prometheus.CounterValue, float64(n), name, result)
	}
	ch <- prometheus.MustNewConstMetric(m.throttles, prometheus.CounterValue, float64(sum.Throttles), name)
	gauge(m.left, float64(sum.Left), name)
	gauge(m.blocked, max(0, seconds(sum.BlockedUntil.Sub(now))), name)
}

func (m *meter) wire(view *dnsview.View, gauge func(*prometheus.Desc, float64, ...string)) {
	type kind struct{ zone, state string }
	names := map[kind]int{}
	for i := range view.Options.Wire {
		w := &view.Options.Wire[i]
		names[kind{clean(w.Zone), string(w.State)}]++
	}
	for k, n := range names {
		gauge(m.names, float64(n), k.zone, k.state)
	}
	for i := range view.Options.WireZones {
		w := &view.Options.WireZones[i]
		gauge(m.delegated, 1, clean(w.Zone), string(w.State))
	}
}

// listen serves metrics and health on an address. What it returns serves until ctx ends.
func (m *meter) listen(ctx context.Context, addr string, say func(string, ...any)) (serve func(), err error) {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return nil, usagef("--metrics %q: write an address and a port, such as 127.0.0.1:9469", addr)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry}))
	mux.HandleFunc("GET /healthz", m.healthz)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ErrorLog: log.New(logTo(say), "", 0)}
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
			say("rollcall: metrics are not served any more: %s", clean(err.Error()))
		}
		<-ctx.Done()
	}, nil
}

// logTo writes what the server logs as everything else is said.
type logTo func(string, ...any)

func (l logTo) Write(p []byte) (int, error) {
	l("rollcall: metrics: %s", clean(strings.TrimSpace(string(p))))
	return len(p), nil
}

// healthz is well while every source is being read; else it says which are not.
func (m *meter) healthz(w http.ResponseWriter, _ *http.Request) {
	now := m.s.app.now()
	var bad []string
	for _, c := range coverages(m.s.fleet.Snapshot()) {
		is, why := m.state(&c, now)
		if is == providers.CoverageComplete {
			continue
		}
		line := c.name + ": " + stateName(is)
		if why != "" {
			line += ": " + strings.TrimPrefix(clean(why), c.name+": ")
		}
		bad = append(bad, line)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if len(bad) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, strings.Join(bad, "\n"))
		return
	}
	fmt.Fprintln(w, "ok")
}
