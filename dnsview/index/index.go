package index

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"rollcall/providers"
)

// InstanceKey names an instance: the key of its cloud and its id there.
type InstanceKey struct {
	Cloud providers.CloudKey
	ID    string
}

// node is one instance that a cloud shows or that a marker names, with the chain of
// its records.
type node struct {
	Instance  *providers.Instance // nil when only a marker names it
	FirstLink int32               // first of its records in index.links, or -1
}

// link is one record of a node.
type link struct {
	Record *providers.Record
	Next   int32
}

// Index is the join of instances and records. It is filled by build and then
// only read, but for the maps that are made when they are first asked for.
type Index struct {
	Options     *Options
	Clouds      []*CloudState
	Zones       []*ZoneState
	CloudsByKey map[providers.CloudKey]*CloudState // clouds that said who they are
	ZonesByName map[string]*ZoneState
	hasCuts     bool // some zone has cuts

	forgotten []providers.CloudKey // clouds that left the config and no longer count
	lost      bool                 // markers of this fleet name a cloud that is none of those configured
	empty     []providers.CloudKey // clouds that show no instance; what markers name of them is counted

	Nodes   []node
	numbers Table[InstanceKey] // of nodes
	Links   []link

	addresses Table[netip.Addr]               // that someone has
	holders   []holder                        // who has them
	claims    []uint8                         // how many times each was found, at most 255
	twins     map[int32][]*providers.Instance // the other rows of nodes that several rows are about

	Services       []*DeclaredService
	ServicesByName map[string]*DeclaredService    // by service name
	declaresScope  bool                           // some service declares which addresses its records hold
	Parents        map[string]bool                // names of PTR records of incarnations
	Targets        map[string]string              // SRV target -> name of the SRV records
	Hosts          map[string][]*providers.Record // A, AAAA and CNAME records of SRV targets

	ByWire map[*providers.Record]*WireState // what name servers answered, where it says something of now

	QuiescedMarkers []QuiescedMarker                    // marker records that say quiesced
	QuiescedAt      map[string][]QuiescedMarker         // the same by the name that was taken out
	QuiescedRecords map[QuiescedKey][]*providers.Record // records that are still there and bear the word quiesced
	Evacuations     []*Evacuation                       // clouds whose nodes markers keep out of DNS, the widest first
	Capacity        map[string]Capacity                 // how many records still fit into zones with a limit

	controllers map[*providers.Record]string // records that registries in TXT records name, with the program that manages them

	ReadOnlyZones map[string]string // zones that nothing is written to, with the reason

	moments    *moments
	from       *made // that of the index whose rows differ from these in differs; nil for none
	differs    *Changes
	made       *made     // the same for all that are made again from one
	until      time.Time // the first moment at which time alone changes a text of the index; zero for never
	freshUntil time.Time // until when no read that is fresh is stale; zero for ever
	identities func() map[providers.Identity]*providers.Record
	WithSetID  func() map[SetKey][]*providers.Record // those with a set identifier, by name and type
}

// made is one reading of all rows.
type made struct{ _ byte }

// SameRows reports whether two indexes are of the same rows, and so link them alike.
func (x *Index) SameRows(o *Index) bool { return x.made == o.made }

// DiffersFrom returns how the rows differ from those of another index that this one was made from; nil if they are the same.
// ok is false if it was not made from that.
func (x *Index) DiffersFrom(o *Index) (c *Changes, ok bool) {
	if x.SameRows(o) {
		return nil, true
	}
	return x.differs, x.from != nil && x.from == o.made
}

// ZoneNumbers returns the number in Zones of each zone of the snapshot.
func (x *Index) ZoneNumbers() []int32 {
	numbers := make([]int32, len(x.Zones))
	for n, z := range x.Zones {
		numbers[z.at] = int32(n)
	}
	return numbers
}

// DeclaredService is a declared service with what was found of it.
type DeclaredService struct {
	*Service
	selector []tag      // what Select says
	ReadZone *ZoneState // nil when its zone is not read
	Records  []Member   // at its name: A and AAAA, or SRV
	HasTXT   bool
	HasPTR   bool
}

