package watcher

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/reader"
)

// watchMetrics holds the metrics of a watch. Most are read from the last scan, the fleet and the accounts on request;
// the others are counted.
type watchMetrics struct {
	s        *app.Session
	accounts map[string][]*budget.Account // by name

	scans, refresh, deliveries, missed, build *family

	team   *member // nil without one
	remedy *remedy // nil if this watch changes nothing

	mu       sync.Mutex
	view     *dnsview.View           // of the last scan; nil before the first, and while another watch works
	rejected map[string]rejectedRead // reads that the last scan rejected, by source
	ended    map[string]time.Time    // end of the last counted read of each source
	began    time.Time
}

// rejectedRead is why a complete read was rejected: single lookups, or the account that answered, contradict it.
type rejectedRead struct {
	started time.Time
	why     string
}

// newMetrics returns the metrics of a session for this version of rollcall.
func newMetrics(s *app.Session, version string) *watchMetrics {
	m := &watchMetrics{
		s: s, accounts: map[string][]*budget.Account{}, ended: map[string]time.Time{}, began: s.Program.Now(),
		scans:      counterFamily("scans_total", "Scans made of what all sources have shown."),
		refresh:    newFamily("histogram", "refresh_duration_seconds", "How long one read of a source took, well or not.", "source"),
		deliveries: counterFamily("hook_deliveries_total", "Posts to a webhook and runs of a command for hooks, each with its tries: ok or failed.", "hook", "result"),
		missed:     counterFamily("hook_missed_events_total", "Events that a hook misses for good: it refused them, or did not take them within a day.", "hook"),
		build:      gaugeFamily("build_info", "1, with the version of rollcall.", "version"),
	}
	m.scans.counter() // metrics without labels start at 0 instead of being absent
	m.build.gauge(version).Set(1)
	add := func(a *budget.Account) {
		if a != nil && !slices.Contains(m.accounts[a.Name()], a) {
			m.accounts[a.Name()] = append(m.accounts[a.Name()], a)
		}
	}
	for i := range s.Clouds() {
		add(s.Clouds()[i].Budget)
	}
	for i := range s.Zones() {
		add(s.Zones()[i].Budget)
	}
	return m
}

// scanned records a scan.
func (m *watchMetrics) scanned(v *dnsview.View) {
	m.scans.counter().Inc()
	doubts := map[string]rejectedRead{}
	for i, c := range coverages(v.Snapshot) { // in the order of View.Sources
		if b := &v.Sources[i]; c.Complete() && b.State == providers.CoveragePartial {
			doubts[c.name] = rejectedRead{c.Started, b.Err}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.view, m.rejected = v, doubts
}

// waits drops the last scan: what it has found is not known to be so any more.
func (m *watchMetrics) waits() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.view, m.rejected = nil, nil
}

// countReads counts every read that has ended since the last call.
func (m *watchMetrics) countReads(snap *providers.Snapshot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range coverages(snap) {
		if c.Finished.After(m.began) && c.Finished.After(m.ended[c.name]) {
			m.refresh.histogram([]float64{.1, .25, .5, 1, 2.5, 5, 10, 20, 30}, c.name).Update(c.Finished.Sub(c.Started).Seconds())
			m.ended[c.name] = c.Finished
		}
	}
}

// covered is the coverage of a source, and the number of its rows.
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
		out = append(out, covered{c.Coverage, words.Clean(c.Cloud.Name), len(c.Instances), c.RowsFrom})
	}
	for i := range snap.Zones {
		z := &snap.Zones[i]
		out = append(out, covered{z.Coverage, words.Clean(z.Zone.Name), len(z.Records), z.RowsFrom})
	}
	return out
}

// scrape serves all metrics, including those of the process.
func (m *watchMetrics) scrape(w http.ResponseWriter, _ *http.Request) {
	m.mu.Lock()
	view := m.view
	m.mu.Unlock()
	families := slices.Concat([]*family{m.scans, m.refresh, m.deliveries, m.missed, m.build}, m.works(), m.sources(), m.budgets(), m.lease(), m.remedy.families())
	if view != nil && m.team.works() {
		families = slices.Concat(families, findingMetrics(view), wireMetrics(view))
	}
	var page bytes.Buffer
	writeFamilies(&page, families)
	metrics.WriteProcessMetrics(&page)
	metrics.WriteFDMetrics(&page)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	_, _ = page.WriteTo(w)
}

// works returns whether this watch scans.
func (m *watchMetrics) works() []*family {
	works := gaugeFamily("watch_works", "1 while this watch scans and reports, 0 while it waits because another one of the team does.")
	works.gauge()
	if m.team.works() {
		works.gauge().Set(1)
	}
	return []*family{works}
}

