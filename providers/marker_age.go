package providers

import (
	"maps"
	"strings"
	"time"
)

// keepAppeared is how long the first sighting of a marker is remembered.
const keepAppeared = 24 * time.Hour

// FutureMarker is the furthest that a marker may be ahead of its provider's clock before its age counts as unknown.
const FutureMarker = 5 * time.Minute

// MarkerKey identifies one marker: the record that carries it, or that is the marker itself, and its instance.
type MarkerKey struct {
	Zone, Name, Type, Value string
	Cloud                   CloudKey
	Instance                string
}

// MarkerKeyOf returns the key of the marker of o on r.
func MarkerKeyOf(r *Record, o Owner) MarkerKey {
	return MarkerKey{Zone: r.Zone, Name: r.Name, Type: r.Type, Value: FoldValue(r.Type, r.Value), Cloud: o.Cloud, Instance: o.Instance}
}

// OwnWrite is the last write of one marker by this fleet's journal.
type OwnWrite struct {
	Registered time.Time // time in the marker
	Written    time.Time // time of the write by the provider; zero if it does not say
}

// OwnWrites holds the markers that the journal changed or restored.
type OwnWrites map[MarkerKey]OwnWrite

// wrote reports whether the marker of o on r was last written by this fleet's journal.
func (w OwnWrites) wrote(r *Record, o Owner) bool {
	own, ok := w[MarkerKeyOf(r, o)]
	return ok && own.Registered.Equal(o.Registered) && MarkerWritten(r).Equal(own.Written)
}

// MarkerWritten returns when the provider says that the marker of r was last written: its comment, or else r as a
// whole. It returns zero if the provider does not say.
func MarkerWritten(r *Record) time.Time {
	if !r.Commented.IsZero() {
		return r.Commented
	}
	return r.Modified
}

// MarkerSince returns the time from which the age of the marker of o on r counts, by this machine's clock. Nothing else
// measures a marker's age. It is the later of the time in the marker and the provider's time of the last change. If the
// provider reports no such time, as on Route 53, the first reading that showed the marker after a complete one that did
// not takes its place. That reading is ignored if gone is set: the cloud knows that the instance is gone for good, so
// the instance cannot be too new to be found. If own wrote the marker last, as an undo that restores it does, the time
// in the marker counts alone.
func (v *ZoneView) MarkerSince(r *Record, o Owner, own OwnWrites, gone bool) time.Time {
	since := o.Registered
	seen := MarkerWritten(r)
	if seen.IsZero() && !gone {
		seen = v.Appeared[MarkerKeyOf(r, o)]
	}
	if seen.After(since) && !own.wrote(r, o) {
		since = seen
	}
	return v.Coverage.Local(since)
}

// HasAgeEvidence reports whether there is evidence beyond the marker itself of how long it has been on r: the provider's time,
// or a reading at least age old that showed it.
func (v *ZoneView) HasAgeEvidence(r *Record, o Owner, now time.Time, age time.Duration) bool {
	if !r.Modified.IsZero() {
		return true
	}
	seen, ok := v.Appeared[MarkerKeyOf(r, o)]
	if !ok {
		seen = v.Since
	}
	return !seen.IsZero() && now.Sub(v.Coverage.Local(seen)) >= age
}

// SetAppeared sets Appeared and Since. A marker that the earlier complete reading prev did not show gets the start of
// this reading, by the provider's clock. prev may be nil; then only the markers' own times are known.
func (v *ZoneView) SetAppeared(prev *ZoneView) {
	now := v.Coverage.Started.Add(v.Coverage.Skew).Round(0)
	v.Appeared, v.Since = nil, now
	if prev == nil || !prev.HasCompleteRead {
		return
	}
	if !prev.Since.IsZero() {
		v.Since = prev.Since
	}
	if ShareRows(v.Records, prev.Records) {
		v.Appeared = maps.Clone(prev.Appeared)
		maps.DeleteFunc(v.Appeared, func(_ MarkerKey, first time.Time) bool { return now.Sub(first) >= keepAppeared })
		return
	}
	known := map[MarkerKey]bool{}
	eachMarker(prev.Records, func(k MarkerKey) { known[k] = true })
	v.Appeared = map[MarkerKey]time.Time{}
	eachMarker(v.Records, func(k MarkerKey) {
		first, noted := prev.Appeared[k]
		switch {
		case !known[k]:
			v.Appeared[k] = now
		case noted && now.Sub(first) < keepAppeared:
			v.Appeared[k] = first
		}
	})
}

// eachMarker calls f for every marker of records, including records that are markers.
func eachMarker(records []Record, f func(MarkerKey)) {
	for i := range records {
		r := &records[i]
		for _, o := range r.Owners {
			f(MarkerKeyOf(r, o))
		}
		if !r.IsMarker() {
			continue
		}
		if parts, ok := ParseTXT(r.Value); ok {
			if o, err := DecodeOwner(strings.Join(parts, "")); err == nil {
				f(MarkerKeyOf(r, o))
			}
		}
	}
}
