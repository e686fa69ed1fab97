package index

import (
	"net/netip"
	"slices"

	"rollcall/providers"
)

// Changes are the rows of a snapshot that differ from those of an earlier one, and the rows of which something else may be
// found because of them.
type Changes struct {
	Records map[Place]bool  // records that differ or are new, or whose node, holder or marked value does
	Gone    map[Place]bool  // records that are there no more
	Come    map[Place]bool  // those of Records that are new
	Nodes   map[int32]bool  // nodes that differ, or have a record or an address that does
	Asked   map[string]bool // ids of instances of which their clouds say something else
	Names   map[string]bool // of Records and Gone, and of services whose PTR or TXT records differ
	Values  map[string]bool // names of records that have another value or owner marker, have come or are gone
	Owners  map[string]bool // names of records whose owner marker says something else of the same instance
	Sets    map[int32]bool  // numbers of zones with records that differ in more than TTL, weight and policy
	Hosts   bool            // some of Records or Gone may be the address of a host of SRV records
	Chains  bool            // SRV, PTR or TXT records are among those that differ, have come or are gone
	Rows    bool            // records have come or are gone

	instances, records [][]int32 // see MovedInstances
}

// MovedInstances returns where each instance of a cloud of the earlier snapshot stands now, -1 for one that is gone; nil if all
// stand where they stood.
func (c *Changes) MovedInstances(cloud int) []int32 {
	if c.instances == nil {
		return nil
	}
	return c.instances[cloud]
}

// MovedRecords returns the same of the records of a zone.
func (c *Changes) MovedRecords(zone int) []int32 {
	if c.records == nil {
		return nil
	}
	return c.records[zone]
}

// After returns the index of a later snapshot that has the sources and states of the one of x, and the options of x but for
// what was observed and the time. It moves what x knows of its rows to where they stand now, and makes anew what it knows of
// the few that differ, have come or are gone. ok is false if there are too many of these, or if it cannot be said
// what follows from them.
func (x *Index) After(s *providers.Snapshot, o *Options) (n *Index, c *Changes, ok bool) {
	d := &difference{
		was: x, Index: x.Again(s, o), relink: map[int32]bool{}, addrs: map[netip.Addr]bool{}, recount: map[netip.Addr]bool{},
		targets: map[string]bool{}, hosts: map[string]bool{}, announced: map[*DeclaredService]bool{},
		c: &Changes{
			Records: map[Place]bool{}, Gone: map[Place]bool{}, Come: map[Place]bool{}, Nodes: map[int32]bool{}, Asked: map[string]bool{}, Names: map[string]bool{}, Values: map[string]bool{}, Owners: map[string]bool{}, Sets: map[int32]bool{},
		},
	}
	if !d.compare() || !d.askedAgain() {
		return nil, nil, false
	}
	if !d.move() || !d.instances() || !d.records() {
		return nil, nil, false
	}
	d.services()
	d.touch()
	d.c.instances, d.c.records = make([][]int32, len(s.Clouds)), make([][]int32, len(s.Zones))
	for at, e := range d.clouds {
		if e != nil {
			d.c.instances[d.Clouds[at].at] = e.now
		}
	}
	for at, e := range d.zones {
		if e != nil {
			d.c.records[d.Zones[at].at] = e.now
		}
	}
	d.from, d.differs, d.made = x.made, d.c, &made{}
	return d.Index, d.c, true
}

// difference makes an index from an earlier one.
type difference struct {
	was *Index
	*Index
	c      *Changes
	clouds []*edits // of each cloud, nil for none
	zones  []*edits // likewise

	ownsNodes, ownsHolders bool

	relink    map[int32]bool            // nodes whose records are not those that they were
	linked    []Place                   // records that have a node that they had not
	addrs     map[netip.Addr]bool       // whose holder differs, or may
	recount   map[netip.Addr]bool       // those of addrs that several claim
	targets   map[string]bool           // targets of SRV records that have come or are gone
	hosts     map[string]bool           // hosts of SRV records, or of earlier ones, with records that have come or are gone
	announced map[*DeclaredService]bool // that have or had PTR or TXT records which have come or are gone
	edited    []edited                  // records that have come or are gone
}

// edited is a record that has come or is gone.
type edited struct {
	*providers.Record
	zone int32
	node int32 // -1 for none
}

