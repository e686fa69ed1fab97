package common

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
)

// Fit returns s in exactly n cells: cut with the ellipsis, or padded. s may contain style sequences.
func Fit(s string, n int, ellipsis string) string {
	if n <= 0 {
		return ""
	}
	w := ansi.StringWidth(s)
	if w > n {
		s = ansi.Truncate(s, n, ellipsis)
		w = ansi.StringWidth(s)
	}
	if w < n {
		s += strings.Repeat(" ", n-w)
	}
	return s
}

// Wrap breaks a text into lines of at most n cells.
func Wrap(s string, n int) []string {
	if n <= 0 {
		return nil
	}
	return strings.Split(ansi.Wrap(s, n, ""), "\n")
}

// RecordLabel returns name, type and value of a record.
func RecordLabel(r *rows.Record) string { return r.Name() + " " + r.Type() + " " + r.Value() }

// Worst returns the most severe finding of a row.
func Worst(f []*dnsview.Finding) *dnsview.Finding {
	if len(f) == 0 {
		return nil
	}
	return f[0]
}
