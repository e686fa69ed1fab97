package providers

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestTagsAreReadAndWrittenAsTheMapThatTheyStandFor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOf(rapid.Custom(func(t *rapid.T) Tag {
			return Tag{rapid.SampledFrom([]string{"", "Name", "env", "é"}).Draw(t, "name"), rapid.String().Draw(t, "value")}
		})).Draw(t, "tags")
		want := map[string]string{}
		for _, tag := range list {
			want[tag.Name] = tag.Value
		}
		tags := NewTags(slices.Clone(list))
		if !slices.IsSortedFunc(tags, func(a, b Tag) int { return map[bool]int{true: -1, false: 1}[a.Name < b.Name] }) || !slices.Equal(tags, TagsOf(want)) {
			t.Fatalf("%q became %q", list, tags)
		}
		for _, name := range []string{"", "Name", "env", "é", "none"} {
			v, ok := want[name]
			if got, is := tags.Lookup(name); got != v || is != ok || tags.Get(name) != v {
				t.Fatalf("%s of %q is %q, %v", name, tags, got, is)
			}
		}
		text, err := json.Marshal(tags)
		var got Tags
		asMap := map[string]string{}
		if err != nil || json.Unmarshal(text, &got) != nil || json.Unmarshal(text, &asMap) != nil || !slices.Equal(got, tags) || !maps.Equal(asMap, want) {
			t.Fatalf("%q was written as %s, %v, and read as %q", tags, text, err, got)
		}
	})
	if text, err := json.Marshal(Tags(nil)); err != nil || string(text) != "null" {
		t.Errorf("no tags are %s, %v", text, err)
	}
}
