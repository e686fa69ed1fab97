package dnsview

import (
	"net/netip"
	"slices"
	"time"

	"rollcall/providers"
)

// owned inspects a record that exactly one readable marker names.
func (in *inspector) owned(z *zoneState, r *providers.Record, o providers.Owner, n int32, lack string) {
	if in.foreignFleet(o) {
		in.add(Finding{
			Class: OtherFleet, Severity: Info, Record: r, Zone: z.name, Service: in.serviceOf(r), RestsOn: []Basis{z.basis},
			Reason: r.Label() + " belongs to fleet " + Clean(o.Fleet) + ", which is not ours", Evidence: []Evidence{in.markerEvidence(o)},
		})
		return
	}
	if o.Quiesced {
		in.noteQuiesced(r, o) // whatever else is found about it, its marker record has nothing to add
	}
	if ahead := z.view.AheadOf(o, in.o.Now); ahead > providers.FutureMarker {
		in.add(Finding{
			Class: Ambiguous, Severity: Medium, Record: r, Zone: z.name, Service: in.serviceOf(r), RestsOn: []Basis{z.basis},
			Reason:   r.Label() + ": its marker is " + ago(ahead) + " in the future by the clock of its provider, so how old it is cannot be said: set the clock of the node that wrote it, and let it register again",
			Evidence: []Evidence{in.markerEvidence(o)},
		})
		return
	}
	if o.Host() {
		if o.Quiesced {
			in.stillServed(z, r, o, nil)
		}
		return // a host that joined by hand is never dead by inventory
	}
	cs := in.byKey[o.Cloud]
	if cs == nil {
		in.unknownCloud(z, r, o)
		return
	}
	i := in.nodes[n].inst
	if i == nil {
		in.absent(z, r, o, cs, lack)
		return
	}
	switch i.State {
	case providers.StateTerminated:
		in.gone(z, r, o, cs, i, Evidence{Source: cs.name, Fact: "lists " + Clean(i.ID) + " as terminated", At: cs.view.RowsFrom}, "is terminated", lack, true)
	case providers.StatePending, providers.StateStopping, providers.StateTerminating:
		in.add(in.about(z, r, o, i, cs, Finding{
			Class: InFlight, Severity: Info, Reason: r.Label() + ": its owner " + label(i) + " is " + string(i.State) + " just now",
			RestsOn: []Basis{cs.basis, z.basis},
		}))
	case providers.StateStopped:
		in.stopped(z, r, o, cs, i, lack)
	case providers.StateRunning:
		in.running(z, r, o, cs, i)
	default:
		in.add(in.about(z, r, o, i, cs, Finding{
			Class: Unknown, Severity: Info, RestsOn: []Basis{cs.basis, z.basis},
			Reason: r.Label() + ": its owner " + label(i) + " is in state " + Clean(string(i.State)) + ", which says nothing about whether it serves",
		}))
	}
}

// noteQuiesced remembers that a record is there still, so that its marker does not report it again.
func (in *inspector) noteQuiesced(r *providers.Record, o providers.Owner) {
	at := quiescedKey{in.nodeOf(o.Cloud, o.Instance), r.Name}
	in.there[at] = append(in.there[at], r)
}

// about fills in what every finding about an owned record has.
func (in *inspector) about(z *zoneState, r *providers.Record, o providers.Owner, i *providers.Instance, cs *cloudState, f Finding) Finding {
	f.Record, f.Zone, f.Service, f.Cloud = r, z.name, in.serviceOf(r), cs.name
	ref := providers.InstanceRef{Cloud: cs.name, Key: o.Cloud, ID: o.Instance}
	if i != nil {
		ref.Name = i.Name
		f.Evidence = append([]Evidence{in.markerEvidence(o), {Source: cs.name, Fact: "shows " + Clean(i.ID) + " as " + Clean(string(i.State)), At: cs.view.RowsFrom}}, f.Evidence...)
	} else {
		f.Evidence = append([]Evidence{in.markerEvidence(o)}, f.Evidence...)
	}
	f.Instance = &ref
	return f
}

