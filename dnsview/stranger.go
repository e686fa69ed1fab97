package dnsview

import (
	"slices"

	"rollcall/providers"
)

// distrustStrangers doubts a cloud that answers as an account which no marker
// of this fleet names, while markers of this fleet name a cloud that none of
// those configured is. That is how credentials of another account look: its
// list is complete, perhaps empty, and says nothing about the nodes that are
// missing from it. Nothing is deleted until it is settled, either by the right
// credentials or by adding the cloud that the markers name.
func (x *index) distrustStrangers() {
	if x.o.Fleet == "" {
		return
	}
	named := map[providers.CloudKey]int{}
	for _, z := range x.zones {
		for i := range z.view.Records {
			for _, o := range z.view.Records[i].Owners {
				if o.Fleet == x.o.Fleet && !o.Host() {
					named[o.Cloud]++
				}
			}
		}
	}
	var lost providers.CloudKey
	for k := range named {
		if cs := x.byKey[k]; (cs == nil || cs.view.Departed) && !slices.Contains(x.forgotten, k) && (lost == "" || k < lost) {
			lost = k
		}
	}
	if lost == "" {
		return
	}
	for _, cs := range x.clouds {
		if cs.state == providers.CoverageComplete && named[cs.key] == 0 {
			cs.state = providers.CoveragePartial
			cs.why = cs.name + " answers as an account that no marker of this fleet names, while " +
				plural(named[lost], "record belongs", "records belong") + " to a cloud with key " + Clean(string(lost)) +
				" that is none of those configured: its credentials may be those of another account"
		}
	}
}
