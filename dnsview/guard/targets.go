package guard

import (
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// CheckTargets is a part of guard 10: an instance that is stopped or terminated leaves a healthy target in each target group of a
// load balancer that it is in. with holds those that end with it. says is in which groups it is, and what becomes of it there.
func CheckTargets(groups []providers.TargetGroup, id string, action providers.PowerAction, with map[string]bool) (says []string, r index.GuardResult) {
	const g = index.GuardPower
	for i := range groups {
		tg := &groups[i]
		own := tg.Of(id)
		if len(own) == 0 {
			continue
		}
		in := "it is " + index.Clean(tg.Describe(id, with))
		satisfy := "another healthy target in " + index.Clean(tg.Name) + ", or it is taken out there: " + index.Clean(tg.Without(id))
		switch last, unsure := tg.Last(id, with); {
		case last:
			return nil, index.Failed(g, in, satisfy)
		case unsure:
			return nil, index.Unproven(g, in+", and whether another one is healthy is not known", satisfy)
		case action == providers.PowerStop:
			in += ", and stays registered there"
		case tg.ByAddress:
			in += ", and nothing deregisters " + index.Clean(own[0].ID) + " there when it is terminated"
		default:
			in += ", which has no use for it once it is terminated"
		}
		says = append(says, in)
	}
	return says, index.Passed(g, "")
}
