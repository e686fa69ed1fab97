package dnsview

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"rollcall/providers"
)

type instanceKey struct {
	cloud providers.CloudKey
	id    string
}

// node is one instance that a cloud shows or that a marker names, with the chain of
// its records.
type node struct {
	inst *providers.Instance // nil when only a marker names it
	head int32               // first of its records in index.links, or -1
}

// link is one record of a node.
type link struct {
	record *providers.Record
	next   int32
}

// holder is who has an address: an instance, or something else of the account.
type holder struct {
	inst *providers.Instance
	addr *providers.Address
}

// index is the join of instances and records. It is filled by build and then
// only read, but for the maps that are made when they are first asked for.
type index struct {
	o        *Options
	clouds   []*cloudState
	zones    []*zoneState
	byKey    map[providers.CloudKey]*cloudState // clouds that said who they are
	zoneName map[string]*zoneState

	forgotten []providers.CloudKey // clouds that left the config and no longer count

	nodes   []node
	nodeIDs map[providers.CloudKey]map[string]int32
	links   []link
	holders map[netip.Addr]holder

	services []*serviceState
	byName   map[string]*serviceState       // by service name
	parents  map[string]bool                // names of PTR records of incarnations
	targets  map[string]string              // SRV target -> name of the SRV records
	hosts    map[string][]*providers.Record // A, AAAA and CNAME records of SRV targets

	byWire map[*providers.Record]*WireState // what name servers answered, where it says something of now

	marks   []mark                              // marker records that say quiesced
	marksAt map[string][]mark                   // the same by the name that was taken out
	there   map[quiescedKey][]*providers.Record // records that are still there and bear the word quiesced
	tight   map[setKey]room                     // how much still fits into zones and large record sets

	controllers map[*providers.Record]string // records that registries in TXT records name, with the program that manages them

	barred map[string]string // zones that nothing is written to, with the reason

	identities func() map[providers.Identity]*providers.Record
	inSets     func() map[setKey][]*providers.Record // those with a set identifier, by name and type
}

// serviceState is a declared service with what was found of it.
type serviceState struct {
	*Service
	zone    *zoneState // nil when its zone is not read
	records []member   // at its name: A and AAAA, or SRV
	txt     bool
	ptr     bool
}

// member is a record at the name of a service with the instance that it belongs to.
type member struct {
	node   int32 // -1 for none
	record *providers.Record
}

// stateRank orders states: what is alive wins over what is not when two
// sources show the same id.
func stateRank(s providers.InstanceState) int {
	switch s {
	case providers.StateRunning:
		return 4
	case providers.StateTerminated:
		return 0
	case providers.StateUnknown, providers.StateOffline:
		return 1
	default:
		return 2
	}
}

func (x *index) addInstances(cs *cloudState) {
	for i := range cs.view.Instances {
		x.addInstance(cs, &cs.view.Instances[i])
	}
	// What a question by id showed and the list left out is inventory too.
	for id := range cs.view.Lookups {
		l := cs.view.Lookups[id]
		if l.Instance != nil {
			x.addInstance(cs, l.Instance)
		}
	}
}

func (x *index) addInstance(cs *cloudState, i *providers.Instance) {
	n := x.nodeOf(cmp.Or(i.Key, cs.key), i.ID)
	if old := x.nodes[n].inst; old == nil || betterInstance(i, old) {
		x.nodes[n].inst = i
	}
}

// betterInstance orders two rows for one instance without regard to which was read first.
func betterInstance(a, b *providers.Instance) bool {
	if ra, rb := stateRank(a.State), stateRank(b.State); ra != rb {
		return ra > rb
	}
	if a.Cloud != b.Cloud {
		return a.Cloud < b.Cloud
	}
	return a.Launched.After(b.Launched)
}

