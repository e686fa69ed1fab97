package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/providers"
)

// envWebhook names the environment variable that holds the webhook's URL, which is a secret
// as a rule and does not belong into a list of processes.
const envWebhook = "ROLLCALL_WEBHOOK"

// watchFlags are what rollcall watch takes.
type watchFlags struct {
	metrics, webhook, exec string
	metricsHosts           []string
	filter, severity       string
	execEnv                []string // variables that the command is given beside those that it needs to run
	form                   *format
	lines                  bool // tell changes on stdout
}

func (a *app) watchCommand() *cobra.Command {
	f := &watchFlags{}
	c := &cobra.Command{
		Use:   "watch",
		Short: "Keep looking: changes as lines, metrics for Prometheus, a hook for new findings",
		Long: `watch reads all sources again and again, asks name servers and makes health
checks as the config says, until it is interrupted. It tells each finding that
is new, and each that is resolved, in one line; with -o json in one object a
line. A finding is resolved when it is gone on evidence that is complete: a
source that cannot be read resolves nothing.

With --metrics it serves http://ADDR/metrics for Prometheus, and /healthz, which
is 200 only while all sources are being read and names those that are not; the
lines are left out unless -o is given. It answers requests for localhost, for
the address that they come in on, for this machine's name, and for the names of
--metrics-host; others it refuses, so that no web page can have a browser read it.

--webhook URL (or ROLLCALL_WEBHOOK, which no list of processes shows) is sent a
JSON object by POST, and --exec COMMAND is run by sh with the same on stdin, when a
finding has stood two scans, and again when it is resolved. Each is told once,
over restarts too. A receiver that fails is tried three times. The command is given PATH, HOME and the
like of the environment, and no credential; --exec-env NAME passes a variable on.`,
		Example: "  rollcall watch --severity high\n  rollcall watch --metrics :9469 --exec 'jq -r .text | mail -s rollcall ops'",
		Args:    noArgs,
	}
	f.form = outputFlag(c, asText, asJSON)
	c.Flags().StringVar(&f.metrics, "metrics", "", "serve metrics and /healthz on this `address`, e.g. 127.0.0.1:9469")
	c.Flags().StringSliceVar(&f.metricsHosts, "metrics-host", nil, "a further host `name` by which metrics may be asked for; may be given several times")
	c.Flags().StringVar(&f.webhook, "webhook", "", "POST each new and each resolved finding to this `URL`")
	c.Flags().StringVar(&f.exec, "exec", "", "run this `command` for each new and each resolved finding")
	c.Flags().StringArrayVar(&f.execEnv, "exec-env", nil, "pass the environment variable `NAME` on to the command of --exec; may be given several times")
	c.Flags().StringVar(&f.filter, "filter", "", "tell only findings that pass this `filter`; metrics count all")
	c.Flags().StringVar(&f.severity, "severity", "low", "tell only findings of this `severity` or more: info, low, medium, high, critical")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		f.lines = f.metrics == "" || cmd.Flags().Changed("output")
		if f.webhook == "" {
			f.webhook = os.Getenv(envWebhook)
		}
		return a.watch(cmd.Context(), f)
	}
	return c
}

// watcher compares what each scan finds with what the one before has found.
type watcher struct {
	s      *session
	filter filter.Filter
	least  dnsview.Severity
	say    func(line string, row any) error // prints a change; nil to print none
	hooks  *hooks                           // nil for none
	meter  *meter

	scanned time.Time            // when the last scan began
	known   map[string]*standing // findings by Finding.Key
	states  map[string]string    // of sources, as told last
}

// standing is a finding that stands, or that stood and has someone to be reported its end.
type standing struct {
	row   findingRow
	since time.Time
	scans int
	phase phase
}

// phase says how far the hooks are with a finding.
type phase int

const (
	phaseNew     phase = iota // not announced yet
	phaseTelling              // it is being told
	phaseTold
	phaseLeaving // it is resolved, and that is being told
)

