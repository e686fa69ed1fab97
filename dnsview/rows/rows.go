// Package rows makes typed rows, clean of control characters, of what dnsview knows. Each kind of row is one file with
// its type, its columns and its filter fields. A command prints the columns of its Table, the console draws those of
// its Screen. The package is pure, and imports dnsview and packages below it.
//
// Read Column first, then Source, the smallest kind.
package rows

import (
	"slices"
	"strconv"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Column is one column of the rows of one kind.
type Column[R any] struct {
	Title string
	Text  func(R) string // clean; may be empty

	// For tables:
	Wide  bool           // only in wide tables and in CSV
	Aging bool           // the text changes with the time alone
	Key   func(R) string // sort key; nil for the text

	Machine func(R) string // the text in CSV, such as a time in RFC 3339; nil for the text

	// For screens; see grid.Column:
	Min, Max int
	Narrow   int
	Priority int
	Right    bool
	Middle   bool // cut in the middle
	Fill     bool // takes the remaining room
	Optional bool
	Extra    bool // only if it is chosen
	Compare  func(a, b R) int
}

// withExtra returns the columns of a screen, and behind them those of a table that it does not have, which are shown only
// if they are chosen. So both have the same columns by the same names.
func withExtra[R any](screen, table []Column[R]) []Column[R] {
	for _, c := range table {
		if slices.ContainsFunc(screen, func(x Column[R]) bool { return x.Title == c.Title }) {
			continue
		}
		key := c.Key
		if key == nil {
			key = c.Text
		}
		c.Extra, c.Min, c.Max, c.Priority = true, max(len(c.Title), 6), 30, 9
		c.Compare = func(a, b R) int { return NaturalCompare(key(a), key(b)) }
		screen = append(screen, c)
	}
	return screen
}

// cleanText returns a pointer to a clean text; nil, null in JSON, for "".
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

// moment returns a time in UTC; nil, null in JSON, for the zero time.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Seconds returns seconds rounded to milliseconds, the precision of all measurements here.
func Seconds(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond).Milliseconds()) / 1000
}

// Duration returns a duration in its largest unit, as tables show it: 90s, 100m, 30h, 3d.
func Duration(d time.Duration) string {
	n, unit := index.LargestUnit(d, 2*time.Minute, 2*time.Hour)
	return strconv.Itoa(n) + unit
}

// Age returns a duration in at most four cells, as screens show it: 4s, 12m, 3h, 18d, 2y.
func Age(d time.Duration) string {
	n, unit := index.LargestUnit(d, time.Minute, time.Hour)
	if unit == "d" && n >= 2*365 {
		n, unit = n/365, "y"
	}
	return strconv.Itoa(n) + unit
}

// readColumn returns the column with the age of rows that are not from the last read of their source, which from returns.
func readColumn[R interface{ Outdated() bool }](now func() time.Time, from func(R) time.Time) Column[R] {
	return Column[R]{
		Title: "READ", Min: 4, Max: 4, Priority: 3, Right: true, Optional: true,
		Text: func(r R) string {
			if !r.Outdated() {
				return ""
			}
			return Age(now().Sub(from(r)))
		},
	}
}

// deref returns the value of a pointer, or the zero value for nil.
func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
