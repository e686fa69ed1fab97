package dnsview

import (
	"rollcall/providers"
)

// membership says who is a member of one service name, and which members are live. The findings, the service tree and
// the guards all ask it.
type membership struct {
	*index
	name     string
	records  []member       // the values at the name that members are found by
	quiesced map[int32]bool // nodes that were taken out of the name on purpose
}

// memberID names a member of a service: an instance by its number, or a host that joined by hand.
type memberID struct {
	node int32
	host string
}

// membershipOf returns the membership of a name by the values that stand there.
func (x *index) membershipOf(name string, records []member) *membership {
	ms := &membership{index: x, name: name, records: records}
	for _, m := range records {
		if o, owned := m.record.Owner(); owned && o.Quiesced {
			ms.takenOut(m.node)
		}
	}
	for _, m := range x.marksAt[name] {
		if n, ok := x.nodeIDs[m.owner.Cloud][m.owner.Instance]; ok {
			ms.takenOut(n)
		}
	}
	return ms
}

func (ms *membership) takenOut(n int32) {
	if n < 0 {
		return
	}
	if ms.quiesced == nil {
		ms.quiesced = map[int32]bool{}
	}
	ms.quiesced[n] = true
}

// liveBy returns the member that clients are sent to by a record at the name. ok is false when no member runs there,
// the name cannot be resolved, or the member was taken out on purpose.
func (ms *membership) liveBy(m member) (id memberID, ok bool) {
	switch o, owned := m.record.Owner(); {
	case owned && o.Quiesced, ms.unseen(m.record):
		return memberID{}, false
	case owned && o.Host() && !ms.foreignFleet(o):
		return memberID{-1, o.Instance}, true
	default:
		return memberID{node: m.node}, m.node >= 0 && !ms.quiesced[m.node] && ms.leadsTo(m)
	}
}

// live returns the live members, each with its instance; a host that joined by hand has none.
func (ms *membership) live() map[memberID]*providers.Instance {
	out := map[memberID]*providers.Instance{}
	for _, m := range ms.records {
		id, ok := ms.liveBy(m)
		switch {
		case ok && id.node >= 0:
			out[id] = ms.nodes[id.node].inst
		case ok:
			out[id] = nil
		}
	}
	return out
}

// isMemberValue reports whether the members of a service are found by a record at its name.
func (s *Service) isMemberValue(r *providers.Record) bool {
	if s.Kind == DNSSD {
		return r.Type == "SRV"
	}
	return s.Kind == RoundRobin && (r.Type == "A" || r.Type == "AAAA") && !r.Alias
}

// isClosed reports whether an SRV value says that the service is decidedly not available at the name (RFC 2782): it is
// no node.
func isClosed(r *providers.Record) bool {
	srv, ok := providers.ParseSRV(r.Value)
	return r.Type == "SRV" && ok && srv.Target == "."
}