// nodeOf gives the number of an instance, known or not.
func (x *index) nodeOf(key providers.CloudKey, id string) int32 {
	m := x.nodeIDs[key]
	if m == nil {
		m = map[string]int32{}
		x.nodeIDs[key] = m
	}
	n, ok := m[id]
	if !ok {
		n = int32(len(x.nodes))
		m[id] = n
		x.nodes = append(x.nodes, node{head: -1})
	}
	return n
}

// addHolders fills the inventory of addresses: those of instances that are not
// terminated, elastic addresses and network interfaces.
func (x *index) addHolders() {
	for n := range x.nodes {
		i := x.nodes[n].inst
		if i == nil || i.State.Dead() {
			continue
		}
		for _, a := range i.PublicIPs {
			x.hold(a, holder{inst: i})
		}
		for _, a := range i.PrivateIPs {
			x.hold(a, holder{inst: i})
		}
	}
	for _, cs := range x.clouds {
		for i := range cs.view.Addresses {
			a := &cs.view.Addresses[i]
			h := holder{addr: a}
			if a.Instance != "" {
				if b := x.instance(cmp.Or(a.Key, cs.key), a.Instance); b != nil && !b.State.Dead() {
					h.inst = b
				}
			}
			x.hold(a.IP, h)
		}
	}
}

func (x *index) hold(a netip.Addr, h holder) {
	a = a.Unmap()
	if old, ok := x.holders[a]; !ok || betterHolder(h, old) {
		x.holders[a] = h
	}
}

// betterHolder orders two holders of one address without regard to which was read first.
func betterHolder(a, b holder) bool {
	if (a.inst != nil) != (b.inst != nil) {
		return a.inst != nil
	}
	if a.inst != nil && a.inst != b.inst {
		if ra, rb := stateRank(a.inst.State), stateRank(b.inst.State); ra != rb {
			return ra > rb
		}
		return cmp.Or(cmp.Compare(a.inst.Key, b.inst.Key), cmp.Compare(a.inst.ID, b.inst.ID)) < 0
	}
	if a.addr == nil || b.addr == nil {
		return a.addr == nil && b.addr != nil
	}
	return cmp.Or(cmp.Compare(a.addr.Key, b.addr.Key), cmp.Compare(a.addr.Kind, b.addr.Kind), cmp.Compare(a.addr.ID, b.addr.ID)) < 0
}

