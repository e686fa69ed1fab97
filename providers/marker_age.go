package providers

import (
	"strings"
	"time"
)

// keepAppeared is for how long it is remembered when a marker was seen for the first time.
const keepAppeared = 24 * time.Hour

// FutureMarker is how far ahead of its provider's clock a marker may be before no one can say how old it is.
const FutureMarker = 5 * time.Minute

// MarkerKey names one marker: the record that it is on, or that is the marker itself, and whom it names.
type MarkerKey struct {
	Zone, Name, Type, Value string
	Cloud                   CloudKey
	Instance                string
}

// MarkerKeyOf returns the key of the marker of o on r.
func MarkerKeyOf(r *Record, o Owner) MarkerKey {
	return MarkerKey{Zone: r.Zone, Name: r.Name, Type: r.Type, Value: FoldValue(r.Type, r.Value), Cloud: o.Cloud, Instance: o.Instance}
}

// OwnWrite is what this fleet's journal has written last for one marker.
type OwnWrite struct {
	Registered time.Time // that the marker says
	Written    time.Time // when the provider says that it was written; zero when it does not say
}

// OwnWrites are the markers that the journal changed or brought back.
type OwnWrites map[MarkerKey]OwnWrite

// wrote reports whether the last writer of a marker was this fleet's journal.
func (w OwnWrites) wrote(r *Record, o Owner) bool {
	own, ok := w[MarkerKeyOf(r, o)]
	return ok && own.Registered.Equal(o.Registered) && MarkerWritten(r).Equal(own.Written)
}

// MarkerWritten returns when the provider says that the marker of r was written last: its comment, or r as a
// whole. It is zero when the provider does not say.
func MarkerWritten(r *Record) time.Time {
	if !r.Commented.IsZero() {
		return r.Commented
	}
	return r.Modified
}

// MarkerSince returns the time since when the marker of o on r is there at the most, by this machine's clock. It
// is the one measure of a marker's age. It is the later of two times by the provider's clock: the one that the
// marker says, and the one when the provider last changed the record. Where the provider does not say the
// second, as Route 53 does not, it is when a reading first showed the marker that an earlier complete one had
// not shown. With gone that reading does not count: the cloud knows that the instance is gone for good, so it is
// not a new one that is not found yet. A marker that own wrote last, as an undo does that restores
// it exactly, is as old as it says.
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

// Vouched reports whether something beside the marker itself says that it has been on r for a time: the
// provider, or a reading that is that old and showed it already.
func (v *ZoneView) Vouched(r *Record, o Owner, now time.Time, age time.Duration) bool {
	if !r.Modified.IsZero() {
		return true
	}
	seen, ok := v.Appeared[MarkerKeyOf(r, o)]
	if !ok {
		seen = v.Since
	}
	return !seen.IsZero() && now.Sub(v.Coverage.Local(seen)) >= age
}

// AheadOf returns how far a marker is ahead of the provider's clock at now, by this machine's clock.
func (v *ZoneView) AheadOf(o Owner, now time.Time) time.Duration {
	return v.Coverage.Local(o.Registered).Sub(now)
}

// NoteAppeared fills in Appeared of a reading: of the markers that an earlier complete one did
// not show, it notes when this one began, by the provider's clock. prev is nil when there was none:
// then nothing is known but what the markers say.
func (v *ZoneView) NoteAppeared(prev *ZoneView) {
	now := v.Coverage.Started.Add(v.Coverage.Skew).Round(0)
	v.Appeared, v.Since = nil, now
	if prev == nil || !prev.Whole {
		return
	}
	if !prev.Since.IsZero() {
		v.Since = prev.Since
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

// eachMarker calls f for every marker among records, those that are records themselves included.
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
