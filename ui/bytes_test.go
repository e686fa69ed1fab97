package ui_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"rollcall/providers"
	"rollcall/ui"
)

// terminal keeps what a program writes to it.
type terminal struct {
	mu  sync.Mutex
	out bytes.Buffer
	at  time.Time
}

func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = time.Now()
	return t.out.Write(p)
}

// settled waits until something was written, and text in it, and nothing more comes, and returns and forgets all that was written.
func (t *terminal) settled(tb testing.TB, text string) string {
	tb.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		t.mu.Lock()
		out := t.out.String()
		if out != "" && strings.Contains(ansi.Strip(out), text) && time.Since(t.at) > 150*time.Millisecond {
			t.out.Reset()
			t.mu.Unlock()
			return out
		}
		t.mu.Unlock()
		if time.Now().After(end) {
			tb.Fatalf("%q was not written: %q", text, out)
		}
	}
}

// inTerminal runs the console of n instances and n records in a terminal of 120x40, and returns what it wrote first.
func inTerminal(tb testing.TB, n int) (p *tea.Program, f *fake, term *terminal, first string) {
	tb.Helper()
	f = newFake(epoch)
	f.snap = fleetOf(n)
	onWire(nil, f)
	term = &terminal{}
	p = tea.NewProgram(ui.New(ui.Options{Backend: f, Fleet: fleetID, Now: epoch}), tea.WithInput(nil), tea.WithOutput(term), tea.WithoutSignals(),
		tea.WithEnvironment([]string{"TERM=xterm-256color"}), tea.WithColorProfile(colorprofile.TrueColor), tea.WithWindowSize(120, 40))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = p.Run() // which says that it was killed
	}()
	tb.Cleanup(func() {
		p.Kill()
		<-done
	})
	return p, f, term, term.settled(tb, "54.0.0.0")
}

var (
	down    = tea.KeyPressMsg{Code: 'j', Text: "j"}
	pageDwn = tea.KeyPressMsg{Code: tea.KeyPgDown}
	toEnd   = tea.KeyPressMsg{Code: 'G', Text: "G"}
	toPane  = tea.KeyPressMsg{Code: tea.KeyTab}
	sorted  = tea.KeyPressMsg{Code: 's', Text: "s"}
)

func TestOneChangedRowAndOneStepOfTheCursorRepaintRowsAndNotTheScreen(t *testing.T) {
	p, f, term, first := inTerminal(t, 4000)
	p.Send(down)
	step := term.settled(t, "www-0-00001")
	f.publish(func(s *providers.Snapshot) {
		rows := append([]providers.Instance(nil), s.Clouds[0].Instances...)
		rows[3].State = providers.StateStopping
		s.Clouds[0].Instances = rows
	})
	row := term.settled(t, "in-flig")
	t.Logf("%d bytes for the first picture, %d for a step down, %d for a changed row", len(first), len(step), len(row))
	if len(first) < 5000 {
		t.Errorf("the first picture has %d bytes, which proves nothing", len(first))
	}
	if len(step) > 2500 || len(step) > len(first)/4 {
		t.Errorf("%d bytes for a step of the cursor: %q", len(step), step)
	}
	if len(row) > 1000 || len(row) > len(first)/8 {
		t.Errorf("%d bytes for one changed row: %q", len(row), row)
	}
}

// BenchmarkBytesToTheTerminal reports what a key press and a changed row write to a terminal of 120x40.
func BenchmarkBytesToTheTerminal(b *testing.B) {
	p, f, term, first := inTerminal(b, 10_000)
	sum := map[string]int{"first-B": len(first) * b.N}
	press := func(name, text string, key tea.KeyPressMsg) {
		p.Send(key)
		sum[name] += len(term.settled(b, text))
	}
	for i := range b.N {
		press("j-B", "", down)
		press("PgDn-B", "www-0", pageDwn)
		press("tab-B", "", toPane)
		press("tab-B", "", toPane)
		press("G-B", "www-3", toEnd)
		press("s-B", "", sorted)
		p.Send(tea.KeyPressMsg{Code: 'g', Text: "g"})
		term.settled(b, "")
		f.publish(func(s *providers.Snapshot) {
			rows := append([]providers.Instance(nil), s.Clouds[0].Instances...)
			rows[3].State = []providers.InstanceState{providers.StateStopping, providers.StateRunning}[i%2]
			s.Clouds[0].Instances = rows
		})
		sum["row-B"] += len(term.settled(b, ""))
	}
	sum["tab-B"] /= 2
	for name, n := range sum {
		b.ReportMetric(float64(n)/float64(b.N), name)
	}
}
