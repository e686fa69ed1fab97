package config

import (
	"errors"
	"fmt"
	"strings"
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
	if guess := nearest(word, candidates); guess != "" {
		return fmt.Sprintf("did you mean %q?", guess)
	}
	return otherwise
}

// nearest returns the candidate that was most likely meant, or "".
func nearest(word string, candidates []string) string {
	if len(word) > 100 {
		return ""
	}
	best, bestDistance := "", 1+max(1, len(word)/3)
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), c); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance returns the number of single-character edits between two words. Swapping neighbours counts as one.
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range len(b) + 1 {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
