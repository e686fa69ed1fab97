package dnsview_test

import (
	"slices"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

func TestTheLastHourCountsNodesAnewOnlyIfTheyOrTheirFindingsHaveChanged(t *testing.T) {
	s, o := bigWorld(2_000, false)
	o.MaxAge = 24 * time.Hour
	v := dnsview.Inspect(s, o)
	var hour rows.Trends
	note := func() int {
		o.Now = o.Now.Add(10 * time.Minute) // another step
		v = dnsview.InspectAfter(v, s, o)
		v.ReleaseServices()
		if !hour.Note(v, s, o.Now) {
			t.Fatal("nothing was counted")
		}
		steps := hour.Of("www."+cfZone, "aws-use1", o.Now)
		return steps[rows.TrendSteps-1]
	}
	first := note()
	if first < 100 {
		t.Fatal(first)
	}
	if n := testing.AllocsPerRun(4, func() {
		if again := note(); again != first {
			t.Errorf("%d nodes, and %d though nothing has changed", first, again)
		}
	}); n > 500 {
		t.Errorf("%v allocations for nodes of which nothing has changed", n)
	}
	other := *s
	other.Clouds = slices.Clone(s.Clouds)
	c := &other.Clouds[0]
	c.Instances = slices.Clone(c.Instances)
	at := slices.IndexFunc(c.Instances, func(i providers.Instance) bool {
		found := v.FindingsOfInstance(i.Key, i.ID)
		records := v.RecordsOf(i.Key, i.ID)
		return len(found) == 0 && len(records) == 1 && records[0].Name == "www."+cfZone
	})
	c.Instances[at].State = providers.StateStopped
	s = &other
	if now := note(); now != first-1 {
		t.Errorf("%d nodes, and %d after one has stopped", first, now)
	}
}

func BenchmarkLastHourOfSameNodes100000(b *testing.B) {
	s, o := bigWorld(100_000, false)
	o.MaxAge = 24 * time.Hour
	v := dnsview.Inspect(s, o)
	var hour rows.Trends
	hour.Note(v, s, o.Now)
	v.ReleaseServices()
	b.ReportAllocs()
	for b.Loop() {
		o.Now = o.Now.Add(time.Minute)
		hour.Note(v, s, o.Now)
	}
}
