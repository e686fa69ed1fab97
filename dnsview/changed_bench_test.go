package dnsview_test

import (
	"net/netip"
	"slices"
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/dnsview/tree"
	"rollcall/providers"
)

func BenchmarkOneChangedRow100000(b *testing.B) { benchmarkChangedRows(b, 1) }

func BenchmarkAHundredChangedRows100000(b *testing.B) { benchmarkChangedRows(b, 100) }

// benchmarkChangedRows is what a console does from the snapshot of a read in which so many records among 100,000 have
// another TTL than before, and as many instances another tag, to the rows of its screens.
func benchmarkChangedRows(b *testing.B, changed int) {
	s, o := bigWorld(100_000, false)
	snaps := []*providers.Snapshot{withChangedRows(s, changed), s}
	v := dnsview.Inspect(s, o)
	j, found := rows.Join(v), rows.Findings(v)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		o.Now = o.Now.Add(1)
		v = dnsview.InspectAfter(v, snaps[n%2], o)
		j = rows.JoinAfter(j, v)
		if found = rows.FindingsAfter(found, v); len(found) == 0 || len(j.Records) < 90_000 {
			b.Fatal("no findings or no rows")
		}
	}
}

// BenchmarkASourceThatFails100000 is the same for a cloud whose read fails, and that answers again.
func BenchmarkASourceThatFails100000(b *testing.B) {
	s, o := bigWorld(100_000, false)
	failed := *s
	failed.Clouds = slices.Clone(s.Clouds)
	failed.Clouds[1].Coverage.State = providers.CoverageFailed
	snaps := []*providers.Snapshot{&failed, s}
	v := dnsview.Inspect(s, o)
	j, found := rows.Join(v), rows.Findings(v)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		o.Now = o.Now.Add(1)
		was := v
		v = dnsview.InspectAfter(was, snaps[n%2], o)
		j = rows.JoinAfter(j, v)
		if found = rows.FindingsAfter(found, v); !v.Index.SameRows(was.Index) || len(found) == 0 || len(j.Records) < 90_000 {
			b.Fatal("all rows were joined anew")
		}
	}
}

// BenchmarkServiceTreeAfterOneChangedRow100000 is the service tree after such a read. The instance belongs to the largest
// service, which has a third of all nodes.
func BenchmarkServiceTreeAfterOneChangedRow100000(b *testing.B) {
	s, o := bigWorld(100_000, false)
	snaps := []*providers.Snapshot{withChangedRows(s, 1), s}
	v := dnsview.Inspect(s, o)
	tree.Of(v)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		o.Now = o.Now.Add(1)
		v = dnsview.InspectAfter(v, snaps[n%2], o)
		b.StartTimer()
		tree.Of(v)
	}
}

// withChangedRows returns a later snapshot with so many changed records, and as many changed instances.
func withChangedRows(s *providers.Snapshot, changed int) *providers.Snapshot {
	other := *s
	other.Clouds, other.Zones = slices.Clone(s.Clouds), slices.Clone(s.Zones)
	z, c := &other.Zones[0], &other.Clouds[0]
	z.Records, c.Instances = slices.Clone(z.Records), slices.Clone(c.Instances)
	for n := range changed {
		z.Records[n*len(z.Records)/changed].TTL++
		c.Instances[n*len(c.Instances)/changed].Tags = providers.TagsOf(map[string]string{"service": "www", "env": "canary"})
	}
	return &other
}

func BenchmarkOneRowThatComes100000(b *testing.B) { benchmarkRowsThatMove(b, true) }

func BenchmarkOneRowThatGoes100000(b *testing.B) { benchmarkRowsThatMove(b, false) }

// benchmarkRowsThatMove is the same for an instance that was launched and its record, or that ended with it.
func benchmarkRowsThatMove(b *testing.B, comes bool) {
	is, o := bigWorld(100_000, false)
	was := *is
	was.Clouds, was.Zones = slices.Clone(is.Clouds), slices.Clone(is.Zones)
	z, c := &was.Zones[0], &was.Clouds[0]
	r := z.Records[len(z.Records)/2]
	for len(r.Owners) != 1 || r.Owners[0].Cloud != c.Cloud.Key || r.Name != "www."+cfZone || !hasInstance(c, r.ID) {
		r = z.Records[slices.IndexFunc(z.Records, func(x providers.Record) bool { return x.ID == r.ID })+1]
	}
	z.Records = slices.DeleteFunc(slices.Clone(z.Records), func(x providers.Record) bool { return x.ID == r.ID })
	c.Instances = slices.DeleteFunc(slices.Clone(c.Instances), func(i providers.Instance) bool { return i.ID == r.ID })
	from, to := &was, is
	if !comes {
		from, to = is, &was
	}
	last := dnsview.Inspect(from, o)
	lastRows, lastFound := rows.Join(last), rows.Findings(last)
	b.ReportAllocs()
	for b.Loop() {
		o.Now = o.Now.Add(1)
		v := dnsview.InspectAfter(last, to, o)
		if j, found := rows.JoinAfter(lastRows, v), rows.FindingsAfter(lastFound, v); !v.TookOver() || len(found) == 0 || len(j.Records) != len(lastRows.Records)+len(to.Zones[0].Records)-len(from.Zones[0].Records) {
			b.Fatal("it is a build from nothing, or its rows are others")
		}
	}
}

func hasInstance(c *providers.CloudView, id string) bool {
	return slices.ContainsFunc(c.Instances, func(i providers.Instance) bool { return i.ID == id })
}

// BenchmarkRowsFromNothing100000 is the same for a console that has no earlier view.
func BenchmarkRowsFromNothing100000(b *testing.B) {
	s, o := bigWorld(100_000, false)
	b.ReportAllocs()
	for b.Loop() {
		v := dnsview.Inspect(s, o)
		rows.Join(v)
		rows.Findings(v)
	}
}

// BenchmarkOneMapOfAddresses100000 is the least that a join of instances and records can do: the instances in one map by
// address, and a look at it for each record.
func BenchmarkOneMapOfAddresses100000(b *testing.B) {
	s, _ := bigWorld(100_000, false)
	b.ReportAllocs()
	for b.Loop() {
		at := make(map[netip.Addr]*providers.Instance, 100_000)
		for c := range s.Clouds {
			for i := range s.Clouds[c].Instances {
				inst := &s.Clouds[c].Instances[i]
				for _, a := range inst.PublicIPs {
					at[a] = inst
				}
			}
		}
		held := 0
		for z := range s.Zones {
			for i := range s.Zones[z].Records {
				if a, ok := s.Zones[z].Records[i].Addr(); ok && at[a] != nil {
					held++
				}
			}
		}
		if held < 90_000 {
			b.Fatal(held)
		}
	}
}
