package filter

import (
	"slices"
	"time"

	"rollcall/dnsview"
	"rollcall/providers"
)

// MatchNode reports whether a node of a service passes.
func (f Filter) MatchNode(v *dnsview.View, n *dnsview.NodeView) bool {
	return f.match(&nodeRow{v, n})
}

// MatchRoster reports whether a service or an incarnation passes itself, whatever its nodes do.
func (f Filter) MatchRoster(r *dnsview.Roster) bool { return f.match(&rosterRow{r}) }

// MatchService reports whether a service or an incarnation passes, itself or by one of its nodes.
func (f Filter) MatchService(v *dnsview.View, r *dnsview.Roster) bool {
	return f.MatchRoster(r) || slices.ContainsFunc(r.Nodes, func(n *dnsview.NodeView) bool { return f.MatchNode(v, n) })
}

type nodeRow struct {
	v *dnsview.View
	n *dnsview.NodeView
}

func (r *nodeRow) name() string {
	if r.n.Ref.Name != "" {
		return r.n.Ref.Name
	}
	return r.n.Host
}

// record is the first of what the node has in DNS, or of what remembers it.
func (r *nodeRow) record() *providers.Record {
	for _, list := range [][]*providers.Record{r.n.Records, r.n.Hosts, r.n.Markers} {
		if len(list) > 0 {
			return list[0]
		}
	}
	return nil
}

func (r *nodeRow) age() (time.Duration, bool) {
	if i := r.n.Instance; i != nil {
		return (&instanceRow{r.v, i}).age()
	}
	if rec := r.record(); rec != nil {
		return (&recordRow{r.v, rec}).age()
	}
	return 0, false
}

func (r *nodeRow) ttl() (uint64, bool) { return uint64(r.n.TTL), r.n.TTL > 0 }

func (r *nodeRow) each(field, tag string, yield func(string) bool) {
	n := r.n
	switch field {
	case "":
		for _, s := range [...]string{n.Ref.Name, n.Ref.ID, n.Ref.Cloud, n.Service, n.Host, string(n.State)} {
			if !yield(s) {
				return
			}
		}
		r.addresses(yield)
	case "name":
		if yield(n.Ref.Name) {
			yield(n.Host)
		}
	case "node":
		if yield(n.Ref.Name) {
			yield(n.Ref.ID)
		}
	case "id", "owner":
		yield(n.Ref.ID)
	case "state":
		yield(string(n.State))
	case "service":
		yield(n.Service)
	case "cloud":
		yield(n.Ref.Cloud)
	case "ip":
		r.addresses(yield)
	case "value":
		if n.HasSRV && !yield(n.SRV.String()) {
			return
		}
		r.addresses(yield)
	case "finding", "class", "severity":
		classes(n.Findings, field, yield)
	case "region", "image", "tag":
		if n.Instance != nil {
			ofInstance(n.Instance, field, tag, yield)
		}
	default:
		if rec := r.record(); rec != nil {
			(&recordRow{r.v, rec}).each(field, tag, yield)
		}
	}
}

func (r *nodeRow) addresses(yield func(string) bool) {
	for _, a := range r.n.Addresses {
		if !yield(a.String()) {
			return
		}
	}
}

type rosterRow struct{ r *dnsview.Roster }

func (r *rosterRow) name() string               { return r.r.Name }
func (r *rosterRow) age() (time.Duration, bool) { return 0, false }
func (r *rosterRow) ttl() (uint64, bool)        { return 0, false }

func (r *rosterRow) each(field, _ string, yield func(string) bool) {
	switch field {
	case "", "name", "service":
		yield(r.r.Name)
	case "zone":
		yield(r.r.Zone)
	case "type":
		yield(string(r.r.Kind))
	case "cloud":
		for _, c := range r.r.Clouds {
			if !yield(c) {
				return
			}
		}
	case "finding", "class", "severity":
		classes(r.r.Findings, field, yield)
	}
}
