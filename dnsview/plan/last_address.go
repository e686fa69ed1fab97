package plan

import (
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// lastAddress reports whether the name of an address record has no other address that the plan keeps.
func (b *builder) lastAddress(r *providers.Record) bool {
	for _, typ := range []string{"A", "AAAA"} {
		for _, o := range b.recordsAt(b.v.Index.ZonesByName[r.Zone], r.Name, typ) {
			if _, goes := b.planned[o.Identity()]; !goes && o.Identity() != r.Identity() {
				return false
			}
		}
	}
	return true
}

// srvsLeadingTo returns the SRV values that lead to an address record that is to be deleted. needs are the steps that
// delete some of them; they come first. If it is the last address of its name, blocked is an SRV value of this fleet
// that stays, and strands are those of other owners, which rollcall cannot delete, and the aliases of the name.
func (b *builder) srvsLeadingTo(r *providers.Record) (needs []int, strands []string, blocked *providers.Record) {
	if r.Type != "A" && r.Type != "AAAA" {
		return nil, nil, nil
	}
	last := b.lastAddress(r)
	for _, s := range b.leadingToName(r.Name) {
		switch n, goes := b.planned[s.Identity()]; {
		case goes:
			needs = append(needs, n)
		case !last || b.v.Index.Hides(b.v.Index.ZonesByName[s.Zone], s):
		case s.Type == "SRV" && b.v.Index.IsOurs(s):
			blocked = s
		default:
			strands = append(strands, s.Label())
		}
	}
	return needs, strands, blocked
}

// skipLastAddress skips the last address of a name because srv of this fleet still leads to it.
func (b *builder) skipLastAddress(r, srv *providers.Record) {
	b.skip(r.Label() + " stays: " + srv.Label() + " still leads to it; rollcall quiesce " + b.v.RecordName(srv) + " takes that out first")
}

// setStrands adds to a step the records that would lead nowhere after it.
func (b *builder) setStrands(step int, strands []string) {
	for i := range b.plan.Steps {
		if s := &b.plan.Steps[i]; s.ID == step && len(strands) > 0 {
			s.Strands = strands
			s.Sentence += "; " + strands[0] + index.AndMore(len(strands)-1) + " would lead nowhere"
		}
	}
}
