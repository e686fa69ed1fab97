package rows

import (
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/tree"
	"rollcall/providers"
)

// Node is a node of a service, for filters.
type Node struct {
	View *tree.Node

	view *dnsview.View
}

// NewNode returns the Node of a service's node in a view.
func NewNode(v *dnsview.View, n *tree.Node) *Node { return &Node{View: n, view: v} }

// Service is a service or an incarnation, for filters.
type Service struct {
	Members *tree.Members
	view    *dnsview.View
}

// FilterName returns the text that a bare word is fuzzily matched with.
func (r *Node) FilterName() string {
	if r.View.Ref.Name != "" {
		return r.View.Ref.Name
	}
	return r.View.Host
}

// record returns the first record of the node, or the first marker that is left of it.
func (r *Node) record() *providers.Record {
	for _, list := range [][]*providers.Record{r.View.Records, r.View.Hosts, r.View.Markers} {
		if len(list) > 0 {
			return list[0]
		}
	}
	return nil
}

// FilterAge returns the time since the row came to be.
func (r *Node) FilterAge() (time.Duration, bool) {
	if i := r.View.Instance; i != nil {
		return NewInstance(r.view, i).FilterAge()
	}
	if rec := r.record(); rec != nil {
		return NewRecord(r.view, rec).FilterAge()
	}
	return 0, false
}

// FilterTTL returns the TTL of the node's records.
func (r *Node) FilterTTL() (uint64, bool) { return uint64(r.View.TTL), r.View.TTL > 0 }

// FilterValues yields the values of a field.
func (r *Node) FilterValues(field, tag string, yield func(string) bool) {
	n := r.View
	switch field {
	case "":
		for _, s := range [...]string{n.Ref.Name, n.Ref.ID, n.Ref.Cloud, n.Service, n.Host, string(n.State)} {
			if !yield(s) {
				return
			}
		}
		if rec := r.record(); rec != nil && !yield(Relative(n.Host, rec.Zone)) || !r.addresses(yield) {
			return
		}
		yieldClasses(n.Findings, "class", yield)
	case "name":
		if yield(n.Ref.Name) && yield(n.Host) {
			if rec := r.record(); rec != nil {
				yield(Relative(n.Host, rec.Zone))
			}
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
		yieldClasses(n.Findings, field, yield)
	case "region", "image", "tag":
		if n.Instance != nil {
			ofInstance(n.Instance, field, tag, yield)
		}
	default:
		if rec := r.record(); rec != nil {
			NewRecord(r.view, rec).FilterValues(field, tag, yield)
		}
	}
}

// addresses yields the addresses of the node. It returns false if yield did.
func (r *Node) addresses(yield func(string) bool) bool {
	for _, a := range r.View.Addresses {
		if !yield(a.String()) {
			return false
		}
	}
	return true
}

// FilterName returns the text that a bare word is fuzzily matched with.
func (r *Service) FilterName() string { return r.Members.Name }

// FilterAge returns false: a service has no age.
func (r *Service) FilterAge() (time.Duration, bool) { return 0, false }

// FilterTTL returns false: a service has no TTL.
func (r *Service) FilterTTL() (uint64, bool) { return 0, false }

// FilterValues yields the values of a field.
func (r *Service) FilterValues(field, _ string, yield func(string) bool) {
	switch field {
	case "name", "service":
		if yield(r.Members.Name) && r.Members.Zone != "" {
			yield(Relative(r.Members.Name, r.Members.Zone))
		}
	case "":
		for _, s := range append([]string{r.Members.Name, string(r.Members.Kind)}, r.Members.Clouds...) {
			if !yield(s) {
				return
			}
		}
		yieldClasses(r.Members.Findings, "class", yield)
	case "zone":
		yield(r.Members.Zone)
	case "type":
		yield(string(r.Members.Kind))
	case "cloud":
		for _, c := range r.Members.Clouds {
			if !yield(c) {
				return
			}
		}
	case "finding", "class", "severity":
		yieldClasses(r.Members.Findings, field, yield)
	}
}
