package dnsview

import (
	"slices"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Advice returns what is to be done about a finding, as one sentence: the command that carries out its remedy, or
// what a person does where rollcall has none. It is empty for what needs nothing done.
func (v *View) Advice(f *Finding) string {
	x := v.Index
	switch why := x.ZoneRefused(f.Zone); {
	case f.Class == Unknown:
		return "nothing is done about it before it is known: rollcall ls sources says what was not read, and why"
	case !f.Certain():
		return "look again when every source was read completely: rollcall ls sources says which was not"
	case f.Severity == Info && f.Class != Quiesced && f.Class != Evacuated:
		return ""
	case f.Class == Lame || x.ReadOnlyZones[providers.CanonicalName(f.Zone)] != "":
		return "have " + index.Clean(f.Zone) + " delegated to the name servers of its provider, at the registrar or in the zone above"
	case x.OnlyListed(f.Zone):
		return "change it where it is kept: " + why
	case f.Class == Unresolvable:
		return "set right what the facts show, at the registrar or in the zone above: the DS record, the delegation, or a lapsed registration"
	case why != "":
		return "nothing is written before the zone can be read: " + why
	case f.Controller != "":
		return "change or remove it at its source, " + index.Clean(f.Controller)
	case v.Options.Fleet == "" && (f.Instance != nil || f.Record != nil && index.Marked(f.Record)):
		return "run rollcall config init: without a fleet id nothing that is owned is changed"
	}
	if f.Record != nil {
		return v.adviceOnRecord(f)
	}
	return v.adviceOnName(f)
}

// adviceOnRecord is Advice for a finding about a record.
func (v *View) adviceOnRecord(f *Finding) string {
	x, r := v.Index, f.Record
	name := v.RecordName(r)
	o, owned := r.Owner()
	ours := owned && !x.ForeignFleet(o)
	switch f.Class {
	case Reused:
		hosts, _ := x.AddressesOf(r)
		for _, h := range hosts {
			a, _ := h.Addr()
			_, held := x.HolderOf(a)
			if _, allowed := x.Allowed(a); held || allowed {
				advice, _ := x.ReusedAdvice(r, a)
				return advice
			}
		}
	case Quiesced:
		return v.adviceOnQuiesced(f)
	case Evacuated:
		if m, ok := index.OwnerInMarker(r); ok && r.IsMarker() {
			return v.adviceOnEvacuated(m.Cloud)
		}
		if x.IsGlue(r) {
			break
		}
		return "rollcall evacuate " + x.CloudArgument(o.Cloud) + " takes it out too"
	case Ambiguous:
		return "see to it at its provider that one marker is left that says whose it is, and no other; a node registers anew once its own is right"
	case Occluded:
		if ours && !x.IsGlue(r) {
			return "make it where clients are led to, and rollcall quiesce " + name
		}
		return "make it where clients are led to, and remove it here at its provider"
	case Wire:
		return "tell the DNS provider: its servers do not answer what its API holds"
	case Split:
		return "wait for the servers that are behind; when it lasts, tell the DNS provider"
	case PTRNoSRV:
		return "rollcall service retire " + index.Clean(r.Value) + ", or register a node there"
	case SRVAlias:
		return "give the target an address in place of the alias, at its provider"
	}
	if f.Remedy != NoRemedy {
		return "rollcall remedy " + name
	}
	if other := v.findingToSettleFirst(f); other != nil {
		return "settle first that " + other.Reason
	}
	i := x.InstanceOf(r)
	_, hidden := x.Occluded(x.ZonesByName[f.Zone], r.Name, r.Type)
	switch {
	case x.IsGlue(r):
		return index.GlueAdvice
	case f.Class == Moved && f.Address != "":
		return "rollcall quiesce " + name + ", as the name has " + f.Address + " already"
	case f.Class == Moved:
		return "give " + index.Label(i) + " an address of that kind, or rollcall quiesce " + name
	case f.Class == OrphanMarker && hidden, f.Class == OrphanMarker && !slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return e.Source == "marker" }), !owned && index.Marked(r):
		return "remove it at its provider"
	case f.Class == OrphanMarker, f.Class == Dead, f.Class == Dangling, f.Class == Stopped:
		return "look again when every source was read completely: rollcall ls sources says which was not"
	case f.Class == Unmarked && i == nil:
		return "attach the address to an instance, and adopt the record, or remove it at its provider"
	case f.Class == Unmarked && i.State != providers.StateRunning:
		return "start " + index.Label(i) + " and adopt the record, or remove it at its provider"
	case !owned:
		return "change it at its provider, where it was made"
	case !ours:
		return "leave it to fleet " + index.Clean(o.Fleet) + ", whose it is"
	case o.Quiesced:
		return v.adviceOnQuiesced(f)
	case o.Host():
		return "let " + index.ShortID(o.Instance) + " leave, and join again with what is right"
	}
	if missing := x.MissingEvidence(x.ZonesByName[f.Zone]); missing != "" {
		return "look again when all is known: " + missing
	}
	if i == nil || i.State != providers.StateRunning {
		return "rollcall quiesce " + name + ", as its node does not run"
	}
	if f.Class == Private || f.Class == SRVNoAddress {
		return "give " + index.Label(i) + " a " + string(x.ScopeOf(r, i)) + " address, or rollcall quiesce " + name
	}
	return "change it at its provider"
}

