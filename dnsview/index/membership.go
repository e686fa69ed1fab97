package index

import (
	"rollcall/providers"
)

// Membership says who is a member of one service name, and which members are live. The findings, the service tree and
// the guards all ask it.
type Membership struct {
	*Index
	Name     string
	Records  []Member       // the values at the name that members are found by
	Quiesced map[int32]bool // nodes that were taken out of the name on purpose
}

// MemberID names a member of a service: an instance by its number, or a host that joined by hand.
type MemberID struct {
	node int32
	host string
}

// MembershipOf returns the membership of a name by the values that stand there.
func (x *Index) MembershipOf(name string, records []Member) *Membership {
	ms := &Membership{Index: x, Name: name, Records: records}
	for _, m := range records {
		if o, owned := m.Record.Owner(); owned && o.Quiesced {
			ms.takenOut(m.Node)
		}
	}
	for _, m := range x.QuiescedAt[name] {
		if n, ok := x.NodesByID[m.Owner.Cloud][m.Owner.Instance]; ok {
			ms.takenOut(n)
		}
	}
	return ms
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
func (ms *Membership) LiveBy(m Member) (id MemberID, ok bool) {
	switch o, owned := m.Record.Owner(); {
	case owned && o.Quiesced, ms.CannotBeResolved(m.Record):
		return MemberID{}, false
	case owned && o.Host() && !ms.ForeignFleet(o):
		return MemberID{-1, o.Instance}, true
	default:
		return MemberID{node: m.Node}, m.Node >= 0 && !ms.Quiesced[m.Node] && ms.LeadsToNode(m)
	}
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

// IsMemberValue reports whether the members of a service are found by a record at its name.
func (s *Service) IsMemberValue(r *providers.Record) bool {
	if s.Kind == DNSSD {
		return r.Type == "SRV"
	}
	return s.Kind == RoundRobin && (r.Type == "A" || r.Type == "AAAA") && !r.Alias
}

// IsClosed reports whether an SRV value says that the service is decidedly not available at the name (RFC 2782): it is
// no node.
func IsClosed(r *providers.Record) bool {
	srv, ok := providers.ParseSRV(r.Value)
	return r.Type == "SRV" && ok && srv.Target == "."
}
