package providers

import (
	"encoding/json"
	"slices"
	"strings"
)

// Tag is one tag of an instance.
type Tag struct{ Name, Value string }

// Tags are the tags of an instance in the order of their names, each name once. A map of a few tags takes three times the
// memory, and a hundred thousand instances have one each. Instances share them, so they must not be modified.
type Tags []Tag

// NewTags returns tags in order. Of several with one name the last stays. It modifies all, and keeps it.
func NewTags(all []Tag) Tags {
	slices.SortStableFunc(all, func(a, b Tag) int { return strings.Compare(a.Name, b.Name) })
	out := all[:0]
	for i := range all {
		if i+1 == len(all) || all[i].Name != all[i+1].Name {
			out = append(out, all[i])
		}
	}
	return out
}

// TagsOf returns the tags of a map; nil for none.
func TagsOf(m map[string]string) Tags {
	if len(m) == 0 {
		return nil
	}
	all := make([]Tag, 0, len(m))
	for k, v := range m {
		all = append(all, Tag{k, v})
	}
	return NewTags(all)
}

// Get returns the value of a tag, or the empty string.
func (t Tags) Get(name string) string {
	v, _ := t.Lookup(name)
	return v
}

// Lookup returns the value of a tag, and whether there is one.
func (t Tags) Lookup(name string) (value string, ok bool) {
	for i := range t {
		if t[i].Name == name {
			return t[i].Value, true
		}
	}
	return "", false
}

// MarshalJSON returns an object with a member for each tag.
func (t Tags) MarshalJSON() ([]byte, error) {
	if t == nil {
		return []byte("null"), nil
	}
	m := make(map[string]string, len(t))
	for i := range t {
		m[t[i].Name] = t[i].Value
	}
	return json.Marshal(m)
}

// UnmarshalJSON reads what MarshalJSON returns.
func (t *Tags) UnmarshalJSON(data []byte) error {
	var m map[string]string
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	*t = TagsOf(m)
	return nil
}
