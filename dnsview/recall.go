package dnsview

import (
	"slices"
	"strings"

	"rollcall/providers"
)

// hostsOf gives the host names that the SRV value of a marker may have led to: those
// that other markers or records of its owner bear, and those that the node would be given.
func (x *index) hostsOf(m mark, others []mark) []string {
	var out []string
	add := func(name string) {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, o := range others {
		add(o.name)
	}
	if n, ok := x.nodeIDs[m.owner.Cloud][m.owner.Instance]; ok {
		for l := x.nodes[n].head; l >= 0; l = x.links[l].next {
			if r := x.links[l].record; (r.Type == "A" || r.Type == "AAAA") && x.byName[r.Name] == nil {
				add(r.Name)
			}
		}
		if i := x.nodes[n].inst; i != nil && hostLabel(i.Name) != "" {
			add(hostLabel(i.Name) + "." + m.zone.name)
		}
	}
	if m.owner.Host() {
		add(strings.TrimPrefix(m.owner.Instance, providers.HostPrefix) + "." + m.zone.name)
	}
	add(providers.CanonicalName(m.owner.Instance + "." + m.zone.name))
	return out
}

// recall gives the SRV value that a marker remembers. A marker has 100 characters, in
// which a long value is a digest: then the values that it may have been are held
// against it, those of the declaration and of the other nodes. When none of them is it, guessed
// says so, and the value is the one that the declaration gives; without one only its target is given.
func (x *index) recall(m mark, s *serviceState, hosts []string, shapes []providers.SRV) (srv providers.SRV, ok, guessed bool) {
	if !m.owner.Digested() {
		srv, ok = providers.ParseSRV(m.owner.Value)
		return srv, ok, false
	}
	shapes = slices.Clone(shapes)
	declared := s != nil && s.Port != 0
	if declared {
		shapes = slices.Insert(shapes, 0, providers.SRV{Priority: s.Priority, Weight: s.Weight, Port: s.Port})
	}
	for _, v := range shapes {
		for _, v.Target = range hosts {
			if m.owner.Owns("SRV", v.String()) {
				return v, true, false
			}
		}
	}
	if len(hosts) > 0 {
		srv.Target = hosts[0]
	}
	if declared {
		srv.Priority, srv.Weight, srv.Port = s.Priority, s.Weight, s.Port
	}
	return srv, declared && len(hosts) > 0, true
}