func (a *app) watch(ctx context.Context, f *watchFlags) error {
	w := &watcher{known: map[string]*standing{}, states: map[string]string{}}
	var err error
	if w.filter, err = parseFilter(f.filter); err != nil {
		return err
	}
	if w.least, err = parseSeverity(f.severity); err != nil {
		return err
	}
	if f.webhook != "" {
		if u, err := url.Parse(f.webhook); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return exit.Usagef("the webhook is not a URL: write it with scheme and host, such as https://hooks.example.com/x") // it is a secret, so it is not repeated
		}
	}
	if f.lines {
		w.say = a.sayLine(f.form.is)
	}
	if w.s, err = a.open(ctx); err != nil {
		return err
	}
	w.s.observer = w.s.newObserver()
	w.s.start(consolePatience)
	w.meter = newMeter(w.s)
	if f.webhook != "" || f.exec != "" {
		if w.hooks, err = a.newHooks(w.s, f, w.meter.deliveries); err != nil {
			return err
		}
		w.known = w.hooks.remembered()
	}
	w.scanned = a.now()
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	if f.metrics != "" {
		serve, err := w.meter.listen(ctx, f.metrics, f.metricsHosts, a.say)
		if err != nil {
			return err
		}
		wg.Go(serve)
	}
	wg.Go(func() { w.s.fleet.Run(ctx) })
	wg.Go(func() { w.s.observer.run(ctx) })
	if w.hooks != nil {
		wg.Go(func() { w.hooks.run(ctx) })
	}
	err = w.run(ctx)
	if e := w.s.save(w.s.fleet.Snapshot()); e != nil {
		a.say("rollcall: the rows of this run cannot be kept for the next: %s", words.Clean(e.Error()))
	}
	return err
}

func parseSeverity(s string) (dnsview.Severity, error) {
	var known []string
	for v := dnsview.Info; v <= dnsview.Critical; v++ {
		if v.String() == s {
			return v, nil
		}
		known = append(known, v.String())
	}
	return 0, exit.Usagef("--severity %q: write %s", s, strings.Join(known, ", "))
}

// run scans whenever all sources have been read anew, until ctx ends. It
// fails only when what it has to say can be written nowhere any more.
func (w *watcher) run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var told <-chan delivery
	if w.hooks != nil {
		told = w.hooks.told
	}
	for {
		select {
		case <-w.s.fleet.Updates():
		case <-w.s.observer.changes:
		case <-tick.C:
		case d := <-told:
			w.delivered(d)
			continue
		case <-ctx.Done():
			return nil
		}
		snap := w.s.fleet.Snapshot()
		w.meter.read(snap)
		if !w.due(snap) {
			continue
		}
		w.scanned = w.s.app.now()
		if err := w.scan(w.s.update(snap)); err != nil {
			return err
		}
	}
}

// due reports whether a scan would rest on new reads of all sources. One
// that fails or hangs holds the others up for two refreshes at most.
func (w *watcher) due(snap *providers.Snapshot) bool {
	if w.s.app.now().Sub(w.scanned) > 2*w.s.config.Refresh {
		return true
	}
	for i := range snap.Clouds {
		if c := &snap.Clouds[i]; !c.Coverage.Finished.After(w.scanned) && !w.s.neverRead(c.Cloud.Name) {
			return false
		}
	}
	for i := range snap.Zones {
		if z := &snap.Zones[i]; !z.Coverage.Finished.After(w.scanned) && !w.s.neverRead(z.Zone.Name) {
			return false
		}
	}
	return true
}

