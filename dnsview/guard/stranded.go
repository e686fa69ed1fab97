package guard

import (
	"slices"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// strandedSRVs returns the SRV values of other owners, and the aliases, that a removal would leave without any address: those of
// the plan, and those in the zones just read. ours is such an SRV value of this fleet that stays, or "".
func (e *Evidence) strandedSRVs() (others []string, ours string) {
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
	x := e.View.Index
	for _, z := range x.Zones {
		for i := range z.View.Records {
			s := &z.View.Records[i]
			if s.Zone == r.Zone && s.Name == r.Name && s.Type != r.Type && (s.Type == "A" || s.Type == "AAAA") && !e.Removing[s.Identity()] {
				return nil, ""
			}
			if s.Target() != r.Name || e.Removing[s.Identity()] || x.Hides(z, s) {
				continue
			}
			switch {
			case s.Type == "SRV" && x.IsOurs(s):
				ours = s.Label()
			case !slices.Contains(others, s.Label()):
				others = append(others, s.Label())
			}
		}
	}
	return others, ours
}

// checkStranded fails for the last address of a name while an SRV value of this fleet leads to it. If only values of
// other owners or aliases do, a person must type the name: an address that other people can rent is worse than a value that leads
// nowhere.
func (e *Evidence) checkStranded() index.GuardResult {
	const g = index.GuardMinimum
	r := e.Change.Record()
	others, ours := e.strandedSRVs()
	switch {
	case ours != "":
		return index.Failed(g, ours+" still leads to "+index.Clean(r.Name)+", which would have no address any more", "let that go first")
	case len(others) > 0:
		return index.GuardResult{
			Guard: g, Why: others[0] + index.AndMore(len(others)-1) + " would lead nowhere: it is the last address of " + index.Clean(r.Name),
			Satisfy: "type the name", Confirm: index.Clean(r.Name),
		}
	}
	return index.Passed(g, "nothing is left leading to it")
}
