package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"rollcall/dnsview"
	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// pane is text that is written by one goroutine and read by another.
type pane struct {
	mu   sync.Mutex
	text strings.Builder
}

func (p *pane) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *pane) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// watch is a rollcall watch that runs during a test.
type watch struct {
	t        *testing.T
	out, err pane
	stop     context.CancelFunc
	ended    chan error
}

// startWatch runs a watch of the world that scans every second.
func startWatch(t *testing.T, f watchFlags) *watch {
	t.Helper()
	w := &watch{t: t, ended: make(chan error, 1)}
	a := &app{in: os.Stdin, out: &w.out, err: &w.err, now: time.Now}
	var ctx context.Context
	ctx, w.stop = context.WithCancel(context.Background())
	if f.form == nil {
		f.form = &format{is: asJSON}
	}
	f.lines = f.metrics == ""
	if f.severity == "" {
		f.severity = "low"
	}
	go func() {
		err := a.watch(ctx, &f)
		for _, c := range a.closers {
			err = errors.Join(err, c())
		}
		w.ended <- err
	}()
	t.Cleanup(func() {
		w.end()
		if t.Failed() {
			t.Logf("stdout:\n%s\nstderr:\n%s", &w.out, &w.err)
		}
	})
	return w
}

// end ends the watch, which is no failure.
func (w *watch) end() {
	w.stop()
	select {
	case err := <-w.ended:
		w.ended <- nil
		if err != nil {
			w.t.Errorf("the watch ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		w.t.Error("the watch does not end")
	}
}

// until waits for something to hold.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 300 {
		if holds() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("waited for %s in vain", what)
}

// lines are what the watch has told so far.
func (w *watch) lines() []watchLine {
	w.t.Helper()
	var out []watchLine
	for l := range strings.Lines(w.out.String()) {
		if strings.HasSuffix(l, "\n") {
			out = append(out, decode[watchLine](w.t, l))
		}
	}
	return out
}

// count counts the events of one kind about findings of one class.
func (w *watch) count(event, class string) int {
	n := 0
	for _, l := range w.lines() {
		if l.Event == event && l.Finding != nil && l.Finding.Class == class {
			n++
		}
	}
	return n
}

var metricsAt = regexp.MustCompile(`http://[0-9.:]+/metrics`)

// url is where the watch serves its metrics.
func (w *watch) url() string {
	w.t.Helper()
	until(w.t, "the address of the metrics", func() bool { return metricsAt.MatchString(w.err.String()) })
	return metricsAt.FindString(w.err.String())
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url) //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// scrape reads all metrics as Prometheus would.
func (w *watch) scrape() map[string]*dto.MetricFamily {
	w.t.Helper()
	_, body := get(w.t, w.url())
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		w.t.Fatalf("%v in\n%s", err, body)
	}
	return families
}

// sum adds up the values of a family whose labels are as given: name, value, name, value.
func sum(f *dto.MetricFamily, labels ...string) float64 {
	total := 0.0
	for _, m := range f.GetMetric() {
		match := true
		for i := 0; i < len(labels); i += 2 {
			match = match && slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetName() == labels[i] && l.GetValue() == labels[i+1] })
		}
		if match {
			total += m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return total
}

func fastWorld(t *testing.T) *sim.Sim {
	t.Helper()
	s := newWorld(t)
	rewrite(t, "refresh: 10s", "refresh: 1s")
	return s
}

