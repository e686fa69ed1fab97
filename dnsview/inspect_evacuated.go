package dnsview

import (
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// evacuations reports each evacuation, and reminds of those that were intended to be over by now.
func (in *inspector) evacuations() {
	for _, e := range in.Evacuations {
		o, _ := index.OwnerInMarker(e.Record)
		cloud := in.CloudLabel(e.Cloud)
		f := Finding{
			Class: Evacuated, Severity: Info, Record: e.Record, Cloud: cloud, Zone: e.Zone.Name, RestsOn: []index.Basis{e.Zone.Basis},
			Reason:   cloud + " was evacuated from " + index.Clean(e.Name) + " " + in.Since(e.Since) + " ago, and " + in.howFarEvacuated(e),
			Evidence: []Evidence{in.markerEvidence(o)},
		}
		if e.Name != e.Zone.Name {
			f.Service = e.Name
		}
		switch {
		case e.Until.IsZero():
		case in.Passed(e.Until):
			f.Severity = Medium
			f.Reason += "; that was intended until " + in.Since(e.Until) + " ago"
		default:
			f.Reason += ", as intended for " + in.Since(e.Until) + " more"
		}
		in.add(f)
	}
}

// howFarEvacuated returns whether the nodes of an evacuated cloud are out of DNS. If values of theirs are still there, it names
// the command that takes them out.
func (in *inspector) howFarEvacuated(e *index.Evacuation) string {
	left := 0
	for i := range e.Zone.View.Records {
		r := &e.Zone.View.Records[i]
		if o, ok := r.Owner(); ok && o.Cloud == e.Cloud && !r.IsMarker() && in.IsOurs(r) && e.Covers(r.Name) {
			left++
		}
	}
	if left == 0 {
		return "its nodes stay out of DNS"
	}
	finish := "rollcall evacuate " + in.CloudArgument(e.Cloud)
	if e.Name != e.Zone.Name {
		finish += " --service " + index.Clean(e.Name)
	}
	if left == 1 {
		return "1 value of its nodes is still in DNS: " + finish + " takes it out"
	}
	return index.Plural(left, "value", "values") + " of its nodes are still in DNS: " + finish + " takes them out"
}

// inEvacuated reports a record that leads clients to a node of an evacuated cloud, also if its marker says that it is being
// taken out, and returns whether it is one. i is nil if the cloud does not show the node.
func (in *inspector) inEvacuated(z *index.ZoneState, r *providers.Record, o providers.Owner, cs *index.CloudState, i *providers.Instance) bool {
	e := in.EvacuatedAt(o.Cloud, r.Name)
	if e == nil {
		return false
	}
	f := in.ownedFinding(z, r, o, i, cs, Finding{
		Class: Evacuated, Severity: High, RestsOn: []index.Basis{z.Basis},
		Reason: r.Label() + " is in DNS, and its cloud " + cs.Name + " is evacuated from " + index.Clean(e.Name),
	})
	if in.MissingEvidence(z) == "" && !in.HeldByAnother(r, o) {
		f.Remedy, f.RestsOn = RemedyQuiesce, z.AllBases
	}
	in.add(f)
	return true
}
