package dnsview_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rollcall/dnsview"
	"rollcall/dnsview/plan"
)

// What a finding offers is what its plan does, when all that it rests on is known. Only room, which other changes make, what
// must go first, and a delegation of the host name that a node would get are known to the plan alone.
func TestARemedyThatIsCertainHasAPlanWithSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := mishaps(t, false).view()
		for i := range v.Findings {
			f := &v.Findings[i]
			if f.Remedy == dnsview.NoRemedy || !f.Certain() {
				continue
			}
			p := plan.ForFindings(v, f)
			known := slices.ContainsFunc(p.Skipped, func(s string) bool {
				return strings.Contains(s, " has no room: ") || strings.Contains(s, ", and no client sees it: ") || strings.Contains(s, " is left alone: ") ||
					strings.Contains(s, " takes that out first")
			})
			if len(p.Steps) == 0 && !known {
				t.Fatalf("%s %s: %s: %q", f.Class, f.Remedy, f.Reason, p.Skipped)
			}
		}
	})
}
