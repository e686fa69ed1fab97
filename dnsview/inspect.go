package dnsview

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"rollcall/providers"
)

// Inspect joins the instances and records of a snapshot, by owner marker first
// and by address second, and finds where they disagree. It is pure: the same
// snapshot and options give the same view, whatever the order of rows and sources.
func Inspect(s *providers.Snapshot, o Options) *View {
	v := &View{Snapshot: s, Options: o}
	x := buildIndex(s, &v.Options)
	v.index = x
	for _, name := range sourceOrder(s) {
		v.Sources = append(v.Sources, x.basisOf(name))
	}
	x.there = map[quiescedKey][]*providers.Record{}
	x.tight, x.barred = map[setKey]room{}, map[string]string{}
	in := &inspector{index: x, told: map[*providers.Record]told{}}
	in.lameZones()
	for _, z := range x.zones {
		in.zone(z)
	}
	slices.SortFunc(in.marks, func(a, b mark) int { return compareRecords(a.record, b.record) })
	x.marksAt = map[string][]mark{}
	for _, m := range x.marks {
		x.marksAt[m.name] = append(x.marksAt[m.name], m)
	}
	in.markers()
	in.nodesOfServices()
	in.chains()
	for _, z := range x.zones {
		in.sets(z)
	}
	in.wire()
	in.health()
	v.Findings = sortFindings(in.out)
	v.attach()
	return v
}

func buildIndex(s *providers.Snapshot, o *Options) *index {
	instances := 0
	for i := range s.Clouds {
		instances += len(s.Clouds[i].Instances)
	}
	records := 0
	for i := range s.Zones {
		records += len(s.Zones[i].Records)
	}
	x := &index{
		o: o, byKey: map[providers.CloudKey]*cloudState{}, zoneName: map[string]*zoneState{},
		nodes: make([]node, 0, instances), nodeIDs: map[providers.CloudKey]map[string]int32{}, links: make([]link, 0, records),
		holders: make(map[netip.Addr]holder, 2*instances), byName: map[string]*serviceState{}, parents: map[string]bool{},
		targets: map[string]string{}, hosts: map[string][]*providers.Record{},
	}
	x.prepareIdentities()
	x.addClouds(s)
	x.addZones(s)
	slices.SortFunc(x.clouds, func(a, b *cloudState) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.key, b.key)) })
	slices.SortFunc(x.zones, func(a, b *zoneState) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.view.Zone.ID, b.view.Zone.ID))
	})
	for _, cs := range x.clouds {
		if m := x.nodeIDs[cs.key]; m == nil && cs.key != "" {
			x.nodeIDs[cs.key] = make(map[string]int32, len(cs.view.Instances))
		}
		x.addInstances(cs)
	}
	x.addHolders()
	for _, z := range x.zones {
		z.nodes = make([]int32, len(z.view.Records))
		for i := range z.view.Records {
			z.nodes[i] = x.own(&z.view.Records[i])
		}
	}
	x.distrust()
	x.settleBases()
	x.addServices()
	x.addNames()
	x.addControllers()
	return x
}

// sourceOrder returns the sources in config order, clouds first.
func sourceOrder(s *providers.Snapshot) []string {
	var out []string
	for i := range s.Clouds {
		out = append(out, "cloud "+cloudName(&s.Clouds[i]))
	}
	for i := range s.Zones {
		out = append(out, "zone "+providers.CanonicalName(s.Zones[i].Zone.Name))
	}
	return out
}

func (x *index) basisOf(source string) Basis {
	kind, name, _ := strings.Cut(source, " ")
	for _, cs := range x.clouds {
		if kind == "cloud" && cs.name == name {
			return cs.basis
		}
	}
	for _, z := range x.zones {
		if kind == "zone" && z.name == name {
			return z.basis
		}
	}
	return Basis{Source: name}
}

// inspector makes the findings of one view.
type inspector struct {
	*index
	out  []Finding
	told map[*providers.Record]told // records with a finding that others must respect
	srvs []srvRow                   // SRV records that nothing was found about
}

// told is what was found about a record already.
type told int

const (
	toldNothing told = iota
	toldOther        // nothing else can be done about it before that is settled
	toldLeaving      // it is dead, or not ours: what else is wrong with it does not matter
)

// quiescedKey names what one node has at one name.
type quiescedKey struct {
	node int32
	name string
}