// allowed gives the prefix of the allow-list that holds the address.
func (x *index) allowed(a netip.Addr) (netip.Prefix, bool) {
	for _, p := range x.o.Allow {
		if p.Contains(a) {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// own links a record to the instance that its marker names, or else to the
// instance that holds its address, and gives the number of that instance, or -1.
func (x *index) own(r *providers.Record) int32 {
	k, ok := x.belongsTo(r)
	if !ok {
		return -1
	}
	n := x.nodeOf(k.cloud, k.id)
	x.links = append(x.links, link{record: r, next: x.nodes[n].head})
	x.nodes[n].head = int32(len(x.links) - 1)
	return n
}

// belongsTo returns the instance that a record belongs to: the one that its marker names, or else the one that holds its
// address. ok is false for what belongs to a host that joined by hand, to another fleet or to no instance.
func (x *index) belongsTo(r *providers.Record) (k instanceKey, ok bool) {
	if o, owned := r.Owner(); owned {
		return instanceKey{o.Cloud, o.Instance}, !o.Host() && !x.foreignFleet(o)
	}
	a, ok := r.Addr()
	if !ok || r.Alias || marked(r) || x.holders[a].inst == nil {
		return k, false
	}
	i := x.holders[a].inst
	return instanceKey{x.keyOf(i), i.ID}, true
}

// memberOf returns a record at the name of a service with the known instance that it belongs to. The record need not be
// one that was read with the others.
func (x *index) memberOf(r *providers.Record) member {
	if k, ok := x.belongsTo(r); ok {
		if n, known := x.nodeIDs[k.cloud][k.id]; known {
			return member{n, r}
		}
	}
	return member{-1, r}
}

// marked reports whether any marker names the record, readable or not.
func marked(r *providers.Record) bool { return len(r.Owners) > 0 || len(r.BadMarkers) > 0 }

func (x *index) foreignFleet(o providers.Owner) bool {
	return x.o.Fleet != "" && o.Fleet != x.o.Fleet
}

// keyOf gives the key of an instance's cloud; a row without one has that of the cloud of its name.
func (x *index) keyOf(i *providers.Instance) providers.CloudKey {
	if i.Key != "" {
		return i.Key
	}
	for _, cs := range x.clouds {
		if cs.name == i.Cloud {
			return cs.key
		}
	}
	return ""
}

// numberOf gives the number of a known instance, or -1.
func (x *index) numberOf(i *providers.Instance) int32 {
	if n, ok := x.nodeIDs[x.keyOf(i)][i.ID]; ok {
		return n
	}
	return -1
}

// quiescedThere reports whether the record of a marker that says quiesced is still there. The
// marker may have had no room for the value, and hold a digest of it.
func (x *index) quiescedThere(m mark) bool {
	n, ok := x.nodeIDs[m.owner.Cloud][m.owner.Instance]
	return ok && slices.ContainsFunc(x.there[quiescedKey{n, m.name}], func(r *providers.Record) bool {
		return r.Zone == m.record.Zone && m.owner.Owns(r.Type, r.Value)
	})
}

func (x *index) instance(key providers.CloudKey, id string) *providers.Instance {
	if n, ok := x.nodeIDs[key][id]; ok {
		return x.nodes[n].inst
	}
	return nil
}

func (x *index) recordsOf(key providers.CloudKey, id string) []*providers.Record {
	n, ok := x.nodeIDs[key][id]
	if !ok {
		return nil
	}
	var out []*providers.Record
	for l := x.nodes[n].head; l >= 0; l = x.links[l].next {
		out = append(out, x.links[l].record)
	}
	slices.SortFunc(out, compareRecords)
	return out
}

func (x *index) instanceOf(r *providers.Record) *providers.Instance {
	if r == nil {
		return nil
	}
	if owner, ok := r.Owner(); ok {
		if x.foreignFleet(owner) {
			return nil
		}
		return x.instance(owner.Cloud, owner.Instance)
	}
	if a, ok := r.Addr(); ok && !r.Alias && !marked(r) {
		return x.holders[a].inst
	}
	return nil
}

func (x *index) cloudView(key providers.CloudKey) *providers.CloudView {
	if cs := x.byKey[key]; cs != nil {
		return cs.view
	}
	return nil
}

// record finds a record by identity, in a map that is made when it is first asked for.
func (x *index) record(id providers.Identity) *providers.Record { return x.identities()[id] }

func (x *index) prepareIdentities() {
	x.identities = sync.OnceValue(func() map[providers.Identity]*providers.Record {
		n := 0
		for _, z := range x.zones {
			n += len(z.view.Records)
		}
		m := make(map[providers.Identity]*providers.Record, n)
		for _, z := range x.zones {
			for i := range z.view.Records {
				r := &z.view.Records[i]
				m[r.Identity()] = r
			}
		}
		return m
	})
	x.inSets = sync.OnceValue(func() map[setKey][]*providers.Record {
		m := map[setKey][]*providers.Record{}
		for _, z := range x.zones {
			for i := range z.view.Records {
				if r := &z.view.Records[i]; r.SetID != "" {
					k := setKey{r.Zone, r.Name, r.Type}
					m[k] = append(m[k], r)
				}
			}
		}
		return m
	})
}

// compareRecords orders records by what they are, not by where they were read.
func compareRecords(a, b *providers.Record) int {
	if c := cmp.Or(cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value)); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.SetID, b.SetID))
}

// zoneOf gives the zone that is read here and that a name lies in, the closest first.
func (x *index) zoneOf(name string) *zoneState {
	for n := providers.CanonicalName(name); ; {
		if z := x.zoneName[n]; z != nil {
			return z
		}
		i := strings.IndexByte(n, '.')
		if i < 0 {
			return nil
		}
		n = n[i+1:]
	}
}
