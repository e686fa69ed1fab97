package dnsview

import (
	"slices"
	"strings"

	"rollcall/providers"
)

// mark is a marker record that says quiesced.
type mark struct {
	zone   *zoneState
	record *providers.Record
	owner  providers.Owner
	name   string // of the record that was taken out
}

// marker looks at a marker record: one that says quiesced is noted, one that
// marks nothing is an orphan. What others say was learned when owners were attached.
func (in *inspector) marker(z *zoneState, r *providers.Record) {
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
	case in.foreignFleet(o):
		return // another team's marker is another team's business
	case o.Quiesced:
		in.marks = append(in.marks, mark{zone: z, record: r, owner: o, name: name})
		return
	case in.markedRecord(z, name, o):
		return
	}
	in.orphan(z, r, o, Clean(r.Name)+" marks "+Clean(name)+" "+Clean(o.Type)+" "+Clean(o.Value)+", and there is no such record", nil)
}

// markedRecord reports whether there is a record that the marker names. The records of
// the marker's own instance are looked at first, since that is where it is.
func (in *inspector) markedRecord(z *zoneState, name string, o providers.Owner) bool {
	if n, ok := in.nodeIDs[o.Cloud][o.Instance]; ok {
		for l := in.nodes[n].head; l >= 0; l = in.links[l].next {
			if r := in.links[l].record; r.Name == name && r.Zone == z.name && o.Owns(r.Type, r.Value) {
				return true
			}
		}
	}
	return slices.ContainsFunc(z.named(name), func(r *providers.Record) bool { return o.Owns(r.Type, r.Value) })
}

// named gives the records of a zone with one name, from a map that is made when it is
// first asked for. It is for Inspect alone: a finished view is read by many at once.
func (z *zoneState) named(name string) []*providers.Record {
	if z.names == nil {
		z.names = make(map[string][]*providers.Record, len(z.view.Records))
		for i := range z.view.Records {
			r := &z.view.Records[i]
			z.names[r.Name] = append(z.names[r.Name], r)
		}
	}
	return z.names[name]
}

// setValue is one value of one name and type of a zone.
type setValue struct{ name, typ, value string }

// standing finds the record with the name, type and value of another, or returns nil. It is for
// Inspect alone, as named is.
func (z *zoneState) standing(r *providers.Record) *providers.Record {
	if z.exact == nil {
		z.exact = make(map[setValue]*providers.Record, len(z.view.Records))
		for i := range z.view.Records {
			s := &z.view.Records[i]
			at := setValue{s.Name, s.Type, providers.FoldValue(s.Type, s.Value)}
			if z.exact[at] == nil {
				z.exact[at] = s
			}
		}
	}
	return z.exact[setValue{r.Name, r.Type, providers.FoldValue(r.Type, r.Value)}]
}

// unreadable is for a marker that cannot be read. Records of its name are ambiguous; when there
// is none, no one else reports it.
func (in *inspector) unreadable(z *zoneState, r *providers.Record, name string) {
	for _, s := range z.named(name) {
		switch s.Type {
		case "A", "AAAA", "SRV", "CNAME":
			return
		}
	}
	in.addOr(lackingOf(nil, z), Finding{
		Class: OrphanMarker, Severity: Low, Record: r, Zone: z.name, Service: in.serviceOf(r), RestsOn: []Basis{z.basis},
		Reason:   Clean(r.Name) + " marks nothing, and cannot be read, so nobody can say whose it is: remove it by hand",
		Evidence: []Evidence{{Source: "marker", Fact: "cannot be read: " + Clean(r.Value)}},
	})
}

