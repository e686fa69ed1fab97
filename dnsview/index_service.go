package dnsview

import (
	"slices"

	"rollcall/providers"
)

// addServices takes in the declared services, in the order of their declaration.
func (x *index) addServices() {
	for i := range x.o.Services {
		s := &x.o.Services[i]
		name := providers.CanonicalName(s.Name)
		if x.byName[name] != nil {
			continue // the config refuses a second declaration; the first one counts
		}
		st := &serviceState{Service: s}
		if s.Zone != "" {
			st.zone = x.zoneName[providers.CanonicalName(s.Zone)]
		} else {
			st.zone = x.zoneOf(name)
		}
		x.services = append(x.services, st)
		x.byName[name] = st
		if s.Kind == DNSSD {
			if parent, ok := providers.Parent(name); ok {
				x.parents[parent] = true
			}
		}
	}
}

// addNames notes the records at the names of services, and the targets of SRV records.
func (x *index) addNames() {
	for _, z := range x.zones {
		for i := range z.view.Records {
			r := &z.view.Records[i]
			switch r.Type {
			case "SRV":
				if srv, ok := providers.ParseSRV(r.Value); ok && srv.Target != "." {
					if old, ok := x.targets[srv.Target]; !ok || r.Name < old {
						x.targets[srv.Target] = r.Name
					}
				}
			case "PTR":
				if x.parents[r.Name] {
					if s := x.byName[providers.FoldValue("PTR", r.Value)]; s != nil {
						s.ptr = true
					}
				}
				continue
			}
			if len(x.byName) == 0 {
				continue
			}
			s := x.byName[r.Name]
			if s == nil || s.zone != z && x.hides(z, r) {
				continue
			}
			switch {
			case r.Type == "TXT":
				s.txt = true
			case s.isMemberValue(r):
				s.records = append(s.records, member{z.nodes[i], r})
			}
		}
	}
	if len(x.targets) == 0 {
		return
	}
	for _, z := range x.zones {
		for i := range z.view.Records {
			r := &z.view.Records[i]
			switch r.Type {
			case "A", "AAAA", "CNAME":
				if _, ok := x.targets[r.Name]; ok && !x.hides(z, r) {
					x.hosts[r.Name] = append(x.hosts[r.Name], r)
				}
			}
		}
	}
	for _, h := range x.hosts {
		if len(h) > 1 {
			slices.SortFunc(h, compareRecords)
		}
	}
}

func (x *index) service(name string) *Service {
	if s := x.byName[providers.CanonicalName(name)]; s != nil {
		return s.Service
	}
	return nil
}

// serviceOf names the service of a record: the declared service of its name, the one
// whose SRV records point at it, the one whose PTR record it is; without a
// declaration the name of an owned address record or of an SRV record itself.
func (x *index) serviceOf(r *providers.Record) string {
	if r == nil {
		return ""
	}
	name := r.Name
	if r.IsMarker() {
		if _, n, ok := providers.SplitMarkerName(r.Name); ok {
			name = n
		}
	}
	if x.byName[name] != nil {
		return name
	}
	switch r.Type {
	case "PTR":
		if t := providers.FoldValue("PTR", r.Value); x.byName[t] != nil {
			return t
		}
		return ""
	case "SRV":
		return name
	}
	if s, ok := x.targets[name]; ok {
		return s
	}
	if (r.Type == "A" || r.Type == "AAAA") && len(r.Owners) > 0 {
		return name
	}
	return ""
}

func (x *index) servicesOf(i *providers.Instance) []string {
	if i == nil {
		return nil
	}
	var out []string
	add := func(s string) {
		if s != "" && s != "." && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, s := range x.services {
		if s.Selects(i) {
			add(providers.CanonicalName(s.Name))
		}
	}
	if n, ok := x.nodeIDs[x.keyOf(i)][i.ID]; ok {
		rest := len(out)
		for l := x.nodes[n].head; l >= 0; l = x.links[l].next {
			if r := x.links[l].record; len(r.Owners) > 0 {
				add(x.serviceOf(r))
			}
		}
		slices.Sort(out[rest:])
	}
	if len(out) == 0 {
		add(providers.CanonicalName(i.Tags[providers.TagService]))
	}
	return out
}

// addressesOf returns what a record leads to: the address of an A or AAAA
// record, or those of the target of an SRV record as far as our zones hold
// it. known is false when they cannot be known from here: the target lies in no
// zone that is read, or is an alias.
func (x *index) addressesOf(r *providers.Record) (out []*providers.Record, known bool) {
	switch r.Type {
	case "A", "AAAA":
		return []*providers.Record{r}, true
	case "SRV":
		srv, ok := providers.ParseSRV(r.Value)
		if !ok {
			return nil, false
		}
		if srv.Target == "." {
			return nil, true
		}
		z := x.zoneOf(srv.Target)
		if z == nil || z.state != providers.CoverageComplete || z.cuts.leadsAway(srv.Target) {
			return nil, false
		}
		for _, h := range x.hosts[srv.Target] {
			if h.Type == "CNAME" || h.Alias {
				return nil, false
			}
			out = append(out, h)
		}
		return out, true
	}
	return nil, false
}

// leadsTo reports whether a record leads to its node, and the node runs.
func (x *index) leadsTo(m member) bool {
	i := x.nodes[m.node].inst
	if i == nil || i.State != providers.StateRunning || x.unseen(m.record) {
		return false
	}
	if a, ok := m.record.Addr(); ok {
		return x.holds(i, a)
	}
	hosts, known := x.addressesOf(m.record)
	return !known || slices.ContainsFunc(hosts, func(h *providers.Record) bool {
		a, ok := h.Addr()
		return ok && x.holds(i, a)
	})
}
