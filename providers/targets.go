package providers

import (
	"fmt"
	"slices"
	"strings"
)

// TargetGroups is what the load balancers of a cloud say of instances.
type TargetGroups struct {
	Groups []TargetGroup // that one of the instances is a target of and a load balancer uses, by name
	// Unknown is why not every group could be asked, so that Groups may lack some; empty if all were asked.
	Unknown string
}

// TargetGroup is a group of targets among which a load balancer distributes what it receives.
type TargetGroup struct {
	Name      string
	ByAddress bool     // its targets are addresses, which stay registered when their instance is terminated
	Targets   []Target // all that it has
	// Deregister is the command that takes targets out, but for the targets.
	Deregister string
}

// TargetHealth is whether a load balancer sends anything to a target.
type TargetHealth string

// The health of a target. Unknown is what the load balancer itself does not know or say.
const (
	TargetHealthy    TargetHealth = "healthy"
	TargetNotHealthy TargetHealth = "not healthy"
	TargetUnknown    TargetHealth = "unknown"
)

// Target is one target of a group.
type Target struct {
	ID       string // of an instance, or an address
	Port     int
	Instance string // the instance that was asked for and is this target, or empty
	Health   TargetHealth
	State    string // in the load balancer's words, with the reason
}

// Of returns the targets that are an instance.
func (g *TargetGroup) Of(instance string) (own []Target) {
	for _, t := range g.Targets {
		if t.Instance == instance {
			own = append(own, t)
		}
	}
	return own
}

// Describe returns what the group says of an instance that is a target of it, such as "in target group www (healthy; 2 of 3
// healthy)". leaving holds those that end with it; nil means none.
func (g *TargetGroup) Describe(instance string, leaving map[string]bool) string {
	var own []string
	for _, t := range g.Of(instance) {
		if !slices.Contains(own, t.State) {
			own = append(own, t.State)
		}
	}
	healthy, all := g.count(func(t *Target) bool { return t.Health == TargetHealthy }), g.count(func(*Target) bool { return true })
	many := fmt.Sprintf("%d of %d healthy", healthy, all)
	switch last, _ := g.Last(instance, leaving); {
	case last && healthy > 1:
		many = fmt.Sprintf("with the others of this plan the last healthy of %d", all)
	case last:
		many = fmt.Sprintf("last healthy of %d", all)
	}
	return "in target group " + g.Name + " (" + strings.Join(own, ", ") + "; " + many + ")"
}

// Last reports whether the group has no other healthy target than an instance and those that are leaving with it, see
// Describe. unsure means that this depends on the health of targets of which it is not known.
func (g *TargetGroup) Last(instance string, leaving map[string]bool) (last, unsure bool) {
	goes := func(t *Target) bool {
		return t.Instance != "" && (t.Instance == instance || leaving[t.Instance])
	}
	own := TargetNotHealthy
	others := false
	for i := range g.Targets {
		switch t := &g.Targets[i]; {
		case t.Instance == instance && (t.Health == TargetHealthy || own == TargetNotHealthy):
			own = t.Health
		case goes(t):
		case t.Health == TargetHealthy:
			return false, false
		default:
			others = others || t.Health == TargetUnknown
		}
	}
	return own == TargetHealthy && !others, own == TargetUnknown || own == TargetHealthy && others
}

// Without returns the command that takes an instance out of the group.
func (g *TargetGroup) Without(instance string) string {
	out := g.Deregister
	for _, t := range g.Of(instance) {
		out += fmt.Sprintf(" Id=%s,Port=%d", t.ID, t.Port)
	}
	return out
}

// count returns the number of targets, each id once, of which one is as wanted.
func (g *TargetGroup) count(wanted func(*Target) bool) int {
	ids := map[string]bool{}
	for i := range g.Targets {
		if wanted(&g.Targets[i]) {
			ids[g.Targets[i].ID] = true
		}
	}
	return len(ids)
}