// unknownCloud is for a marker of a cloud that is not configured here, or whose
// credentials now answer for another account.
func (in *inspector) unknownCloud(z *zoneState, r *providers.Record, o providers.Owner) {
	why := "its owner " + shortID(o.Instance) + " lies in the cloud with key " + Clean(string(o.Cloud)) + ", which is not among those configured here"
	var silent []string
	for _, cs := range in.clouds {
		if cs.key == "" || cs.state != providers.CoverageComplete {
			silent = append(silent, cs.why)
		}
	}
	if len(silent) > 0 {
		why += " as far as they answer: " + joinWhys(silent)
	}
	in.add(Finding{
		Class: Unknown, Severity: Info, Record: r, Zone: z.name, Service: in.serviceOf(r), RestsOn: z.all,
		Instance: &providers.InstanceRef{Key: o.Cloud, ID: o.Instance},
		Reason:   r.Label() + ": " + why, Evidence: []Evidence{in.markerEvidence(o)},
	})
}

// absent is for an owner that the list of its cloud does not show. Only the
// cloud's word about that very id makes it gone. That word has no age: ids do not
// come back, so an answer given after the creation grace stays true.
func (in *inspector) absent(z *zoneState, r *providers.Record, o providers.Owner, cs *cloudState, lack string) {
	l, asked := cs.view.Lookups[o.Instance]
	who := "its owner " + shortID(o.Instance)
	final := asked && l.Gone && l.Err == nil && l.Final
	switch {
	case in.tooYoung(r, o, in.o.Now, final):
		in.add(in.about(z, r, o, nil, cs, Finding{
			Class: InFlight, Severity: Info, RestsOn: []Basis{cs.basis, z.basis},
			Reason: r.Label() + ": " + who + " is not listed by " + cs.name + ", but was registered only " + ago(in.o.Now.Sub(in.since(r, o, final))) + " ago",
		}))
	case final || asked && l.Gone && l.Err == nil && !in.tooYoung(r, o, l.Asked, false):
		in.gone(z, r, o, cs, nil, Evidence{Source: cs.name, Fact: "was asked for " + Clean(o.Instance) + " and answered that it is gone", At: l.Asked}, "is gone", lack, final)
	default:
		why := cs.name + " does not list it, and was not asked for it by id yet"
		switch {
		case asked && l.Err != nil:
			why = cs.name + " does not list it, and did not answer when asked for it by id (" + errorText(l.Err) + ")"
		}
		if cs.state != providers.CoverageComplete {
			why = cs.why
		}
		in.add(in.about(z, r, o, nil, cs, Finding{
			Class: Unknown, Severity: Info, Would: Dead, RestsOn: z.all, Reason: r.Label() + ": nothing certain is known of " + who + ": " + why,
		}))
	}
}

// tooYoung reports whether the marker was younger than the creation grace at a time: a
// new instance may not be found for a while.
func (in *inspector) tooYoung(r *providers.Record, o providers.Owner, at time.Time, gone bool) bool {
	return at.Sub(in.since(r, o, gone)) < in.o.CreateGrace
}

// since is when the marker of o on r was written, as far as can be known: see providers.ZoneView.MarkerSince.
func (x *index) since(r *providers.Record, o providers.Owner, gone bool) time.Time {
	if z := x.zoneName[r.Zone]; z != nil {
		return z.view.MarkerSince(r, o, x.o.Own, gone)
	}
	return o.Registered
}

// launchedFor returns for how long an instance has been launched, by the clock of its cloud.
func (in *inspector) launchedFor(i *providers.Instance) time.Duration {
	if cs := in.byKey[i.Key]; cs != nil {
		return in.o.Now.Sub(cs.view.Coverage.Local(i.Launched))
	}
	return in.o.Now.Sub(i.Launched)
}

// MarkerSince returns since when the marker of o on r is there at the most, by this machine's clock.
func (v *View) MarkerSince(r *providers.Record, o providers.Owner) time.Time {
	return v.index.since(r, o, true)
}

