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
			Reason:   cloud + " was evacuated from " + index.Clean(e.Name) + " " + in.Since(e.Since) + " ago, and its nodes stay out of DNS",
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

// inEvacuated reports a record that leads clients to a node of an evacuated cloud. i is nil if the cloud does not show the
// node. A record that is being taken out is not reported.
func (in *inspector) inEvacuated(z *index.ZoneState, r *providers.Record, o providers.Owner, cs *index.CloudState, i *providers.Instance) {
	e := in.EvacuatedAt(o.Cloud, r.Name)
	if e == nil || o.Quiesced {
		return
	}
	f := in.ownedFinding(z, r, o, i, cs, Finding{
		Class: Evacuated, Severity: High, RestsOn: []index.Basis{z.Basis},
		Reason: r.Label() + " is in DNS, and its cloud " + cs.Name + " is evacuated from " + index.Clean(e.Name),
	})
	if in.MissingEvidence(z) == "" {
		f.Remedy, f.RestsOn = RemedyQuiesce, z.AllBases
	}
	in.add(f)
}
