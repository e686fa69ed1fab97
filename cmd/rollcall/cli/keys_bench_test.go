package cli

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/cmd/rollcall/app"
	"rollcall/ui"
)

// otherProcess starts the embedded clouds in a process of their own, and sets their environment.
func otherProcess(b *testing.B, instances int) {
	file := filepath.Join(b.TempDir(), "env")
	c := exec.Command("rollcall", "sim", "--instances", strconv.Itoa(instances), "--env-file", file)
	c.Stdout, c.Stderr = b.Output(), b.Output()
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		_ = c.Wait()
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		text, err := os.ReadFile(file)
		if err == nil {
			for line := range strings.Lines(string(text)) {
				if name, value, ok := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "export ")), "="); ok {
					b.Setenv(name, strings.Trim(value, `'"`))
				}
			}
			return
		}
		if time.Now().After(deadline) {
			b.Fatal("the embedded clouds did not start")
		}
	}
}

// BenchmarkKeysWhile50000InstancesAreRead is the time from a key to its frame, while the clouds are read again and again,
// name servers are asked and rows are built.
func BenchmarkKeysWhile50000InstancesAreRead(b *testing.B) {
	otherProcess(b, 50_000)
	p := &app.Program{In: os.Stdin, Out: b.Output(), Err: b.Output()}
	s, err := p.Open(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	s.Silent = true
	s.Observer = s.NewObserver()
	s.Start(app.ConsoleTimeout)
	backend := newBackend(s)
	ctx, cancel := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for _, run := range []func(context.Context){s.Observer.Run, backend.run, func(ctx context.Context) {
		for ctx.Err() == nil {
			s.Fleet.Refresh(ctx)
		}
	}} {
		wg.Go(func() { run(ctx) })
	}
	m := ui.New(ui.Options{Backend: backend, Fleet: s.Config.Fleet, StaleAfter: s.StaleAfter()})
	defer m.Cancel()
	msgs := make(chan tea.Msg, 256)
	var start func(cmd tea.Cmd)
	start = func(cmd tea.Cmd) {
		if cmd == nil {
			return
		}
		go func() {
			switch msg := cmd().(type) {
			case nil:
			case tea.BatchMsg:
				for _, c := range msg {
					start(c)
				}
			default:
				select {
				case msgs <- msg:
				case <-ctx.Done():
				}
			}
		}()
	}
	send := func(msg tea.Msg) {
		_, cmd := m.Update(msg)
		start(cmd)
	}
	start(m.Init())
	send(tea.WindowSizeMsg{Width: 160, Height: 50})
	for deadline := time.Now().Add(5 * time.Minute); m.Picture == nil || len(m.Picture.Instances) < 45_000; {
		if time.Now().After(deadline) {
			b.Fatalf("the rows did not come: %v", m.Sources)
		}
		send(<-msgs)
	}
	keys := []tea.KeyPressMsg{
		{Code: 'j', Text: "j"},
		{Code: 'j', Text: "j"},
		{Code: 'k', Text: "k"},
		{Code: tea.KeyPgDown},
		{Code: 'G', Text: "G"},
		{Code: tea.KeyTab},
		{Code: 's', Text: "s"},
		{Code: '/', Text: "/"},
		{Code: 'w', Text: "w"},
		{Code: 'w', Text: "w"},
		{Code: 'w', Text: "w"},
		{Code: tea.KeyEscape},
	}
	var took []time.Duration
	for b.Loop() {
		for n := range 1000 {
			pause := time.After(10 * time.Millisecond)
			for waiting := true; waiting; {
				select {
				case msg := <-msgs:
					send(msg)
				case <-pause:
					waiting = false
				}
			}
			began := time.Now()
			send(keys[n%len(keys)])
			_ = m.View()
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs/key-median")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs/key-99th")
	b.ReportMetric(float64(took[len(took)-1].Microseconds()), "µs/key-slowest")
}
