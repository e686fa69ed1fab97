package index

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"rollcall/providers"
)

// records links the records with their nodes as they are now.
func (d *difference) records() bool {
	owned := false
	for at, e := range d.zones {
		if e == nil || e.now == nil {
			continue
		}
		z, was := d.Zones[at], d.was.Zones[at]
		for _, from := range e.gone {
			r := &was.View.Records[from]
			n := was.Nodes[from]
			if !d.canCome(z, r) {
				return false
			}
			d.edit(edited{r, int32(at), n})
			if n >= 0 {
				d.relink[n] = true
			}
		}
		for _, to := range e.come {
			r := &z.View.Records[to]
			if !d.canCome(z, r) {
				return false
			}
			if !owned {
				owned = true
				d.ownNodes()
			}
			n := d.newNodeOf(r)
			z.Nodes[to] = n
			d.edit(edited{r, int32(at), n})
			d.link(Place{int32(at), z.NumberAt(int(to))}, n)
		}
		d.c.Rows = true
	}
	for at, z := range d.Zones {
		for _, p := range d.heldOtherwise(z) {
			r := &z.View.Records[p]
			if Marked(r) {
				continue
			}
			was, is := z.Nodes[p], d.newNodeOf(r)
			if was == is {
				continue
			}
			if &z.Nodes[0] == &d.was.Zones[at].Nodes[0] {
				z.Nodes = slices.Clone(z.Nodes)
			}
			if z.Nodes[p] = is; was >= 0 {
				d.relink[was] = true
				d.c.Nodes[was] = true
			}
			d.touchNode(is)
			d.link(Place{int32(at), z.NumberAt(p)}, is)
			d.c.Values[r.Name] = true
			if s := d.ServicesByName[r.Name]; s != nil {
				s.Records = slices.Clone(s.Records)
				for i := range s.Records {
					if s.Records[i].Record == r {
						s.Records[i].Node = is
					}
				}
			}
		}
	}
	return d.linkAgain()
}

// canCome reports whether it can be said what follows from a record that has come or is gone. What cuts a zone, what says
// that another program manages records, and what evacuates a cloud concerns many others.
func (d *difference) canCome(z *ZoneState, r *providers.Record) bool {
	switch {
	case r.Type == "DNAME", r.Type == "NS" && r.Name != z.Name, z.registered:
		return false
	case r.Type == "TXT" && r.IsMarker():
		if strings.HasPrefix(r.Name, providers.EvacuationName("")) {
			return false
		}
	case r.Type == "TXT":
		if _, ok := readRegistry(r); ok {
			return false
		}
	}
	return !slices.ContainsFunc(r.Owners, func(o providers.Owner) bool {
		if o.Fleet != d.Options.Fleet || o.Host() || d.Options.Fleet == "" {
			return false
		}
		return d.lost || d.isLost(o.Cloud)
	})
}

// newNodeOf returns the node that a record belongs to, with a new number for one that was not known; -1 for none.
func (d *difference) newNodeOf(r *providers.Record) int32 {
	if k, ok := d.belongsTo(r); ok {
		return d.NodeOf(k.Cloud, k.ID)
	}
	return noNode
}

// nodeOf returns the known node that a record belongs to, or -1.
func (d *difference) nodeOf(r *providers.Record) int32 { return d.MemberOf(r).Node }

// link notes that a record belongs to a node.
func (d *difference) link(p Place, n int32) {
	if n >= 0 {
		d.relink[n] = true
		d.linked = append(d.linked, p)
	}
}

// linkAgain makes the chains of records of the nodes whose records are not those that they were, in the order in which New
// makes them. It returns false if a cloud may be believed otherwise for it, or if too many links are of chains that were.
func (d *difference) linkAgain() bool {
	if len(d.relink) == 0 {
		return true
	}
	for n := range d.relink {
		if slices.Contains(d.empty, d.numbers.Key(n).Cloud) {
			return false
		}
	}
	d.ownNodes()
	records := map[int32][]Place{}
	nodeAt := func(p Place) int32 { return d.Zones[p.Zone].Nodes[d.Zones[p.Zone].PositionOf(p.At)] }
	for n := range d.relink {
		for l := d.Nodes[n].FirstLink; l >= 0; l = d.Links[l].Next {
			if p, ok := d.PlaceOf(d.Links[l].Record); ok && nodeAt(p) == n {
				records[n] = append(records[n], p)
			}
		}
	}
	for _, p := range d.linked {
		n := nodeAt(p)
		records[n] = append(records[n], p)
	}
	d.Links = slices.Clip(d.Links)
	for n := range d.relink {
		list := records[n]
		slices.SortFunc(list, func(a, b Place) int {
			return cmp.Or(cmp.Compare(a.Zone, b.Zone), cmp.Compare(d.Zones[a.Zone].PositionOf(a.At), d.Zones[b.Zone].PositionOf(b.At)))
		})
		d.Nodes[n].FirstLink = -1
		for _, p := range list {
			d.Links = append(d.Links, link{Record: d.At(p), Next: d.Nodes[n].FirstLink})
			d.Nodes[n].FirstLink = int32(len(d.Links) - 1)
		}
	}
	most := 0
	for _, z := range d.Zones {
		most += 2 * z.most()
	}
	return len(d.Links) <= most
}

