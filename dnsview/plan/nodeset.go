package plan

import (
	"cmp"
	"net/netip"
	"slices"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// NodeSet is one name and type at which a node has records, with the values that it should have there.
type NodeSet struct {
	Name, Type string
	Values     []string
}

// NodeSets returns the sets that make a host a node of a service, in the order in which they are created: its
// addresses, at its host name or, if host is empty, at the name of the service, and for a host name the SRV value that
// leads to it.
func NodeSets(service, host string, addresses []netip.Addr, srv providers.SRV) (sets []NodeSet) {
	for _, typ := range []string{"A", "AAAA"} {
		set := NodeSet{Name: cmp.Or(host, service), Type: typ}
		for _, a := range addresses {
			if a = a.Unmap(); index.TypeOf(a) == typ && !slices.Contains(set.Values, a.String()) {
				set.Values = append(set.Values, a.String())
			}
		}
		if len(set.Values) > 0 {
			sets = append(sets, set)
		}
	}
	if host != "" {
		srv.Target = host
		sets = append(sets, NodeSet{Name: service, Type: "SRV", Values: []string{srv.String()}})
	}
	return sets
}

// compare compares the records of the set with the values that an owner should have there. present are the records with
// such a value, of any owner; stale are the owner's others; missing are the values that no record has.
func (s *NodeSet) compare(records []*providers.Record, o providers.Owner) (present, stale []*providers.Record, missing []string) {
	missing = slices.Clone(s.Values)
	for _, r := range records {
		has := func(v string) bool { return providers.FoldValue(s.Type, v) == providers.FoldValue(s.Type, r.Value) }
		switch {
		case r.Alias:
		case slices.ContainsFunc(s.Values, has):
			present = append(present, r)
			missing = slices.DeleteFunc(missing, has)
		case r.OwnedBy(o):
			stale = append(stale, r)
		}
	}
	return present, stale, missing
}

// Changes returns what a node's agent changes after it has looked up the set: it becomes the owner of its values, and
// its stale records are deleted. New records have the zone, TTL, proxying and owner of like.
func (s *NodeSet) Changes(there []providers.Record, like providers.Record) (changes []providers.Change) {
	records := make([]*providers.Record, len(there))
	for i := range there {
		records[i] = &there[i]
	}
	present, stale, missing := s.compare(records, like.Owners[0])
	for _, r := range present {
		if !r.OwnedBy(like.Owners[0]) {
			after := *r
			after.Owners = like.Owners
			changes = append(changes, providers.Change{Op: providers.OpUpdate, Before: *r, After: after})
		}
	}
	for _, r := range stale {
		changes = append(changes, providers.Change{Op: providers.OpDelete, Before: *r})
	}
	for _, v := range missing {
		like.Name, like.Type, like.Value = s.Name, s.Type, v
		changes = append(changes, providers.Change{Op: providers.OpCreate, After: like})
	}
	return changes
}
