package providers_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"rollcall/providers"
)

func TestCleanTakesControlCharactersAway(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain text", "www-01", "www-01"},
		{"a style", "a\x1b[31mb", "a[31mb"},
		{"a title", "a\x1b]0;x\x07b", "a]0;xb"},
		{"C1 CSI", "a\u009b2Jb", "a2Jb"},
		{"a lone C1 byte", "a\x9bb", "a\ufffdb"},
		{"line breaks", "a\r\nb\tc\u2028d\u0085e", "a  b c d e"},
		{"a right-to-left override", "a\u202egnp.exe", "agnp.exe"},
		{"isolates", "\u2066a\u2069", "a"},
		{"nothing that is wide", "a\u200bb\ufeffc\u2060d", "abcd"},
		{"tag characters", "a\U000e0041b", "ab"},
		{"private use", "a\ue000b", "ab"},
		{"variation selectors", "▲\ufe0f", "▲"},
		{"a pile of marks", "Z" + strings.Repeat("\u0301", 50), "Z\u0301\u0301"},
		{"an accent", "e\u0301", "e\u0301"},
		{"a mark at the beginning", "\u0301x", "x"},
		{"delete and null", "a\x7f\x00b", "ab"},
		{"other scripts", "日本語 ελληνικά", "日本語 ελληνικά"},
		{"fillers", "a\u3164\u115fb", "ab"},
	} {
		if got := providers.Clean(c.in); got != c.want {
			t.Errorf("%s: %q gives %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

func TestCleanIsOneLineThatATerminalCannotMisread(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(rt, "s")
		got := providers.Clean(s)
		if !utf8.ValidString(got) {
			rt.Fatalf("%q is not UTF-8", got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				rt.Fatalf("%q has %U", got, r)
			}
		}
		if ansi.Strip(got) != got {
			rt.Fatalf("%q has a sequence", got)
		}
		if again := providers.Clean(got); again != got {
			rt.Fatalf("cleaning %q again gives %q", got, again)
		}
	})
}