// compare finds the rows that differ.
func (d *difference) compare() bool {
	n, instances := 0, false
	d.clouds, d.zones = make([]*edits, len(d.Clouds)), make([]*edits, len(d.Zones))
	for at, cs := range d.Clouds {
		e, ok := editsOf(d.was.Clouds[at].View.Instances, cs.View.Instances, sameInstance, (*providers.Instance).Equal)
		if !ok {
			return false
		}
		if d.clouds[at] = e; e != nil {
			n += len(e.changed) + len(e.gone) + len(e.come)
			instances = true
		}
	}
	for at, z := range d.Zones {
		if instances {
			d.was.Zones[at].led()
		}
		was := d.was.Zones[at].View.Records
		e, ok := editsOf(was, z.View.Records, sameRecord, (*providers.Record).Same)
		if !ok {
			return false
		}
		if d.zones[at] = e; e == nil {
			continue
		}
		d.was.Zones[at].names() // so that what is made of them is taken over
		n += len(e.changed) + len(e.gone) + len(e.come)
		e.changed = slices.DeleteFunc(e.changed, func(pair [2]int32) bool {
			other := linksOtherwise(&was[pair[0]], &z.View.Records[pair[1]])
			if other {
				e.replace(pair, len(was))
			}
			return other
		})
	}
	return n <= mostEdits
}

func sameInstance(a, b *providers.Instance) bool {
	return a.ID == b.ID && a.Cloud == b.Cloud && a.Key == b.Key
}

func sameRecord(a, b *providers.Record) bool {
	return a.Value == b.Value && a.Name == b.Name && a.Type == b.Type && a.Zone == b.Zone && a.ID == b.ID && a.SetID == b.SetID && a.Alias == b.Alias
}

// linksOtherwise reports whether a record that differs may belong to another node, or mean something else to other records.
func linksOtherwise(was, is *providers.Record) bool {
	if !slices.EqualFunc(was.Owners, is.Owners, sameNode) || !slices.Equal(was.BadMarkers, is.BadMarkers) {
		return true
	}
	switch was.Type {
	case "A", "AAAA", "CNAME":
		return false
	}
	return was.Comment != is.Comment || was.Policy != is.Policy || was.Proxied != is.Proxied
}

// sameNode reports whether two owners are of one fleet and one instance.
func sameNode(a, b providers.Owner) bool {
	return a.Fleet == b.Fleet && a.Cloud == b.Cloud && a.Instance == b.Instance
}

// askedAgain notes the instances of which their clouds say something else, by their ids, and the markers that were first
// seen at another time.
func (d *difference) askedAgain() bool {
	for at, cs := range d.Clouds {
		was, is := d.was.Clouds[at].View.Lookups, cs.View.Lookups
		differs := func(id string) bool {
			a, asked := was[id]
			b, askedNow := is[id]
			if asked == askedNow && a.Same(b) {
				return true
			}
			d.c.Asked[id] = true
			if n := d.KnownNode(cs.Key, id); n >= 0 {
				d.c.Nodes[n] = true
			}
			return a.Instance == nil && b.Instance == nil && !slices.Contains(d.empty, cs.Key)
		}
		for id := range was {
			if !differs(id) {
				return false
			}
		}
		for id := range is {
			if !differs(id) {
				return false
			}
		}
	}
	return true
}

// ownNodes makes the numbers of nodes those of this index alone.
func (d *difference) ownNodes() {
	if !d.ownsNodes {
		d.ownsNodes = true
		d.Nodes, d.numbers = slices.Clone(d.Nodes), d.numbers.Clone()
	}
}

