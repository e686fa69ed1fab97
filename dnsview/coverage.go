package dnsview

import (
	"strings"

	"rollcall/providers"
)

// cloudState is a cloud as the findings see it: the key that answered, and how
// much can be concluded from what it answered.
type cloudState struct {
	view  *providers.CloudView
	name  string
	key   providers.CloudKey // key of the cloud that answered, or that the rows are of when none did
	state providers.CoverageState
	why   string // why nothing can be concluded; empty when the state is complete
	basis Basis
}

// zoneState is the same for a zone.
type zoneState struct {
	view  *providers.ZoneView
	name  string
	state providers.CoverageState
	why   string
	basis Basis
	nodes []int32                        // for each record of the view, the instance that it belongs to, or -1
	all   []Basis                        // every cloud and this zone: what a finding of absence rests on
	names map[string][]*providers.Record // made by named when it is first asked for; see there
	exact map[setValue]*providers.Record // made by standing when it is first asked for
	cuts  Cuts                           // names that the zone's servers do not answer for
}

func (x *index) addClouds(s *providers.Snapshot) {
	x.forgotten = s.Forgotten
	for i := range s.Clouds {
		v := &s.Clouds[i]
		cs := &cloudState{view: v, name: cloudName(v), state: v.Coverage.At(x.o.Now, x.o.MaxAge)}
		cs.key = v.Coverage.Key
		if cs.key == "" {
			cs.key = v.Cloud.Key
		}
		cs.why = coverageWhy(cs.name, v.Coverage, cs.state, x.o, v.Reading)
		switch {
		case cs.state != providers.CoverageComplete:
		case v.Coverage.Key == "":
			cs.state, cs.why = providers.CoveragePartial, cs.name+" has not said which account it is"
		case v.Cloud.Key != "" && v.Cloud.Key != v.Coverage.Key:
			cs.state, cs.why = providers.CoveragePartial, cs.name+" answers as another account than the one that its rows are from"
		}
		x.clouds = append(x.clouds, cs)
		if cs.key != "" {
			if old := x.byKey[cs.key]; old == nil || cs.name < old.name {
				x.byKey[cs.key] = cs
			}
		}
	}
}

func cloudName(v *providers.CloudView) string {
	if v.Cloud.Name != "" {
		return v.Cloud.Name
	}
	return string(v.Cloud.Key)
}

func (x *index) addZones(s *providers.Snapshot) {
	for i := range s.Zones {
		v := &s.Zones[i]
		zs := &zoneState{view: v, name: providers.CanonicalName(v.Zone.Name), state: v.Coverage.At(x.o.Now, x.o.MaxAge)}
		zs.why = coverageWhy(zs.name, v.Coverage, zs.state, x.o, v.Reading)
		zs.cuts = CutsOf(zs.name, v.Records)
		x.zones = append(x.zones, zs)
		if old := x.zoneName[zs.name]; old == nil || old.view.Zone.Private && !v.Zone.Private {
			x.zoneName[zs.name] = zs
		}
	}
}

// coverageWhy says in one clause why a source says nothing certain.
func coverageWhy(name string, c providers.Coverage, state providers.CoverageState, o *Options, reading bool) string {
	switch state {
	case providers.CoverageComplete:
		return ""
	case providers.CoverageStale:
		return name + " was last read " + ago(c.Age(o.Now)) + " ago"
	case providers.CoverageNone:
		if reading {
			return name + " is still being read for the first time"
		}
		return name + " was never read"
	}
	w := name + " was read in part only"
	if state == providers.CoverageFailed {
		w = name + " could not be read"
	}
	if c.Err != nil {
		w += " (" + errorText(c.Err) + ")"
	}
	return w
}

// errorText gives an error as one clean line of bounded length.
func errorText(err error) string {
	s := Clean(err.Error())
	if len(s) > 160 {
		s = strings.ToValidUTF8(s[:157], "") + "..."
	}
	return s
}

// distrust lowers the state of clouds whose list is refuted by the questions
// for single instances, or whose empty list no one has checked yet: an API that answers with an empty
// or a short list is the way in which live records were lost elsewhere.
func (x *index) distrust() {
	x.distrustStrangers()
	for _, cs := range x.clouds {
		if cs.state != providers.CoverageComplete {
			continue
		}
		if len(cs.view.Lookups) > 0 {
			x.distrustShort(cs)
		}
		if len(cs.view.Instances) == 0 && cs.state == providers.CoverageComplete {
			x.distrustEmpty(cs)
		}
	}
}

func (x *index) distrustShort(cs *cloudState) {
	listed := map[string]bool{}
	for i := range cs.view.Instances {
		listed[cs.view.Instances[i].ID] = true
	}
	first := ""
	for id := range cs.view.Lookups {
		l := cs.view.Lookups[id]
		if l.Gone || l.Instance == nil || !l.Instance.State.Listed() || listed[id] {
			continue
		}
		if first == "" || id < first {
			first = id
		}
	}
	if first != "" {
		cs.state = providers.CoveragePartial
		cs.why = cs.name + " left " + shortID(first) + " out of its list, and showed it when asked for it"
	}
}

func (x *index) distrustEmpty(cs *cloudState) {
	asked := 0
	for id, n := range x.nodeIDs[cs.key] {
		if x.nodes[n].head < 0 {
			continue
		}
		if l, ok := cs.view.Lookups[id]; !ok || l.Err != nil {
			asked++
		}
	}
	if asked > 0 {
		cs.state = providers.CoveragePartial
		cs.why = cs.name + " shows no instance at all, and " + plural(asked, "instance that markers name was", "instances that markers name were") + " not asked for one by one"
	}
}

// settleBases fixes what findings rest on, once the states are final.
func (x *index) settleBases() {
	clouds := make([]Basis, 0, len(x.clouds))
	for _, cs := range x.clouds {
		cs.basis = Basis{Source: cs.name, State: cs.state, Age: cs.view.Coverage.Age(x.o.Now), Err: cs.why}
		clouds = append(clouds, cs.basis)
	}
	for _, zs := range x.zones {
		zs.basis = Basis{Source: zs.name, State: zs.state, Age: zs.view.Coverage.Age(x.o.Now), Err: zs.why}
		zs.all = append(clouds[:len(clouds):len(clouds)], zs.basis)
	}
}

// lacking says which sources, of all clouds and one zone, say nothing certain,
// and why; it is empty when all do. A finding of absence is unknown when it is not empty.
func (x *index) lacking(z *zoneState) string {
	var w []string
	if len(x.clouds) == 0 {
		w = append(w, "no cloud is configured here")
	}
	for _, cs := range x.clouds {
		if cs.state != providers.CoverageComplete {
			w = append(w, cs.why)
		}
	}
	if z != nil && z.state != providers.CoverageComplete {
		w = append(w, z.why)
	}
	return joinWhys(w)
}

func lackingOf(cs *cloudState, z *zoneState) string {
	var w []string
	if cs != nil && cs.state != providers.CoverageComplete {
		w = append(w, cs.why)
	}
	if z != nil && z.state != providers.CoverageComplete {
		w = append(w, z.why)
	}
	return joinWhys(w)
}

func joinWhys(w []string) string {
	if len(w) > 3 {
		w = append(w[:3:3], plural(len(w)-3, "other source", "other sources"))
	}
	return strings.Join(w, "; ")
}
