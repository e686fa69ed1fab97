// Package watcher reads all sources repeatedly and reports changes: as lines, as metrics for Prometheus, and to hooks.
// Read Options, then Run. It works on a session of package app and knows no command.
package watcher

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// watcher compares the findings of each scan with those of the one before.
type watcher struct {
	s       *app.Session
	filter  filter.Filter
	least   dnsview.Severity
	say     func(line string, row any) error // prints a change; nil prints none
	hooks   *hooks                           // nil for none
	metrics *watchMetrics
	team    *member // nil without one
	waited  bool    // another watch worked at the last look
	remedy  *remedy // nil if this watch changes nothing

	scanned time.Time               // start of the last scan
	known   map[string]*openFinding // findings by Finding.Key
	states  map[string]string       // of sources, as last reported
}

// openFinding is a current finding.
type openFinding struct {
	row   rows.FindingObject
	since time.Time
	scans int  // that have found it
	gone  int  // complete scans since that have not
	sent  bool // hooks are sent it
	// severity is that of the last scan. A finding below the lowest severity to report is not repeated to receivers that
	// are sent all that stands.
	severity dnsview.Severity
	below    bool
	// snoozed means that it was snoozed at the last scan: it is reported anew once it is not.
	snoozed bool
}

// Options configure a watch.
type Options struct {
	Metrics      string   // address of the metrics; empty for none
	MetricsHosts []string // additional names by which they may be requested
	Webhook      string
	// WebhookFormat is one of WebhookFormats; empty for the first. With a WebhookSecret each body is signed.
	WebhookFormat, WebhookSecret string
	Exec                         string
	ExecEnv                      []string // variables for the command beside those that it needs to run

	// Remedy names the classes of findings whose entries are removed; RemedyRuns is false for a dry run, and PerHour is the
	// most that watches of the team remove in an hour.
	Remedy     []dnsview.Class
	RemedyRuns bool
	PerHour    int
	StandsFor  time.Duration // how long a finding must have stood, certain in each scan; ten minutes if it is zero

	Only    filter.Filter    // findings to report
	Least   dnsview.Severity // lowest severity to report
	Lines   bool             // write changes to stdout
	AsJSON  bool             // as one object per line
	Version string           // of rollcall
}

// Run reads all sources repeatedly and reports changes until ctx ends.
func Run(ctx context.Context, a *app.Program, f *Options) (err error) {
	w := &watcher{filter: f.Only, least: f.Least, known: map[string]*openFinding{}, states: map[string]string{}}
	if f.Lines {
		w.say = lineWriter(a.Out, f.AsJSON)
	}
	if w.s, err = a.Open(ctx); err != nil {
		return err
	}
	w.s.Observer = w.s.NewObserver()
	w.s.Start(app.ConsoleTimeout)
	w.metrics, w.team = newMetrics(w.s, f.Version), newMember(a, w.s)
	w.metrics.team = w.team
	if w.team == nil && w.s.HasTeam() {
		a.Logf("rollcall: --read-only is given: this watch reads the sources and reports what it finds by itself, beside the watch that holds the lease of the team, and publishes nothing")
	}
	if len(f.Remedy) > 0 {
		if w.remedy, err = newRemedy(a, w, f); err != nil {
			return err
		}
		w.metrics.remedy = w.remedy
	}
	if f.Webhook != "" || f.Exec != "" {
		if w.hooks, err = newHooks(a, w.s, f, w.metrics); err != nil {
			return err
		}
		w.known = w.hooks.remembered()
	}
	w.scanned = a.Now()
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer w.keep()
	defer wg.Wait()
	defer w.remedy.wait()
	defer cancel()
	if f.Metrics != "" {
		serve, err := w.metrics.listen(ctx, f.Metrics, f.MetricsHosts, a.Logf)
		if err != nil {
			return err
		}
		wg.Go(serve)
	}
	if w.team != nil {
		w.team.begin(ctx)
		w.waited = true
		wg.Go(func() { w.team.run(ctx) })
	}
	wg.Go(func() { w.s.Fleet.Run(ctx) })
	wg.Go(func() { w.s.Observer.Run(ctx) })
	if w.hooks != nil {
		wg.Go(func() { w.hooks.run(ctx) })
	}
	err = w.run(ctx)
	if e := w.s.Save(w.s.Fleet.Own()); e != nil {
		a.Logf("rollcall: the rows of this run cannot be kept for the next: %s", words.Clean(e.Error()))
	}
	return err
}

