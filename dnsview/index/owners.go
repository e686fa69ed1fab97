package index

import (
	"cmp"

	"rollcall/providers"
)

// Whose returns whose a record is, as the end of a sentence.
func Whose(r *providers.Record) string {
	if o, ok := r.Owner(); ok {
		return "owned by " + ShortID(o.Instance) + " of fleet " + Clean(o.Fleet)
	}
	if Marked(r) {
		return "not clear whose it is"
	}
	return "not marked as anybody's"
}

// RegisteredOwner returns the owner in the marker of a record, or in the record itself where it is a marker.
func RegisteredOwner(r *providers.Record) (providers.Owner, bool) {
	if r.IsMarker() {
		return OwnerInMarker(r)
	}
	return r.Owner()
}

// RecordID returns the provider's id of a record, or of its set, for a sentence.
func RecordID(r *providers.Record) string {
	if id := cmp.Or(r.ID, r.SetID); id != "" {
		return Clean(id)
	}
	return "a value without an id"
}

// AndMore returns " and n other values", or the empty string for none.
func AndMore(n int) string {
	if n <= 0 {
		return ""
	}
	return " and " + Plural(n, "other value", "other values")
}
