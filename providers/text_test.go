package providers

import (
	"strings"
	"testing"
	"unicode"
)

func TestTextFromOutsideIsStrippedOfWhatATerminalWouldObey(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                     "plain",
		"Zürich 東京":                 "Zürich 東京",
		"a\x1b[31mred\x1b[0m":       "a[31mred[0m",
		"line\nbreak\tand tab\r":    "line break and tab ",
		"c1 \u009b31m":              "c1 31m",
		"turned \u202eround\u2066":  "turned round",
		"not \xff\xfe UTF-8 \ufffd": "not \ufffd\ufffd UTF-8 \ufffd",
		"two\u2028lines\u2029":      "two lines ",
	} {
		if got := Clean(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestAMessageIsCutToAFewLines(t *testing.T) {
	got := Brief("  " + strings.Repeat("é\x07", 1000))
	if n := len([]rune(got)); n > briefLimit+1 || !strings.HasSuffix(got, "…") || strings.HasPrefix(got, " ") {
		t.Errorf("%d characters: %q", n, got)
	}
	if got := Brief(" short "); got != "short" {
		t.Errorf("%q", got)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b]0;title\a")
	f.Fuzz(func(t *testing.T, s string) {
		c := Clean(s)
		for _, r := range c {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Fatalf("%q keeps %q", s, r)
			}
		}
		if Clean(c) != c {
			t.Fatalf("%q is not clean after cleaning", s)
		}
	})
}