// run scans whenever all sources have been read again, until ctx ends. It fails only if changes cannot be written any
// more.
func (w *watcher) run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-w.s.Fleet.Updates():
		case <-w.s.Observer.Changes:
		case <-tick.C:
			w.keep()
		case <-ctx.Done():
			return nil
		}
		snap := w.s.Fleet.Own()
		w.metrics.countReads(snap)
		if !w.team.works() {
			w.waited = true
			w.metrics.waits()
			continue
		}
		if w.waited { // what was read before is not what it reports on
			w.waited, w.scanned = false, w.s.Program.Now()
		}
		if !w.due(snap) {
			continue
		}
		w.scanned = w.s.Program.Now()
		v := w.s.Update(snap)
		if err := w.scan(v); err != nil {
			return err
		}
		w.remedy.look(ctx, v)
	}
}

// due reports whether all sources were read since the last scan. A source that fails or hangs delays the others by at
// most two refreshes.
func (w *watcher) due(snap *providers.Snapshot) bool {
	if w.s.Program.Now().Sub(w.scanned) > 2*w.s.Config.Refresh {
		return true
	}
	lags := func(c *providers.Coverage, name string) bool {
		return !c.Finished.After(w.scanned) && !w.s.NeverRead(name)
	}
	return !slices.ContainsFunc(snap.Clouds, func(c providers.CloudView) bool { return lags(&c.Coverage, c.Cloud.Name) }) &&
		!slices.ContainsFunc(snap.Zones, func(z providers.ZoneView) bool { return lags(&z.Coverage, z.Zone.Name) })
}

// confirmed is how many scans must find a finding before hooks are sent it, and how many complete ones must miss it before
// it is resolved: what comes and goes in between is neither.
const confirmed = 2

