package plan

import (
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// lastAddress reports whether no other address of the name of an address record stays, by what the
// zone holds and the plan removes.
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

// srvsLeadingTo looks at the SRV values that lead to an address record which is to go. needs are the steps that
// remove some of them, which come first. The last address of a name waits for all of them: blocked is one of
// this fleet that stays, and strands are those of others, which rollcall cannot remove. One of several
// addresses waits for none.
func (b *builder) srvsLeadingTo(r *providers.Record) (needs []int, strands []string, blocked *providers.Record) {
	if r.Type != "A" && r.Type != "AAAA" {
		return nil, nil, nil
	}
	last := b.lastAddress(r)
	for _, s := range b.srvTo(r) {
		switch n, goes := b.planned[s.Identity()]; {
		case goes:
			needs = append(needs, n)
		case !last || b.v.Index.Hides(b.v.Index.ZonesByName[s.Zone], s):
		case b.v.Index.IsOurs(s):
			blocked = s
		default:
			strands = append(strands, s.Label())
		}
	}
	return needs, strands, blocked
}

// skipWhileLed says that an address stays as its last one while an SRV value of this fleet leads to it, and what lets it go.
func (b *builder) skipWhileLed(r, srv *providers.Record) {
	b.skip(r.Label() + " stays: " + srv.Label() + " still leads to it; rollcall quiesce " + b.v.RecordName(srv) + " takes that out first")
}

// noteStrands notes for the step that removes an address which SRV values of others are left leading to it.
func (b *builder) noteStrands(step int, strands []string) {
	for i := range b.plan.Steps {
		if s := &b.plan.Steps[i]; s.ID == step && len(strands) > 0 {
			s.Strands = strands
			s.Sentence += "; " + strands[0] + index.AndMore(len(strands)-1) + " would lead nowhere"
		}
	}
}
