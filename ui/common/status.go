package common

import (
	"time"

	"rollcall/ui/theme"
)

// Tone is the tone of a status message.
type Tone int

// The tones.
const (
	ToneInfo Tone = iota
	ToneGood
	ToneWarn
	ToneBad
)

// Status is the last thing that the console said at the bottom of the screen.
type Status struct {
	kind Tone
	text string
	Hint string // keys that belong to it
	at   time.Time
	Busy bool // stays until something replaces it
}

// statusFor is how long a message stays. Bad news stays longer.
const (
	statusFor    = 8 * time.Second
	badStatusFor = 20 * time.Second
)

// NoticeMsg is something to say, from a command.
type NoticeMsg struct {
	Kind Tone
	Text string
}

// Notify shows a text at the bottom of the screen. It is cleaned here, once.
func (sh *Context) Notify(kind Tone, text string) {
	sh.Status = Status{kind: kind, text: Clean(text), at: sh.Now()}
}

// NotifyBusy says what is under way at the bottom of the screen.
func (sh *Context) NotifyBusy(text string) {
	sh.Notify(ToneInfo, text)
	sh.Status.Busy = true
}

// Live reports whether the message is still to be shown.
func (s *Status) Live(now time.Time) bool {
	if s.text == "" {
		return false
	}
	d := statusFor
	if s.kind == ToneBad || s.kind == ToneWarn || s.Hint != "" {
		d = badStatusFor
	}
	return s.Busy || now.Sub(s.at) < d
}

// Line draws the message.
func (s *Status) Line(t *theme.Theme) *Line {
	l := NewLine(t).Gap(1)
	switch {
	case s.Busy:
		l.Add(theme.Notice, t.Wait+" ")
	case s.kind == ToneGood:
		l.Add(theme.Good, t.OK+" ")
	case s.kind == ToneWarn:
		l.Add(theme.Warn, t.Warn+" ")
	case s.kind == ToneBad:
		l.Add(theme.Bad, t.Bad+" ")
	default:
		l.Add(theme.Dim, t.Dot+" ")
	}
	return l.Add(theme.Plain, s.text)
}
