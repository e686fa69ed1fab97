package world

import (
	"errors"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

// consoleWorld is a world whose time the test moves.
func consoleWorld() (w *World, move func(time.Duration)) {
	clk := providertest.NewClock(time.Unix(1_790_000_000, 0))
	w = New(Options{
		Seed: 1, Clock: clk.Clock, Delays: Delays{Boot: 10 * time.Second, Agent: 100 * time.Second, Stop: 10 * time.Second, Forget: time.Hour},
		ConsoleLines: func(i Instance) []string {
			return []string{"agent of " + i.Name + " waits", "agent of " + i.Name + " is well"}
		},
	})
	return w, func(d time.Duration) { clk.Advance(d) }
}

func read(t *testing.T, w *World, id string) string {
	t.Helper()
	text, _, err := w.Console("aws-use1", id, w.Now())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAConsoleGrowsAsItsInstanceBoots(t *testing.T) {
	w, move := consoleWorld()
	i, err := w.Launch("aws-use1", Instance{Name: "n", Type: "t3.micro"})
	if err != nil {
		t.Fatal(err)
	}
	if s := read(t, w, i.ID); s != "" {
		t.Errorf("before it runs: %q", s)
	}
	move(10 * time.Second)
	before := ""
	for n, want := range []string{"Linux version", "running 'modules:final'", "agent of n waits", "Z agent of n is well", "login: "} {
		s := read(t, w, i.ID)
		if !strings.HasPrefix(s, before) || !strings.Contains(s, want) || n > 0 && strings.Contains(before, want) {
			t.Errorf("step %d: %q is not in, or was in before: %q", n, want, s)
		}
		before = s
		move([]time.Duration{31, 5, 45, 10, 10}[n] * time.Second)
	}
	w.Write("aws-use1", i.ID, "a word of its own")
	if s := read(t, w, i.ID); !strings.HasSuffix(s, "a word of its own\r\n") {
		t.Errorf("%q", s)
	}
}

func TestARebootEndsTheBootUnderWayAndBeginsAnother(t *testing.T) {
	w, move := consoleWorld()
	i, err := w.Launch("aws-use1", Instance{Name: "n"})
	if err != nil {
		t.Fatal(err)
	}
	move(15 * time.Second)
	if _, _, err := w.Do("aws-use1", i.ID, Reboot); err != nil {
		t.Fatal(err)
	}
	move(200 * time.Second)
	s := read(t, w, i.ID)
	if strings.Count(s, "Linux version") != 2 || strings.Count(s, "login:") != 1 || strings.Count(s, "is rebooting") != 1 {
		t.Errorf("%s", s)
	}
	if _, _, err := w.Do("aws-use1", i.ID, Terminate); err != nil {
		t.Fatal(err)
	}
	move(time.Minute)
	if s := read(t, w, i.ID); !strings.HasSuffix(s, "is powering down.\r\n") {
		t.Errorf("a terminated instance's console ends with %q", s[len(s)-60:])
	}
	move(2 * time.Hour)
	if _, _, err := w.Console("aws-use1", i.ID, w.Now()); !errors.Is(err, ErrNoInstance) {
		t.Errorf("once it is forgotten: %v", err)
	}
}

func TestASeededInstanceHasBootedBeforeTheWorldBegan(t *testing.T) {
	w, _ := consoleWorld()
	list, _ := w.Instances("aws-use1", func(i *Instance) bool { return i.State == providers.StateRunning }, 0, 1)
	text, at, err := w.Console("aws-use1", list[0].ID, w.Now())
	if err != nil || !strings.Contains(text, "login:") || at.After(w.Now()) || at.Before(list[0].Launched) {
		t.Errorf("%q at %s, %v", text, at, err)
	}
}

func TestOnlyTheLast64KBOfAConsoleAreKept(t *testing.T) {
	w, move := consoleWorld()
	i, err := w.Launch("aws-use1", Instance{Name: "n"})
	if err != nil {
		t.Fatal(err)
	}
	move(5 * time.Minute)
	for range 2 * maxLines {
		w.Write("aws-use1", i.ID, strings.Repeat("x", 100))
	}
	w.Write("aws-use1", i.ID, "the last")
	s := read(t, w, i.ID)
	if len(s) != ConsoleKept || !strings.HasSuffix(s, "the last\r\n") {
		t.Errorf("%d bytes that end with %q", len(s), s[max(0, len(s)-20):])
	}
	if n := len(w.cloud("aws-use1").consoles[i.ID]); n > maxLines {
		t.Errorf("%d lines are remembered", n)
	}
}

func TestTheConsoleOfARealMachineIsItsOwn(t *testing.T) {
	clk := providertest.NewClock(time.Unix(1_790_000_000, 0))
	w := New(Options{
		Seed: 1, Clock: clk.Clock, Machine: func(MachineEvent) {},
		Console: func(id string) (string, time.Time) { return "machine of " + id, clk.Now().Add(-time.Second) },
	})
	i, err := w.Launch("aws-use1", Instance{Name: "n"})
	if err != nil {
		t.Fatal(err)
	}
	clk.Advance(time.Minute)
	text, wrote, err := w.Console("aws-use1", i.ID, clk.Now())
	if err != nil || text != "machine of "+i.ID || !wrote.Equal(clk.Now().Add(-time.Second)) {
		t.Errorf("%q at %s, %v", text, wrote, err)
	}
}
