package dnsview_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// bigWorld makes a snapshot of so many records, each owned by an instance of
// one of four clouds; one in twenty disagrees. With failed, one cloud could not be read.
func bigWorld(records int, failed bool) (*providers.Snapshot, index.Options) {
	now := testNow
	s := &providers.Snapshot{Taken: now}
	for c, name := range []string{"aws-use1", "aws-euw1", "joyent-east", "joyent-ams"} {
		p := providers.EC2
		if c >= 2 {
			p = providers.Triton
		}
		key := providers.NewCloudKey(p, "1", name)
		s.Clouds = append(s.Clouds, providers.CloudView{
			Cloud: providers.Cloud{Name: name, Provider: p, Traits: *traits(p), Key: key}, Coverage: complete(key), RowsFrom: testRead, Lookups: map[string]providers.Lookup{},
		})
	}
	zones := make([][]providers.Record, 2)
	names := []string{cfZone, r53Zone}
	for n := range records {
		c := &s.Clouds[n%4]
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], 0x22c80000+uint32(n))
		ip := netip.AddrFrom4(b)
		id := fmt.Sprintf("i-0%016x", n)
		tags := providers.TagsOf(map[string]string{"service": "www", "env": "prod"})
		inst := providers.Instance{
			Cloud: c.Cloud.Name, Key: c.Cloud.Key, Provider: c.Cloud.Provider, ID: id, Name: fmt.Sprintf("www-%05d", n), State: providers.StateRunning,
			PublicIPs: []netip.Addr{ip}, PrivateIPs: []netip.Addr{netip.AddrFrom4([4]byte{10, b[1], b[2], b[3]})}, Launched: longAgo, Tags: tags,
		}
		z := n / 4 % 2
		o := owner(c.Cloud.Key, id)
		name := "www." + names[z]
		if n%3 == 0 {
			name = inst.Name + "." + names[z]
		}
		r := providers.Record{Zone: names[z], Name: name, Type: "A", TTL: 60, Value: ip.String(), ID: id, Owners: []providers.Owner{o}}
		switch n % 100 {
		case 1, 2:
			c.Lookups[id] = providers.Lookup{ID: id, Asked: testRead, Gone: true, Final: true}
			zones[z] = append(zones[z], r)
			continue
		case 3:
			r.Owners = nil
		case 4:
			inst.PublicIPs = []netip.Addr{netip.AddrFrom4([4]byte{100, b[1], b[2], b[3]})}
		case 5:
			inst.State = providers.StateStopped
		}
		c.Instances = append(c.Instances, inst)
		zones[z] = append(zones[z], r)
	}
	for z, rs := range zones {
		s.Zones = append(s.Zones, providers.ZoneView{Zone: providers.Zone{Name: names[z]}, Coverage: complete(""), Records: rs})
	}
	if failed {
		s.Clouds[0].Coverage.State, s.Clouds[0].Instances = providers.CoverageFailed, nil
	}
	return s, index.Options{
		Fleet: testFlt, Now: now, MaxAge: time.Minute, CreateGrace: 10 * time.Minute, BootGrace: 5 * time.Minute, Ranges: index.PublishedRanges(),
		Services: []index.Service{
			{Name: "www." + cfZone, Kind: index.RoundRobin, Select: map[string]string{"service": "www"}, Clouds: []string{"aws-use1"}},
			{Name: "v1._theservice._tcp." + r53Zone, Kind: index.DNSSD, Select: map[string]string{"service": "theservice", "version": "v1"}},
		},
	}
}

func benchmarkInspect(b *testing.B, records int, failed bool) {
	s, o := bigWorld(records, failed)
	b.ReportAllocs()
	b.ResetTimer()
	var v *dnsview.View
	for b.Loop() {
		v = dnsview.Inspect(s, o)
	}
	b.ReportMetric(float64(len(v.Findings)), "findings")
}

func BenchmarkInspect10000(b *testing.B) { benchmarkInspect(b, 10_000, false) }

func BenchmarkInspect100000(b *testing.B) { benchmarkInspect(b, 100_000, false) }

func BenchmarkInspect1000000(b *testing.B) { benchmarkInspect(b, 1_000_000, false) }

// An answer of a name server has landed: rows, sources and all other answers are the same.
func BenchmarkOneAnswerChanged100000(b *testing.B) {
	s, o := bigWorld(100_000, false)
	at := map[string]int{}
	for z := range s.Zones {
		for i := range s.Zones[z].Records {
			r := &s.Zones[z].Records[i]
			n, ok := at[r.Name]
			if !ok {
				n = len(o.Wire)
				at[r.Name] = n
				o.Wire = append(o.Wire, &index.WireState{Zone: r.Zone, Name: r.Name, Type: r.Type, State: index.WireInSync, At: testRead})
			}
			o.Wire[n].Want = append(o.Wire[n].Want, r.Value)
		}
	}
	for i := range o.Wire {
		slices.Sort(o.Wire[i].Want)
	}
	v := dnsview.Inspect(s, o)
	b.ReportAllocs()
	for b.Loop() {
		o.Observed++
		o.Wire = slices.Clone(o.Wire)
		split := *o.Wire[0]
		split.State = index.WireSplit
		o.Wire[0] = &split
		v = dnsview.InspectAfter(v, s, o)
	}
}

// The rows of a screen of the same.
func BenchmarkRowsOfOneAnswerChanged100000(b *testing.B) {
	s, o := bigWorld(100_000, false)
	v := dnsview.Inspect(s, o)
	j := rows.Join(v)
	r := &s.Zones[0].Records[0]
	o.Observed++
	o.Wire = []*index.WireState{{Zone: r.Zone, Name: r.Name, Type: r.Type, Want: []string{r.Value}, State: index.WireSplit, At: testRead}}
	v = dnsview.InspectAfter(v, s, o)
	b.ReportAllocs()
	for b.Loop() {
		j = rows.JoinAfter(j, v)
		rows.Findings(v)
	}
}

// A quarter of the records is unknown: a cloud has failed.
func BenchmarkInspectOneCloudFailed100000(b *testing.B) { benchmarkInspect(b, 100_000, true) }

func BenchmarkFindingsOf(b *testing.B) {
	s, o := bigWorld(100_000, false)
	v := dnsview.Inspect(s, o)
	id := s.Zones[0].Records[77].Identity()
	v.FindingsOf(id)
	b.ResetTimer()
	for b.Loop() {
		v.FindingsOf(id)
	}
}

func BenchmarkNothingChanged100000(b *testing.B) {
	s, o := bigWorld(100_000, false)
	v := dnsview.Inspect(s, o)
	b.ReportAllocs()
	for b.Loop() {
		if !v.StillHolds(s, o) {
			b.Fatal("it does not hold")
		}
	}
}

func BenchmarkRows100000(b *testing.B) {
	v := dnsview.Inspect(bigWorld(100_000, false))
	b.ReportAllocs()
	for b.Loop() {
		rows.Join(v)
		rows.Findings(v)
	}
}
