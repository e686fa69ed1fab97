package dnsview

import (
	"net/netip"
	"slices"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// OwnedIn counts the records of a zone that this fleet owns.
func (v *View) OwnedIn(zone string) int {
	n := 0
	if z := v.Index.ZonesByName[providers.CanonicalName(zone)]; z != nil {
		for i := range z.View.Records {
			if o, ok := z.View.Records[i].Owner(); ok && o.Fleet == v.Options.Fleet {
				n++
			}
		}
	}
	return n
}

// LeadingTo returns the records that lead to an instance, in stable order: those that belong to it, markers left
// out, and whatever holds one of its public addresses, or, where private ones are meant, its private one, whosever it is, and
// whatever leads to a name that the cloud itself has for it.
func (v *View) LeadingTo(key providers.CloudKey, id string) []*providers.Record {
	out := slices.DeleteFunc(v.RecordsOf(key, id), func(r *providers.Record) bool { return r.IsMarker() })
	i := v.Instance(key, id)
	if i == nil {
		return out
	}
	for _, z := range v.Index.Zones {
		for n := range z.View.Records {
			r := &z.View.Records[n]
			if v.leadsTo(r, i) && !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}

// leadsTo reports whether a record leads to an instance. Private networks of different clouds may have the same addresses: a
// private one leads to the owner of the record if that has it, and otherwise to every instance that has it.
func (v *View) leadsTo(r *providers.Record, i *providers.Instance) bool {
	a, ok := r.LeadsTo()
	switch to := r.Target(); {
	case ok && slices.Contains(i.PublicIPs, a):
		return true
	case to != "" && i.NamedBy(to), slices.ContainsFunc(r.Hints(), func(a netip.Addr) bool { return slices.Contains(i.PublicIPs, a) }):
		return true
	case !ok:
		return false
	}
	if !v.Index.Holds(i, a) || v.Index.ScopeOf(r, i) != index.ScopePrivate {
		return false
	}
	owner := v.Index.InstanceOf(r)
	return owner == i || owner == nil || !index.Marked(r) || !owner.HasAddress(a)
}

// Holds reports whether a zone has a record of this name, type and value, whosever it is.
func (v *View) Holds(r *providers.Record) bool {
	value := providers.FoldValue(r.Type, r.Value)
	return slices.ContainsFunc(v.Index.Records(r.Zone, r.Name, r.Type), func(o *providers.Record) bool { return providers.FoldValue(o.Type, o.Value) == value })
}
