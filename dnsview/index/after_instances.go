package index

import (
	"cmp"
	"net/netip"
	"slices"

	"rollcall/providers"
)

// instances makes the nodes those of the instances that there are now, and notes which addresses have other holders.
func (d *difference) instances() bool {
	var gained []held
	for at, e := range d.clouds {
		if e == nil {
			continue
		}
		cs, was, is := d.Clouds[at], d.was.Clouds[at].View.Instances, d.Clouds[at].View.Instances
		if len(e.gone)+len(e.come) > 0 {
			if len(was) == 0 || len(is) == 0 || showsInstances(cs.View.Lookups) {
				return false // whether its list can be believed may be another question now
			}
			d.ownNodes()
		}
		for _, from := range e.gone {
			n, ok := d.node(cs, &was[from])
			if !ok {
				return false
			}
			d.Nodes[n].Instance = nil
			d.lose(cs, n, &was[from])
		}
		for _, pair := range e.changed {
			i, j := &was[pair[0]], &is[pair[1]]
			n, ok := d.node(cs, i)
			if !ok {
				return false
			}
			gained = append(gained, d.exchange(cs, n, i, j)...)
		}
	}
	for at, e := range d.clouds {
		if e == nil {
			continue
		}
		cs := d.Clouds[at]
		for _, to := range e.come {
			i := &cs.View.Instances[to]
			n := d.NodeOf(cmp.Or(i.Key, cs.Key), i.ID)
			if len(d.twins[n]) > 0 || d.Nodes[n].Instance != nil {
				return false
			}
			d.Nodes[n].Instance = i
			d.c.Nodes[n] = true
			gained = append(gained, d.gain(cs, n, i)...)
		}
	}
	for _, h := range gained {
		d.claim(h)
	}
	d.countAgain()
	return true
}

// node returns the number of an earlier instance of a cloud. ok is false if several rows are about it.
func (d *difference) node(cs *CloudState, i *providers.Instance) (n int32, ok bool) {
	n = d.KnownNode(cmp.Or(i.Key, cs.Key), i.ID)
	if n < 0 || len(d.twins[n]) > 0 || d.was.Nodes[n].Instance != i {
		return n, false
	}
	d.c.Nodes[n] = true
	return n, true
}

// showsInstances reports whether a question for one instance showed it.
func showsInstances(asked map[string]providers.Lookup) bool {
	for id := range asked {
		if asked[id].Instance != nil {
			return true
		}
	}
	return false
}

// held is an address that a node has.
type held struct {
	node int32
	addr netip.Addr
}

// lose notes that a node holds none of its addresses any more.
func (d *difference) lose(cs *CloudState, n int32, i *providers.Instance) {
	if i.State.Dead() {
		return
	}
	for _, a := range addressesOf(i) {
		d.unclaim(held{n, a})
	}
	d.recountAttached(cs, n)
}

// gain returns the addresses that an instance holds.
func (d *difference) gain(cs *CloudState, n int32, i *providers.Instance) (gained []held) {
	if i.State.Dead() {
		return nil
	}
	for _, a := range addressesOf(i) {
		gained = append(gained, held{n, a})
	}
	d.recountAttached(cs, n)
	return gained
}

// exchange notes what follows from an instance that differs, and returns the addresses that it holds and has not held.
func (d *difference) exchange(cs *CloudState, n int32, was, is *providers.Instance) (gained []held) {
	if was.State.Dead() || is.State.Dead() {
		if was.State.Dead() != is.State.Dead() {
			d.lose(cs, n, was)
			return d.gain(cs, n, is)
		}
		return nil // it holds no address
	}
	old, now := addressesOf(was), addressesOf(is)
	for _, a := range old {
		switch {
		case !slices.Contains(now, a):
			d.unclaim(held{n, a})
		case was.State != is.State && d.claims[d.addresses.Find(a)] > 1:
			d.addrs[a], d.recount[a] = true, true
		default:
			d.addrs[a] = true // the same holder, another instance
		}
	}
	for _, a := range now {
		if !slices.Contains(old, a) {
			gained = append(gained, held{n, a})
		}
	}
	return gained
}

// recountAttached notes the elastic addresses and interfaces that are attached to a node, which has come or is gone.
func (d *difference) recountAttached(cs *CloudState, n int32) {
	k := d.numbers.Key(n)
	for at := range d.Clouds {
		for i := range d.Clouds[at].View.Addresses {
			if a := &d.Clouds[at].View.Addresses[i]; a.Instance == k.ID && cmp.Or(a.Key, d.Clouds[at].Key) == k.Cloud {
				d.addrs[a.IP.Unmap()], d.recount[a.IP.Unmap()] = true, true
			}
		}
	}
}

func (d *difference) unclaim(h held) {
	d.ownHolders()
	at := d.addresses.Find(h.addr)
	if d.addrs[h.addr] = true; d.claims[at] != 1 {
		d.recount[h.addr] = true
		return
	}
	d.holders[at], d.claims[at] = holder{node: -1}, 0
}

func (d *difference) claim(h held) {
	d.ownHolders()
	d.addrs[h.addr] = true
	at, added := d.addresses.Add(h.addr)
	switch {
	case added:
		d.holders, d.claims = append(d.holders, holder{node: h.node}), append(d.claims, 1)
	case d.claims[at] > 0:
		d.recount[h.addr] = true
	default:
		d.holders[at], d.claims[at] = holder{node: h.node}, 1
	}
}

// countAgain finds out anew who has the addresses that several claim.
func (d *difference) countAgain() {
	if len(d.recount) == 0 {
		return
	}
	d.ownHolders()
	for a := range d.recount {
		if at := d.addresses.Find(a); at >= 0 {
			d.holders[at], d.claims[at] = holder{node: -1}, 0
		}
	}
	d.addHolders(d.recount)
}

// ownHolders makes the holders of addresses those of this index alone.
func (d *difference) ownHolders() {
	if !d.ownsHolders {
		d.ownsHolders = true
		d.addresses, d.holders, d.claims = d.addresses.Clone(), slices.Clone(d.holders), slices.Clone(d.claims)
	}
}

// addressesOf returns the addresses that an instance holds, each once.
func addressesOf(i *providers.Instance) (out []netip.Addr) {
	for _, list := range [][]netip.Addr{i.PublicIPs, i.PrivateIPs} {
		for _, a := range list {
			out = append(out, a.Unmap())
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}

// heldOtherwise returns the positions of the records of a zone with an address whose holder differs, or may.
func (d *difference) heldOtherwise(z *ZoneState) (out []int) {
	if len(d.addrs) == 0 {
		return nil
	}
	hashes := map[uint32]bool{}
	for a := range d.addrs {
		hashes[uint32(HashAddr(a))|1] = true
	}
	for at, h := range z.led() {
		if h == 0 || !hashes[h] {
			continue
		}
		if a, _ := z.View.Records[at].LeadsTo(); d.addrs[a] {
			out = append(out, at)
		}
	}
	return out
}

// touchHeld notes the records of the addresses whose holders differ.
func (d *difference) touchHeld() {
	for at, z := range d.Zones {
		for _, p := range d.heldOtherwise(z) {
			d.c.Records[Place{int32(at), z.NumberAt(p)}] = true
		}
	}
}
