package common

import (
	"slices"
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

// Status is the last message at the bottom of the screen.
type Status struct {
	kind Tone
	text string
	Hint string // keys for the message
	at   time.Time
	Busy bool // stays until another message replaces it
}

// statusFor is how long a message stays; a bad one stays longer.
const (
	statusFor    = 8 * time.Second
	badStatusFor = 20 * time.Second
)

// NoticeMsg is a message to show, from a command.
type NoticeMsg struct {
	Kind Tone
	Text string
}

// messagesKept is how many messages can be read again.
const messagesKept = 200

// Notify cleans a text and shows it at the bottom of the screen. It can be read again later.
func (sh *Context) Notify(kind Tone, text string) {
	sh.Status = Status{kind: kind, text: Clean(text), at: sh.Now()}
	sh.Messages = append(sh.Messages, sh.Status)
	if n := len(sh.Messages); n > messagesKept {
		sh.Messages = slices.Clone(sh.Messages[n-messagesKept:])
	}
}

// NotifyBusy shows at the bottom of the screen what is in progress.
func (sh *Context) NotifyBusy(text string) {
	sh.Status = Status{kind: ToneInfo, text: Clean(text), at: sh.Now(), Busy: true}
}

// Logged draws the message with its time.
func (s *Status) Logged(t *theme.Theme) string {
	return t.Paint(theme.Dim, s.at.Local().Format(time.TimeOnly)) + s.Line(t).B.String()
}

// Live reports whether the message should still be shown.
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
