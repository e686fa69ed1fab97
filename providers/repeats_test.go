package providers

import (
	"strings"
	"testing"
	"unsafe"
)

func TestATextThatComesAgainIsKeptOnce(t *testing.T) {
	t.Parallel()
	var r Repeats
	first := r.Of(strings.Clone("t3.small"))
	for range 3 {
		if again := r.Of(strings.Clone("t3.small")); again != "t3.small" || unsafe.StringData(again) != unsafe.StringData(first) {
			t.Fatalf("%q is another copy", again)
		}
	}
	if got := r.Of("t3.large"); got != "t3.large" {
		t.Errorf("%q", got)
	}
	var none *Repeats
	if none.Of("t3.small") != "t3.small" || r.Of("") != "" {
		t.Error("a text was changed")
	}
}
