package ui

import (
	"fmt"
	"strings"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"

	"github.com/charmbracelet/x/ansi"
)

func countOf(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// fit returns s in exactly n cells: cut with the ellipsis, or padded. s may hold
// style sequences.
func fit(s string, n int, ellipsis string) string {
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

// wrap breaks a text into lines of at most n cells.
func wrap(s string, n int) []string {
	if n <= 0 {
		return nil
	}
	return strings.Split(ansi.Wrap(s, n, ""), "\n")
}

// label names a record in a few words.
func label(r *rows.Record) string { return r.Name + " " + r.Type() + " " + r.Value }

// worst is the most severe finding of a row.
func worst(f []*dnsview.Finding) *dnsview.Finding {
	if len(f) == 0 {
		return nil
	}
	return f[0]
}