// findingMetrics returns when a scan was made, and the number of its findings.
func findingMetrics(view *dnsview.View) []*family {
	last := gaugeFamily("last_scan_timestamp_seconds", "When the last scan was made; absent before it, and while another watch works.")
	last.gauge().Set(float64(view.Options.Now.UnixMilli()) / 1000)
	findings := gaugeFamily("findings", "Findings of the last scan.", "class", "zone", "severity", "certain", "snoozed")
	for i := range view.Findings {
		f := &view.Findings[i]
		findings.gauge(string(f.Class), words.Clean(f.Zone), f.Severity.String(), strconv.FormatBool(f.Certain()), strconv.FormatBool(view.Snooze(f) != nil)).Inc()
	}
	return []*family{last, findings}
}

// wireMetrics returns the number of answers of name servers in a scan.
func wireMetrics(view *dnsview.View) []*family {
	names := gaugeFamily("wire_names", "Names by what their name servers answer.", "zone", "state")
	for _, w := range view.Options.Wire {
		names.gauge(words.Clean(w.Zone), string(w.State)).Inc()
	}
	delegated := gaugeFamily("wire_zone", "1 for what the name servers of a zone are.", "zone", "state")
	for i := range view.Options.WireZones {
		w := &view.Options.WireZones[i]
		delegated.gauge(words.Clean(w.Zone), string(w.State)).Set(1)
	}
	return []*family{names, delegated}
}

// sources returns the current state of each source.
func (m *watchMetrics) sources() []*family {
	coverage := gaugeFamily("source_coverage", "1 for the state that a source is in: complete, partial, failed, stale or unread.", "source", "state")
	age := gaugeFamily("source_age_seconds", "Age of the rows of a source.", "source")
	ofRows := gaugeFamily("source_rows", "Rows of a source: instances or record values.", "source")
	now := m.s.Program.Now()
	for _, c := range coverages(m.s.Fleet.Snapshot()) {
		for _, s := range []providers.CoverageState{providers.CoverageComplete, providers.CoveragePartial, providers.CoverageFailed, providers.CoverageStale, providers.CoverageNone} {
			coverage.gauge(c.name, rows.StateName(s)).Set(0)
		}
		is, _ := m.state(&c, now)
		coverage.gauge(c.name, rows.StateName(is)).Set(1)
		ofRows.gauge(c.name).Set(float64(c.rows))
		if !c.from.IsZero() {
			age.gauge(c.name).Set(rows.Seconds(now.Sub(c.from)))
		}
	}
	return []*family{coverage, age, ofRows}
}

// state returns the current state of a source, and why it is not complete.
func (m *watchMetrics) state(c *covered, now time.Time) (is providers.CoverageState, why string) {
	if c.Err != nil {
		why = c.Err.Error()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	is = c.At(now, m.s.StaleAfter())
	if d, ok := m.rejected[c.name]; ok && is == providers.CoverageComplete && d.started.Equal(c.Started) {
		return providers.CoveragePartial, d.why
	}
	return is, why
}

// lease returns what this watch is for its team.
func (m *watchMetrics) lease() []*family {
	if m.team == nil {
		return nil
	}
	is := gaugeFamily("lease_state", "1 for what this watch is for its team: holding (it reads and reports), waiting (another one does) or alone (the store does not answer).", "state")
	number := gaugeFamily("lease_number", "Number of the lease that this watch holds, or 0.")
	now, _ := m.team.lease.State()
	for _, s := range []reader.State{reader.Holding, reader.Waiting, reader.Alone} {
		is.gauge(string(s)).Set(0)
	}
	is.gauge(string(now)).Set(1)
	n, ok := m.team.lease.Held()
	if !ok {
		n = 0
	}
	number.gauge().Set(float64(n))
	return []*family{is, number}
}

// budgets returns the calls of each account and what its budget allows now. Accounts of one name are added up.
func (m *watchMetrics) budgets() []*family {
	calls := counterFamily("api_calls_total", "Calls to the API of an account: ok, refused (4xx, which gone is too), throttled, failed (5xx or no answer), or held back by its budget.", "source", "result")
	throttles := counterFamily("api_throttles_total", "Answers of an account that said: too many.", "source")
	left := gaugeFamily("api_budget_left", "Calls that the budget of an account allows right now.", "source")
	blocked := gaugeFamily("api_blocked_seconds", "How long an account wants no call at all from now.", "source")
	now := m.s.Program.Now()
	for name, accounts := range m.accounts {
		name = words.Clean(name)
		for _, a := range accounts {
			s := a.State()
			for result, n := range map[string]int64{"ok": s.Good, "refused": s.Refused, "throttled": s.Throttles, "failed": s.Failures, "held": s.Withheld} {
				calls.counter(name, result).AddInt64(n)
			}
			throttles.counter(name).AddInt64(s.Throttles)
			left.gauge(name).Add(float64(max(s.Left, 0)))
			longest := blocked.gauge(name)
			longest.Set(max(longest.Get(), rows.Seconds(s.BlockedUntil.Sub(now)))) // starts at 0
		}
	}
	return []*family{calls, throttles, left, blocked}
}
