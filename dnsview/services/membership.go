// Package services says who is a member of a service, and which members clients are sent to. The findings, the
// service tree, plans and the guards all ask it. It imports the index and providers.
package services

import (
	"slices"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Membership says who is a member of one service name, and which members are live.
type Membership struct {
	*index.Index
	Name     string
	Records  []index.Member // the values at the name that members are found by
	Quiesced map[int32]bool // nodes that were taken out of the name on purpose
}

// MemberID names a member of a service: an instance by its number, or a host that joined by hand.
type MemberID struct {
	node int32
	host string
}

// Hash hashes a member.
func (m MemberID) Hash() uint64 { return index.HashName(m.host) ^ index.HashNode(m.node) }

// MembershipOf returns the membership of a name by the values that stand there.
func MembershipOf(x *index.Index, name string, records []index.Member) *Membership {
	ms := &Membership{}
	ms.Set(x, name, records)
	return ms
}

// Set makes it the membership of a name, in place.
func (ms *Membership) Set(x *index.Index, name string, records []index.Member) {
	*ms = Membership{Index: x, Name: name, Records: records}
	for _, m := range records {
		if o, owned := m.Record.Owner(); owned && o.Quiesced {
			ms.takenOut(m.Node)
		}
	}
	for _, m := range x.QuiescedAt[name] {
		ms.takenOut(x.KnownNode(m.Owner.Cloud, m.Owner.Instance))
	}
}

func (ms *Membership) takenOut(n int32) {
	if n < 0 {
		return
	}
	if ms.Quiesced == nil {
		ms.Quiesced = map[int32]bool{}
	}
	ms.Quiesced[n] = true
}

// LiveBy returns the member that clients are sent to by a record at the name. ok is false when no member runs there,
// the name cannot be resolved, or the member was taken out on purpose.
func (ms *Membership) LiveBy(m index.Member) (id MemberID, ok bool) {
	switch o, owned := m.Record.Owner(); {
	case owned && o.Quiesced, ms.CannotBeResolved(m.Record):
		return MemberID{}, false
	case owned && o.Host() && !ms.ForeignFleet(o):
		return MemberID{-1, o.Instance}, true
	default:
		return MemberID{node: m.Node}, m.Node >= 0 && !ms.Quiesced[m.Node] && ms.leadsToNode(m)
	}
}

// leadsToNode reports whether a record leads to its node, and the node runs.
func (ms *Membership) leadsToNode(m index.Member) bool {
	i := ms.Nodes[m.Node].Instance
	if i == nil || i.State != providers.StateRunning {
		return false
	}
	if a, ok := m.Record.Addr(); ok {
		return ms.Holds(i, a)
	}
	hosts, known := ms.AddressesOf(m.Record)
	return !known || slices.ContainsFunc(hosts, func(h *providers.Record) bool {
		a, ok := h.Addr()
		return ok && ms.Holds(i, a)
	})
}

// Live returns the live members, each with its instance; a host that joined by hand has none.
func (ms *Membership) Live() map[MemberID]*providers.Instance {
	out := map[MemberID]*providers.Instance{}
	for _, m := range ms.Records {
		id, ok := ms.LiveBy(m)
		switch {
		case ok && id.node >= 0:
			out[id] = ms.Nodes[id.node].Instance
		case ok:
			out[id] = nil
		}
	}
	return out
}

// IsClosed reports whether an SRV value says that the service is decidedly not available at the name (RFC 2782): it is
// no node.
func IsClosed(r *providers.Record) bool {
	if r.Type != "SRV" {
		return false
	}
	srv, ok := providers.ParseSRV(r.Value)
	return ok && srv.Target == "."
}
