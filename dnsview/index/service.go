package index

import (
	"slices"

	"rollcall/providers"
)

// addServices takes in the declared services, in the order of their declaration.
func (x *Index) addServices() {
	for i := range x.Options.Services {
		s := &x.Options.Services[i]
		name := providers.CanonicalName(s.Name)
		if x.ServicesByName[name] != nil {
			continue // the config refuses a second declaration; the first one counts
		}
		st := &DeclaredService{Service: s}
		for k, v := range s.Select {
			st.selector = append(st.selector, tag{k, v})
		}
		if s.Zone != "" {
			st.ReadZone = x.ZonesByName[providers.CanonicalName(s.Zone)]
		} else {
			st.ReadZone = x.ZoneOf(name)
		}
		x.Services = append(x.Services, st)
		x.declaresScope = x.declaresScope || s.Address != ""
		x.ServicesByName[name] = st
		if s.Kind == DNSSD {
			if parent, ok := providers.Parent(name); ok {
				x.Parents[parent] = true
			}
		}
	}
}

// addNames notes the records at the names of services, and the targets of SRV records.
func (x *Index) addNames() {
	for _, z := range x.Zones {
		for i := range z.View.Records {
			r := &z.View.Records[i]
			switch r.Type {
			case "SRV":
				if srv, ok := providers.ParseSRV(r.Value); ok && srv.Target != "." {
					if old, ok := x.Targets[srv.Target]; !ok || r.Name < old {
						x.Targets[srv.Target] = r.Name
					}
				}
			case "PTR":
				if x.Parents[r.Name] {
					if s := x.ServicesByName[providers.FoldValue("PTR", r.Value)]; s != nil {
						s.HasPTR = true
					}
				}
				continue
			}
			if len(x.ServicesByName) == 0 {
				continue
			}
			s := x.ServicesByName[r.Name]
			if s == nil || s.ReadZone != z && x.Hides(z, r) {
				continue
			}
			switch {
			case r.Type == "TXT":
				s.HasTXT = true
			case s.IsMemberValue(r):
				s.Records = append(s.Records, Member{z.Nodes[i], r})
			}
		}
	}
	if len(x.Targets) == 0 {
		return
	}
	for _, z := range x.Zones {
		for i := range z.View.Records {
			r := &z.View.Records[i]
			switch r.Type {
			case "A", "AAAA", "CNAME":
				if _, ok := x.Targets[r.Name]; ok && !x.Hides(z, r) {
					x.Hosts[r.Name] = append(x.Hosts[r.Name], r)
				}
			}
		}
	}
	for _, h := range x.Hosts {
		if len(h) > 1 {
			slices.SortFunc(h, CompareRecords)
		}
	}
}

// Service returns the declaration of a service, or nil.
func (x *Index) Service(name string) *Service {
	if s := x.ServicesByName[providers.CanonicalName(name)]; s != nil {
		return s.Service
	}
	return nil
}

// ServiceOf names the service of a record: the declared service of its name, the one
// whose SRV records point at it, the one whose PTR record it is; without a
// declaration the name of an owned address record or of an SRV record itself.
func (x *Index) ServiceOf(r *providers.Record) string {
	if r == nil {
		return ""
	}
	name := r.Name
	if r.IsMarker() {
		if _, n, ok := providers.SplitMarkerName(r.Name); ok {
			name = n
		}
	}
	if x.ServicesByName[name] != nil {
		return name
	}
	switch r.Type {
	case "PTR":
		if t := providers.FoldValue("PTR", r.Value); x.ServicesByName[t] != nil {
			return t
		}
		return ""
	case "SRV":
		return name
	}
	if s, ok := x.Targets[name]; ok {
		return s
	}
	if (r.Type == "A" || r.Type == "AAAA") && len(r.Owners) > 0 {
		return name
	}
	return ""
}

// FirstServiceOf returns the first of ServicesOf, or the empty string.
func (x *Index) FirstServiceOf(i *providers.Instance) string {
	if i == nil {
		return ""
	}
	isName := func(s string) bool { return s != "" && s != "." }
	for _, s := range x.Services {
		if s.Selects(i) {
			if name := providers.CanonicalName(s.Name); isName(name) {
				return name
			}
		}
	}
	first := ""
	if n := x.NumberOf(i); n >= 0 {
		for l := x.Nodes[n].FirstLink; l >= 0; l = x.Links[l].Next {
			if r := x.Links[l].Record; len(r.Owners) > 0 {
				if s := x.ServiceOf(r); isName(s) && (first == "" || s < first) {
					first = s
				}
			}
		}
	}
	if name := providers.CanonicalName(i.Tags.Get(providers.TagService)); first == "" && isName(name) {
		return name
	}
	return first
}

// ServicesOf returns the names of all services that an instance is a node of.
func (x *Index) ServicesOf(i *providers.Instance) []string {
	if i == nil {
		return nil
	}
	var out []string
	add := func(s string) {
		if s != "" && s != "." && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, s := range x.Services {
		if s.Selects(i) {
			add(providers.CanonicalName(s.Name))
		}
	}
	if n := x.NumberOf(i); n >= 0 {
		rest := len(out)
		for l := x.Nodes[n].FirstLink; l >= 0; l = x.Links[l].Next {
			if r := x.Links[l].Record; len(r.Owners) > 0 {
				add(x.ServiceOf(r))
			}
		}
		slices.Sort(out[rest:])
	}
	if len(out) == 0 {
		add(providers.CanonicalName(i.Tags.Get(providers.TagService)))
	}
	return out
}

// AddressesOf returns what a record leads to: the address of an A or AAAA
// record, or those of the target of an SRV record as far as our zones hold
// it. known is false when they cannot be known from here: the target lies in no
// zone that is read, or is an alias.
func (x *Index) AddressesOf(r *providers.Record) (out []*providers.Record, known bool) {
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
		z := x.ZoneOf(srv.Target)
		if z == nil || z.State != providers.CoverageComplete || z.Cuts.leadsAway(srv.Target) {
			return nil, false
		}
		for _, h := range x.Hosts[srv.Target] {
			if h.Type == "CNAME" || h.Alias {
				return nil, false
			}
			out = append(out, h)
		}
		return out, true
	}
	return nil, false
}
