package ui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"rollcall/providers"
)

// Clean is providers.Clean: a text from outside as one line that is safe to draw.
func Clean(s string) string { return providers.Clean(s) }

// CleanLines is Clean for a text of several lines, such as a boot script or a
// console log: line breaks stay, tabs become spaces.
func CleanLines(s string) []string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(Clean(strings.ReplaceAll(l, "\t", "    ")), " ")
	}
	return lines
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