// scan reports new and resolved findings.
func (w *watcher) scan(v *dnsview.View) error {
	w.metrics.scanned(v)
	if err := w.sources(v); err != nil {
		return err
	}
	now := v.Options.Now
	b := &batch{fleet: w.s.Config.Fleet, at: now, next: now.Add(max(2*w.s.Config.Refresh, time.Minute))}
	if w.hooks != nil {
		b.events = w.remedy.events()
	}
	event := func(event string, s *openFinding) {
		b.events = append(b.events, newHookEvent(w.s, event, s, now))
	}
	stands := make(map[string]bool, len(v.Findings))
	unsure := map[string]bool{} // findings that have become uncertain are not resolved
	for i := range v.Findings {
		f := &v.Findings[i]
		row := rows.NewFinding(v, f)
		object := row.Object()
		if f.Class == dnsview.Unknown {
			unsure[object.Subject()] = true
		}
		key := keyOf(&object, stands)
		stands[key] = true
		s := w.known[key]
		if f.Severity < w.least || !w.filter.Match(row) {
			if s != nil {
				s.below = true
			}
			continue
		}
		if row.Snooze() != nil {
			if s != nil {
				s.snoozed = true
			}
			continue
		}
		if s != nil && s.snoozed {
			delete(w.known, key)
			s = nil
		}
		if s == nil {
			s = &openFinding{since: now, severity: f.Severity}
			w.known[key] = s
			s.row = object
			if err := w.report(EventNew, s, now); err != nil {
				return err
			}
		}
		if s.severity < f.Severity { // it is sent once more
			s.sent = false
		}
		s.row, s.gone, s.severity, s.below = object, 0, f.Severity, false
		s.scans++
		if w.hooks != nil && s.scans >= confirmed && !s.sent {
			event(EventNew, s)
			s.sent = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(w.known)) {
		s := w.known[key]
		if stands[key] {
			continue
		}
		if unsure[s.row.Subject()] || !resolved(v, &s.row) {
			s.gone = 0
			continue
		}
		if s.gone++; s.gone < confirmed {
			continue
		}
		if s.sent {
			event(EventResolved, s)
		}
		delete(w.known, key)
		if err := w.report(EventResolved, s, now); err != nil {
			return err
		}
	}
	if w.hooks != nil {
		w.send(b)
	}
	return nil
}

// send sends the batch of a scan, with the findings that stand if a receiver wants them.
func (w *watcher) send(b *batch) {
	if w.hooks.wantsAll() {
		for _, key := range slices.Sorted(maps.Keys(w.known)) {
			if s := w.known[key]; s.sent && !s.snoozed && !s.below {
				b.standing = append(b.standing, newHookEvent(w.s, EventNew, s, b.at))
			}
		}
	}
	w.hooks.send(b)
	if len(b.events) > 0 {
		w.hooks.remember(w.known)
	}
}

// keep stores what receivers are owed if it has changed.
func (w *watcher) keep() {
	if w.hooks != nil && w.hooks.changed.Load() {
		w.hooks.remember(w.known)
	}
}

// keyOf identifies a finding over scans by its class and its subject. It has no id of a record: one that is deleted and
// restored is the same. Of several with one key in a scan, as in two zones of one name, each has its own.
func keyOf(r *rows.FindingObject, taken map[string]bool) string {
	key := r.Class + " " + r.Subject()
	for n, first := 2, key; taken[key]; n++ {
		key = first + " " + strconv.Itoa(n)
	}
	return key
}

// sources reports sources whose state has changed.
func (w *watcher) sources(v *dnsview.View) error {
	for _, r := range w.s.SourceRows(v) {
		old, known := w.states[r.Name]
		w.states[r.Name] = r.State
		if w.say == nil || old == r.State || !known && r.State == string(providers.CoverageComplete) {
			continue
		}
		text := r.Name + " is " + r.State
		if r.Error != nil {
			text += ": " + strings.TrimPrefix(*r.Error, r.Name+": ")
		}
		if err := w.say(stampNow(v.Options.Now)+"  source    "+text, Line{Time: v.Options.Now.UTC(), Event: EventSource, Source: &r}); err != nil {
			return err
		}
	}
	return nil
}

// Events of a watch.
const (
	EventNew      = "new"
	EventResolved = "resolved"
	EventSource   = "source"
	EventStopped  = "stopped" // of hooks: the watch removes no entries any more
)

// Line is one line of rollcall watch -o json.
type Line struct {
	Time    time.Time           `json:"time"`
	Event   string              `json:"event"` // new, resolved or source
	Finding *rows.FindingObject `json:"finding,omitempty"`
	Source  *rows.Source        `json:"source,omitempty"`
}

func (w *watcher) report(event string, s *openFinding, now time.Time) error {
	if w.say == nil {
		return nil
	}
	r := &s.row
	text := fmt.Sprintf("%s  %-8s  %-8s  %-14s  %s", stampNow(now), event, r.Severity, r.Class, r.Reason)
	if event == EventResolved {
		text += ", for " + words.Short(now.Sub(s.since))
	}
	return w.say(text, Line{Time: now.UTC(), Event: event, Finding: r})
}

func stampNow(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// lineWriter returns a function that writes changes, one per line.
func lineWriter(out io.Writer, asJSON bool) func(string, any) error {
	return func(line string, row any) error {
		text := []byte(words.Clean(line))
		if asJSON {
			var err error
			if text, err = json.Marshal(row); err != nil {
				return fmt.Errorf("write output: %w", err)
			}
		}
		if _, err := out.Write(append(text, '\n')); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		return nil
	}
}
