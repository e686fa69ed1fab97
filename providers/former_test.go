package providers

import (
	"slices"
	"testing"
	"time"
)

func TestAReadingRemembersWhatTheOneBeforeShowedForAsLongAsResolversMayHoldIt(t *testing.T) {
	begin := time.Unix(1_770_000_000, 0).UTC()
	at := begin
	v := &ZoneView{}
	read := func(after time.Duration, state CoverageState, rows ...Record) []Former {
		at = at.Add(after)
		next := &ZoneView{Coverage: Coverage{State: state, Started: at}, Records: rows, RowsFrom: at, HasCompleteRead: true}
		next.SetFormer(v, at.Add(time.Second))
		v = next
		return v.Former
	}
	want := func(what string, got []Former, want ...Former) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	a := Record{Name: "www.z.test", Type: "A", TTL: 600, Value: "203.0.113.1", Owners: []Owner{{Fleet: "f", Cloud: "k", Instance: "i-1"}}}
	b := Record{Name: "www.z.test", Type: "A", TTL: 600, Value: "203.0.113.2"}
	txt := Record{Name: "www.z.test", Type: "TXT", TTL: 600, Value: `"x"`}
	want("first", read(0, CoverageComplete, a, b, txt))
	want("the same", read(time.Minute, CoverageComplete, a, b, txt))
	want("a part", read(time.Minute, CoveragePartial, b))
	v.Records = []Record{a, b, txt}

	low, lowB := a, b
	low.TTL, lowB.TTL = 60, 60
	ttl := Former{Name: a.Name, Type: "A", TTL: 10 * time.Minute, Seen: at, At: at.Add(time.Minute + time.Second)}
	want("lowered, and a text vanished", read(time.Minute, CoverageComplete, low, lowB), ttl)
	gone := Former{Name: a.Name, Type: "A", Value: a.Value, Cloud: "k", Instance: "i-1", TTL: time.Minute, Seen: at, At: at.Add(time.Minute + time.Second)}
	want("vanished", read(time.Minute, CoverageComplete, lowB), ttl, gone)
	want("a little later", read(time.Minute-time.Second, CoverageComplete, lowB), ttl, gone)
	want("the value is forgotten", read(time.Second, CoverageComplete, lowB), ttl)
	lower := lowB
	lower.TTL = 30
	second := Former{Name: a.Name, Type: "A", TTL: time.Minute, Seen: at, At: at.Add(time.Second + time.Second)}
	want("lowered again", read(time.Second, CoverageComplete, lower), ttl, second)
	want("all is forgotten", read(10*time.Minute, CoverageComplete, lower))

	proxied := lower
	proxied.Proxied = true
	want("proxied", read(time.Minute, CoverageComplete, proxied))
	if got := read(time.Minute, CoverageComplete, lower); len(got) != 1 || got[0].TTL != 300*time.Second {
		t.Errorf("no longer proxied: %+v", got)
	}
}
