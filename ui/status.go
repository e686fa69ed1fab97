package ui

import (
	"time"

	"rollcall/ui/theme"
)

// sayKind is the tone of a status message.
type sayKind int

const (
	sayInfo sayKind = iota
	sayGood
	sayWarn
	sayBad
)

// status is the last thing that the console said at the bottom of the screen.
type status struct {
	kind sayKind
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

// saidMsg is something to say, from a command.
type saidMsg struct {
	kind sayKind
	text string
}

// say shows a text at the bottom of the screen. It is cleaned here, once.
func (sh *shared) say(kind sayKind, text string) {
	sh.status = status{kind: kind, text: Clean(text), at: sh.now()}
}

// live reports whether the message is still to be shown.
func (s *status) live(now time.Time) bool {
	if s.text == "" {
		return false
	}
	d := statusFor
	if s.kind == sayBad || s.kind == sayWarn || s.hint != "" {
		d = badStatusFor
	}
	return s.busy || now.Sub(s.at) < d
}

func (s *status) line(t *theme.Theme) *line {
	l := newLine(t).gap(1)
	switch {
	case s.busy:
		l.add(theme.Notice, t.Wait+" ")
	case s.kind == sayGood:
		l.add(theme.Good, t.OK+" ")
	case s.kind == sayWarn:
		l.add(theme.Warn, t.Warn+" ")
	case s.kind == sayBad:
		l.add(theme.Bad, t.Bad+" ")
	default:
		l.add(theme.Dim, t.Dot+" ")
	}
	return l.add(theme.Plain, s.text)
}
