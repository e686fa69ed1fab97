package index

import (
	"slices"

	"rollcall/providers"
)

// verifyAccounts doubts a cloud that answers as an account which no marker
// of this fleet names, while markers of this fleet name a cloud that none of
// those configured is. That is how credentials of another account look: its
// list is complete, perhaps empty, and says nothing about the nodes that are
// missing from it. Nothing is deleted until it is settled, either by the right
// credentials or by adding the cloud that the markers name.
func (x *Index) verifyAccounts() {
	if x.Options.Fleet == "" {
		return
	}
	named := map[providers.CloudKey]int{}
	for _, z := range x.Zones {
		for i := range z.View.Records {
			for _, o := range z.View.Records[i].Owners {
				if o.Fleet == x.Options.Fleet && !o.Host() {
					named[o.Cloud]++
				}
			}
		}
	}
	var lost providers.CloudKey
	for k := range named {
		if x.isLost(k) && (lost == "" || k < lost) {
			lost = k
		}
	}
	if lost == "" {
		return
	}
	x.lost = true
	for _, cs := range x.Clouds {
		if cs.State == providers.CoverageComplete && named[cs.Key] == 0 {
			cs.State = providers.CoveragePartial
			cs.Why = cs.Name + " answers as an account that no marker of this fleet names, while " +
				Plural(named[lost], "record belongs", "records belong") + " to a cloud with key " + Clean(string(lost)) +
				" that is none of those configured: its credentials may be those of another account"
		}
	}
}

// isLost reports whether a cloud that a marker names is none of those configured, and was not forgotten.
func (x *Index) isLost(k providers.CloudKey) bool {
	cs := x.CloudsByKey[k]
	return (cs == nil || cs.View.Unconfigured) && !slices.Contains(x.forgotten, k)
}
