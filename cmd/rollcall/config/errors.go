package config

import (
	"errors"
	"fmt"
	"strings"

	"rollcall/dnsview/index"
)

// Error is one mistake in a config file: its place, what is wrong, and the remedy.
type Error struct {
	Pos  Pos
	What string
	Do   string // an imperative; may be empty
}

// Error returns "file:line:col: what: do" in one line.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Pos.File != "" {
		b.WriteString(e.Pos.File)
		if e.Pos.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", e.Pos.Line, e.Pos.Column)
		}
		b.WriteString(": ")
	}
	b.WriteString(e.What)
	if e.Do != "" {
		b.WriteString("; ")
		b.WriteString(e.Do)
	}
	return oneLine(b.String())
}

// Errors holds all mistakes of a file in the order of their lines. As an error it is the first one, and the number of
// the others.
type Errors []*Error

// Error returns the first mistake and the number of the others.
func (e Errors) Error() string {
	switch len(e) {
	case 0:
		return "no error"
	case 1:
		return e[0].Error()
	}
	return fmt.Sprintf("%s (and %d more: rollcall config check lists them)", e[0].Error(), len(e)-1)
}

// All returns every mistake in err, or nil if err is not from this package.
func All(err error) []*Error {
	if es, ok := errors.AsType[Errors](err); ok {
		return es
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return []*Error{e}
	}
	return nil
}

// oneLine removes line breaks and terminal control from text of a file.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || (r >= 0x7f && r < 0xa0):
			return -1
		}
		return r
	}, s)
}

// didYouMean returns what to do about an unknown word: use the candidate that it resembles, or otherwise.
func didYouMean(word string, candidates []string, otherwise string) string {
	if guess := index.Nearest(word, candidates); guess != "" {
		return fmt.Sprintf("did you mean %q?", guess)
	}
	return otherwise
}
