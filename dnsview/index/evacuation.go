package index

import (
	"slices"
	"strings"
	"time"

	"rollcall/providers"
)

// Evacuation is what the markers at one name say of a cloud: its nodes are kept out of DNS at that name and below it.
type Evacuation struct {
	Cloud  providers.CloudKey
	Zone   *ZoneState
	Name   string // the name of the zone or of a service
	Record *providers.Record
	Since  time.Time
	Until  time.Time           // when a finding reminds of it; zero for never
	Before []*providers.Record // markers of values that were out of DNS before it
}

// Covers reports whether the evacuation holds for a name.
func (e *Evacuation) Covers(name string) bool { return providers.InZone(name, e.Name) }

// tookOut reports whether a value that is out of DNS was not so before the evacuation.
func (e *Evacuation) tookOut(name, typ, value string) bool {
	return !slices.ContainsFunc(e.Before, func(m *providers.Record) bool {
		o, ok := OwnerInMarker(m)
		return ok && o == o.Before(name, typ, value)
	})
}

// addEvacuations finds the evacuations that markers of this fleet name, the widest first.
func (x *Index) addEvacuations() {
	x.Evacuations = nil
	before := map[string][]*providers.Record{} // by the name of the markers
	for _, z := range x.Zones {
		for i := range z.View.Records {
			r := &z.View.Records[i]
			if r.Type != "TXT" || !strings.HasPrefix(r.Name, providers.EvacuationName("")) || !r.IsMarker() {
				continue
			}
			o, ok := OwnerInMarker(r)
			instance, name, _ := providers.SplitMarkerName(r.Name)
			if !ok || !o.Evacuates() || x.ForeignFleet(o) || instance != o.Instance {
				continue
			}
			until, ok := o.EvacuatedUntil()
			switch {
			case ok:
				x.Evacuations = append(x.Evacuations, &Evacuation{Cloud: o.Cloud, Zone: z, Name: name, Record: r, Since: z.View.Coverage.Local(o.Registered), Until: until})
			case o.IsBefore():
				before[r.Zone+" "+r.Name] = append(before[r.Zone+" "+r.Name], r)
			}
		}
	}
	for _, e := range x.Evacuations {
		e.Before = before[e.Record.Zone+" "+e.Record.Name]
	}
	slices.SortFunc(x.Evacuations, func(a, b *Evacuation) int {
		if c := strings.Count(a.Name, ".") - strings.Count(b.Name, "."); c != 0 {
			return c
		}
		return CompareRecords(a.Record, b.Record)
	})
}

// EvacuatedAt returns the widest evacuation that keeps the nodes of a cloud out of DNS at a name, or nil.
func (x *Index) EvacuatedAt(key providers.CloudKey, name string) *Evacuation {
	for _, e := range x.Evacuations {
		if e.Cloud == key && e.Covers(name) {
			return e
		}
	}
	return nil
}

// EvacuationsOf returns the evacuations of a cloud, the widest first.
func (x *Index) EvacuationsOf(key providers.CloudKey) (out []*Evacuation) {
	for _, e := range x.Evacuations {
		if e.Cloud == key {
			out = append(out, e)
		}
	}
	return out
}

// TookOut reports whether one of some evacuations took out a value that a marker remembers: the value was in DNS before.
func (m QuiescedMarker) TookOut(by []*Evacuation) bool {
	return slices.ContainsFunc(by, func(e *Evacuation) bool {
		return e.Zone.Name == m.Zone.Name && m.Owner.Cloud == e.Cloud && e.tookOut(m.Name, m.Owner.Type, m.Owner.Value)
	})
}
