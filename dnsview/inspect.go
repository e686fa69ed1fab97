package dnsview

import (
	"cmp"
	"net/netip"
	"slices"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Inspect joins the instances and records of a snapshot, by owner marker first
// and by address second, and finds where they disagree. It is pure: the same
// snapshot and options give the same view, whatever the order of rows and sources.
// In a snapshot of the beginning of rows it finds nothing: what seems to be absent may be among the others.
func Inspect(s *providers.Snapshot, o index.Options) *View { return InspectAfter(nil, s, o) }

// InspectAfter returns what Inspect does, and takes over from an earlier view, which may be nil, what still holds. Of what
// is taken over, only times are older; see View.StillHolds.
func InspectAfter(last *View, s *providers.Snapshot, o index.Options) *View {
	v := &View{Snapshot: s, Options: o, servicesID: &ServicesID{}}
	in := &inspector{}
	if last != nil && last.sameNames(s, &o) {
		in.follow(last, v)
	}
	if v.Index == nil {
		v.Index = index.New(s, &v.Options)
	}
	in.Index = v.Index
	for _, name := range index.SourceOrder(s) {
		v.Sources = append(v.Sources, v.Index.BasisOf(name))
	}
	if s.Beginning {
		v.Index.ReadOnlyZones = map[string]string{}
		v.attach()
		return v
	}
	in.lameZones()
	in.zones()
	in.quiescedNodes()
	in.nodesOfServices()
	in.setsAndChains()
	in.wire()
	in.health()
	v.stages, v.tables, v.unwell, v.until, v.taken = in.stages, in.tables, in.unwell, in.until, in.taken
	found, gone := in.changed()
	if !in.keepsRecords(gone) {
		return InspectAfter(nil, s, o)
	}
	if last := in.last; last != nil && in.differs == nil && len(found) == 0 && len(gone) == 0 {
		v.sorted, v.Findings, v.attached = last.sorted, last.Findings, last.attached
		v.takeServices(last)
		return v
	}
	v.sorted = in.sorted(found, gone)
	v.attach()
	if last != nil && last.services.Load() != nil {
		if _, ok := v.Index.DiffersFrom(last.Index); ok {
			v.earlier.Store(last)
		}
	}
	return v
}

// inspector makes the findings of one view, or of a part of it.
type inspector struct {
	*index.Index
	out      []*Finding
	reported [][]reported              // for each record of each zone, by its place, what others must respect
	here     reported                  // the same of the record that is inspected
	inspects bool                      // a record is inspected
	own      []ownReport               // what was reported of the records of this part
	srvs     []srvRow                  // SRV records that nothing was found about
	markers  []markerRow               // marker records that say quiesced
	quiesced []index.Place             // records that are still there and bear the word quiesced
	capacity map[string]index.Capacity // of zones with a limit
	readOnly map[string]string         // zones that nothing is written to
	byWire   map[*providers.Record]*index.WireState
	asked    []*index.WireState // answers of name servers
	current  []bool             // for each of them, whether it is about what its zone holds now

	values index.Table[valueKey] // of the record set that is looked at, with the first record of each
	first  []*providers.Record

	text     index.Texts
	findings index.Pool[Finding]
	evidence index.Pool[Evidence]
	refs     index.Pool[providers.InstanceRef]
	bases    index.Pool[index.Basis]
	noHolder Evidence // that an address is in no inventory, but for the address; see noHolderEvidence

	stageState
}

// add appends a finding. Without a fleet id nothing owned is changed, and nothing at all in a lame zone or one that is only listed.
func (in *inspector) add(f Finding) {
	if f.Remedy != NoRemedy && in.ReadOnlyZones[f.Zone] != "" {
		f.Remedy, f.OneKey = NoRemedy, false
		f.Reason += " (nothing is written to " + f.Zone + ": it is not delegated to its servers)"
	}
	if f.Remedy != NoRemedy && in.OnlyListed(f.Zone) {
		f.Remedy, f.OneKey = NoRemedy, false
		f.Reason += " (" + in.ZoneRefused(f.Zone) + ")"
	}
	if why := in.noRemedy(&f); why != "" {
		f.Remedy, f.OneKey = NoRemedy, false
		f.Reason += " (" + why + ")"
	}
	if in.Options.Fleet == "" && f.Remedy != NoRemedy {
		f.Remedy, f.OneKey = NoRemedy, false
		f.Reason += " (no fleet id here: run rollcall config init to be able to change it)"
	}
	f.rank = 100*int32(Critical-f.Severity) + rankOf[f.Class]
	in.out = append(in.out, in.findings.Put(f))
}

// addOrUnknown adds the finding when nothing is lacking; otherwise class unknown with
// what the evidence points to. It is the only way to a class that says that something is absent.
func (in *inspector) addOrUnknown(missing string, f Finding) {
	if missing == "" {
		in.add(f)
		return
	}
	if was, ok := in.standing(f); ok {
		in.add(was)
		return
	}
	f.Would, f.Class, f.Severity, f.Remedy, f.OneKey = f.Class, Unknown, Info, NoRemedy, false
	what := f.Service
	switch {
	case f.Record != nil:
		what = f.Record.Label()
	case f.Instance != nil:
		what = index.Clean(f.Instance.Name) + " (" + index.ShortID(f.Instance.ID) + ") in " + index.Clean(f.Instance.Cloud) + ", service " + f.Service + ","
	}
	f.Reason = what + " looks " + string(f.Would) + ", but that is not certain: " + missing
	in.add(f)
}

func (in *inspector) ambiguous(z *index.ZoneState, r *providers.Record) {
	f := Finding{Class: Ambiguous, Severity: Medium, Record: r, Zone: z.Name, Service: in.ServiceOf(r), RestsOn: []index.Basis{z.Basis}}
	switch {
	case len(r.BadMarkers) > 0:
		f.Reason = r.Label() + " has an owner marker that cannot be read, so its owner is unknown"
		bad := slices.Clone(r.BadMarkers)
		slices.Sort(bad)
		for _, b := range bad {
			f.Evidence = append(f.Evidence, Evidence{Source: "marker", Fact: "cannot be read: " + index.Clean(b)})
		}
	default:
		f.Reason = r.Label() + " has " + index.Plural(len(r.Owners), "owner marker", "owner markers") + ", so its owner is unknown"
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
	quiesced := ""
	if o.Quiesced {
		quiesced = ", quiesced"
	}
	return Evidence{
		Source: "marker", At: o.Registered,
		Fact: in.text.Join("names ", index.Clean(o.Instance), " in ", in.CloudLabel(o.Cloud), ", fleet ", index.Clean(o.Fleet), quiesced),
	}
}

// unowned inspects a record without a marker: ours and unmarked, or foreign.
func (in *inspector) unowned(z *index.ZoneState, r *providers.Record, missing string) {
	a, ok := r.LeadsTo()
	if !ok {
		return
	}
	h, held := in.HolderOf(a)
	holds := " holds "
	if _, isAddr := r.Addr(); !isAddr {
		if holds = " leads to "; !held {
			return
		}
	}
	switch {
	case held && h.Instance != nil:
		ref := in.Ref(h.Instance)
		f := Finding{
			Class: Unmarked, Severity: Low, Record: r, Instance: in.refs.Put(ref), Cloud: ref.Cloud, Zone: z.Name, Service: in.ServiceOf(r),
			Reason: in.text.Join(in.text.Record(r), holds, "the address of ", in.text.Instance(h.Instance), " and has no owner marker"),
			Remedy: RemedyAdopt, RestsOn: in.basisOfBoth(ref.Cloud, z),
		}
		if h.Instance.State != providers.StateRunning {
			f.Remedy = NoRemedy
		}
		in.add(in.withController(f))
	case held:
		in.add(in.withController(Finding{
			Class: Unmarked, Severity: Low, Record: r, Cloud: h.Address.Cloud, Zone: z.Name, Service: in.ServiceOf(r),
			Reason:  r.Label() + holds + "an address of ours (" + index.AddressLabel(h.Address) + ") and has no owner marker",
			RestsOn: in.basisOfBoth(h.Address.Cloud, z),
		}))
	default:
		if _, ok := in.Allowed(a); ok {
			return
		}
		in.addOrUnknown(missing, in.withController(Finding{
			Class: Foreign, Severity: Info, Record: r, Zone: z.Name, Service: in.ServiceOf(r),
			Reason:   in.text.Join(in.text.Record(r), " is foreign: it has no owner marker, and its address is in no inventory"),
			Evidence: in.evidence.List(1, in.noHolderEvidence(a)), RestsOn: z.AllBases,
		}))
	}
}

// withController names the program that manages the record of a finding. What is its own is not adopted: it
// would write it again, without the marker.
func (in *inspector) withController(f Finding) Finding {
	if f.Controller = in.ControllerOf(f.Record); f.Controller != "" {
		f.Remedy, f.OneKey = NoRemedy, false
		f.Reason += "; it is managed by " + f.Controller + ": change or remove it at its source"
		f.Evidence = append(f.Evidence, Evidence{Source: f.Zone, Fact: "says that " + f.Controller + " manages it"})
	} else if at := in.Traits(f.Record.Zone); f.Remedy == RemedyAdopt && index.HasOwnComment(f.Record) && at.Markers == providers.MarkerInComment {
		f.Remedy, f.OneKey = NoRemedy, false
		f.Reason += "; it " + index.OwnComment(f.Record, at.Title)
	}
	return f
}

// noHolderEvidence is the evidence that an address is in no inventory.
func (in *inspector) noHolderEvidence(a netip.Addr) Evidence {
	if in.noHolder.Source == "" {
		in.noHolder = Evidence{Source: index.Plural(len(in.Clouds), "cloud", "clouds"), At: in.Options.Now}
		for _, cs := range in.Clouds {
			if s := cs.View.Coverage.Started; s.Before(in.noHolder.At) {
				in.noHolder.At = s
			}
		}
	}
	e := in.noHolder
	e.Fact = in.text.Join("no instance, elastic address or network interface has ", in.text.Address(a))
	return e
}

// basisOfBoth returns the coverage of one cloud and one zone.
func (in *inspector) basisOfBoth(cloud string, z *index.ZoneState) []index.Basis {
	for _, cs := range in.Clouds {
		if cs.Name == cloud {
			return in.bases.List(0, cs.Basis, z.Basis)
		}
	}
	return in.bases.List(0, z.Basis)
}