type tag struct{ name, value string }

// Selects is Service.Selects, quicker.
func (s *DeclaredService) Selects(i *providers.Instance) bool {
	if len(s.selector) == 0 || len(s.Clouds) > 0 && !slices.Contains(s.Clouds, i.Cloud) {
		return false
	}
	for _, t := range s.selector {
		if i.Tags.Get(t.name) != t.value {
			return false
		}
	}
	return true
}

// Member is a record at the name of a service with the instance that it belongs to.
type Member struct {
	Node   int32 // -1 for none
	Record *providers.Record
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

func (x *Index) addInstances(cs *CloudState) {
	for i := range cs.View.Instances {
		x.addInstance(cs, &cs.View.Instances[i])
	}
	// What a question by id showed and the list left out is inventory too.
	for id := range cs.View.Lookups {
		l := cs.View.Lookups[id]
		if l.Instance != nil {
			x.addInstance(cs, l.Instance)
		}
	}
}

func (x *Index) addInstance(cs *CloudState, i *providers.Instance) {
	n := x.NodeOf(cmp.Or(i.Key, cs.Key), i.ID)
	at := &x.Nodes[n].Instance
	if old := *at; old != nil {
		if !betterInstance(i, old) {
			old, i = i, old
		}
		x.twins[n] = append(x.twins[n], old)
	}
	*at = i
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

// NodeOf returns the number of an instance, known or not.
func (x *Index) NodeOf(key providers.CloudKey, id string) int32 {
	n, added := x.numbers.Add(InstanceKey{key, id})
	if added {
		x.Nodes = append(x.Nodes, node{FirstLink: -1})
	}
	return n
}

// KnownNode returns the number of an instance that a cloud shows or a marker names, or -1.
func (x *Index) KnownNode(key providers.CloudKey, id string) int32 {
	return x.numbers.Find(InstanceKey{key, id})
}

// Allowed returns the prefix of the allow-list that holds the address.
func (x *Index) Allowed(a netip.Addr) (netip.Prefix, bool) {
	for _, p := range x.Options.Allow {
		if p.Contains(a) {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// belongsTo returns the instance that a record belongs to: the one that its marker names, or else the one that holds its
// address. ok is false for what belongs to a host that joined by hand, to another fleet or to no instance.
func (x *Index) belongsTo(r *providers.Record) (k InstanceKey, ok bool) {
	if o, owned := r.Owner(); owned {
		return InstanceKey{o.Cloud, o.Instance}, !o.Host() && !x.ForeignFleet(o)
	}
	a, ok := r.LeadsTo()
	if !ok || r.Alias || Marked(r) {
		return k, false
	}
	h, _ := x.HolderOf(a)
	if h.Instance == nil {
		return k, false
	}
	return InstanceKey{x.KeyOf(h.Instance), h.Instance.ID}, true
}

// MemberOf returns a record at the name of a service with the known instance that it belongs to. The record need not be
// one that was read with the others.
func (x *Index) MemberOf(r *providers.Record) Member {
	if k, ok := x.belongsTo(r); ok {
		return Member{x.KnownNode(k.Cloud, k.ID), r}
	}
	return Member{-1, r}
}

// Marked reports whether any marker names the record, readable or not.
func Marked(r *providers.Record) bool { return len(r.Owners) > 0 || len(r.BadMarkers) > 0 }

// ForeignFleet reports whether an owner is of another fleet.
func (x *Index) ForeignFleet(o providers.Owner) bool {
	return x.Options.Fleet != "" && o.Fleet != x.Options.Fleet
}

// KeyOf returns the key of an instance's cloud; a row without one has that of the cloud of its name.
func (x *Index) KeyOf(i *providers.Instance) providers.CloudKey {
	if i.Key != "" {
		return i.Key
	}
	for _, cs := range x.Clouds {
		if cs.Name == i.Cloud {
			return cs.Key
		}
	}
	return ""
}

// NumberOf returns the number of a known instance, or -1.
func (x *Index) NumberOf(i *providers.Instance) int32 {
	return x.KnownNode(x.KeyOf(i), i.ID)
}

// QuiescedThere reports whether the record of a marker that says quiesced is still there. The
// marker may have had no room for the value, and hold a digest of it.
func (x *Index) QuiescedThere(m QuiescedMarker) bool {
	n := x.KnownNode(m.Owner.Cloud, m.Owner.Instance)
	return n >= 0 && slices.ContainsFunc(x.QuiescedRecords[QuiescedKey{n, m.Name}], func(r *providers.Record) bool {
		return r.Zone == m.Record.Zone && m.Owner.Owns(r.Type, r.Value)
	})
}

// Instance returns an instance by the key of its cloud and its id, or nil.
func (x *Index) Instance(key providers.CloudKey, id string) *providers.Instance {
	if n := x.KnownNode(key, id); n >= 0 {
		return x.Nodes[n].Instance
	}
	return nil
}

// RecordsOf returns the records of an instance, in stable order.
func (x *Index) RecordsOf(key providers.CloudKey, id string) []*providers.Record {
	var out []*providers.Record
	n := x.KnownNode(key, id)
	if n < 0 {
		return nil
	}
	for l := x.Nodes[n].FirstLink; l >= 0; l = x.Links[l].Next {
		out = append(out, x.Links[l].Record)
	}
	slices.SortFunc(out, CompareRecords)
	return out
}

// CountRecordsOf returns how many of the records of an instance are no owner markers.
func (x *Index) CountRecordsOf(key providers.CloudKey, id string) (count int32) {
	n := x.KnownNode(key, id)
	if n < 0 {
		return 0
	}
	for l := x.Nodes[n].FirstLink; l >= 0; l = x.Links[l].Next {
		if !x.Links[l].Record.IsMarker() {
			count++
		}
	}
	return count
}

// InstanceOf returns the instance that a record belongs to, by its marker or else by its address, or nil.
func (x *Index) InstanceOf(r *providers.Record) *providers.Instance {
	if r == nil {
		return nil
	}
	if owner, ok := r.Owner(); ok {
		if x.ForeignFleet(owner) {
			return nil
		}
		return x.Instance(owner.Cloud, owner.Instance)
	}
	if a, ok := r.LeadsTo(); ok && !r.Alias && !Marked(r) {
		h, _ := x.HolderOf(a)
		return h.Instance
	}
	return nil
}

// CloudView returns the view of the cloud that answers with a key, or nil.
func (x *Index) CloudView(key providers.CloudKey) *providers.CloudView {
	if cs := x.CloudsByKey[key]; cs != nil {
		return cs.View
	}
	return nil
}

// Record finds a record by identity, in a map that is made when it is first asked for.
func (x *Index) Record(id providers.Identity) *providers.Record { return x.identities()[id] }

func (x *Index) prepareIdentities() {
	x.identities = sync.OnceValue(func() map[providers.Identity]*providers.Record {
		n := 0
		for _, z := range x.Zones {
			n += len(z.View.Records)
		}
		m := make(map[providers.Identity]*providers.Record, n)
		for _, z := range x.Zones {
			for i := range z.View.Records {
				r := &z.View.Records[i]
				m[r.Identity()] = r
			}
		}
		return m
	})
	x.WithSetID = sync.OnceValue(func() map[SetKey][]*providers.Record {
		m := map[SetKey][]*providers.Record{}
		for _, z := range x.Zones {
			for i := range z.View.Records {
				if r := &z.View.Records[i]; r.SetID != "" {
					k := SetKeyOf(r)
					m[k] = append(m[k], r)
				}
			}
		}
		return m
	})
}

// CompareRecords orders records by what they are, not by where they were read.
func CompareRecords(a, b *providers.Record) int {
	if c := cmp.Or(cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value)); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.SetID, b.SetID))
}

// ZoneOf returns the zone that is read here and that a name lies in, the closest first.
func (x *Index) ZoneOf(name string) *ZoneState {
	for n := providers.CanonicalName(name); ; {
		if z := x.ZonesByName[n]; z != nil {
			return z
		}
		i := strings.IndexByte(n, '.')
		if i < 0 {
			return nil
		}
		n = n[i+1:]
	}
}
