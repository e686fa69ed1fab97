package dnsview

import (
	"slices"
	"strings"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// inspectMarker looks at a marker record: one that says quiesced is noted, one that
// marks nothing is an orphan. What others say was learned when owners were attached.
func (in *inspector) inspectMarker(z *index.ZoneState, r *providers.Record) {
	parts, ok := providers.ParseTXT(r.Value)
	if !ok || len(parts) == 0 {
		return
	}
	instance, name, _ := providers.SplitMarkerName(r.Name)
	o, err := providers.DecodeOwner(strings.Join(parts, ""))
	switch {
	case err != nil, o.Type == "", providers.CanonicalName(o.Instance) != instance:
		in.unreadable(z, r, name)
		return
	case in.ForeignFleet(o), o.Evacuates():
		return // another team's marker is another team's business
	case o.Quiesced:
		p, _ := in.PlaceOf(r)
		in.markers = append(in.markers, markerRow{p, o, name})
		return
	case in.markedRecord(z, name, o):
		return
	}
	in.orphan(z, r, o, index.Clean(r.Name)+" marks "+index.Clean(name)+" "+index.Clean(o.Type)+" "+index.Clean(o.Value)+", and there is no such record", nil)
}

// markedRecord reports whether there is a record that the marker names. The records of
// the marker's own instance are looked at first, since that is where it is.
func (in *inspector) markedRecord(z *index.ZoneState, name string, o providers.Owner) bool {
	if n := in.KnownNode(o.Cloud, o.Instance); n >= 0 {
		for l := in.Nodes[n].FirstLink; l >= 0; l = in.Links[l].Next {
			if r := in.Links[l].Record; r.Name == name && r.Zone == z.Name && o.Owns(r.Type, r.Value) {
				return true
			}
		}
	}
	in.readsOthers = true
	return slices.ContainsFunc(z.Named(name), func(r *providers.Record) bool { return o.Owns(r.Type, r.Value) })
}

// unreadable is for a marker that cannot be read. Records of its name are ambiguous; when there
// is none, no one else reports it.
func (in *inspector) unreadable(z *index.ZoneState, r *providers.Record, name string) {
	in.readsOthers = true
	for _, s := range z.Named(name) {
		switch s.Type {
		case "A", "AAAA", "SRV", "CNAME":
			return
		}
	}
	in.addOrUnknown(index.MissingEvidenceOf(nil, z), Finding{
		Class: OrphanMarker, Severity: Low, Record: r, Zone: z.Name, Service: in.ServiceOf(r), RestsOn: []index.Basis{z.Basis},
		Reason:   index.Clean(r.Name) + " marks nothing, and cannot be read, so its owner is unknown: remove it by hand",
		Evidence: []Evidence{{Source: "marker", Fact: "cannot be read: " + index.Clean(r.Value)}},
	})
}

// orphan is for a marker without a record. It is removed only when two readings saw
// it so: a writer without batches writes the one before the other. Like every
// delete it waits for all sources to be complete.
func (in *inspector) orphan(z *index.ZoneState, r *providers.Record, o providers.Owner, why string, more []Evidence) {
	f := in.orphanFinding(z, r, o, more)
	in.readsSeen, in.readsOthers = true, true
	first, seen := in.Options.Seen[f.Key()]
	switch {
	case seen && first.Before(z.View.Coverage.Started) && !in.tooYoung(r, o, true):
		f.Remedy = RemedyDelete
		f.Reason = why + " (seen so for " + in.Since(first) + ")"
		f.Evidence = append(f.Evidence, Evidence{Source: "an earlier scan", Fact: "saw the same", At: first})
	case seen:
		in.Unsettled()
		f.Reason = why + "; it can be removed when a later reading sees the same"
	default:
		in.Unsettled()
		f.Reason = why + "; it can be removed when a second scan sees the same"
	}
	in.addOrUnknown(in.MissingEvidence(z), f)
}

// orphanFinding returns a finding about a marker without a record; its reason is to be filled in.
func (in *inspector) orphanFinding(z *index.ZoneState, r *providers.Record, o providers.Owner, more []Evidence) Finding {
	f := Finding{
		Class: OrphanMarker, Severity: Low, Record: r, Zone: z.Name, Service: in.ServiceOf(r), RestsOn: z.AllBases,
		Instance: &providers.InstanceRef{Cloud: in.CloudLabel(o.Cloud), Key: o.Cloud, ID: o.Instance},
		Evidence: append([]Evidence{in.markerEvidence(o), {Source: z.Name, Fact: "has no record that the marker names", At: z.View.RowsFrom}}, more...),
	}
	if i := in.Instance(o.Cloud, o.Instance); i != nil {
		ref := in.Ref(i)
		f.Instance, f.Cloud = &ref, i.Cloud
	}
	return f
}

// quiescedNodes reports nodes that were taken out of DNS on purpose.
func (in *inspector) quiescedNodes() {
	in.split(observed, 1, 1, anyDiffers, func(part *inspector, _, _ int) {
		part.takenOut()
		part.evacuations()
	})
}

func (in *inspector) takenOut() {
	for _, m := range in.QuiescedMarkers {
		if in.QuiescedThere(m) {
			continue // the record is still there, and reported already
		}
		ref := providers.InstanceRef{Cloud: in.CloudLabel(m.Owner.Cloud), Key: m.Owner.Cloud, ID: m.Owner.Instance}
		who := index.ShortID(m.Owner.Instance)
		i := in.Instance(m.Owner.Cloud, m.Owner.Instance)
		if i != nil {
			ref, who = in.Ref(i), index.Label(i)
		}
		if word, ok := in.goneForGood(m.Record, m.Owner, i); ok {
			in.orphan(m.Zone, m.Record, m.Owner, index.Clean(m.Record.Name)+" remembers that "+who+" was taken out of "+index.Clean(m.Name)+", and it is gone for good", []Evidence{word})
			continue
		}
		orphan := in.orphanFinding(m.Zone, m.Record, m.Owner, nil)
		orphan.Reason = index.Clean(m.Record.Name) + " remembers that " + who + " was taken out of " + index.Clean(m.Name) + ", and it was found to be gone for good"
		if was, ok := in.standing(orphan); ok {
			in.add(was)
			continue
		}
		f := Finding{
			Class: Quiesced, Severity: Info, Record: m.Record, Instance: &ref, Cloud: ref.Cloud, Zone: m.Zone.Name, Service: in.ServiceOf(m.Record),
			Reason:   who + " was taken out of " + index.Clean(m.Name) + " on purpose",
			Evidence: []Evidence{in.markerEvidence(m.Owner)}, RestsOn: []index.Basis{m.Zone.Basis},
		}
		if in.returnable(m, i) {
			f.Remedy = RemedyReturn
		}
		in.add(f)
	}
}

// returnable reports whether what a marker remembers can be put back: its node runs and fails no health
// check, all is known, and no one else has the value meanwhile.
func (in *inspector) returnable(m index.QuiescedMarker, i *providers.Instance) bool {
	if i == nil || i.State != providers.StateRunning || m.Owner.Type == "" || strings.HasPrefix(m.Owner.Value, "~") || in.MissingEvidence(m.Zone) != "" || in.EvacuatedAt(m.Owner.Cloud, m.Name) != nil {
		return false
	}
	r := providers.Record{Zone: m.Zone.Name, Name: m.Name, Type: m.Owner.Type, Value: m.Owner.Value}
	if _, ok := r.Addr(); ok {
		to, ok := in.AddressFor(&r, i)
		if !ok {
			return false
		}
		r.Value = to.String()
	}
	if slices.ContainsFunc(in.Options.Health, func(h index.HealthState) bool {
		return h.Key == m.Owner.Cloud && h.ID == m.Owner.Instance && in.Failing(&h) != nil
	}) {
		return false
	}
	have := m.Zone.SameValue(&r)
	if have == nil {
		return true
	}
	return have.OwnedBy(m.Owner) || !index.Marked(have) && !have.Alias && in.ControllerOf(have) == ""
}

// goneForGood reports whether the cloud of a marker says that its instance does not
// exist any more, with that word.
func (in *inspector) goneForGood(r *providers.Record, o providers.Owner, i *providers.Instance) (Evidence, bool) {
	cs := in.CloudsByKey[o.Cloud]
	if cs == nil || o.Host() || cs.State != providers.CoverageComplete || in.tooYoung(r, o, true) {
		return Evidence{}, false
	}
	l, asked := cs.View.Lookup(o.Instance)
	switch {
	case i != nil && i.State.Dead():
		return Evidence{Source: cs.Name, Fact: "lists " + index.Clean(i.ID) + " as terminated", At: cs.View.RowsFrom}, true
	case i == nil && asked && l.Gone && l.Err == nil && (l.Final || !in.askedTooEarly(r, o, &l)):
		return Evidence{Source: cs.Name, Fact: "was asked for " + index.Clean(o.Instance) + " and answered that it is gone", At: l.Asked}, true
	}
	return Evidence{}, false
}
