package index

import (
	"cmp"
	"net/netip"

	"rollcall/providers"
)

// Holder is who has an address: an instance, or something else of the account.
type Holder struct {
	Instance *providers.Instance
	Address  *providers.Address
}

// holder is a Holder by the number of the instance, -1 for none.
type holder struct {
	node    int32
	address *providers.Address
}

// addHolders fills the inventory of addresses: those of instances that are not
// terminated, elastic addresses and network interfaces. Where several rows are about one instance, it has the addresses of
// all of them: which of them is out of date is not known. addHolders leaves out the addresses that only lacks, if it is not
// nil.
func (x *Index) addHolders(only map[netip.Addr]bool) {
	for n := range x.Nodes {
		if i := x.Nodes[n].Instance; i != nil {
			x.addRow(int32(n), i, only)
		}
	}
	for n, rows := range x.twins {
		for _, i := range rows {
			x.addRow(n, i, only)
		}
	}
	for _, cs := range x.Clouds {
		for i := range cs.View.Addresses {
			a := &cs.View.Addresses[i]
			h := holder{-1, a}
			if a.Instance != "" {
				if n := x.KnownNode(cmp.Or(a.Key, cs.Key), a.Instance); n >= 0 && x.Nodes[n].Instance != nil && !x.Nodes[n].Instance.State.Dead() {
					h.node = n
				}
			}
			x.addHolder(a.IP, h, only)
		}
	}
}

// addRow notes that a node has the addresses of a row, unless that is terminated.
func (x *Index) addRow(n int32, i *providers.Instance, only map[netip.Addr]bool) {
	if i.State.Dead() {
		return
	}
	for _, a := range i.PublicIPs {
		x.addHolder(a, holder{node: n}, only)
	}
	for _, a := range i.PrivateIPs {
		x.addHolder(a, holder{node: n}, only)
	}
}

func (x *Index) addHolder(a netip.Addr, h holder, only map[netip.Addr]bool) {
	if a = a.Unmap(); only != nil && !only[a] {
		return
	}
	n, added := x.addresses.Add(a)
	if added {
		x.holders, x.claims = append(x.holders, h), append(x.claims, 1)
		return
	}
	if x.claims[n] == 0 || betterHolder(x.known(h), x.known(x.holders[n])) {
		x.holders[n] = h
	}
	x.claims[n] = max(x.claims[n], x.claims[n]+1)
}

// known returns a holder with its instance.
func (x *Index) known(h holder) Holder {
	if h.node < 0 {
		return Holder{Address: h.address}
	}
	return Holder{x.Nodes[h.node].Instance, h.address}
}

// HolderOf returns who has an address; ok is false when no one in the inventory does.
func (x *Index) HolderOf(a netip.Addr) (h Holder, ok bool) {
	if n := x.addresses.Find(a); n >= 0 && x.claims[n] > 0 {
		return x.known(x.holders[n]), true
	}
	return Holder{}, false
}

// betterHolder orders two holders of one address without regard to which was read first.
func betterHolder(a, b Holder) bool {
	if (a.Instance != nil) != (b.Instance != nil) {
		return a.Instance != nil
	}
	if a.Instance != nil && a.Instance != b.Instance {
		if ra, rb := stateRank(a.Instance.State), stateRank(b.Instance.State); ra != rb {
			return ra > rb
		}
		return cmp.Or(cmp.Compare(a.Instance.Key, b.Instance.Key), cmp.Compare(a.Instance.ID, b.Instance.ID)) < 0
	}
	if a.Address == nil || b.Address == nil {
		return a.Address == nil && b.Address != nil
	}
	return cmp.Or(cmp.Compare(a.Address.Key, b.Address.Key), cmp.Compare(a.Address.Kind, b.Address.Kind), cmp.Compare(a.Address.ID, b.Address.ID)) < 0
}
