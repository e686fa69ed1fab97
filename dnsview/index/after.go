package index

import (
	"net/netip"
	"slices"
	"strings"
	"sync"

	"rollcall/providers"
)

// Changes are the rows of a snapshot that differ from those of an earlier one, and the rows of which something else may be
// found because of them.
type Changes struct {
	Records map[Place]bool  // records that differ, or whose node, holder or marked value does
	Nodes   map[int32]bool  // nodes that differ, or have a record or an address that does
	Names   map[string]bool // of Records
	Values  map[string]bool // names of records that have another value or owner marker
	Sets    map[int32]bool  // numbers of zones with records that differ in more than TTL, weight and policy
	Hosts   bool            // some of Records may be the address of a host of SRV records
}

// mostChanges is up to how many rows that differ are looked at one by one.
const mostChanges = 1024

// After returns the index of a later snapshot that has the sources and states of the one of x, and whose rows may differ,
// but not in number, order and whose they are. The options are those of x but for what was observed and the time. ok is false if the
// rows differ in more than that, or if what differs may link other rows.
func (x *Index) After(s *providers.Snapshot, o *Options) (n *Index, c *Changes, ok bool) {
	d := &difference{Index: x, later: x.Again(s, o), c: &Changes{map[Place]bool{}, map[int32]bool{}, map[string]bool{}, map[string]bool{}, map[int32]bool{}, false}}
	instances, records, ok := d.rows()
	if !ok {
		return nil, nil, false
	}
	for at, list := range records {
		for _, i := range list {
			if !d.record(Place{int32(at), i}) {
				return nil, nil, false
			}
		}
	}
	for at, list := range instances {
		for _, i := range list {
			if !d.instance(&x.Clouds[at].View.Instances[i], &d.later.Clouds[at].View.Instances[i]) {
				return nil, nil, false
			}
		}
	}
	if !d.led() {
		return nil, nil, false
	}
	for p := range d.c.Records {
		name := x.At(p).Name
		d.c.Names[name] = true
		if _, host := x.Targets[name]; host {
			d.c.Hosts = true
		}
	}
	d.later.moveFrom(x, d.c.Names)
	d.later.from, d.later.differs, d.later.made = x.made, d.c, &made{}
	return d.later, d.c, true
}

// difference finds what differs between two snapshots.
type difference struct {
	*Index
	later *Index
	c     *Changes
	addrs map[netip.Addr]bool // whose holder differs, or may; true if someone has them now who did not, or the other way round
}

// rows returns the numbers of the instances of each cloud, and of the records of each zone, that differ.
func (d *difference) rows() (instances, records [][]int32, ok bool) {
	n := 0
	for at, z := range d.Zones {
		list, ok := differing(z.View.Records, d.later.Zones[at].View.Records, (*providers.Record).Same)
		if !ok {
			return nil, nil, false
		}
		records = append(records, list)
		n += len(list)
	}
	for at, cs := range d.Clouds {
		list, ok := differing(cs.View.Instances, d.later.Clouds[at].View.Instances, (*providers.Instance).Equal)
		if !ok {
			return nil, nil, false
		}
		instances = append(instances, list)
		n += len(list)
	}
	return instances, records, n <= mostChanges
}

// rowsToCompare is how many rows are compared as one part.
const rowsToCompare = 4096

// differing returns the numbers of the rows that are not the same. ok is false if there are more or fewer than before.
func differing[T any](was, is []T, same func(a, b *T) bool) (at []int32, ok bool) {
	if len(was) != len(is) {
		return nil, false
	}
	if providers.ShareRows(was, is) {
		return nil, true
	}
	parts := make([][]int32, (len(is)+rowsToCompare-1)/rowsToCompare)
	Parallel(len(is), rowsToCompare, func(from, to int) {
		for i := from; i < to; i++ {
			if !same(&was[i], &is[i]) {
				parts[from/rowsToCompare] = append(parts[from/rowsToCompare], int32(i))
			}
		}
	})
	return slices.Concat(parts...), true
}

// record notes what follows from a record that differs, and reports whether no other row is linked otherwise for it.
func (d *difference) record(p Place) bool {
	was, is := d.At(p), d.later.At(p)
	if was.Zone != is.Zone || was.Name != is.Name || was.Type != is.Type || was.SetID != is.SetID || was.Alias != is.Alias ||
		!slices.EqualFunc(was.Owners, is.Owners, sameNode) || !slices.Equal(was.BadMarkers, is.BadMarkers) {
		return false
	}
	sameValue, sameOwners := was.Value == is.Value, slices.Equal(was.Owners, is.Owners)
	switch was.Type {
	case "NS", "DNAME", "SOA", "PTR", "TXT", "SRV":
		if marker := was.IsMarker(); marker && !sameValue {
			if strings.HasPrefix(was.Name, providers.EvacuationName("")) {
				return false
			}
			d.ownNodes()
		} else if !sameValue || was.ID != is.ID || was.Comment != is.Comment || was.Policy != is.Policy || was.Proxied != is.Proxied {
			return false
		}
	}
	node := d.Zones[p.Zone].Nodes[p.At]
	d.c.Records[p] = true
	d.touchNode(node)
	if !sameValue || !sameOwners || was.ID != is.ID || !was.Modified.Equal(is.Modified) || was.Comment != is.Comment {
		d.c.Sets[p.Zone] = true
	}
	if sameValue && sameOwners {
		return true
	}
	if d.c.Values[was.Name] = true; sameValue {
		return true
	}
	for _, r := range []*providers.Record{was, is} {
		a, ok := r.Addr()
		if !ok {
			continue
		}
		n := d.addresses.Find(a)
		switch {
		case n < 0 || d.claims[n] == 0:
		case !Marked(was), d.claims[n] > 1:
			return false
		default:
			d.touchNode(d.holders[n].node)
		}
	}
	if node >= 0 { // the marker of the value may be an orphan now, or no longer one
		d.touchNamed(p.Zone, providers.MarkerName(d.numbers.keys[node].ID, was.Name))
	}
	z, old := d.later.Zones[p.Zone], d.Zones[p.Zone]
	if z.tables == old.tables {
		z.tables = &tables{names: old.names(), led: slices.Clone(old.led())}
	}
	z.tables.led[p.At] = hashOfAddr(is)
	return true
}

