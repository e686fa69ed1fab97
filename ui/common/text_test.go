package common

import (
	"slices"
	"testing"
)

func TestLinesBreakBetweenWordsAndInsideAWordOnlyIfItIsTooLongAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		n    int
		want []string
	}{
		{"ends i-0abcdef0 now", 11, []string{"ends", "i-0abcdef0", "now"}},
		{"www-01, i-0abc-def", 12, []string{"www-01,", "i-0abc-def"}},
		{"  2 of unknown state", 14, []string{"  2 of unknown", "state"}},
		{"a 9a7e7e9a-3fc5-4a2b-9d1e-0123456789ab", 20, []string{"a", "9a7e7e9a-3fc5-4a2b-9", "d1e-0123456789ab"}},
		{"one\ntwo", 20, []string{"one", "two"}},
		{"", 5, []string{""}},
	} {
		if got := Wrap(c.text, c.n); !slices.Equal(got, c.want) {
			t.Errorf("Wrap(%q, %d) = %q, want %q", c.text, c.n, got, c.want)
		}
	}
}
