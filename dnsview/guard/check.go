package guard

import "rollcall/dnsview/index"

// Check returns the results of all guards of one change except threshold and journal, in their order. It leaves out
// guards that the mode of the change does not need, and accepted and writable if they pass.
func Check(e *Evidence) []index.GuardResult {
	guards := e.CheckNumbered()
	if g := e.CheckAccepted(); !g.Pass {
		guards = append(guards, g)
	}
	if g := e.CheckWritable(); !g.Pass {
		guards = append(guards, g)
	}
	for i, g := range guards {
		guards[i] = e.Confirmed(g)
	}
	return guards
}

// CheckNumbered returns the results of the guards 1 to 7 that the mode of the change needs, in their order.
func (e *Evidence) CheckNumbered() []index.GuardResult {
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
