package common

import (
	"strings"

	"rollcall/providers"
)

// Clean is providers.Clean: it returns an external text as one line that is safe to draw.
func Clean(s string) string { return providers.Clean(s) }

// CleanLines is Clean for a text of several lines, such as a boot script or a console log. It keeps line breaks and
// turns tabs into spaces.
func CleanLines(s string) []string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(Clean(strings.ReplaceAll(l, "\t", "    ")), " ")
	}
	return lines
}
