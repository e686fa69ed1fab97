package dnsview

import (
	"slices"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// lastAddress reports whether no other address of the name of an address record stays, by what the
// zone holds and the plan removes.
func (b *builder) lastAddress(r *providers.Record) bool {
	for _, typ := range []string{"A", "AAAA"} {
		for _, o := range b.at(b.v.index.ZonesByName[r.Zone], r.Name, typ) {
			if _, goes := b.done[o.Identity()]; !goes && o.Identity() != r.Identity() {
				return false
			}
		}
	}
	return true
}

// led looks at the SRV values that lead to an address record which is to go. needs are the steps that
// remove some of them, which come first. The last address of a name waits for all of them: blocked is one of
// this fleet that stays, and strands are those of others, which rollcall cannot remove. One of several
// addresses waits for none.
func (b *builder) led(r *providers.Record) (needs []int, strands []string, blocked *providers.Record) {
	if r.Type != "A" && r.Type != "AAAA" {
		return nil, nil, nil
	}
	last := b.lastAddress(r)
	for _, s := range b.srvTo(r) {
		switch n, goes := b.done[s.Identity()]; {
		case goes:
			needs = append(needs, n)
		case !last || b.v.index.Hides(b.v.index.ZonesByName[s.Zone], s):
		case b.v.index.IsOurs(s):
			blocked = s
		default:
			strands = append(strands, s.Label())
		}
	}
	return needs, strands, blocked
}

// skipLed says that an address stays as its last one while an SRV value of this fleet leads to it, and what lets it go.
func (b *builder) skipLed(r, srv *providers.Record) {
	b.skip(r.Label() + " stays: " + srv.Label() + " still leads to it; rollcall quiesce " + b.v.RecordName(srv) + " takes that out first")
}

// strand notes for the step that removes an address which SRV values of others are left leading to it.
func (b *builder) strand(step int, strands []string) {
	for i := range b.plan.Steps {
		if s := &b.plan.Steps[i]; s.ID == step && len(strands) > 0 {
			s.Strands = strands
			s.Sentence += "; " + strands[0] + andMore(len(strands)-1) + " would lead nowhere"
		}
	}
}

func andMore(n int) string {
	if n <= 0 {
		return ""
	}
	return " and " + index.Plural(n, "other value", "other values")
}

// stranded names the SRV values that a removal would leave without any address: those that the plan
// knew of, and those that the zones read just now show. ours is one of this fleet that stays.
func (e *GuardEvidence) stranded() (others []string, ours string) {
	r := e.Change.Record()
	if e.Change.Op != providers.OpDelete || r.Type != "A" && r.Type != "AAAA" || e.View == nil {
		return nil, ""
	}
	for i := range e.Found {
		if f := &e.Found[i]; f.Name == r.Name && f.Type == r.Type && !e.Removing[f.Identity()] && f.Identity() != r.Identity() {
			return nil, ""
		}
	}
	others = slices.Clone(e.Strands)
	x := e.View.index
	for _, z := range x.Zones {
		for i := range z.View.Records {
			s := &z.View.Records[i]
			if s.Zone == r.Zone && s.Name == r.Name && s.Type != r.Type && (s.Type == "A" || s.Type == "AAAA") && !e.Removing[s.Identity()] {
				return nil, ""
			}
			srv, ok := providers.ParseSRV(s.Value)
			if s.Type != "SRV" || !ok || srv.Target != r.Name || e.Removing[s.Identity()] || x.Hides(z, s) {
				continue
			}
			switch {
			case x.IsOurs(s):
				ours = s.Label()
			case !slices.Contains(others, s.Label()):
				others = append(others, s.Label())
			}
		}
	}
	return others, ours
}

// checkStranded refuses to remove the last address of a name while an SRV value of this fleet leads there.
// Where only values of others do, a person has to type the name: an address that someone else
// can rent is worse than a value that leads nowhere.
func (e *GuardEvidence) checkStranded() index.GuardResult {
	const g = index.GuardMinimum
	r := e.Change.Record()
	others, ours := e.stranded()
	switch {
	case ours != "":
		return fails(g, ours+" still leads to "+index.Clean(r.Name)+", which would have no address any more", "let that go first")
	case len(others) > 0:
		return index.GuardResult{
			Guard: g, Why: others[0] + andMore(len(others)-1) + " of others would lead nowhere: it is the last address of " + index.Clean(r.Name),
			Satisfy: "type the name", Confirm: index.Clean(r.Name),
		}
	}
	return pass(g, "no SRV value is left leading to it")
}
