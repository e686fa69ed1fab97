package providers

import (
	"strings"
	"testing"
	"unsafe"
)

func TestTextsAndTagsThatComeAgainAreKeptOnce(t *testing.T) {
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
	tags := func(release string) Tags { return TagsOf(map[string]string{"service": "www", "release": release}) }
	kept := r.Tags(tags("1"))
	if again := r.Tags(tags("1")); &again[0] != &kept[0] {
		t.Error("equal tags are kept twice")
	}
	if other := r.Tags(tags("2")); other.Get("release") != "2" || kept.Get("release") != "1" {
		t.Errorf("%v, %v", other, kept)
	}
	var none *Repeats
	if none.Of("t3.small") != "t3.small" || r.Of("") != "" {
		t.Error("a text was changed")
	}
}
