package index

import (
	"maps"
	"time"

	"rollcall/providers"
)

// Again returns the index of a later snapshot that has the rows, sources and states of the one of x. The options are those
// of x but for what was observed and the time. It costs as much as there are sources and services.
func (x *Index) Again(s *providers.Snapshot, o *Options) *Index {
	n := x.Part()
	n.Options = o
	if !x.until.IsZero() {
		n.moments.note(x.until)
	}
	n.Clouds, n.Zones = make([]*CloudState, len(x.Clouds)), make([]*ZoneState, len(x.Zones))
	clouds, zones := map[*CloudState]*CloudState{}, map[*ZoneState]*ZoneState{nil: nil}
	for i, old := range x.Clouds {
		cs := *old
		cs.View = &s.Clouds[cs.at]
		n.Clouds[i], clouds[old] = &cs, &cs
	}
	for i, old := range x.Zones {
		z := *old
		z.View = &s.Zones[z.at]
		n.Zones[i], zones[old] = &z, &z
	}
	n.CloudsByKey, n.ZonesByName = maps.Clone(x.CloudsByKey), maps.Clone(x.ZonesByName)
	for k, old := range n.CloudsByKey {
		n.CloudsByKey[k] = clouds[old]
	}
	for k, old := range n.ZonesByName {
		n.ZonesByName[k] = zones[old]
	}
	n.freshUntil = time.Time{}
	for _, cs := range n.Clouds {
		n.stateOf(&cs.View.Coverage)
	}
	for _, z := range n.Zones {
		n.stateOf(&z.View.Coverage)
	}
	n.setBases()
	n.Services, n.ServicesByName = make([]*DeclaredService, len(x.Services)), make(map[string]*DeclaredService, len(x.Services))
	for i, old := range x.Services {
		d := *old
		d.ReadZone = zones[d.ReadZone]
		n.Services[i] = &d
		n.ServicesByName[providers.CanonicalName(d.Name)] = &d
	}
	n.Evacuations = make([]*Evacuation, len(x.Evacuations))
	for i, old := range x.Evacuations {
		e := *old
		e.Zone = zones[e.Zone]
		n.Evacuations[i] = &e
	}
	return n
}

// InOtherStates returns the index of a later snapshot that has the rows and sources of the one of x, whatever the states of
// the sources: one has failed, or answers again. The options may differ as for Again. ok is false if a cloud has another
// key. It costs as much as Again, and where a cloud shows no instance as much as there are nodes.
func (x *Index) InOtherStates(s *providers.Snapshot, o *Options) (n *Index, ok bool) {
	n = x.Again(s, o)
	n.moments, n.freshUntil, n.empty, n.lost = &moments{}, time.Time{}, nil, false
	for i, cs := range n.Clouds {
		if n.setCloudState(cs); cs.Key != x.Clouds[i].Key {
			return nil, false
		}
	}
	for _, z := range n.Zones {
		n.setZoneState(z)
	}
	n.VerifyClouds()
	n.setBases()
	if len(n.Evacuations) > 0 {
		n.addEvacuations() // the clock of a source may be another one
	}
	n.until = n.moments.earliest()
	return n, true
}

// Part returns a copy of the index that notes moments of its own: those of one part of an inspection.
func (x *Index) Part() *Index {
	n := *x
	n.moments = &moments{}
	return &n
}

// MadeUntil returns the first moment at which time alone changes a text of the index; zero for never.
func (x *Index) MadeUntil() time.Time { return x.until }