// scan says what is new and what is resolved.
func (w *watcher) scan(v *dnsview.View) error {
	w.meter.scanned(v)
	if err := w.sources(v); err != nil {
		return err
	}
	stands := make(map[string]bool, len(v.Findings))
	unsure := map[string]bool{} // what no one can tell for certain any more is not resolved
	for i := range v.Findings {
		f := &v.Findings[i]
		key := f.Key()
		stands[key] = true
		if f.Class == dnsview.Unknown {
			unsure[subjectOf(newFindingRow(v, f))] = true
		}
		if f.Severity < w.least || !w.filter.MatchFinding(v, f) {
			continue
		}
		s := w.known[key]
		if s == nil {
			s = &standing{since: v.Options.Now}
			w.known[key] = s
			s.row = newFindingRow(v, f)
			if err := w.tell(eventNew, s, v.Options.Now); err != nil {
				return err
			}
		}
		s.row = newFindingRow(v, f)
		s.scans++
		if w.hooks != nil && s.scans >= 2 && s.phase == phaseNew && w.hooks.send(key, newHookEvent(w.s, eventNew, s, v.Options.Now)) {
			s.phase = phaseTelling
		}
	}
	for key, s := range w.known {
		if stands[key] || unsure[subjectOf(s.row)] || s.phase == phaseTelling || s.phase == phaseLeaving || !resolved(v, &s.row) {
			continue
		}
		if s.phase == phaseTold {
			if !w.hooks.send(key, newHookEvent(w.s, eventResolved, s, v.Options.Now)) {
				continue // at the next scan
			}
			s.phase = phaseLeaving
		} else {
			delete(w.known, key)
		}
		if err := w.tell(eventResolved, s, v.Options.Now); err != nil {
			return err
		}
	}
	return nil
}

// subjectOf is what a finding is about, whatever its class. It is made of what is kept over a restart.
func subjectOf(r findingRow) string {
	if x := r.Record; x != nil {
		return r.Service + " " + recordName(x.Zone, x.Name, x.Type, x.Value) + "#" + x.SetID
	}
	return r.Service + " " + about(&r)
}

// delivered takes in that the hooks are done with an event, whatever became of it.
func (w *watcher) delivered(d delivery) {
	s := w.known[d.key]
	switch {
	case s == nil:
		return
	case s.phase == phaseLeaving:
		delete(w.known, d.key)
	default:
		s.phase = phaseTold
	}
	w.hooks.remember(w.known)
}

// sources reports sources that are read otherwise than before.
func (w *watcher) sources(v *dnsview.View) error {
	for _, r := range w.s.sources(v) {
		old, known := w.states[r.Name]
		w.states[r.Name] = r.State
		if w.say == nil || old == r.State || !known && r.State == string(providers.CoverageComplete) {
			continue
		}
		text := r.Name + " is " + r.State
		if r.Error != nil {
			text += ": " + strings.TrimPrefix(*r.Error, r.Name+": ")
		}
		if err := w.say(stampNow(v.Options.Now)+"  source    "+text, watchLine{Time: v.Options.Now.UTC(), Event: eventSource, Source: &r}); err != nil {
			return err
		}
	}
	return nil
}

// The words for what happened.
const (
	eventNew      = "new"
	eventResolved = "resolved"
	eventSource   = "source"
)

// watchLine is one line of rollcall watch -o json.
type watchLine struct {
	Time    time.Time   `json:"time"`
	Event   string      `json:"event"` // new, resolved or source
	Finding *findingRow `json:"finding,omitempty"`
	Source  *sourceRow  `json:"source,omitempty"`
}

func (w *watcher) tell(event string, s *standing, now time.Time) error {
	if w.say == nil {
		return nil
	}
	r := &s.row
	text := fmt.Sprintf("%s  %-8s  %-8s  %-14s  %s", stampNow(now), event, r.Severity, r.Class, r.Reason)
	if event == eventResolved {
		text += ", for " + words.Short(now.Sub(s.since))
	}
	return w.say(text, watchLine{Time: now.UTC(), Event: event, Finding: r})
}

func stampNow(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// sayLine writes changes to stdout, one a line.
func (a *app) sayLine(form string) func(string, any) error {
	return func(line string, row any) error {
		if form == asText {
			return flush(a.out, words.Clean(line)+"\n")
		}
		b, err := json.Marshal(row)
		if err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		return flush(a.out, string(b)+"\n")
	}
}
