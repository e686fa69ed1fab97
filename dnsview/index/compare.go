package index

import (
	"strconv"

	"rollcall/providers"
)

// Find looks for the record that a change is about among those that were read
// just now: for a delete or update the one that it starts from, for a create the one that it
// makes. n is how many there are; the provider's id decides where it is known.
func Find(found []providers.Record, c *providers.Change) (r *providers.Record, n int) {
	want := c.Record()
	value := providers.FoldValue(want.Type, want.Value)
	for i := range found {
		f := &found[i]
		if f.Name != want.Name || f.Type != want.Type || f.SetID != want.SetID || providers.FoldValue(f.Type, f.Value) != value {
			continue
		}
		if want.ID != "" && f.ID == want.ID {
			return f, 1
		}
		r = f
		n++
	}
	return r, n
}

// Difference names the first field in which a record that was read again
// differs from the one that a plan saw; it is empty when none does. What the
// plan cannot know (the id and the time of change of a record that it made itself) is not compared, and
// of a marker record only what it says.
func Difference(planned, found *providers.Record) string {
	if planned.IsMarker() {
		return ""
	}
	differs := func(what, a, b string) string {
		return "its " + what + " was " + strconv.Quote(Clean(a)) + " and is " + strconv.Quote(Clean(b))
	}
	switch {
	case planned.ID != "" && planned.ID != found.ID:
		return "it was made anew"
	case planned.TTL != found.TTL || planned.AutoTTL != found.AutoTTL:
		return differs("TTL", strconv.Itoa(int(planned.TTL)), strconv.Itoa(int(found.TTL)))
	case planned.Proxied != found.Proxied:
		return differs("proxying", strconv.FormatBool(planned.Proxied), strconv.FormatBool(found.Proxied))
	case planned.Weight != found.Weight:
		return differs("weight", strconv.FormatInt(planned.Weight, 10), strconv.FormatInt(found.Weight, 10))
	case planned.Policy != found.Policy:
		return differs("policy", planned.Policy, found.Policy)
	case planned.Alias != found.Alias:
		return "it is an alias now"
	case len(found.BadMarkers) != len(planned.BadMarkers):
		return "it has a marker now that cannot be read"
	case !equalOwners(planned.Owners, found.Owners):
		return "its owner marker is another one now"
	case planned.Comment != found.Comment:
		return differs("comment", planned.Comment, found.Comment)
	case planned.ID != "" && !planned.Modified.IsZero() && !planned.Modified.Equal(found.Modified):
		return "its provider says that it was changed at " + found.Modified.UTC().Format("2006-01-02 15:04:05")
	}
	return ""
}

// equalOwners compares markers in what both say: on Cloudflare the comment
// names no value, a marker record of the same owner does.
func equalOwners(a, b []providers.Owner) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Bare() != b[i].Bare() {
			return false
		}
	}
	return true
}
