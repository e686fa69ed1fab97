package providers

import (
	"reflect"
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
	tags := func(release string) map[string]string { return map[string]string{"service": "www", "release": release} }
	kept := r.Tags(tags("1"))
	if again := r.Tags(tags("1")); reflect.ValueOf(again).Pointer() != reflect.ValueOf(kept).Pointer() {
		t.Error("equal tags are kept twice")
	}
	if other := r.Tags(tags("2")); other["release"] != "2" || kept["release"] != "1" {
		t.Errorf("%v, %v", other, kept)
	}
	var none *Repeats
	if none.Of("t3.small") != "t3.small" || r.Of("") != "" {
		t.Error("a text was changed")
	}
}
