package ui

import (
	"time"

	"rollcall/ui/theme"
)

// tone is the tone of a status message.
type tone int

const (
	toneInfo tone = iota
	toneGood
	toneWarn
	toneBad
)

// status is the last thing that the console said at the bottom of the screen.
type status struct {
	kind tone
	text string
	hint string // keys that belong to it
	at   time.Time
	busy bool // stays until something replaces it
}

// statusFor is how long a message stays. Bad news stays longer.
const (
	statusFor    = 8 * time.Second
	badStatusFor = 20 * time.Second
)

// noticeMsg is something to say, from a command.
type noticeMsg struct {
	kind tone
	text string
}

// notify shows a text at the bottom of the screen. It is cleaned here, once.
func (sh *shared) notify(kind tone, text string) {
	sh.status = status{kind: kind, text: Clean(text), at: sh.now()}
}

// working says what is under way at the bottom of the screen.
func (sh *shared) working(text string) {
	sh.notify(toneInfo, text)
	sh.status.busy = true
}

// live reports whether the message is still to be shown.
func (s *status) live(now time.Time) bool {
	if s.text == "" {
		return false
	}
	d := statusFor
	if s.kind == toneBad || s.kind == toneWarn || s.hint != "" {
		d = badStatusFor
	}
	return s.busy || now.Sub(s.at) < d
}

func (s *status) line(t *theme.Theme) *line {
	l := newLine(t).gap(1)
	switch {
	case s.busy:
		l.add(theme.Notice, t.Wait+" ")
	case s.kind == toneGood:
		l.add(theme.Good, t.OK+" ")
	case s.kind == toneWarn:
		l.add(theme.Warn, t.Warn+" ")
	case s.kind == toneBad:
		l.add(theme.Bad, t.Bad+" ")
	default:
		l.add(theme.Dim, t.Dot+" ")
	}
	return l.add(theme.Plain, s.text)
}