// gone is for an owner that its cloud says does not exist any more. Whether the
// entry is dead depends on who has the address now.
func (in *inspector) gone(z *zoneState, r *providers.Record, o providers.Owner, cs *cloudState, i *providers.Instance, word Evidence, verb, lack string, final bool) {
	who := "its owner " + shortID(o.Instance) + " in " + cs.name
	if i != nil {
		who = "its owner " + label(i)
	}
	f := in.about(z, r, o, nil, cs, Finding{Evidence: []Evidence{word}, RestsOn: z.all})
	if i != nil {
		f.Instance.Name = i.Name
	}
	if in.tooYoung(r, o, in.o.Now, final) {
		f.Class, f.Severity = InFlight, Info
		f.Reason = r.Label() + ": " + who + " " + verb + ", but was registered only " + ago(in.o.Now.Sub(in.since(r, o, final))) + " ago"
		in.add(f)
		return
	}
	hosts, known := in.addressesOf(r)
	if !known {
		f.Class, f.Severity, f.Would = Unknown, Info, Dead
		f.Reason = r.Label() + ": " + who + " " + verb + ", but it cannot be told from here who has the address that it leads to"
		in.add(f)
		return
	}
	f.Class, f.Severity, f.Remedy, f.OneKey = Dead, High, RemedyDelete, true
	f.Reason = r.Label() + " is dead: " + who + " " + verb + ", and nobody has the address"
	if len(hosts) == 0 {
		f.Reason = r.Label() + " is dead: " + who + " " + verb + ", and its target has no address"
	}
	for _, h := range hosts {
		a, ok := h.Addr()
		if !ok {
			f.Class, f.Severity, f.Would, f.Remedy, f.OneKey = Unknown, Info, Dead, NoRemedy, false
			f.Reason = r.Label() + ": " + who + " " + verb + ", but its address cannot be read"
			in.add(f)
			return
		}
		if t := in.taken(a, o); t.what != "" {
			in.reused(f, r, a, t, who+" "+verb, lack)
			return
		}
		f.Evidence = append(f.Evidence, in.nobody(a))
		if in.o.Ranges == nil || r.Proxied {
			continue
		}
		if owner, published, ok := in.o.Ranges.Lookup(a); ok {
			f.Class, f.Severity = Dangling, Critical
			f.Reason = r.Label() + " dangles: " + who + " " + verb + ", and anyone can rent " + a.String() + " from " + owner
			f.Evidence = append(f.Evidence, Evidence{Source: "published ranges", Fact: a.String() + " lies in a range of " + owner, At: published})
		}
	}
	in.addOr(lack, f)
}

// stopped is for an owner that is stopped. EC2 gives an automatic address back
// at a stop, so that anyone may get it.
func (in *inspector) stopped(z *zoneState, r *providers.Record, o providers.Owner, cs *cloudState, i *providers.Instance, lack string) {
	f := in.about(z, r, o, i, cs, Finding{
		Class: Stopped, Severity: Medium, RestsOn: z.all, Remedy: RemedyQuiesce, OneKey: true,
		Reason: r.Label() + ": its owner " + label(i) + " is stopped",
	})
	hosts, known := in.addressesOf(r)
	if r.Type == "SRV" && !known {
		hosts = nil
	}
	for _, h := range hosts {
		a, ok := h.Addr()
		if !ok {
			continue
		}
		if in.holds(i, a) && !in.givenBack(i, a) {
			continue
		}
		if t := in.taken(a, o); t.what != "" && t.inst != i && !t.own {
			in.reused(f, r, a, t, "its owner "+label(i)+" is stopped", lack)
			return
		}
		if i.Provider == providers.EC2 {
			f.Severity = Critical
			f.Reason = r.Label() + ": its owner " + label(i) + " is stopped, and EC2 has taken " + a.String() + " back: anyone may get it"
		}
	}
	in.addOr(lack, f)
}

// holds reports whether an instance has an address, by its own row or by an
// elastic address or interface that is attached to it.
func (x *index) holds(i *providers.Instance, a netip.Addr) bool {
	if i.HasAddress(a) {
		return true
	}
	h, ok := x.holders[a]
	return ok && h.inst != nil && (h.inst == i || h.inst.ID == i.ID && x.keyOf(h.inst) == x.keyOf(i))
}

// givenBack reports whether a stopped instance does not keep the address.
func (in *inspector) givenBack(i *providers.Instance, a netip.Addr) bool {
	if i.Provider != providers.EC2 || slices.Contains(i.ElasticIPs, a) || slices.Contains(i.PrivateIPs, a) {
		return false
	}
	h := in.holders[a]
	return h.addr == nil || h.addr.Kind != providers.AddressElastic
}