// sameNode reports whether two owners are of one fleet and one instance.
func sameNode(a, b providers.Owner) bool {
	return a.Fleet == b.Fleet && a.Cloud == b.Cloud && a.Instance == b.Instance
}

// touchNode notes a node and its records. Any number below zero is none.
func (d *difference) touchNode(n int32) {
	if n < 0 {
		return
	}
	d.c.Nodes[n] = true
	for l := d.Nodes[n].FirstLink; l >= 0; l = d.Links[l].Next {
		if p, ok := d.PlaceOf(d.Links[l].Record); ok {
			d.c.Records[p] = true
		}
	}
}

// touchNamed notes the records of a zone with one name.
func (d *difference) touchNamed(zone int32, name string) {
	for _, r := range d.Zones[zone].Named(name) {
		if p, ok := d.PlaceOf(r); ok {
			d.c.Records[p] = true
		}
	}
}

// instance notes what follows from an instance that differs, and reports whether no other row is linked otherwise for it.
func (d *difference) instance(was, is *providers.Instance) bool {
	n := d.NumberOf(was)
	if was.Cloud != is.Cloud || was.Key != is.Key || was.ID != is.ID || d.twins[n] || n < 0 || d.Nodes[n].Instance != was || was.State.Dead() != is.State.Dead() {
		return false
	}
	d.touchNode(n)
	if is.State.Dead() {
		return true // it holds no address
	}
	old, held := addressesOf(was), addressesOf(is)
	if d.addrs == nil {
		d.addrs = map[netip.Addr]bool{}
	}
	for _, a := range old {
		at := d.addresses.Find(a)
		alone := d.claims[at] == 1
		if was.State != is.State && !alone {
			return false
		}
		if _, noted := d.addrs[a]; !noted {
			d.addrs[a] = false // the same holder, another instance
		}
		if slices.Contains(held, a) {
			continue
		}
		if !alone {
			return false
		}
		d.ownHolders()
		d.later.holders[at], d.later.claims[at] = holder{node: -1}, 0
		d.addrs[a] = true
	}
	for _, a := range held {
		if slices.Contains(old, a) {
			continue
		}
		d.ownHolders()
		at, added := d.later.addresses.Add(a)
		switch {
		case added:
			d.later.holders, d.later.claims = append(d.later.holders, holder{node: n}), append(d.later.claims, 1)
		case d.later.claims[at] > 0:
			return false
		default:
			d.later.holders[at], d.later.claims[at] = holder{node: n}, 1
		}
		d.addrs[a] = true
	}
	return true
}

// ownNodes makes the numbers of nodes those of the later index alone: a marker may name another one.
func (d *difference) ownNodes() {
	if n := d.later; len(n.numbers.keys) > 0 && &n.numbers.keys[0] == &d.numbers.keys[0] {
		n.Nodes, n.numbers = slices.Clone(n.Nodes), n.numbers.Clone()
	}
}

// ownHolders makes the holders of addresses those of the later index alone.
func (d *difference) ownHolders() {
	if len(d.claims) > 0 && len(d.later.claims) == len(d.claims) && &d.later.claims[0] == &d.claims[0] {
		d.later.addresses, d.later.holders, d.later.claims = d.addresses.Clone(), slices.Clone(d.holders), slices.Clone(d.claims)
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

// led notes the records of the addresses whose holders differ, and reports whether none of them belongs to another node for
// it.
func (d *difference) led() bool {
	if len(d.addrs) == 0 {
		return true
	}
	hashes := make(map[uint32]bool, len(d.addrs))
	for a := range d.addrs {
		hashes[uint32(HashAddr(a))|1] = true
	}
	for n, z := range d.later.Zones {
		for i, h := range z.led() {
			if h == 0 || !hashes[h] {
				continue
			}
			r := &z.View.Records[i]
			a, _ := r.Addr()
			other, touched := d.addrs[a]
			if !touched {
				continue
			}
			if other && !Marked(r) {
				return false
			}
			d.c.Records[Place{int32(n), int32(i)}] = true
		}
	}
	return true
}

// tables are what is made of the records of a zone when it is first asked for.
type tables struct {
	mu    sync.Mutex
	names *names
	led   []uint32
}

// names finds the records of the zone by their names.
func (z *ZoneState) names() *names {
	z.tables.mu.Lock()
	defer z.tables.mu.Unlock()
	if z.tables.names == nil {
		z.tables.names = namesOf(z.View.Records)
	}
	return z.tables.names
}

// led returns for each record of the zone a hash of its address; zero for none.
func (z *ZoneState) led() []uint32 {
	z.tables.mu.Lock()
	defer z.tables.mu.Unlock()
	if z.tables.led == nil {
		z.tables.led = make([]uint32, len(z.View.Records))
		for i := range z.View.Records {
			z.tables.led[i] = hashOfAddr(&z.View.Records[i])
		}
	}
	return z.tables.led
}

func hashOfAddr(r *providers.Record) uint32 {
	if a, ok := r.Addr(); ok {
		return uint32(HashAddr(a)) | 1
	}
	return 0
}
