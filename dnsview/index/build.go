package index

import (
	"cmp"
	"slices"
	"strings"

	"rollcall/providers"
)

// VerifyClouds lowers the state of clouds whose list is refuted by the questions
// for single instances, or whose empty list no one has checked yet: an API that answers with an empty
// or a short list is the way in which live records were lost elsewhere.
func (x *Index) VerifyClouds() {
	x.verifyAccounts()
	for _, cs := range x.Clouds {
		if cs.State != providers.CoverageComplete {
			continue
		}
		if len(cs.View.Lookups) > 0 {
			x.verifyShortList(cs)
		}
		if len(cs.View.Instances) == 0 && cs.State == providers.CoverageComplete {
			x.verifyEmptyList(cs)
		}
	}
}

// New joins a snapshot. The index points into the snapshot and the options.
func New(s *providers.Snapshot, o *Options) *Index {
	instances := 0
	for i := range s.Clouds {
		instances += len(s.Clouds[i].Instances)
	}
	records := 0
	for i := range s.Zones {
		records += len(s.Zones[i].Records)
	}
	x := &Index{
		Options: o, moments: &moments{}, made: &made{}, CloudsByKey: map[providers.CloudKey]*CloudState{}, ZonesByName: map[string]*ZoneState{},
		Nodes: make([]node, 0, instances), numbers: NewTable(instances, HashInstance), Links: make([]link, 0, records),
		addresses: NewTable(2*instances, HashAddr), holders: make([]holder, 0, 2*instances), claims: make([]uint8, 0, 2*instances), twins: map[int32][]*providers.Instance{},
		ServicesByName: map[string]*DeclaredService{}, Parents: map[string]bool{},
		Targets: map[string]string{}, Hosts: map[string][]*providers.Record{},
	}
	x.prepareIdentities()
	x.addClouds(s)
	x.addZones(s)
	slices.SortFunc(x.Clouds, func(a, b *CloudState) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key)) })
	slices.SortFunc(x.Zones, func(a, b *ZoneState) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.View.Zone.ID, b.View.Zone.ID))
	})
	for n, z := range x.Zones {
		z.Number = n
	}
	for _, cs := range x.Clouds {
		x.addInstances(cs)
	}
	x.linkRecords()
	x.VerifyClouds()
	x.setBases()
	x.addServices()
	x.addNames()
	x.addControllers()
	x.addEvacuations()
	x.until = x.moments.earliest()
	return x
}

// SourceOrder returns the sources in config order, clouds first.
func SourceOrder(s *providers.Snapshot) []string {
	var out []string
	for i := range s.Clouds {
		out = append(out, "cloud "+cloudName(&s.Clouds[i]))
	}
	for i := range s.Zones {
		out = append(out, "zone "+providers.CanonicalName(s.Zones[i].Zone.Name))
	}
	return out
}

// BasisOf returns the coverage of a source as SourceOrder names it.
func (x *Index) BasisOf(source string) Basis {
	kind, name, _ := strings.Cut(source, " ")
	for _, cs := range x.Clouds {
		if kind == "cloud" && cs.Name == name {
			return cs.Basis
		}
	}
	for _, z := range x.Zones {
		if kind == "zone" && z.Name == name {
			return z.Basis
		}
	}
	return Basis{Source: name}
}

// CloudLabel names a cloud for a sentence: its name here, or its key.
func (x *Index) CloudLabel(key providers.CloudKey) string {
	if cs := x.CloudsByKey[key]; cs != nil {
		return cs.Name
	}
	return "cloud " + Clean(string(key))
}

// CloudArgument returns how a command names a cloud: by its name, or by its key if no source has it.
func (x *Index) CloudArgument(key providers.CloudKey) string {
	if cs := x.CloudsByKey[key]; cs != nil {
		return cs.Name
	}
	return Clean(string(key))
}

// Ref returns how plans and findings name an instance.
func (x *Index) Ref(i *providers.Instance) providers.InstanceRef {
	r := i.Ref()
	r.Key = x.KeyOf(i)
	return r
}
