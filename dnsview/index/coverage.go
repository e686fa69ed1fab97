package index

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"rollcall/providers"
)

// CloudState is a cloud as the findings see it: the key that answered, and how
// much can be concluded from what it answered.
type CloudState struct {
	View  *providers.CloudView
	at    int // in the snapshot
	Name  string
	Key   providers.CloudKey // key of the cloud that answered, or that the rows are of when none did
	State providers.CoverageState
	Why   string // why nothing can be concluded; empty when the state is complete
	Basis Basis
}

// ZoneState is the same for a zone.
type ZoneState struct {
	View     *providers.ZoneView
	at       int // in the snapshot
	Number   int // in Zones
	Name     string
	State    providers.CoverageState
	Why      string
	Basis    Basis
	Nodes    []int32 // for each record of the view, the instance that it belongs to, or -1
	AllBases []Basis // every cloud and this zone: what a finding of absence rests on
	tables   *tables
	numbering
	registered bool                                  // TXT records of other programs name records of the zone
	exact      func() map[setValue]*providers.Record // made when it is first asked for
	Cuts       Cuts                                  // names that the zone's servers do not answer for
}

// Traits returns those of the provider of a zone; the zero value when the zone is not known.
func (x *Index) Traits(zone string) *providers.Traits {
	if z := x.ZonesByName[zone]; z != nil {
		return &z.View.Zone.Traits
	}
	return &providers.Traits{}
}

func (x *Index) addClouds(s *providers.Snapshot) {
	x.forgotten = s.Forgotten
	for i := range s.Clouds {
		v := &s.Clouds[i]
		cs := &CloudState{View: v, at: i, Name: cloudName(v)}
		x.setCloudState(cs)
		x.Clouds = append(x.Clouds, cs)
		if cs.Key != "" {
			if old := x.CloudsByKey[cs.Key]; old == nil || cs.Name < old.Name {
				x.CloudsByKey[cs.Key] = cs
			}
		}
	}
}

// setCloudState sets what can be concluded from what a cloud has answered, without regard to what else is known.
func (x *Index) setCloudState(cs *CloudState) {
	v := cs.View
	cs.State, cs.Key = x.stateOf(&v.Coverage), v.Coverage.Key
	if cs.Key == "" || cs.State == providers.CoverageFailed && v.Cloud.Key != "" { // the rows of a failed read are earlier ones
		cs.Key = v.Cloud.Key
	}
	cs.Why = x.coverageWhy(cs.Name, v.Coverage, cs.State, v.Reading)
	switch {
	case cs.State != providers.CoverageComplete:
	case v.Coverage.Key == "":
		cs.State, cs.Why = providers.CoveragePartial, cs.Name+" has not said which account it is"
	case v.Cloud.Key != "" && v.Cloud.Key != v.Coverage.Key:
		cs.State, cs.Why = providers.CoveragePartial, cs.Name+" answers as another account than the one that its rows are from"
	}
}

// setZoneState does the same for a zone.
func (x *Index) setZoneState(zs *ZoneState) {
	v := zs.View
	zs.State = x.stateOf(&v.Coverage)
	zs.Why = x.coverageWhy(zs.Name, v.Coverage, zs.State, v.Reading)
}

// stateOf returns the state of a source now.
func (x *Index) stateOf(c *providers.Coverage) providers.CoverageState {
	if c.State == providers.CoverageComplete && x.Options.MaxAge > 0 {
		if t := c.Started.Add(x.Options.MaxAge + 1); x.Options.Now.Before(t) {
			x.freshUntil = earlier(x.freshUntil, t)
		}
	}
	return c.At(x.Options.Now, x.Options.MaxAge)
}

func cloudName(v *providers.CloudView) string {
	if v.Cloud.Name != "" {
		return v.Cloud.Name
	}
	return string(v.Cloud.Key)
}

func (x *Index) addZones(s *providers.Snapshot) {
	for i := range s.Zones {
		v := &s.Zones[i]
		zs := &ZoneState{View: v, at: i, Name: v.Zone.Name}
		if !strings.Contains(zs.Name, " ") { // a phrase stands for all zones of an account
			zs.Name = providers.CanonicalName(zs.Name)
		}
		zs.tables, zs.exact, zs.began = &tables{}, sync.OnceValue(valuesOf(v.Records)), len(v.Records)
		x.setZoneState(zs)
		zs.Cuts = CutsOf(zs.Name, v.Records)
		x.hasCuts = x.hasCuts || !zs.Cuts.Empty()
		x.Zones = append(x.Zones, zs)
		if old := x.ZonesByName[zs.Name]; old == nil || old.View.Zone.Private && !v.Zone.Private {
			x.ZonesByName[zs.Name] = zs
		}
	}
}

