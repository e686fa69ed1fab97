package index

import (
	"slices"
	"strings"

	"rollcall/providers"
)

// HostsOf returns the host names that the SRV value of a marker may have led to: those
// that other markers or records of its owner bear, and those that the node would be given.
func (x *Index) HostsOf(m QuiescedMarker, others []QuiescedMarker) []string {
	var out []string
	add := func(name string) {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, o := range others {
		add(o.Name)
	}
	if n := x.KnownNode(m.Owner.Cloud, m.Owner.Instance); n >= 0 {
		for l := x.Nodes[n].FirstLink; l >= 0; l = x.Links[l].Next {
			if r := x.Links[l].Record; (r.Type == "A" || r.Type == "AAAA") && x.ServicesByName[r.Name] == nil {
				add(r.Name)
			}
		}
		if i := x.Nodes[n].Instance; i != nil && HostLabel(i.Name) != "" {
			add(HostLabel(i.Name) + "." + m.Zone.Name)
		}
	}
	if m.Owner.Host() {
		add(strings.TrimPrefix(m.Owner.Instance, providers.HostPrefix) + "." + m.Zone.Name)
	}
	add(providers.CanonicalName(m.Owner.Instance + "." + m.Zone.Name))
	return out
}

// RecoverSRV returns the SRV value that a marker remembers. A marker has 100 characters, in
// which a long value is a digest: then the values that it may have been are held
// against it, those of the declaration and of the other nodes. When none of them is it, guessed
// says so, and the value is that of the declaration; without one only its target is set.
func (x *Index) RecoverSRV(m QuiescedMarker, s *DeclaredService, hosts []string, candidates []providers.SRV) (srv providers.SRV, ok, guessed bool) {
	if !m.Owner.Digested() {
		srv, ok = providers.ParseSRV(m.Owner.Value)
		return srv, ok, false
	}
	candidates = slices.Clone(candidates)
	declared := s != nil && s.Port != 0
	if declared {
		candidates = slices.Insert(candidates, 0, providers.SRV{Priority: s.Priority, Weight: s.WeightOfNew(), Port: s.Port})
	}
	for _, v := range candidates {
		for _, v.Target = range hosts {
			if m.Owner.Owns("SRV", v.String()) {
				return v, true, false
			}
		}
	}
	if len(hosts) > 0 {
		srv.Target = hosts[0]
	}
	if declared {
		srv.Priority, srv.Weight, srv.Port = s.Priority, s.WeightOfNew(), s.Port
	}
	return srv, declared && len(hosts) > 0, true
}