// zone inspects every record of a zone.
func (in *inspector) zone(z *zoneState) {
	lack := in.lacking(z)
	for i := range z.view.Records {
		r := &z.view.Records[i]
		if r.Type == "TXT" && r.IsMarker() {
			in.marker(z, r)
			continue
		}
		from := len(in.out)
		hidden := in.hidden(z, r)
		switch {
		case r.Alias:
			continue
		case len(r.Owners) > 1 || len(r.BadMarkers) > 0:
			in.ambiguous(z, r)
		case len(r.Owners) == 1:
			in.owned(z, r, r.Owners[0], z.nodes[i], lack)
		case hidden || in.isGlue(r): // whose address it is does not matter where no one is led to it
		default:
			in.unowned(z, r, lack)
		}
		if len(in.out) > from {
			in.remember(r, in.out[len(in.out)-1].Class)
		}
		switch r.Type {
		case "SRV":
			if len(in.out) == from {
				in.srvs = append(in.srvs, srvRow{z, r, z.nodes[i]})
			}
		case "A", "AAAA":
			if hidden || in.isGlue(r) {
				continue
			}
			in.private(z, r, z.nodes[i])
		}
	}
}

// remember notes what other findings about the same record must know.
func (in *inspector) remember(r *providers.Record, c Class) {
	switch c {
	case Dead, Dangling, OtherFleet:
		in.told[r] = toldLeaving
	case Moved, Unmarked, Foreign:
	default:
		in.told[r] = toldOther
	}
}

// add appends a finding. Without a fleet id nothing owned is changed, and nothing at all in a lame zone.
func (in *inspector) add(f Finding) {
	if f.Remedy != NoRemedy && in.barred[f.Zone] != "" {
		f.Remedy, f.OneKey = NoRemedy, false
		f.Reason += " (nothing is written to " + f.Zone + ": it is not delegated to its servers)"
	}
	if why := in.noRemedy(&f); why != "" {
		f.Remedy, f.OneKey = NoRemedy, false
		f.Reason += " (" + why + ")"
	}
	if in.o.Fleet == "" && f.Remedy != NoRemedy {
		f.Remedy, f.OneKey = NoRemedy, false
		f.Reason += " (no fleet id here: run rollcall config init to be able to change it)"
	}
	in.out = append(in.out, f)
}

// addOr adds the finding when nothing is lacking; otherwise class unknown with
// what the evidence points to. It is the only way to a class that says that something is absent.
func (in *inspector) addOr(lack string, f Finding) {
	if lack == "" {
		in.add(f)
		return
	}
	f.Would, f.Class, f.Severity, f.Remedy, f.OneKey = f.Class, Unknown, Info, NoRemedy, false
	what := f.Service
	switch {
	case f.Record != nil:
		what = f.Record.Label()
	case f.Instance != nil:
		what = Clean(f.Instance.Name) + " (" + shortID(f.Instance.ID) + ") in " + Clean(f.Instance.Cloud) + ", service " + f.Service + ","
	}
	f.Reason = what + " looks " + string(f.Would) + ", but that is not certain: " + lack
	in.add(f)
}

func (in *inspector) ambiguous(z *zoneState, r *providers.Record) {
	f := Finding{Class: Ambiguous, Severity: Medium, Record: r, Zone: z.name, Service: in.serviceOf(r), RestsOn: []Basis{z.basis}}
	switch {
	case len(r.BadMarkers) > 0:
		f.Reason = r.Label() + " has an owner marker that cannot be read, so nobody can say whose it is"
		bad := slices.Clone(r.BadMarkers)
		slices.Sort(bad)
		for _, b := range bad {
			f.Evidence = append(f.Evidence, Evidence{Source: "marker", Fact: "cannot be read: " + Clean(b)})
		}
	default:
		f.Reason = r.Label() + " has " + plural(len(r.Owners), "owner marker", "owner markers") + ", so nobody can say whose it is"
	}
	owners := slices.Clone(r.Owners)
	slices.SortFunc(owners, func(a, b providers.Owner) int {
		return cmp.Or(cmp.Compare(a.Fleet, b.Fleet), cmp.Compare(a.Cloud, b.Cloud), cmp.Compare(a.Instance, b.Instance), a.Registered.Compare(b.Registered), cmp.Compare(in.markerEvidence(a).Fact, in.markerEvidence(b).Fact))
	})
	for _, o := range owners {
		f.Evidence = append(f.Evidence, in.markerEvidence(o))
	}
	in.add(f)
}

