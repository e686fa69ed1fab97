package index

import (
	"sync/atomic"
	"time"
)

// moments is the first moment at which time alone changes what is found, in nanoseconds since the epoch; zero for none.
// It is safe for concurrent use.
type moments struct{ first atomic.Int64 }

func (m *moments) note(t time.Time) {
	at := t.UnixNano()
	for {
		old := m.first.Load()
		if old != 0 && old <= at || m.first.CompareAndSwap(old, at) {
			return
		}
	}
}

// Passed reports whether t is not after now. Until then, t is a moment that changes what is found.
func (x *Index) Passed(t time.Time) bool {
	if !x.Options.Now.Before(t) {
		return true
	}
	x.moments.note(t)
	return false
}

// Since returns how long ago t was, for a sentence, and notes when that text changes. Of a time to come it returns how
// far it is away.
func (x *Index) Since(t time.Time) string {
	d := x.Options.Now.Sub(t)
	_, unit := LargestUnit(max(d, -d), minutesAfter, hoursAfter)
	step := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[unit]
	if d < 0 {
		x.moments.note(x.Options.Now.Add(-d%step + 1))
		return Ago(-d)
	}
	x.moments.note(x.Options.Now.Add(step - d%step))
	return Ago(d)
}

// SinceRoughly is Since in steps of ten seconds below two minutes, for what would else be written anew every second.
func (x *Index) SinceRoughly(t time.Time) string {
	const step = 10 * time.Second
	d := x.Options.Now.Sub(t)
	if d < 0 || d >= minutesAfter {
		return x.Since(t)
	}
	x.moments.note(x.Options.Now.Add(step - d%step))
	if d < step {
		return "under 10 s"
	}
	return Ago(d.Truncate(step))
}

// Unsettled notes that the next look may find something else, whatever the time: it rests on how often one looked.
func (x *Index) Unsettled() { x.moments.note(x.Options.Now) }

// HoldsUntil returns the first moment after now at which time alone changes what is found, or makes a read stale; zero for
// never.
func (x *Index) HoldsUntil() time.Time { return earlier(x.moments.earliest(), x.freshUntil) }

func (m *moments) earliest() time.Time {
	if at := m.first.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Time{}
}

// earlier returns the earlier one of two moments, either of which may be zero for never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
