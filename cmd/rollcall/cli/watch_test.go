package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/watcher"
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
func startWatch(t *testing.T, f watchFlags, options ...func(*app.Program)) *watch {
	t.Helper()
	w := &watch{t: t, ended: make(chan error, 1)}
	a := &app.Program{Env: environment(t), In: os.Stdin, Out: &w.out, Err: &w.err}
	for _, o := range options {
		o(a)
	}
	var ctx context.Context
	ctx, w.stop = context.WithCancel(context.Background())
	if f.form == nil {
		f.form = &output.Format{Form: output.JSON}
	}
	f.Lines, f.AsJSON = f.Metrics == "", f.form.Form == output.JSON
	if f.severity == "" {
		f.severity = "low"
	}
	if err := f.read(); err != nil {
		t.Fatal(err)
	}
	go func() {
		err := watcher.Run(ctx, a, &f.Options)
		for _, c := range a.Closers {
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

// until waits for something to hold, for minutes.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); {
		if holds() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("waited for %s in vain", what)
}

// lines returns what the watch has printed so far.
func (w *watch) lines() []watcher.Line {
	w.t.Helper()
	var out []watcher.Line
	for l := range strings.Lines(w.out.String()) {
		if strings.HasSuffix(l, "\n") {
			out = append(out, decode[watcher.Line](w.t, l))
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

func fastWorld(t *testing.T) *sim.Sim {
	t.Helper()
	s := newWorld(t, func(o *sim.Options) { o.Instances = 60 })
	rewrite(t, "refresh: 10s", "refresh: 1s")
	return s
}

func TestTheWatchTellsWhatIsNewAndWhatIsResolved(t *testing.T) {
	s := fastWorld(t)
	w := startWatch(t, watchFlags{})
	until(t, "all dead entries", func() bool { return w.count(watcher.EventNew, "dead") == 6 })
	if w.count(watcher.EventNew, "foreign") != 0 {
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
	until(t, "the end of one", func() bool { return w.count(watcher.EventResolved, "dead") == 1 })

	// A cloud that cannot be read resolves nothing, and is reported itself.
	if err := s.World().SetFault("joyent-ams", world.Unreachable); err != nil {
		t.Fatal(err)
	}
	source := func(state string) func() bool {
		return func() bool {
			return slices.ContainsFunc(w.lines(), func(l watcher.Line) bool {
				return l.Event == watcher.EventSource && l.Source.Name == "joyent-ams" && l.Source.State == state
			})
		}
	}
	until(t, "the failed cloud", source("failed"))
	if err := s.World().SetFault("joyent-ams", world.NoFault); err != nil {
		t.Fatal(err)
	}
	until(t, "the cloud that is well again", source("complete"))
	time.Sleep(3 * time.Second) // some scans
	if n, m := w.count(watcher.EventResolved, "dead"), w.count(watcher.EventNew, "dead"); n != 1 || m != 6 {
		t.Errorf("%d resolved, %d new", n, m)
	}
}

func TestALineIsCleanAndSaysWhenAndWhat(t *testing.T) {
	fastWorld(t)
	w := startWatch(t, watchFlags{form: &output.Format{Form: output.Text}, filter: "finding:dangling", severity: "critical"})
	until(t, "the dangling entries", func() bool { return strings.Count(w.out.String(), " dangles: ") == 3 })
	finding := regexp.MustCompile(`^2\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ  new       critical  dangling        .* dangles: `)
	slow := regexp.MustCompile(`^2\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ  source    [a-z0-9.-]+ is (unread|complete)\n$`) // a source may take longer than the first scan
	for l := range strings.Lines(w.out.String()) {
		if !finding.MatchString(l) && !slow.MatchString(l) {
			t.Errorf("%q", l)
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
		{[]string{"--filter", "nonsense:(("}, "filter, at character "},
		{[]string{"--webhook", "hush/secret"}, "the webhook is not a URL"},
		{[]string{"--metrics", "9469"}, `--metrics "9469": write an address and a port`},
		{[]string{"-o", "wide"}, "write text, json"},
		{[]string{"extra"}, "takes no argument"},
	} {
		r := rollcall(t, append([]string{"watch"}, c.args...)...)
		if r.code != exit.Usage || !strings.Contains(r.err, c.want) || strings.Contains(r.err, "secret") {
			t.Errorf("%v: exit code %d, %s", c.args, r.code, r.err)
		}
	}
}

func TestASignalEndsAWatchCleanly(t *testing.T) {
	_, env := apart(t)
	path, err := exec.LookPath("rollcall")
	if err != nil {
		t.Fatal(err)
	}
	var out, errs pane
	cmd := exec.Command(path, "--demo", "watch", "-o", "json")
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &out, &errs
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
		if e := decode[watcher.Line](t, l); e.Event == "" || !strings.HasSuffix(l, "}\n") {
			t.Errorf("%q", l)
		}
	}
}
