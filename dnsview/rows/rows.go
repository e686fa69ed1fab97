// Package rows makes rows of what dnsview knows: typed, and clean of control characters. Each kind
// of row is one file with its type, its columns and the fields that a filter asks it for; a command
// prints the columns of its Table, the console draws those of its Screen. The package is pure, and
// imports dnsview and what lies below it.
//
// Read Column first, then Source, the smallest kind.
package rows

import (
	"strconv"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Column is one column of the rows of one kind.
type Column[R any] struct {
	Title string
	Text  func(R) string // clean; empty where the row has nothing to say

	// What a command needs.
	Wide bool           // in wide tables and in CSV only
	Key  func(R) string // what is sorted by; nil for the text

	// What a screen needs; see grid.Column.
	Min, Max int
	Priority int
	Right    bool
	Fill     bool // takes the room that is left over
	Optional bool
	Compare  func(a, b R) int
}

// cleanText returns a pointer to a text, clean, and nil for none: null in JSON.
func cleanText(s string) *string {
	if s == "" {
		return nil
	}
	s = providers.Clean(s)
	return &s
}

func cleanAll(in []string) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = providers.Clean(s)
	}
	return out
}

// moment returns a time in UTC, and nil for the zero time: null in JSON.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Seconds rounds to milliseconds, below which nothing here is measured.
func Seconds(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond).Milliseconds()) / 1000
}

// Duration writes a duration with its largest unit, as tables do: 90s, 100m, 30h, 3d.
func Duration(d time.Duration) string {
	n, unit := index.LargestUnit(d, 2*time.Minute, 2*time.Hour)
	return strconv.Itoa(n) + unit
}

// Age writes a duration in at most four cells, as screens do: 4s, 12m, 3h, 18d, 2y.
func Age(d time.Duration) string {
	n, unit := index.LargestUnit(d, time.Minute, time.Hour)
	if unit == "d" && n >= 2*365 {
		n, unit = n/365, "y"
	}
	return strconv.Itoa(n) + unit
}

// deref returns what a pointer leads to, or the zero value.
func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