// touch notes of what else something else may be found because of the rows that differ.
func (d *difference) touch() {
	for at, e := range d.zones {
		if e == nil {
			continue
		}
		z, was := d.Zones[at], d.was.Zones[at]
		for _, pair := range e.changed {
			d.touchChanged(int32(at), &was.View.Records[pair[0]], &z.View.Records[pair[1]])
			d.touchRecord(Place{int32(at), z.NumberAt(int(pair[1]))})
		}
		for _, to := range e.come {
			p := Place{int32(at), z.NumberAt(int(to))}
			d.c.Records[p], d.c.Come[p] = true, true
		}
		for _, from := range e.gone {
			d.c.Gone[Place{int32(at), was.NumberAt(int(from))}] = true
		}
	}
	several := map[netip.Addr]bool{}
	for _, r := range d.edited {
		d.c.Names[r.Name], d.c.Values[r.Name], d.c.Sets[r.zone] = true, true, true
		d.touchNode(r.node)
		d.touchHolder(r.Record, several)
		if srv, ok := providers.ParseSRV(r.Value); ok && r.Type == "SRV" {
			for _, h := range slices.Concat(d.was.Hosts[srv.Target], d.Hosts[srv.Target]) {
				d.touchHolder(h, several)
			}
		}
		for _, n := range [2]int32{r.node, d.nodeOf(r.Record)} {
			if n >= 0 { // the marker of the value may be an orphan now, or no longer one
				d.touchNamed(r.zone, providers.MarkerName(d.numbers.Key(n).ID, r.Name))
			}
		}
	}
	if len(several) > 0 {
		for n := range d.Nodes {
			if i := d.Nodes[n].Instance; i != nil && (slices.ContainsFunc(i.PublicIPs, func(a netip.Addr) bool { return several[a.Unmap()] }) ||
				slices.ContainsFunc(i.PrivateIPs, func(a netip.Addr) bool { return several[a.Unmap()] })) {
				d.touchNode(int32(n))
			}
		}
	}
	d.touchHeld()
	d.touchAppeared()
	for n := range d.c.Nodes {
		for l := d.Nodes[n].FirstLink; l >= 0; l = d.Links[l].Next {
			if p, ok := d.PlaceOf(d.Links[l].Record); ok {
				d.c.Records[p] = true
			}
		}
	}
	for p := range d.c.Records {
		d.c.Names[d.At(p).Name] = true
	}
	for name := range d.c.Names {
		_, is := d.Targets[name]
		_, was := d.was.Targets[name]
		d.c.Hosts = d.c.Hosts || is || was
	}
}

// touchChanged notes in what a record differs that stands for the same.
func (d *difference) touchChanged(zone int32, was, is *providers.Record) {
	sameOwners := slices.Equal(was.Owners, is.Owners)
	if !sameOwners || !was.Modified.Equal(is.Modified) || was.Comment != is.Comment {
		d.c.Sets[zone] = true
	}
	if !sameOwners {
		d.c.Values[was.Name], d.c.Owners[was.Name] = true, true
	}
	switch was.Type {
	case "SRV", "PTR", "TXT":
		d.c.Chains = true
	}
}

// touchRecord notes a record and its node.
func (d *difference) touchRecord(p Place) {
	d.c.Records[p] = true
	z := d.Zones[p.Zone]
	d.touchNode(z.Nodes[z.PositionOf(p.At)])
}

// touchNode notes a node. Any number below zero is none.
func (d *difference) touchNode(n int32) {
	if n >= 0 {
		d.c.Nodes[n] = true
	}
}

// touchNamed notes the records of a zone with one name, and their nodes.
func (d *difference) touchNamed(zone int32, name string) {
	for _, r := range d.Zones[zone].Named(name) {
		if p, ok := d.PlaceOf(r); ok {
			d.touchRecord(p)
		}
	}
}

// touchHolder notes the node that has the address of a record. Of an address that several claim it notes the address.
func (d *difference) touchHolder(r *providers.Record, several map[netip.Addr]bool) {
	a, ok := r.LeadsTo()
	if !ok {
		return
	}
	switch n := d.addresses.Find(a.Unmap()); {
	case n < 0 || d.claims[n] == 0:
	case d.claims[n] == 1:
		d.touchNode(d.holders[n].node)
	default:
		several[a.Unmap()] = true
	}
}

// touchAppeared notes the records whose markers were first seen at another time than was known.
func (d *difference) touchAppeared() {
	for at, z := range d.Zones {
		was, is := d.was.Zones[at].View.Appeared, z.View.Appeared
		for k, first := range is {
			if old, ok := was[k]; !ok || !old.Equal(first) {
				d.touchNamed(int32(at), k.Name)
			}
		}
		for k := range was {
			if _, ok := is[k]; !ok {
				d.touchNamed(int32(at), k.Name)
			}
		}
	}
}
