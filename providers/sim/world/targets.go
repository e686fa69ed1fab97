package world

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"rollcall/providers"
)

// TargetGroup is a group of targets of a load balancer.
type TargetGroup struct {
	Name, ID  string // ID is the last part of its ARN
	ByAddress bool   // its targets are addresses and not instances
	Port      int
	VPC       string // that of the cloud's network if empty
	Balancer  string // ARN of the load balancer that uses it, or empty
	Targets   []Target
}

// Target is one target of a group.
type Target struct {
	ID          string
	Port        int
	Outside     bool      // an address outside the group's network
	Left        time.Time // when it was deregistered, while it drains; zero for one that is registered
	Health, Why string    // as of now; set Health for a target whose health the world does not work out
}

// drains is how long a deregistered target is shown as draining (attribute deregistration_delay.timeout_seconds).
const drains = 300 * time.Second

// AddTargetGroup adds a group to a cloud of EC2.
func (w *World) AddTargetGroup(cloudName string, g TargetGroup) {
	w.lock()
	defer w.unlock()
	w.addGroup(w.cloud(cloudName), g)
}

func (w *World) addGroup(c *cloud, g TargetGroup) {
	if g.ID == "" {
		g.ID = fmt.Sprintf("%016x", 0x5d2f0c8a9b7e6d1c+len(c.groups))
	}
	if g.VPC == "" {
		g.VPC = w.Networks(c.Name)[0].VPC
	}
	g.Targets = slices.Clone(g.Targets)
	c.groups = append(c.groups, &g)
}

// TargetGroups returns the groups of a cloud with their targets as of now.
func (w *World) TargetGroups(cloudName string) []TargetGroup {
	w.lock()
	defer w.unlock()
	c := w.cloud(cloudName)
	out := make([]TargetGroup, len(c.groups))
	for i, g := range c.groups {
		g.Targets = slices.DeleteFunc(g.Targets, func(t Target) bool {
			n, ok := c.byID[t.ID]
			return !t.Left.IsZero() && !w.clock.Now().Before(t.Left.Add(drains)) || !g.ByAddress && (!ok || n.State == providers.StateTerminated)
		})
		out[i] = *g
		out[i].Targets = slices.Clone(g.Targets)
		for n := range out[i].Targets {
			c.setHealth(g, &out[i].Targets[n])
		}
	}
	return out
}

// setHealth sets the health of a target by the state of its instance.
func (c *cloud) setHealth(g *TargetGroup, t *Target) {
	var inst *Instance
	if inst = c.byID[t.ID]; g.ByAddress {
		ip, _ := netip.ParseAddr(t.ID)
		if n := slices.IndexFunc(c.instances, func(i *Instance) bool { return i.Private == ip || slices.Contains(i.V6(), ip) }); n >= 0 {
			inst = c.instances[n]
		}
	}
	up := inst != nil && inst.State == providers.StateRunning
	switch {
	case t.Health != "":
	case !t.Left.IsZero():
		t.Health, t.Why = "draining", "Target.DeregistrationInProgress"
	case g.Balancer == "":
		t.Health, t.Why = "unused", "Target.NotInUse"
	case up:
		t.Health = "healthy"
	case inst != nil && inst.State == providers.StatePending:
		t.Health, t.Why = "initial", "Elb.InitialHealthChecking"
	case g.ByAddress:
		t.Health, t.Why = "unhealthy", "Target.Timeout"
	default:
		t.Health, t.Why = "unused", "Target.InvalidState"
	}
}

// EditTargets registers and deregisters targets of a group. It reports whether there is such a group.
func (w *World) EditTargets(cloudName, groupID string, register, deregister []Target) bool {
	w.lock()
	defer w.unlock()
	c := w.cloud(cloudName)
	n := slices.IndexFunc(c.groups, func(g *TargetGroup) bool { return g.ID == groupID })
	if n < 0 {
		return false
	}
	g := c.groups[n]
	at := func(t Target) int {
		return slices.IndexFunc(g.Targets, func(have Target) bool { return have.ID == t.ID && have.Port == t.Port })
	}
	for _, t := range register {
		if i := at(t); i >= 0 {
			g.Targets[i] = t
		} else {
			g.Targets = append(g.Targets, t)
		}
	}
	for _, t := range deregister {
		if i := at(t); i >= 0 && g.Targets[i].Left.IsZero() {
			g.Targets[i].Left = w.clock.Now()
		}
	}
	return true
}

// seedTargets adds a load balancer's target group with the first nodes of the web service of a cloud.
func (s *seeder) seedTargets() {
	const most = 6
	c := s.w.cloud("aws-use1")
	g := TargetGroup{Name: "tg-www", Port: 80, Balancer: "arn:aws:elasticloadbalancing:" + c.Region + ":" + c.Account + ":loadbalancer/app/front/5d2f0c8a9b7e6d1c"}
	for _, i := range c.instances {
		if len(g.Targets) < most && i.Tags["service"] == "www" && i.State == providers.StateRunning {
			g.Targets = append(g.Targets, Target{ID: i.ID, Port: g.Port})
		}
	}
	s.w.addGroup(c, g)
}
