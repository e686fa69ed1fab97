package dnsview_test

import (
	"net/netip"
	"slices"
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

func BenchmarkOneChangedRow100000(b *testing.B) { benchmarkChangedRows(b, 1) }

func BenchmarkAHundredChangedRows100000(b *testing.B) { benchmarkChangedRows(b, 100) }

// benchmarkChangedRows is what a console does from the snapshot of a read in which so many records among 100,000 have
// another TTL than before, and as many instances another tag, to the rows of its screens.
func benchmarkChangedRows(b *testing.B, changed int) {
	s, o := bigWorld(100_000, false)
	other := *s
	other.Clouds, other.Zones = slices.Clone(s.Clouds), slices.Clone(s.Zones)
	z, c := &other.Zones[0], &other.Clouds[0]
	z.Records, c.Instances = slices.Clone(z.Records), slices.Clone(c.Instances)
	for n := range changed {
		z.Records[n*len(z.Records)/changed].TTL++
		c.Instances[n*len(c.Instances)/changed].Tags = map[string]string{"service": "www", "env": "canary"}
	}
	snaps := []*providers.Snapshot{&other, s}
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