func (in *inspector) markerEvidence(o providers.Owner) Evidence {
	s := "names " + Clean(o.Instance) + " in " + in.cloudLabel(o.Cloud) + ", fleet " + Clean(o.Fleet)
	if o.Quiesced {
		s += ", quiesced"
	}
	return Evidence{Source: "marker", Fact: s, At: o.Registered}
}

// cloudLabel names a cloud for a sentence: its name here, or its key.
func (x *index) cloudLabel(key providers.CloudKey) string {
	if cs := x.byKey[key]; cs != nil {
		return cs.name
	}
	return "cloud " + Clean(string(key))
}

// unowned inspects a record without a marker: ours and unmarked, or foreign.
func (in *inspector) unowned(z *zoneState, r *providers.Record, lack string) {
	a, ok := r.Addr()
	if !ok {
		return
	}
	h, held := in.holders[a]
	switch {
	case held && h.inst != nil:
		ref := in.ref(h.inst)
		f := Finding{
			Class: Unmarked, Severity: Low, Record: r, Instance: &ref, Cloud: ref.Cloud, Zone: z.name, Service: in.serviceOf(r),
			Reason: r.Label() + " holds the address of " + label(h.inst) + " and has no owner marker",
			Remedy: RemedyAdopt, RestsOn: in.two(ref.Cloud, z),
		}
		if h.inst.State != providers.StateRunning {
			f.Remedy = NoRemedy
		}
		in.add(in.managed(f))
	case held:
		in.add(in.managed(Finding{
			Class: Unmarked, Severity: Low, Record: r, Cloud: h.addr.Cloud, Zone: z.name, Service: in.serviceOf(r),
			Reason:  r.Label() + " holds an address of ours (" + addressLabel(h.addr) + ") and has no owner marker",
			RestsOn: in.two(h.addr.Cloud, z),
		}))
	default:
		if _, ok := in.allowed(a); ok {
			return
		}
		in.addOr(lack, in.managed(Finding{
			Class: Foreign, Severity: Info, Record: r, Zone: z.name, Service: in.serviceOf(r),
			Reason:   r.Label() + " is foreign: it has no owner marker, and its address is in no inventory",
			Evidence: []Evidence{in.nobody(a)}, RestsOn: z.all,
		}))
	}
}

// managed names the program that manages the record of a finding. What is its own is not adopted: it
// would write it again, without the marker.
func (in *inspector) managed(f Finding) Finding {
	if f.Controller = in.controllerOf(f.Record); f.Controller != "" {
		f.Remedy, f.OneKey = NoRemedy, false
		f.Reason += "; it is managed by " + f.Controller + ": change or remove it at its source"
		f.Evidence = append(f.Evidence, Evidence{Source: f.Zone, Fact: "says that " + f.Controller + " manages it"})
	} else if f.Remedy == RemedyAdopt && hasOwnComment(f.Record) && in.proxies(f.Record) {
		f.Remedy, f.OneKey = NoRemedy, false
		f.Reason += "; it " + ownComment(f.Record)
	}
	return f
}

// no one is the evidence that an address is in no inventory.
func (in *inspector) nobody(a netip.Addr) Evidence {
	at := in.o.Now
	for _, cs := range in.clouds {
		if s := cs.view.Coverage.Started; s.Before(at) {
			at = s
		}
	}
	return Evidence{
		Source: plural(len(in.clouds), "cloud", "clouds"), At: at,
		Fact: "no instance, elastic address or network interface has " + a.String(),
	}
}

// two gives the coverage of one cloud and one zone.
func (in *inspector) two(cloud string, z *zoneState) []Basis {
	for _, cs := range in.clouds {
		if cs.name == cloud {
			return []Basis{cs.basis, z.basis}
		}
	}
	return []Basis{z.basis}
}

func (x *index) ref(i *providers.Instance) providers.InstanceRef {
	r := i.Ref()
	r.Key = x.keyOf(i)
	return r
}

// label writes an instance for a sentence: name, id and cloud.
func label(i *providers.Instance) string {
	if i.Name == "" || i.Name == i.ID {
		return shortID(i.ID) + " in " + Clean(i.Cloud)
	}
	return Clean(i.Name) + " (" + shortID(i.ID) + ") in " + Clean(i.Cloud)
}

func addressLabel(a *providers.Address) string {
	s := string(a.Kind) + " " + Clean(a.ID) + " in " + Clean(a.Cloud)
	if a.Note != "" {
		s += ", " + Clean(a.Note)
	}
	return s
}