// orphan is for a marker without a record. It is removed only when two readings saw
// it so: a writer without batches writes the one before the other. Like every
// delete it waits for all sources to be complete.
func (in *inspector) orphan(z *zoneState, r *providers.Record, o providers.Owner, why string, more []Evidence) {
	f := Finding{
		Class: OrphanMarker, Severity: Low, Record: r, Zone: z.name, Service: in.serviceOf(r), RestsOn: z.all,
		Instance: &providers.InstanceRef{Cloud: in.cloudLabel(o.Cloud), Key: o.Cloud, ID: o.Instance},
		Evidence: append([]Evidence{in.markerEvidence(o), {Source: z.name, Fact: "has no record that the marker names", At: z.view.RowsFrom}}, more...),
	}
	if i := in.instance(o.Cloud, o.Instance); i != nil {
		ref := in.ref(i)
		f.Instance, f.Cloud = &ref, i.Cloud
	}
	first, seen := in.o.Seen[f.Key()]
	switch {
	case seen && first.Before(z.view.Coverage.Started) && !in.tooYoung(r, o, in.o.Now, true):
		f.Remedy = RemedyDelete
		f.Reason = why + " (seen so for " + ago(in.o.Now.Sub(first)) + ")"
		f.Evidence = append(f.Evidence, Evidence{Source: "an earlier scan", Fact: "saw the same", At: first})
	case seen:
		f.Reason = why + "; it can be removed when a later reading sees the same"
	default:
		f.Reason = why + "; it can be removed when a second scan sees the same"
	}
	in.addOr(in.lacking(z), f)
}

// markers reports nodes that were taken out of DNS on purpose.
func (in *inspector) markers() {
	for _, m := range in.marks {
		n := in.nodeOf(m.owner.Cloud, m.owner.Instance)
		if in.quiescedThere(m) {
			continue // the record is still there, and reported already
		}
		ref := providers.InstanceRef{Cloud: in.cloudLabel(m.owner.Cloud), Key: m.owner.Cloud, ID: m.owner.Instance}
		who := shortID(m.owner.Instance)
		i := in.nodes[n].inst
		if i != nil {
			ref, who = in.ref(i), label(i)
		}
		if word, ok := in.goneForGood(m.record, m.owner, i); ok {
			in.orphan(m.zone, m.record, m.owner, Clean(m.record.Name)+" remembers that "+who+" was taken out of "+Clean(m.name)+", and it is gone for good", []Evidence{word})
			continue
		}
		f := Finding{
			Class: Quiesced, Severity: Info, Record: m.record, Instance: &ref, Cloud: ref.Cloud, Zone: m.zone.name, Service: in.serviceOf(m.record),
			Reason:   who + " was taken out of " + Clean(m.name) + " on purpose",
			Evidence: []Evidence{in.markerEvidence(m.owner)}, RestsOn: []Basis{m.zone.basis},
		}
		if in.returnable(m, i) {
			f.Remedy = RemedyReturn
		}
		in.add(f)
	}
}

// returnable reports whether what a marker remembers can be put back: its node runs and fails no health
// check, all is known, and no one else has the value meanwhile.
func (in *inspector) returnable(m mark, i *providers.Instance) bool {
	if i == nil || i.State != providers.StateRunning || m.owner.Type == "" || strings.HasPrefix(m.owner.Value, "~") || in.lacking(m.zone) != "" {
		return false
	}
	r := providers.Record{Zone: m.zone.name, Name: m.name, Type: m.owner.Type, Value: m.owner.Value}
	if a, ok := r.Addr(); ok && !i.HasAddress(a) {
		to, ok := addressFor(i, r.Family())
		if !ok {
			return false
		}
		r.Value = to.String()
	}
	if slices.ContainsFunc(in.o.Health, func(h HealthState) bool {
		return h.Key == m.owner.Cloud && h.ID == m.owner.Instance && in.failing(&h) != nil
	}) {
		return false
	}
	have := m.zone.standing(&r)
	if have == nil {
		return true
	}
	own, ok := have.Owner()
	return ok && own.Same(m.owner) || !marked(have) && !have.Alias && in.controllerOf(have) == ""
}

// goneForGood reports whether the cloud of a marker says that its instance does not
// exist any more, with that word.
func (in *inspector) goneForGood(r *providers.Record, o providers.Owner, i *providers.Instance) (Evidence, bool) {
	cs := in.byKey[o.Cloud]
	if cs == nil || o.Host() || cs.state != providers.CoverageComplete || in.tooYoung(r, o, in.o.Now, true) {
		return Evidence{}, false
	}
	l, asked := cs.view.Lookups[o.Instance]
	switch {
	case i != nil && i.State.Dead():
		return Evidence{Source: cs.name, Fact: "lists " + Clean(i.ID) + " as terminated", At: cs.view.RowsFrom}, true
	case i == nil && asked && l.Gone && l.Err == nil && (l.Final || !in.tooYoung(r, o, l.Asked, false)):
		return Evidence{Source: cs.name, Fact: "was asked for " + Clean(o.Instance) + " and answered that it is gone", At: l.Asked}, true
	}
	return Evidence{}, false
}
