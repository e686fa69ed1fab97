package dnsview

import (
	"slices"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// owned inspects a record that exactly one readable marker names.
func (in *inspector) owned(z *index.ZoneState, r *providers.Record, o providers.Owner, n int32, missing string) {
	if in.ForeignFleet(o) {
		in.add(Finding{
			Class: OtherFleet, Severity: Info, Record: r, Zone: z.Name, Service: in.ServiceOf(r), RestsOn: []index.Basis{z.Basis},
			Reason: r.Label() + " belongs to fleet " + index.Clean(o.Fleet) + ", which is not ours", Evidence: []Evidence{in.markerEvidence(o)},
		})
		return
	}
	if o.Quiesced {
		p, _ := in.PlaceOf(r)
		in.quiesced = append(in.quiesced, p) // whatever else is found about it, its marker record has nothing to add
	}
	if from := z.View.Coverage.Local(o.Registered); !in.Passed(from.Add(-providers.FutureMarker)) {
		in.add(Finding{
			Class: Ambiguous, Severity: Medium, Record: r, Zone: z.Name, Service: in.ServiceOf(r), RestsOn: []index.Basis{z.Basis},
			Reason:   r.Label() + ": its marker is " + in.Since(from) + " in the future by the clock of its provider, so how old it is cannot be said: set the clock of the node that wrote it, and let it register again",
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
	cs := in.CloudsByKey[o.Cloud]
	if cs == nil {
		in.inEvacuated(z, r, o, &index.CloudState{Name: index.Clean(string(o.Cloud))}, nil)
		in.unknownCloud(z, r, o)
		return
	}
	i := in.Nodes[n].Instance
	if i == nil {
		if cs.State != providers.CoverageComplete {
			in.inEvacuated(z, r, o, cs, nil) // beside what is found out about its owner, or was
		}
		in.absent(z, r, o, cs, missing)
		return
	}
	switch i.State {
	case providers.StateTerminated:
		in.gone(z, r, o, cs, i, Evidence{Source: cs.Name, Fact: in.text.Join("lists ", index.Clean(i.ID), " as terminated"), At: cs.View.RowsFrom}, "is terminated", missing, true)
	case providers.StatePending, providers.StateStopping, providers.StateTerminating:
		in.inEvacuated(z, r, o, cs, i)
		in.add(in.ownedFinding(z, r, o, i, cs, Finding{
			Class: InFlight, Severity: Info, Reason: r.Label() + ": its owner " + index.Label(i) + " is " + string(i.State) + " just now",
			RestsOn: []index.Basis{cs.Basis, z.Basis},
		}))
	case providers.StateStopped:
		in.stopped(z, r, o, cs, i, missing)
	case providers.StateRunning:
		in.running(z, r, o, cs, i)
	default:
		in.inEvacuated(z, r, o, cs, i)
		in.add(in.ownedFinding(z, r, o, i, cs, Finding{
			Class: Unknown, Severity: Info, RestsOn: []index.Basis{cs.Basis, z.Basis},
			Reason: r.Label() + ": its owner " + index.Label(i) + " is in state " + index.Clean(string(i.State)) + ", which says nothing about whether it serves",
		}))
	}
}

// ownedFinding fills in what every finding about an owned record has.
func (in *inspector) ownedFinding(z *index.ZoneState, r *providers.Record, o providers.Owner, i *providers.Instance, cs *index.CloudState, f Finding) Finding {
	f.Record, f.Zone, f.Service, f.Cloud = r, z.Name, in.ServiceOf(r), cs.Name
	ref := providers.InstanceRef{Cloud: cs.Name, Key: o.Cloud, ID: o.Instance}
	if i != nil {
		ref.Name = i.Name
		shows := Evidence{Source: cs.Name, Fact: in.text.Join("shows ", index.Clean(i.ID), " as ", index.Clean(string(i.State))), At: cs.View.RowsFrom}
		f.Evidence = append(in.evidence.List(len(f.Evidence)+1, in.markerEvidence(o), shows), f.Evidence...)
	} else {
		f.Evidence = append(in.evidence.List(len(f.Evidence)+2, in.markerEvidence(o)), f.Evidence...)
	}
	f.Instance = in.refs.Put(ref)
	return f
}

// unknownCloud is for a marker of a cloud that is not configured here, or whose
// credentials now answer for another account.
func (in *inspector) unknownCloud(z *index.ZoneState, r *providers.Record, o providers.Owner) {
	why := "its owner " + index.ShortID(o.Instance) + " lies in the cloud with key " + index.Clean(string(o.Cloud)) + ", which is not among those configured here"
	var silent []string
	for _, cs := range in.Clouds {
		if cs.Key == "" || cs.State != providers.CoverageComplete {
			silent = append(silent, cs.Why)
		}
	}
	if len(silent) > 0 {
		why += " as far as they answer: " + index.JoinWhys(silent)
	}
	in.addOwnerUnknown(Finding{
		Class: Unknown, Severity: Info, Record: r, Zone: z.Name, Service: in.ServiceOf(r), RestsOn: z.AllBases,
		Instance: &providers.InstanceRef{Key: o.Cloud, ID: o.Instance},
		Reason:   r.Label() + ": " + why, Evidence: []Evidence{in.markerEvidence(o)},
	})
}

// absent is for an owner that the list of its cloud does not show. Only the
// cloud's word about that very id makes it gone. That word has no age: ids do not
// come back, so an answer given after the creation grace stays true.
func (in *inspector) absent(z *index.ZoneState, r *providers.Record, o providers.Owner, cs *index.CloudState, missing string) {
	l, asked := cs.View.Lookup(o.Instance)
	who := "its owner " + index.ShortID(o.Instance)
	final := asked && l.Gone && l.Err == nil && l.Final
	switch {
	case in.tooYoung(r, o, final):
		in.addOwnerUnknown(in.ownedFinding(z, r, o, nil, cs, Finding{
			Class: InFlight, Severity: Info, RestsOn: []index.Basis{cs.Basis, z.Basis},
			Reason: r.Label() + ": " + who + " is not listed by " + cs.Name + ", but was registered only " + in.Since(in.MarkerSince(r, o, final)) + " ago",
		}))
	case final || asked && l.Gone && l.Err == nil && !in.askedTooEarly(r, o, &l):
		in.gone(z, r, o, cs, nil, Evidence{Source: cs.Name, Fact: in.text.Join("was asked for ", index.Clean(o.Instance), " and answered that it is gone"), At: l.Asked}, "is gone", missing, final)
	default:
		why := cs.Name + " does not list it, and was not asked for it by id yet"
		switch {
		case asked && providers.KindOf(l.Err) == providers.KindNotFound:
			why = cs.Name + " " + providers.NotSeen
		case asked && l.Err != nil:
			why = cs.Name + " does not list it, and did not answer when asked for it by id (" + index.ErrorText(l.Err) + ")"
		}
		if cs.State != providers.CoverageComplete {
			why = cs.Why
		}
		f := in.ownedFinding(z, r, o, nil, cs, Finding{
			Class: Unknown, Severity: Info, Would: Dead, RestsOn: z.AllBases, Reason: r.Label() + ": nothing certain is known of " + who + ": " + why,
		})
		if was := f; asked && !l.Gone || cs.State != providers.CoverageComplete {
			if was.Class = Dead; in.established(was) {
				in.gone(z, r, o, cs, nil, Evidence{Source: "an earlier scan", Fact: "found it gone"}, "was found to be gone", why, final)
				return
			}
		}
		in.addOwnerUnknown(f)
	}
}

// tooYoung reports whether the marker is younger than the creation grace: a new instance may not be found for a while.
func (in *inspector) tooYoung(r *providers.Record, o providers.Owner, gone bool) bool {
	return !in.Passed(in.MarkerSince(r, o, gone).Add(in.Options.CreateGrace))
}

// askedTooEarly reports whether the marker was so young when its cloud was asked for its instance.
func (in *inspector) askedTooEarly(r *providers.Record, o providers.Owner, l *providers.Lookup) bool {
	early := l.Asked.Sub(in.MarkerSince(r, o, false)) < in.Options.CreateGrace
	if early {
		in.Unsettled()
	}
	return early
}

// launched returns when an instance was launched, by the clock of this machine.
func (in *inspector) launched(i *providers.Instance) time.Time {
	if cs := in.CloudsByKey[i.Key]; cs != nil {
		return cs.View.Coverage.Local(i.Launched)
	}
	return i.Launched
}

// MarkerSince returns since when the marker of o on r is there at the most, by this machine's clock.
func (v *View) MarkerSince(r *providers.Record, o providers.Owner) time.Time {
	return v.Index.MarkerSince(r, o, true)
}

// gone is for an owner that its cloud says does not exist any more. Whether the
// entry is dead depends on who has the address now.
func (in *inspector) gone(z *index.ZoneState, r *providers.Record, o providers.Owner, cs *index.CloudState, i *providers.Instance, word Evidence, verb, missing string, final bool) {
	what, who := in.text.Record(r), ""
	if i != nil {
		who = in.text.Join("its owner ", in.text.Instance(i), " ", verb)
	} else {
		who = in.text.Join("its owner ", index.ShortID(o.Instance), " in ", cs.Name, " ", verb)
	}
	f := in.ownedFinding(z, r, o, nil, cs, Finding{Evidence: in.evidence.List(0, word), RestsOn: z.AllBases})
	if i != nil {
		f.Instance.Name = i.Name
	}
	if in.tooYoung(r, o, final) {
		f.Class, f.Severity = InFlight, Info
		f.Reason = what + ": " + who + ", but was registered only " + in.Since(in.MarkerSince(r, o, final)) + " ago"
		in.add(f)
		return
	}
	hosts, known := in.hostsOf(r)
	if !known {
		f.Class, f.Severity, f.Would = Unknown, Info, Dead
		f.Reason = what + ": " + who + ", but it cannot be told from here who has the address that it leads to"
		tz := in.unsureTarget(f, r, Dead)
		if tz == nil {
			in.addOwnerUnknown(f)
			return
		}
		srv, _ := providers.ParseSRV(r.Value)
		hosts, missing, f.Would, f.RestsOn = in.Hosts[srv.Target], tz.Why, "", append(slices.Clone(z.AllBases), tz.Basis)
	}
	f.Class, f.Severity, f.Remedy, f.OneKey = Dead, High, RemedyDelete, true
	f.Reason = in.text.Join(what, " is dead: ", who, ", and its address is in no inventory")
	if len(hosts) == 0 {
		f.Reason = in.text.Join(what, " is dead: ", who, ", and its target has no address")
	}
	for _, h := range hosts {
		a, ok := h.Addr()
		if !ok {
			f.Class, f.Severity, f.Would, f.Remedy, f.OneKey = Unknown, Info, Dead, NoRemedy, false
			f.Reason = what + ": " + who + ", but its address cannot be read"
			in.addOwnerUnknown(f)
			return
		}
		if t := in.holderOf(a, o); t.what != "" {
			in.reused(f, r, a, t, who, missing)
			return
		}
		f.Evidence = append(f.Evidence, in.noHolderEvidence(a))
		if in.Options.Ranges == nil || r.Proxied {
			continue
		}
		if owner, published, ok := in.Options.Ranges.Lookup(a); ok {
			f.Class, f.Severity = Dangling, Critical
			addr := in.text.Address(a)
			f.Reason = in.text.Join(what, " dangles: ", who, ", and anyone can rent ", addr, " from ", owner)
			f.Evidence = append(f.Evidence, Evidence{Source: "published ranges", Fact: in.text.Join(addr, " lies in a range of ", owner), At: published})
		}
	}
	in.addOrUnknown(missing, f)
}

// hostsOf returns what AddressesOf does. What an SRV record leads to are other records.
func (in *inspector) hostsOf(r *providers.Record) ([]*providers.Record, bool) {
	in.readsOthers = in.readsOthers || r.Type == "SRV"
	return in.AddressesOf(r)
}

// stopped is for an owner that is stopped. EC2 returns an automatic address back
// at a stop, so that anyone may get it.
func (in *inspector) stopped(z *index.ZoneState, r *providers.Record, o providers.Owner, cs *index.CloudState, i *providers.Instance, missing string) {
	owner := in.text.Join("its owner ", in.text.Instance(i), " is stopped")
	f := in.ownedFinding(z, r, o, i, cs, Finding{
		Class: Stopped, Severity: Medium, RestsOn: z.AllBases, Remedy: RemedyQuiesce, OneKey: true,
		Reason: in.text.Join(in.text.Record(r), ": ", owner),
	})
	hosts, known := in.hostsOf(r)
	if r.Type == "SRV" && !known {
		hosts = nil
		if tz := in.unsureTarget(f, r, Reused); tz != nil {
			srv, _ := providers.ParseSRV(r.Value)
			hosts, missing, f.RestsOn = in.Hosts[srv.Target], tz.Why, append(slices.Clone(z.AllBases), tz.Basis)
		}
	}
	for _, h := range hosts {
		a, ok := h.Addr()
		if !ok {
			continue
		}
		if in.Holds(i, a) && !in.LosesAddress(cs, i, a) {
			continue
		}
		if t := in.holderOf(a, o); t.what != "" && t.inst != i && !t.own {
			in.reused(f, r, a, t, owner, missing)
			return
		}
		if cs.View.Cloud.Traits.StopReleases {
			f.Severity = Critical
			f.Reason = in.text.Join(in.text.Record(r), ": ", owner, ", and ", cs.View.Cloud.Traits.Title, " has taken ", in.text.Address(a), " back: anyone may get it")
		}
	}
	in.inEvacuated(z, r, o, cs, i)
	in.addOrUnknown(missing, f)
}

// running is for an owner that runs: the address must be its own, even where a quiesce was
// cut off and left it there.
func (in *inspector) running(z *index.ZoneState, r *providers.Record, o providers.Owner, cs *index.CloudState, i *providers.Instance) {
	a, isAddress := r.Addr()
	held := !isAddress || in.Holds(i, a)
	out := held && in.LeadsOut(r, i)
	switch served := held || in.OutOfReach(r); {
	case served && in.inEvacuated(z, r, o, cs, i):
		return
	case o.Quiesced && served:
		in.stillServed(z, r, o, i)
		return
	case held && !out:
		return
	}
	f := in.ownedFinding(z, r, o, i, cs, Finding{Class: Moved, Severity: High, RestsOn: in.bases.List(0, cs.Basis, z.Basis)})
	if t := in.holderOf(a, o); t.inst != nil && t.inst != i {
		in.reused(f, r, a, t, index.Label(i)+" has another address now", index.MissingEvidenceOf(cs, z))
		return
	}
	if in.inEvacuated(z, r, o, cs, i) {
		return // it goes, and needs no other address
	}
	if o.Quiesced {
		f.Remedy, f.RestsOn = RemedyQuiesce, z.AllBases
		f.Reason = r.Label() + " is marked as quiesced, is still there, and leads to an address that " + index.Label(i) + " has no more: finish taking it out"
		in.addOrUnknown(in.MissingEvidence(z), f)
		return
	}
	if in.OutOfReach(r) {
		return // the finding about the private address has the same remedy
	}
	to, ok := in.AddressFor(r, i)
	switch {
	case ok:
		what, now := " has moved", " now"
		if out {
			what, now = " is a public address, where private ones are meant", ""
		}
		f.Remedy, f.Address = RemedyUpdate, in.text.Address(to)
		f.Reason = in.text.Join(in.text.Record(r), what, ": its owner ", in.text.Instance(i), " has ", f.Address, now)
	default:
		f.Reason = r.Label() + " has moved: its owner " + index.Label(i) + " runs, and has no such address any more"
	}
	f.Evidence = append(f.Evidence, Evidence{Source: cs.Name, Fact: in.text.Join(in.text.Instance(i), " has ", in.text.Addresses(i, in.ScopeOf(r, i))), At: cs.View.RowsFrom})
	missing := index.MissingEvidenceOf(cs, z)
	if ok && in.HasOwn(r, o, to) { // then the old one goes, and nothing goes before all is known
		f.RestsOn, missing = z.AllBases, in.MissingEvidence(z)
		f.Reason += ", and the name has that too"
	} else if ok && !in.FreeAddress(r, o, i) {
		in.readsOthers, f.Remedy = true, NoRemedy
		what := "; quiesce it"
		for _, s := range in.Records(r.Zone, r.Name, r.Type) {
			if b, isAddr := s.Addr(); isAddr && b == to && !index.Marked(s) {
				what = ", " + in.AdoptOr(s, "without a marker: adopt that first")
			}
		}
		f.Reason += ", and the name has " + f.Address + " already" + what
	}
	in.addOrUnknown(missing, f)
}

// stillServed is for a record that is marked as quiesced and yet is there: a
// quiesce that is under way, or that was cut off.
func (in *inspector) stillServed(z *index.ZoneState, r *providers.Record, o providers.Owner, i *providers.Instance) {
	f := Finding{
		Class: Quiesced, Severity: Info, Record: r, Zone: z.Name, Service: in.ServiceOf(r), RestsOn: []index.Basis{z.Basis},
		Instance: &providers.InstanceRef{Cloud: in.CloudLabel(o.Cloud), Key: o.Cloud, ID: o.Instance},
		Reason:   r.Label() + " is marked as quiesced, and is still there", Evidence: []Evidence{in.markerEvidence(o)},
	}
	if i != nil {
		ref := in.Ref(i)
		f.Instance, f.Cloud = &ref, i.Cloud
	}
	in.add(f)
}