// coverageWhy says in one clause why a source says nothing certain.
func (x *Index) coverageWhy(name string, c providers.Coverage, state providers.CoverageState, reading bool) string {
	switch state {
	case providers.CoverageComplete:
		return ""
	case providers.CoverageStale:
		return name + " was last read " + x.Since(c.Started) + " ago"
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
		w += " (" + ErrorText(c.Err) + ")"
	}
	return w
}

// IsDoubted reports whether a cloud of the snapshot says that its list is complete, and what else is known refutes it.
func (x *Index) IsDoubted(v *providers.CloudView) bool {
	return slices.ContainsFunc(x.Clouds, func(cs *CloudState) bool {
		return cs.View == v && cs.State != providers.CoverageComplete && v.Coverage.State == providers.CoverageComplete
	})
}

// ErrorText returns an error as one clean line of bounded length.
func ErrorText(err error) string {
	s := Clean(err.Error())
	if len(s) > 160 {
		s = strings.ToValidUTF8(s[:157], "") + "..."
	}
	return s
}

func (x *Index) verifyShortList(cs *CloudState) {
	shown := map[string]bool{}
	for id, l := range cs.View.Lookups {
		if !l.Gone && l.Instance != nil && l.Instance.State.Listed() {
			shown[id] = true
		}
	}
	if len(shown) == 0 {
		return
	}
	for i := range cs.View.Instances {
		delete(shown, cs.View.Instances[i].ID)
	}
	if len(shown) > 0 {
		first := slices.Min(slices.Collect(maps.Keys(shown)))
		cs.State = providers.CoveragePartial
		cs.Why = cs.Name + " left " + ShortID(first) + " out of its list, and showed it when asked for it"
	}
}

func (x *Index) verifyEmptyList(cs *CloudState) {
	x.empty = append(x.empty, cs.Key)
	asked := 0
	for n := range x.Nodes {
		k := x.numbers.Key(int32(n))
		if k.Cloud != cs.Key || x.Nodes[n].FirstLink < 0 {
			continue
		}
		if l, ok := cs.View.Lookup(k.ID); !ok || l.Err != nil {
			asked++
		}
	}
	if asked > 0 {
		cs.State = providers.CoveragePartial
		cs.Why = cs.Name + " shows no instance at all, and " + Plural(asked, "instance that markers name was", "instances that markers name were") + " not asked for one by one"
	}
}

// setBases fixes what findings rest on, once the states are final.
func (x *Index) setBases() {
	clouds := make([]Basis, 0, len(x.Clouds))
	for _, cs := range x.Clouds {
		cs.Basis = Basis{Source: cs.Name, State: cs.State, Age: cs.View.Coverage.Age(x.Options.Now), Err: cs.Why}
		clouds = append(clouds, cs.Basis)
	}
	for _, zs := range x.Zones {
		zs.Basis = Basis{Source: zs.Name, State: zs.State, Age: zs.View.Coverage.Age(x.Options.Now), Err: zs.Why}
		zs.AllBases = append(clouds[:len(clouds):len(clouds)], zs.Basis)
	}
}

// MissingEvidence says which sources, of all clouds and one zone, say nothing certain,
// and why; it is empty when all do. A finding of absence is unknown when it is not empty.
func (x *Index) MissingEvidence(z *ZoneState) string {
	var w []string
	if len(x.Clouds) == 0 {
		w = append(w, "no cloud is configured here")
	}
	for _, cs := range x.Clouds {
		if cs.State != providers.CoverageComplete {
			w = append(w, cs.Why)
		}
	}
	if z != nil && z.State != providers.CoverageComplete {
		w = append(w, z.Why)
	}
	return JoinWhys(w)
}

// MissingEvidenceOf returns why absence cannot be concluded from one cloud and one zone, or the empty string.
func MissingEvidenceOf(cs *CloudState, z *ZoneState) string {
	var w []string
	if cs != nil && cs.State != providers.CoverageComplete {
		w = append(w, cs.Why)
	}
	if z != nil && z.State != providers.CoverageComplete {
		w = append(w, z.Why)
	}
	return JoinWhys(w)
}

// JoinWhys joins reasons for a sentence.
func JoinWhys(w []string) string {
	if len(w) > 3 {
		w = append(w[:3:3], Plural(len(w)-3, "other source", "other sources"))
	}
	return strings.Join(w, "; ")
}