// running is for an owner that runs: the address must be its own, even where a quiesce was
// cut off and left it there.
func (in *inspector) running(z *zoneState, r *providers.Record, o providers.Owner, cs *cloudState, i *providers.Instance) {
	a, isAddress := r.Addr()
	right := !isAddress || in.holds(i, a)
	switch {
	case o.Quiesced && (right || unreachable(a) && !z.view.Zone.Private):
		in.stillServed(z, r, o, i)
		return
	case right:
		return
	}
	f := in.about(z, r, o, i, cs, Finding{Class: Moved, Severity: High, RestsOn: []Basis{cs.basis, z.basis}})
	if t := in.taken(a, o); t.inst != nil && t.inst != i {
		in.reused(f, r, a, t, label(i)+" has another address now", lackingOf(cs, z))
		return
	}
	if o.Quiesced {
		f.Remedy, f.RestsOn = RemedyQuiesce, z.all
		f.Reason = r.Label() + " is marked as quiesced, is still there, and leads to an address that " + label(i) + " has no more: finish taking it out"
		in.addOr(in.lacking(z), f)
		return
	}
	if unreachable(a) && !z.view.Zone.Private {
		return // the finding about the private address has the same remedy
	}
	to, ok := addressFor(i, r.Family())
	if ok {
		f.Remedy, f.Address = RemedyUpdate, to.String()
		f.Reason = r.Label() + " has moved: its owner " + label(i) + " has " + to.String() + " now"
	} else {
		f.Reason = r.Label() + " has moved: its owner " + label(i) + " runs, and has no such address any more"
	}
	f.Evidence = append(f.Evidence, Evidence{Source: cs.name, Fact: label(i) + " has " + addressList(i), At: cs.view.RowsFrom})
	lack := lackingOf(cs, z)
	if ok && in.hasOwn(r, o, to) { // then the old one goes, and nothing goes before all is known
		f.RestsOn, lack = z.all, in.lacking(z)
		f.Reason += ", and the name has that too"
	}
	in.addOr(lack, f)
}

// hasOwn reports whether the name and type of a record have an address of its owner already, as its own.
func (x *index) hasOwn(r *providers.Record, o providers.Owner, a netip.Addr) bool {
	return slices.ContainsFunc(x.recordsOf(o.Cloud, o.Instance), func(s *providers.Record) bool {
		own, ok := s.Owner()
		b, isAddr := s.Addr()
		return ok && s.Zone == r.Zone && s.Name == r.Name && s.Type == r.Type && own.Same(o) && isAddr && a == b
	})
}

// stillServed is for a record that is marked as quiesced and yet is there: a
// quiesce that is under way, or that was cut off.
func (in *inspector) stillServed(z *zoneState, r *providers.Record, o providers.Owner, i *providers.Instance) {
	f := Finding{
		Class: Quiesced, Severity: Info, Record: r, Zone: z.name, Service: in.serviceOf(r), RestsOn: []Basis{z.basis},
		Instance: &providers.InstanceRef{Cloud: in.cloudLabel(o.Cloud), Key: o.Cloud, ID: o.Instance},
		Reason:   r.Label() + " is marked as quiesced, and is still there", Evidence: []Evidence{in.markerEvidence(o)},
	}
	if i != nil {
		ref := in.ref(i)
		f.Instance, f.Cloud = &ref, i.Cloud
	}
	in.add(f)
}

// addressFor chooses the address of an instance that a record with value old
// should have: of the same family, public unless the old one was private, elastic first.
func addressFor(i *providers.Instance, old netip.Addr) (netip.Addr, bool) {
	pools := [][]netip.Addr{i.ElasticIPs, i.PublicIPs}
	if old.IsPrivate() {
		pools = [][]netip.Addr{i.PrivateIPs}
	}
	for _, pool := range pools {
		for _, a := range pool {
			if a.Is4() == old.Is4() && (slices.Contains(i.PublicIPs, a) || old.IsPrivate()) {
				return a, true
			}
		}
	}
	return netip.Addr{}, false
}

func addressList(i *providers.Instance) string {
	if len(i.PublicIPs) == 0 {
		return "no public address"
	}
	s := ""
	for n, a := range i.PublicIPs {
		if n > 0 {
			s += ", "
		}
		s += a.String()
	}
	return s
}
