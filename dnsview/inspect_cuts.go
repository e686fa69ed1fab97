package dnsview

import (
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// hidden adds the finding about a record that no one can resolve, and reports whether it is one.
func (in *inspector) hidden(z *index.ZoneState, r *providers.Record) bool {
	why, ok := in.Occluded(z, r.Name, r.Type)
	if ok {
		in.add(Finding{
			Class: Occluded, Severity: High, Record: r, Zone: z.Name, Service: in.ServiceOf(r), RestsOn: []index.Basis{z.Basis},
			Reason: r.Label() + " is occluded, and no resolver can resolve it: " + why, Evidence: []Evidence{{Source: z.Name, Fact: why, At: z.View.RowsFrom}},
		})
	}
	return ok
}

// hiddenService adds the finding about a declared service without records whose name no one could resolve.
func (in *inspector) hiddenService(s *index.DeclaredService, name string) {
	typ := "A"
	if s.Kind == index.DNSSD {
		typ = "SRV"
	}
	if why, ok := in.Occluded(s.ReadZone, name, typ); ok && len(s.Records) == 0 {
		in.add(Finding{
			Class: Occluded, Severity: High, Zone: s.ReadZone.Name, Service: name, Name: name, RestsOn: []index.Basis{s.ReadZone.Basis},
			Reason: index.Clean(name) + " is occluded, and no resolver could resolve a record there: " + why, Evidence: []Evidence{{Source: s.ReadZone.Name, Fact: why, At: s.ReadZone.View.RowsFrom}},
		})
	}
}

// noRemedy returns why the remedy of a finding cannot be carried out because of the name that it would
// write, or the empty string.
func (in *inspector) noRemedy(f *Finding) string {
	z := in.ZonesByName[f.Zone]
	if f.Remedy == NoRemedy || z == nil {
		return ""
	}
	if f.Remedy == RemedyDelete && f.Record != nil {
		if who := in.ControllerOf(f.Record); who != "" {
			return "it is managed by " + who + " too: change or remove it at its source"
		}
	}
	if z.Cuts.Empty() {
		return ""
	}
	name, typ := f.Service, "A"
	switch {
	case f.Class == TypeNotListed:
		name, typ = dnssd.EnumerationOf(f.Name), "PTR"
	case f.Record != nil && f.Record.IsMarker() && f.Remedy != RemedyDelete:
		_, name, _ = providers.SplitMarkerName(f.Record.Name)
	case f.Record != nil:
		name, typ = f.Record.Name, f.Record.Type
		if f.Remedy == RemedyQuiesce && !in.IsGlue(f.Record) {
			return "" // its node can be taken out
		}
	}
	why, _ := in.Writable(f.Zone, name, typ)
	return why
}