func TestPrometheusIsServedWhatTheWatchSees(t *testing.T) {
	s := fastWorld(t)
	w := startWatch(t, watchFlags{metrics: "127.0.0.1:0"})
	until(t, "the dead entries to be counted", func() bool { return sum(w.scrape()["rollcall_findings"], "class", "dead") == 6 })
	m := w.scrape()
	for _, c := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"rollcall_findings", []string{"class", "dead", "zone", "scalability.expert", "severity", "high"}, 2},
		{"rollcall_findings", []string{"class", "dangling", "severity", "critical"}, 3},
		{"rollcall_source_coverage", []string{"state", "complete"}, 6},
		{"rollcall_source_coverage", []string{"source", "joyent-ams", "state", "failed"}, 0},
		{"rollcall_api_calls_total", []string{"result", "failed"}, 0},
		{"rollcall_build_info", nil, 1},
	} {
		if m[c.name] == nil {
			t.Fatalf("there is no %s", c.name)
		}
		if got := sum(m[c.name], c.labels...); got != c.want {
			t.Errorf("%s %v is %v, want %v", c.name, c.labels, got, c.want)
		}
	}
	for _, c := range []struct {
		name   string
		labels []string
	}{
		{"rollcall_source_age_seconds", []string{"source", "unilans.net"}},
		{"rollcall_source_rows", []string{"source", "aws-use1"}},
		{"rollcall_api_calls_total", []string{"source", "cloudflare", "result", "ok"}},
		{"rollcall_api_budget_left", []string{"source", "joyent-east"}},
		{"rollcall_refresh_duration_seconds", []string{"source", "joyent-ams"}},
		{"rollcall_scans_total", nil},
		{"rollcall_last_scan_timestamp_seconds", nil},
	} {
		if got := sum(m[c.name], c.labels...); !(got > 0) {
			t.Errorf("%s %v is %v", c.name, c.labels, got)
		}
	}
	until(t, "every name to be in sync", func() bool {
		m := w.scrape()
		return sum(m["rollcall_wire_names"], "state", "in sync") > 40 && sum(m["rollcall_wire_names"], "state", "waiting") == 0 && sum(m["rollcall_wire_zone"], "state", "in sync") == 2
	})
	health := strings.TrimSuffix(w.url(), "metrics") + "healthz"
	until(t, "the watch to be well", func() bool { code, body := get(t, health); return code == 200 && body == "ok\n" })

	for name, fault := range map[string]world.FaultKind{"joyent-ams": world.ServerError, "unilans.net": world.Throttle} {
		if err := s.World().SetFault(name, fault); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "both failures to show", func() bool {
		m := w.scrape()
		return sum(m["rollcall_source_coverage"], "source", "joyent-ams", "state", "failed") == 1 && sum(m["rollcall_api_throttles_total"], "source", "route53") > 0 &&
			sum(m["rollcall_api_calls_total"], "source", "joyent-ams", "result", "failed") > 0 && sum(m["rollcall_findings"], "class", "dead") == 0
	})
	code, body := get(t, health)
	if code != http.StatusServiceUnavailable || !strings.Contains(body, "joyent-ams: failed: ") || strings.Contains(body, "aws-use1") {
		t.Errorf("%d: %s", code, body)
	}
	if w.out.String() != "" {
		t.Errorf("lines beside the metrics: %s", w.out.String())
	}
}

