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

// hyphen stands for one while lines are broken, because ansi.Wrap breaks at hyphens, and ids have them.
const hyphen = "\ue000"

// Wrap breaks a text between words into lines of at most n cells, and a word only if it is longer than a line.
func Wrap(s string, n int) []string {
	if n <= 0 {
		return nil
	}
	s = ansi.Wrap(strings.ReplaceAll(s, "-", hyphen), n, "")
	return strings.Split(strings.ReplaceAll(s, hyphen, "-"), "\n")
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