// edit notes which services and hosts a record concerns that has come or is gone.
func (d *difference) edit(r edited) {
	d.edited = append(d.edited, r)
	switch r.Type {
	case "SRV":
		d.c.Chains = true
		if srv, ok := providers.ParseSRV(r.Value); ok && srv.Target != "." {
			d.targets[srv.Target], d.hosts[srv.Target] = true, true
		}
	case "PTR":
		d.c.Chains = true
		if s := d.ServicesByName[providers.FoldValue("PTR", r.Value)]; s != nil && d.Parents[r.Name] {
			d.announced[s] = true
		}
	case "TXT":
		d.c.Chains = true
		if s := d.ServicesByName[r.Name]; s != nil {
			d.announced[s] = true
		}
	case "A", "AAAA", "CNAME":
		d.hosts[r.Name] = true
	}
}

// services makes anew what services and hosts have of records that have come or are gone.
func (d *difference) services() {
	d.retarget()
	for host := range d.hosts {
		_, is := d.Targets[host]
		if _, was := d.was.Targets[host]; !is && !was {
			delete(d.hosts, host)
		}
	}
	if len(d.hosts) > 0 {
		d.Hosts = maps.Clone(d.Hosts)
	}
	for host := range d.hosts {
		if list := d.hostRecords(host); len(list) > 0 {
			d.Hosts[host] = list
		} else {
			delete(d.Hosts, host)
		}
	}
	d.eachSRV(d.hosts, func(p Place, _ string) { d.touchRecord(p) })
	for _, r := range d.edited {
		if s := d.ServicesByName[r.Name]; s != nil && s.IsMemberValue(r.Record) {
			d.serve(s, r)
		}
	}
	for s := range d.announced {
		name := providers.CanonicalName(s.Name)
		d.c.Names[name] = true
		s.HasTXT, s.HasPTR = false, false
		parent, _ := providers.Parent(name)
		for _, z := range d.Zones {
			s.HasTXT = s.HasTXT || slices.ContainsFunc(z.Named(name), func(r *providers.Record) bool {
				return r.Type == "TXT" && (s.ReadZone == z || !d.Hides(z, r))
			})
			s.HasPTR = s.HasPTR || d.Parents[parent] && slices.ContainsFunc(z.Named(parent), func(r *providers.Record) bool {
				return r.Type == "PTR" && providers.FoldValue("PTR", r.Value) == name
			})
		}
	}
}

// retarget finds the names of the SRV records that lead to targets of those that have come or are gone. What is at a target
// belongs to the service of the first of these names.
func (d *difference) retarget() {
	if len(d.targets) == 0 {
		return
	}
	d.Targets = maps.Clone(d.Targets)
	for t := range d.targets {
		delete(d.Targets, t)
	}
	d.eachSRV(d.targets, func(p Place, target string) {
		if r := d.At(p); d.Targets[target] == "" || r.Name < d.Targets[target] {
			d.Targets[target] = r.Name
		}
	})
	for t := range d.targets {
		if d.Targets[t] != d.was.Targets[t] {
			for zone := range d.Zones {
				d.touchNamed(int32(zone), t)
			}
		}
	}
}

// eachSRV calls do for each SRV record that leads to one of some targets.
func (d *difference) eachSRV(targets map[string]bool, do func(p Place, target string)) {
	if len(targets) == 0 {
		return
	}
	for zone, z := range d.Zones {
		for at := range z.View.Records {
			r := &z.View.Records[at]
			if r.Type != "SRV" {
				continue
			}
			if srv, ok := providers.ParseSRV(r.Value); ok && targets[srv.Target] {
				do(Place{int32(zone), z.NumberAt(at)}, srv.Target)
			}
		}
	}
}

// hostRecords returns the records of a host that SRV records lead to, as New finds them.
func (d *difference) hostRecords(host string) (out []*providers.Record) {
	if _, ok := d.Targets[host]; !ok {
		return nil
	}
	for _, z := range d.Zones {
		for _, r := range z.Named(host) {
			switch r.Type {
			case "A", "AAAA", "CNAME":
				if !d.Hides(z, r) {
					out = append(out, r)
				}
			}
		}
	}
	if len(out) > 1 {
		slices.SortFunc(out, CompareRecords)
	}
	return out
}

// serve adds a record that has come to those at the name of a service. The list is the index's own since the records moved.
func (d *difference) serve(s *DeclaredService, r edited) {
	z := d.Zones[r.zone]
	at := Position(z.View.Records, r.Record)
	if at < 0 || s.ReadZone != z && d.Hides(z, r.Record) {
		return
	}
	to, _ := slices.BinarySearchFunc(s.Records, at, func(m Member, at int) int {
		p, _ := d.PlaceOf(m.Record)
		return cmp.Or(cmp.Compare(p.Zone, r.zone), cmp.Compare(d.Zones[p.Zone].PositionOf(p.At), at))
	})
	s.Records = slices.Insert(s.Records, to, Member{r.node, r.Record})
}
