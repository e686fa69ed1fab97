package ui_test

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"rollcall/providers/providertest"
	"rollcall/ui"
	"rollcall/ui/theme"
)

// rig drives a model as bubbletea would: it runs commands in goroutines and
// hands their messages to Update, one at a time.
type rig struct {
	t     *testing.T
	m     *ui.Model
	f     *fake
	clock *providertest.Clock
	msgs  chan tea.Msg
	// held keeps messages back instead of handing them over, while it is set.
	held func(tea.Msg) bool
	kept []tea.Msg
}

func newRig(t *testing.T, w, h int, change ...func(*ui.Options, *fake)) *rig {
	t.Helper()
	c := providertest.NewClock(epoch())
	f := newFake(c.Now)
	o := ui.Options{Backend: f, Fleet: fleetID, Now: c.Now, Theme: theme.Options{}}
	for _, ch := range change {
		ch(&o, f)
	}
	r := &rig{t: t, m: ui.New(o), f: f, clock: c, msgs: make(chan tea.Msg, 1024)}
	t.Cleanup(func() {
		r.m.Update(tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl})
		r.m.Update(tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl})
	})
	r.send(tea.WindowSizeMsg{Width: w, Height: h})
	r.run(r.m.Init())
	return r
}

// ready waits until both panes show rows.
func (r *rig) ready() *rig {
	r.t.Helper()
	r.until("Instances 30", "DNS 27", "use1-build-07", "www ")
	return r
}

// byName puts the rows of both panes into the order of their names, with the cursor on the first of each and the keys in
// the instances.
func (r *rig) byName() *rig {
	r.t.Helper()
	first := func(text string) func() bool {
		return func() bool {
			r.press("g")
			return strings.Contains(r.screen(), text)
		}
	}
	r.press("s", "esc")
	r.untilTrue("the first instance", first("i-0ab1a4c1d2e3f4a5 is "))
	r.press("tab", "s", "s", "esc")
	r.untilTrue("the first record", first("scalability.expert MX 10"))
	r.press("tab")
	r.untilTrue("the first instance", first("i-0ab1a4c1d2e3f4a5 is "))
	return r
}

func (r *rig) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		msg := cmd()
		if b, ok := msg.(tea.BatchMsg); ok {
			for _, c := range b {
				r.run(c)
			}
			return
		}
		if msg != nil {
			r.msgs <- msg
		}
	}()
}

func (r *rig) send(msg tea.Msg) {
	_, cmd := r.m.Update(msg)
	r.run(cmd)
}

// press hands keys to the model, as a terminal reports them. A person who presses enter again does not hold it down.
func (r *rig) press(keys ...string) {
	for i, k := range keys {
		if i > 0 && k == "enter" && keys[i-1] == k {
			r.clock.Advance(time.Second / 2)
		}
		r.send(key(k))
	}
}

// type_ hands a text to the model, letter by letter.
func (r *rig) typeText(s string) {
	for _, c := range s {
		r.send(key(string(c)))
	}
}

func key(s string) tea.KeyPressMsg {
	switch s {
	case "enter":
		return tea.KeyPressMsg{Code: tea.KeyEnter}
	case "esc":
		return tea.KeyPressMsg{Code: tea.KeyEscape}
	case "tab":
		return tea.KeyPressMsg{Code: tea.KeyTab}
	case "space", " ":
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	case "up":
		return tea.KeyPressMsg{Code: tea.KeyUp}
	case "down":
		return tea.KeyPressMsg{Code: tea.KeyDown}
	case "left":
		return tea.KeyPressMsg{Code: tea.KeyLeft}
	case "right":
		return tea.KeyPressMsg{Code: tea.KeyRight}
	case "pgdown":
		return tea.KeyPressMsg{Code: tea.KeyPgDown}
	case "pgup":
		return tea.KeyPressMsg{Code: tea.KeyPgUp}
	case "backspace":
		return tea.KeyPressMsg{Code: tea.KeyBackspace}
	case "home":
		return tea.KeyPressMsg{Code: tea.KeyHome}
	case "f12":
		return tea.KeyPressMsg{Code: tea.KeyF12}
	case "ctrl+space":
		return tea.KeyPressMsg{Code: tea.KeySpace, Mod: tea.ModCtrl}
	}
	if c, ok := strings.CutPrefix(s, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: []rune(c)[0], Mod: tea.ModCtrl}
	}
	c := []rune(s)[0]
	return tea.KeyPressMsg{Code: c, Text: s}
}

// read lets the time pass in which a dialog that has opened by itself takes no keys.
func (r *rig) read() { r.clock.Advance(time.Second) }

// until hands over messages until the screen has all the texts.
func (r *rig) until(texts ...string) {
	r.t.Helper()
	r.untilTrue(strings.Join(texts, " + "), func() bool {
		s := r.screen()
		for _, x := range texts {
			if !strings.Contains(s, x) {
				return false
			}
		}
		return true
	})
}

// untilTrue hands over messages until ok; what is waited for may take as long
// as a machine under load needs.
func (r *rig) untilTrue(what string, ok func() bool) {
	r.t.Helper()
	deadline := time.After(30 * time.Second)
	for !ok() {
		select {
		case msg := <-r.msgs:
			if r.held != nil && r.held(msg) {
				r.kept = append(r.kept, msg)
				continue
			}
			r.send(msg)
		case <-deadline:
			r.t.Fatalf("waited for %q in vain; the screen:\n%s", what, r.screen())
		}
	}
}

// screen is what a person sees, without styles.
func (r *rig) screen() string { return ansi.Strip(r.m.View().Content) }

func (r *rig) has(texts ...string) {
	r.t.Helper()
	s := r.screen()
	for _, x := range texts {
		if !strings.Contains(s, x) {
			r.t.Fatalf("the screen does not have %q:\n%s", x, s)
		}
	}
}

func (r *rig) hasNot(texts ...string) {
	r.t.Helper()
	s := r.screen()
	for _, x := range texts {
		if strings.Contains(s, x) {
			r.t.Fatalf("the screen has %q:\n%s", x, s)
		}
	}
}

// line is the first line of the screen with the text.
func (r *rig) line(text string) string {
	r.t.Helper()
	for l := range strings.SplitSeq(r.screen(), "\n") {
		if strings.Contains(l, text) {
			return l
		}
	}
	r.t.Fatalf("no line has %q:\n%s", text, r.screen())
	return ""
}

// onDead puts the cursor on the dead record of the round-robin name, by way of
// the findings.
func (r *rig) onDead() {
	r.t.Helper()
	r.press("f")
	r.until("Findings 5", "165.225.1.9 is dead")
	r.press("enter")
	r.has("www.scalability.expert A 165.225.1.9 is dead", "Instances 30")
}