func TestTheWatchTellsWhatIsNewAndWhatIsResolved(t *testing.T) {
	s := fastWorld(t)
	w := startWatch(t, watchFlags{})
	until(t, "all dead entries", func() bool { return w.count(eventNew, "dead") == 6 })
	if w.count(eventNew, "foreign") != 0 {
		t.Error("findings below the severity are told")
	}
	z, err := s.World().Zone("scalability.expert")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Update(func(tx *world.Tx) error {
		for _, r := range tx.Records() {
			if r.Content == "165.225.128.17" {
				tx.RemoveRecord(r.ID)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	until(t, "the end of one", func() bool { return w.count(eventResolved, "dead") == 1 })

	// A cloud that cannot be read resolves nothing, and is told of itself.
	if err := s.World().SetFault("joyent-ams", world.Unreachable); err != nil {
		t.Fatal(err)
	}
	source := func(state string) func() bool {
		return func() bool {
			return slices.ContainsFunc(w.lines(), func(l watchLine) bool {
				return l.Event == eventSource && l.Source.Name == "joyent-ams" && l.Source.State == state
			})
		}
	}
	until(t, "the failed cloud", source("failed"))
	if err := s.World().SetFault("joyent-ams", world.NoFault); err != nil {
		t.Fatal(err)
	}
	until(t, "the cloud that is well again", source("complete"))
	time.Sleep(3 * time.Second) // some scans
	if n, m := w.count(eventResolved, "dead"), w.count(eventNew, "dead"); n != 1 || m != 6 {
		t.Errorf("%d resolved, %d new", n, m)
	}
}

func TestALineIsCleanAndSaysWhenAndWhat(t *testing.T) {
	fastWorld(t)
	w := startWatch(t, watchFlags{form: &format{is: asText}, filter: "finding:dangling", severity: "critical"})
	until(t, "the dangling entries", func() bool { return strings.Count(w.out.String(), "\n") >= 3 })
	for l := range strings.Lines(w.out.String()) {
		if !regexp.MustCompile(`^2\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ  new       critical  dangling        .* dangles: `).MatchString(l) {
			t.Errorf("%q", l)
		}
	}
}

// receiver is a webhook that notes what it is sent.
type receiver struct {
	mu     sync.Mutex
	got    []hookEvent
	posts  int
	refuse int // this many posts fail
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.posts++
	if r.refuse > 0 {
		r.refuse--
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	var e hookEvent
	if req.Header.Get("Content-Type") != "application/json" || json.NewDecoder(req.Body).Decode(&e) != nil {
		http.Error(w, "no JSON", http.StatusBadRequest)
		return
	}
	r.got = append(r.got, e)
}

func (r *receiver) count(event, class string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, e := range r.got {
		if e.Event == event && e.Finding.Class == class {
			n++
		}
	}
	return n
}

func TestAWebhookIsToldOnceOfEachFindingAndOnceOfItsEndOverRestartsToo(t *testing.T) {
	s := fastWorld(t)
	r := &receiver{refuse: 2}
	srv := httptest.NewServer(r)
	defer srv.Close()
	f := watchFlags{webhook: srv.URL + "/secret-path?token=hush", filter: "finding:dead,dangling"}
	w := startWatch(t, f)
	until(t, "the webhook to be told", func() bool { return r.count(eventNew, "dead") == 6 && r.count(eventNew, "dangling") == 3 })
	time.Sleep(3 * time.Second) // some scans
	w.end()
	if n := len(r.got); n != 9 || r.posts != 11 {
		t.Errorf("%d events in %d posts", n, r.posts)
	}
	for _, e := range r.got {
		if e.Fleet == "" || !strings.Contains(e.Text, e.Finding.Reason) || e.Time.Sub(e.Since) < 500*time.Millisecond {
			t.Errorf("%+v", e)
		}
	}

	z, err := s.World().Zone("scalability.expert")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Update(func(tx *world.Tx) error {
		for _, rec := range tx.Records() {
			if rec.Content == "165.225.128.17" {
				tx.RemoveRecord(rec.ID)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	again := startWatch(t, f)
	until(t, "the end to be told after a restart", func() bool { return r.count(eventResolved, "dead") == 1 })
	time.Sleep(3 * time.Second)
	again.end()
	if n := len(r.got); n != 10 {
		t.Errorf("%d events in all", n)
	}
	if said := w.err.String() + again.err.String(); strings.Contains(said, "secret-path") || strings.Contains(said, "hush") {
		t.Errorf("the URL is in what was said: %s", said)
	}
}

func TestAReceiverThatIsDownNeverStopsTheWatchAndItsURLIsNotTold(t *testing.T) {
	fastWorld(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close() // nobody listens there now
	w := startWatch(t, watchFlags{webhook: "http://user:hush@" + l.Addr().String() + "/secret-path", filter: "finding:dangling"})
	until(t, "the failure to be told", func() bool { return strings.Contains(w.err.String(), "fails, and is not told of a finding") })
	until(t, "the lines", func() bool { return w.count(eventNew, "dangling") == 3 })
	if said := w.err.String(); strings.Contains(said, "secret-path") || strings.Contains(said, "hush") || !strings.Contains(said, "webhook "+l.Addr().String()+" fails") {
		t.Errorf("%s", said)
	}
}

func TestACommandIsGivenEachFindingOnStdin(t *testing.T) {
	fastWorld(t)
	file := filepath.Join(t.TempDir(), "told")
	w := startWatch(t, watchFlags{exec: "cat >>" + file + "; echo >>" + file, filter: "finding:dangling"})
	until(t, "the command to be told", func() bool {
		text, err := os.ReadFile(file)
		return err == nil && strings.Count(string(text), `"class":"dangling"`) == 3
	})
	w.end()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(text)) {
		if e := decode[hookEvent](t, l); e.Event != eventNew || e.Finding.Zone == "" {
			t.Errorf("%+v", e)
		}
	}
}

func TestACommandThatFailsOrHangsIsToldInOneLine(t *testing.T) {
	for command, want := range map[string]string{
		"echo first >&2; echo second >&2; exit 3": "exit status 3: first",
		"exit 1":                        "exit status 1",
		"sleep 60 & sleep 60":           "no end within",
		"no-such-command-anywhere 2>&-": "exit status 127",
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		err := execute(ctx, command, []byte("{}"))
		cancel()
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %s", command, err, want)
		}
	}
}

func TestARefusalOfAWebhookIsNotTriedAgainAndARedirectionIsNotFollowed(t *testing.T) {
	posts := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		posts++
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			return
		}
		http.Error(w, "no", http.StatusForbidden)
	}))
	defer srv.Close()
	for _, path := range []string{"/", "/moved"} {
		posts = 0
		err := webhook(srv.URL+path).deliver(context.Background(), []byte("{}"))
		if _, final := errors.AsType[permanent](err); !final || posts != 1 {
			t.Errorf("%s: %v after %d posts", path, err, posts)
		}
	}
}

func TestMistakesOfAWatchAreOneLineAndExitCode2(t *testing.T) {
	newWorld(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--severity", "bad"}, `--severity "bad": write info, low, medium, high, critical`},
		{[]string{"--filter", "colour:red=x="}, ""},
		{[]string{"--webhook", "hush/secret"}, "the webhook is not a URL"},
		{[]string{"--metrics", "9469"}, `--metrics "9469": write an address and a port`},
		{[]string{"-o", "wide"}, "write text, json"},
		{[]string{"extra"}, "takes no argument"},
	} {
		r := rollcall(t, append([]string{"watch"}, c.args...)...)
		if r.code != exitUsage && c.want != "" || !strings.Contains(r.err, c.want) || strings.Contains(r.err, "secret") {
			t.Errorf("%v: exit code %d, %s", c.args, r.code, r.err)
		}
	}
}

func TestAFindingIsResolvedOnlyByWhatItRestedOn(t *testing.T) {
	now := askedAt
	view := func(change func(s *providers.Snapshot, o *dnsview.Options)) *dnsview.View {
		key := providers.NewCloudKey(providers.EC2, "1", "us-east-1")
		done := providers.Coverage{State: providers.CoverageComplete, Key: key, Started: now, Finished: now}
		s := &providers.Snapshot{
			Clouds: []providers.CloudView{{Cloud: providers.Cloud{Name: "aws", Provider: providers.EC2, Key: key}, Coverage: done, Instances: []providers.Instance{{Cloud: "aws", Key: key, ID: "i-1", State: providers.StateRunning}}}},
			Zones:  []providers.ZoneView{{Zone: providers.Zone{Name: "example.com"}, Coverage: done}},
		}
		o := &dnsview.Options{Now: now, MaxAge: time.Minute, WireZones: []dnsview.WireZone{{Zone: "example.com", State: dnsview.WireInSync, At: now}}}
		if change != nil {
			change(s, o)
		}
		return dnsview.Inspect(s, *o)
	}
	rests := func(sources ...string) findingRow {
		r := findingRow{Zone: "example.com", Name: "www.example.com A", Service: "www.example.com", Instance: &refRow{Cloud: "aws", ID: "i-1"}}
		for _, s := range sources {
			r.RestsOn = append(r.RestsOn, basisRow{Source: s})
		}
		return r
	}
	on := func(state dnsview.WireVerdict) func(*providers.Snapshot, *dnsview.Options) {
		return func(_ *providers.Snapshot, o *dnsview.Options) {
			o.Wire = []dnsview.WireState{{Zone: "example.com", Name: "www.example.com", Type: "A", State: state, At: now}}
		}
	}
	for _, c := range []struct {
		name   string
		row    findingRow
		change func(*providers.Snapshot, *dnsview.Options)
		want   bool
	}{
		{"all sources complete", rests("aws", "example.com"), nil, true},
		{"a source that failed", rests("aws", "example.com"), func(s *providers.Snapshot, _ *dnsview.Options) { s.Clouds[0].Coverage.State = providers.CoverageFailed }, false},
		{"a source that is stale", rests("example.com"), func(s *providers.Snapshot, _ *dnsview.Options) {
			s.Zones[0].Coverage.Started = now.Add(-time.Hour)
		}, false},
		{"a source that failed and that it did not rest on", rests("example.com"), func(s *providers.Snapshot, _ *dnsview.Options) { s.Clouds[0].Coverage.State = providers.CoverageFailed }, true},
		{"a source that the config has no more", rests("gone", "example.com"), nil, true},
		{"name servers that answered", rests("name servers of example.com"), on(dnsview.WireInSync), true},
		{"name servers that did not answer for the name", rests("name servers of example.com"), on(dnsview.WireUnreachable), false},
		{"name servers that wait for their turn", rests("name servers of example.com"), on(dnsview.WireWaiting), false},
		{"name servers that nobody asked lately", rests("name servers of example.com"), func(_ *providers.Snapshot, o *dnsview.Options) { o.WireZones = nil }, false},
		{"name servers that are lame", rests("name servers of example.com"), func(_ *providers.Snapshot, o *dnsview.Options) { o.WireZones[0].State = dnsview.WireLame }, false},
		{"a node that nobody looked at", rests("health check"), nil, false},
		{"a node that was looked at", rests("health check"), func(_ *providers.Snapshot, o *dnsview.Options) {
			o.Health = []dnsview.HealthState{{Service: "www.example.com", ID: "i-1", Of: 3, At: now}}
		}, true},
		{"a node that is stopped", rests("health check"), func(s *providers.Snapshot, _ *dnsview.Options) {
			s.Clouds[0].Instances[0].State = providers.StateStopped
		}, true},
		{"a node that is gone", rests("health check"), func(s *providers.Snapshot, _ *dnsview.Options) { s.Clouds[0].Instances = nil }, true},
	} {
		if got := resolved(view(c.change), &c.row); got != c.want {
			t.Errorf("%s: resolved is %t", c.name, got)
		}
	}
}

func TestASignalEndsAWatchCleanly(t *testing.T) {
	blank(t)
	path, err := exec.LookPath("rollcall")
	if err != nil {
		t.Fatal(err)
	}
	var out, errs pane
	cmd := exec.Command(path, "--demo", "watch", "-o", "json")
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if t.Failed() {
			t.Logf("stderr: %s", &errs)
			_ = cmd.Process.Kill()
		}
	}()
	until(t, "the first line", func() bool { return strings.Contains(out.String(), "\n") })
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || errs.String() != "" {
		t.Errorf("%v, %s", err, &errs)
	}
	for l := range strings.Lines(out.String()) {
		if e := decode[watchLine](t, l); e.Event == "" || !strings.HasSuffix(l, "}\n") {
			t.Errorf("%q", l)
		}
	}
}