// findingToSettleFirst returns the finding about the same record that has to be settled before anything is done about f, or nil.
func (v *View) findingToSettleFirst(f *Finding) *Finding {
	for _, g := range v.FindingsOfRecord(f.Record) {
		if g.Class != f.Class && !IsAdvice(g.Class) && g.Class != Unmarked && g.Class != Foreign {
			return g
		}
	}
	return nil
}

// adviceOnEvacuated is Advice for an evacuated cloud.
func (v *View) adviceOnEvacuated(key providers.CloudKey) string {
	command := "rollcall return --cloud " + v.Index.CloudArgument(key)
	if cs := v.Index.CloudsByKey[key]; cs == nil || cs.View.Unconfigured {
		return command + " removes the marker, if the cloud does not come back into the config"
	}
	return command + ", once it is well"
}

// adviceOnQuiesced is Advice for what was taken out of DNS on purpose, wholly or not.
func (v *View) adviceOnQuiesced(f *Finding) string {
	o, ok := index.RegisteredOwner(f.Record)
	if !ok {
		return ""
	}
	if len(v.Index.EvacuationsOf(o.Cloud)) > 0 {
		return v.adviceOnEvacuated(o.Cloud)
	}
	i := v.Instance(o.Cloud, o.Instance)
	switch {
	case o.Host():
		return "let the host join again, or leave: rollcall service join, rollcall service leave"
	case !f.Record.IsMarker() && i != nil:
		return "it is served although it is marked: rollcall quiesce " + v.RecordName(f.Record) + " takes it out of DNS, rollcall return " + index.Clean(o.Instance) + " leaves it there without the mark"
	case i == nil || i.State != providers.StateRunning:
		return "start the node and rollcall return " + index.Clean(o.Instance) + ", or terminate it"
	}
	return "rollcall return " + index.Clean(o.Instance) + ", once it is well"
}

// adviceOnName is Advice for a finding about what is absent, a service or a zone.
func (v *View) adviceOnName(f *Finding) string {
	switch f.Class {
	case Thin:
		return "launch nodes, or return those that were taken out; the config holds the minimum"
	case OneCloud:
		return "launch nodes in the other clouds: rollcall launch --service " + index.Clean(f.Service)
	case OverLimit:
		return "remove what is not needed, split the service into several names, or have the provider raise its limit"
	case Occluded:
		return "make the records of the service where clients are led to, or declare it by another name"
	case Wire, Split:
		return "wait for the servers that are behind; when it lasts, tell the DNS provider"
	}
	if f.Remedy != NoRemedy {
		return "rollcall remedy " + string(f.Class)
	}
	if (f.Class == Missing || f.Class == Half) && f.Instance != nil {
		if why, hidden := v.Index.Occluded(v.Index.ZonesByName[f.Zone], f.Service, "A"); hidden {
			return "make the records of the service where clients are led to: " + why
		}
		if v.unwell[unwellNode{f.Service, f.Instance.Key, f.Instance.ID}] {
			return "make the node well, or take it out of what the service selects"
		}
		scope := index.ScopePublic
		if s := v.Index.ServicesByName[f.Service]; s != nil {
			scope = s.ScopeIn(s.ReadZone)
		}
		return "give the node a " + string(scope) + " address, or take it out of what the service selects"
	}
	return "look again when all is known: rollcall ls sources says what was not read"
}
