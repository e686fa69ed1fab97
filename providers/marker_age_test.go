package providers

import (
	"testing"
	"time"
)

func TestAMarkerThatAnEarlierReadingDidNotShowIsAsYoungAsItsFirstSight(t *testing.T) {
	at := time.Unix(1_770_000_000, 0).UTC()
	marked := func(name, instance string) Record {
		return Record{Zone: "z.test", Name: name, Type: "A", Value: "203.0.113.1", Owners: []Owner{{Fleet: "f", Cloud: "k", Instance: instance, Registered: at.Add(-48 * time.Hour)}}}
	}
	read := func(started time.Time, skew time.Duration, prev *ZoneView, records ...Record) *ZoneView {
		v := &ZoneView{Coverage: Coverage{State: CoverageComplete, Started: started, Skew: skew}, Records: records, RowsFrom: started, HasCompleteRead: true}
		v.SetAppeared(prev)
		return v
	}
	age := func(v *ZoneView, n int, now time.Time) time.Duration {
		return now.Sub(v.MarkerSince(&v.Records[n], v.Records[n].Owners[0], nil, false))
	}
	old, young := marked("a.z.test", "i-1"), marked("b.z.test", "i-2")
	first := read(at, 0, nil, old)
	if got := age(first, 0, at); got != 48*time.Hour {
		t.Errorf("without an earlier reading it is %s old", got)
	}
	second := read(at.Add(time.Minute), 0, first, old, young)
	if a, b := age(second, 0, at.Add(time.Minute)), age(second, 1, at.Add(time.Minute)); a < 48*time.Hour || b != 0 {
		t.Errorf("%s and %s old", a, b)
	}
	third := read(at.Add(11*time.Minute), 0, second, old, young)
	if got := age(third, 1, at.Add(11*time.Minute)); got != 10*time.Minute {
		t.Errorf("ten minutes after its first sight it is %s old", got)
	}
	// This machine's clock is set back by an hour: the provider's did not move.
	fourth := read(at.Add(-49*time.Minute), time.Hour, third, old, young)
	if got := age(fourth, 1, at.Add(-49*time.Minute)); got != 10*time.Minute {
		t.Errorf("by the provider's clock it is %s old", got)
	}
	taken := read(at.Add(20*time.Minute), 0, fourth, marked("a.z.test", "i-3"))
	if got := age(taken, 0, at.Add(20*time.Minute)); got != 0 {
		t.Errorf("another owner's marker is %s old", got)
	}
	pieces := *third
	pieces.HasCompleteRead = false
	if v := read(at.Add(time.Hour), 0, &pieces, old, marked("c.z.test", "i-4")); len(v.Appeared) != 0 {
		t.Errorf("a reading that was not whole is no measure: %v", v.Appeared)
	}
}
