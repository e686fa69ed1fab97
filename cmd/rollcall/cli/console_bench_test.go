package cli

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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

// benchConsole is a console without a terminal: the real model, backend, fleet and observer of a program.
type benchConsole struct {
	b       *testing.B
	session *app.Session
	model   *ui.Model
	ctx     context.Context // ends with the benchmark
	wg      sync.WaitGroup
	msgs    chan tea.Msg
	running atomic.Int32 // commands
}

// newBenchConsole starts a console on the sources of the environment. Nothing refreshes them.
func newBenchConsole(b *testing.B) *benchConsole {
	p := &app.Program{In: os.Stdin, Out: b.Output(), Err: b.Output()}
	s, err := p.Open(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	s.Silent = true
	s.Observer = s.NewObserver()
	s.Start(app.ConsoleTimeout)
	backend := newBackend(s)
	ctx, cancel := context.WithCancel(b.Context())
	c := &benchConsole{b: b, session: s, ctx: ctx, msgs: make(chan tea.Msg, 256)}
	c.model = ui.New(ui.Options{Backend: backend, Fleet: s.Config.Fleet, StaleAfter: s.StaleAfter()})
	b.Cleanup(func() {
		c.model.Cancel()
		cancel()
		c.wg.Wait()
		_ = s.Close()
	})
	c.background(s.Observer.Run)
	c.background(backend.run)
	c.start(c.model.Init())
	c.send(tea.WindowSizeMsg{Width: 160, Height: 50})
	return c
}

// background runs f until the benchmark ends.
func (c *benchConsole) background(f func(context.Context)) { c.wg.Go(func() { f(c.ctx) }) }

// start runs a command, as Bubble Tea does.
func (c *benchConsole) start(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	c.running.Add(1)
	go func() {
		defer c.running.Add(-1)
		switch msg := cmd().(type) {
		case nil:
		case tea.BatchMsg:
			for _, cmd := range msg {
				c.start(cmd)
			}
		default:
			select {
			case c.msgs <- msg:
			case <-c.ctx.Done():
			}
		}
	}()
}

func (c *benchConsole) send(msg tea.Msg) {
	_, cmd := c.model.Update(msg)
	c.start(cmd)
}

// pump passes messages to the model for some time.
func (c *benchConsole) pump(d time.Duration) {
	for end := time.After(d); ; {
		select {
		case msg := <-c.msgs:
			c.send(msg)
		case <-end:
			return
		}
	}
}

// pumpUntil passes messages to the model until done. The benchmark fails with what after five minutes.
func (c *benchConsole) pumpUntil(what string, done func() bool) {
	for deadline := time.Now().Add(5 * time.Minute); !done(); {
		if time.Now().After(deadline) {
			c.b.Fatalf("%s: %v", what, c.model.Sources)
		}
		c.send(<-c.msgs)
	}
}

// settle passes messages to the model until it has all of them and only those commands run that wait for the next second, the
// next snapshot and the next question. A message that it has not got yet may hold another picture.
func (c *benchConsole) settle() {
	for c.running.Load() > 3 || len(c.msgs) > 0 {
		c.send(<-c.msgs)
	}
}
