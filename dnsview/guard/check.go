package guard

import "rollcall/dnsview/index"

// Check asks all guards of one change but threshold and journal, in their order. Those that
// a change of its mode does not need are left out.
func Check(e *Evidence) []index.GuardResult {
	guards := e.Numbered()
	if g := e.CheckAccepted(); !g.Pass {
		guards = append(guards, g)
	}
	if g := e.CheckWritable(); !g.Pass { // that it may be written to is the rule, and is not reported
		guards = append(guards, g)
	}
	return guards
}

// Numbered asks those guards of a change that DESIGN numbers.
func (e *Evidence) Numbered() []index.GuardResult {
	switch mode := ModeOf(e.Verb, e.Change); mode {
	case ModeWrite:
		return []index.GuardResult{e.CheckOwner(), e.CheckInstance(), e.CheckUnchanged()}
	case ModeMarker:
		if e.Verb == index.VerbDeregister {
			return []index.GuardResult{e.CheckCoverage(), e.CheckOwner(), e.CheckUnchanged(), e.CheckGrace(), e.CheckOrphaned()}
		}
		return []index.GuardResult{e.CheckOwner(), e.CheckUnchanged()}
	case ModeLeave:
		return []index.GuardResult{e.CheckOwner(), e.CheckInstance(), e.CheckUnchanged()}
	case ModeRetire:
		return []index.GuardResult{e.CheckOwner(), e.CheckUnchanged(), e.CheckRetired()}
	default:
		return []index.GuardResult{e.CheckCoverage(), e.CheckOwner(), e.CheckInstance(), e.CheckAddress(), e.CheckUnchanged(), e.CheckGrace(), e.CheckMinimum()}
	}
}
