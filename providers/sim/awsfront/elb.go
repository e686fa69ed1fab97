package awsfront

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"rollcall/providers/sim/world"
)

// Elastic Load Balancing, version 2: its name in signatures, and the version of its query API.
const (
	elbService = "elasticloadbalancing"
	elbVersion = "2015-12-01"
)

// elbCall is one call to Elastic Load Balancing in one region.
type elbCall struct {
	*call
	f *front
	x *xmlWriter
}

func elbActions() map[string]func(*elbCall) *apiError {
	return map[string]func(*elbCall) *apiError{
		"DescribeTargetGroups": (*elbCall).describeTargetGroups,
		"DescribeTargetHealth": (*elbCall).describeTargetHealth,
		"RegisterTargets":      (*elbCall).editTargets,
		"DeregisterTargets":    (*elbCall).editTargets,
	}
}

func (f *front) serveELB(c *call, x *xmlWriter) *apiError {
	action := c.action()
	do, ok := elbActions()[action]
	switch {
	case !ok:
		return bad("InvalidAction", "Could not find operation %s for version %s", action, elbVersion)
	case c.writes() && c.fault == world.WrongKey:
		return &apiError{403, "AccessDenied", "User: " + f.caller(c) + " is not authorized to perform: " + elbService + ":" + action}
	}
	x.open(action+"Response", namespaceOf(c.service))
	x.open(action+"Result", "")
	if err := do(&elbCall{c, f, x}); err != nil {
		return err
	}
	x.close(action + "Result")
	x.group("ResponseMetadata", "RequestId", c.id)
	x.close(action + "Response")
	return nil
}

// members writes a list with elements named member.
func (c *elbCall) members(name string, n int, f func(i int)) {
	c.x.in(name, func() {
		for i := range n {
			c.x.in("member", func() { f(i) })
		}
	})
}

func (c *elbCall) arn(g *world.TargetGroup) string {
	return "arn:aws:elasticloadbalancing:" + c.cloud.Region + ":" + c.f.account(c.call) + ":targetgroup/" + g.Name + "/" + g.ID
}

// groups returns the groups that the credentials can see.
func (c *elbCall) groups() []world.TargetGroup {
	if c.fault == world.WrongKey {
		return nil
	}
	return c.f.w.TargetGroups(c.cloud.Name)
}

func (c *elbCall) describeTargetGroups() *apiError {
	const most = 400
	limit, from := most, 0
	var err error
	if s := c.form.Get("PageSize"); s != "" {
		if limit, err = strconv.Atoi(s); err != nil || limit < 1 || limit > most {
			return bad("ValidationError", "1 validation error detected: Value '%s' at 'pageSize' failed to satisfy constraint: Member must have value less than or equal to %d", s, most)
		}
	}
	if s := c.form.Get("Marker"); s != "" {
		if from, err = strconv.Atoi(s); err != nil {
			return bad("ValidationError", "Invalid marker")
		}
	}
	all := c.groups()
	for param, of := range map[string]func(*world.TargetGroup) string{
		"TargetGroupArns.member": c.arn, "Names.member": func(g *world.TargetGroup) string { return g.Name },
	} {
		wanted := list(c.form, param)
		for _, name := range wanted {
			if !slices.ContainsFunc(all, func(g world.TargetGroup) bool { return of(&g) == name }) {
				return bad("TargetGroupNotFound", "One or more target groups not found")
			}
		}
		all = slices.DeleteFunc(all, func(g world.TargetGroup) bool { return len(wanted) > 0 && !slices.Contains(wanted, of(&g)) })
	}
	if lb := c.form.Get("LoadBalancerArn"); lb != "" {
		all = slices.DeleteFunc(all, func(g world.TargetGroup) bool { return g.Balancer != lb })
	}
	from = min(max(from, 0), len(all))
	to := min(from+c.f.w.PageOf(limit), len(all))
	page := all[from:to]
	c.members("TargetGroups", len(page), func(n int) {
		g := &page[n]
		c.x.els("TargetGroupArn", c.arn(g), "TargetGroupName", g.Name, "Protocol", "HTTP", "Port", strconv.Itoa(g.Port), "VpcId", g.VPC)
		c.x.els("HealthCheckProtocol", "HTTP", "HealthCheckPort", "traffic-port", "HealthCheckEnabled", "true", "HealthCheckPath", "/", "TargetType", map[bool]string{true: "ip", false: "instance"}[g.ByAddress])
		c.x.in("LoadBalancerArns", func() { c.x.opt("member", g.Balancer) })
	})
	if to < len(all) {
		c.x.el("NextMarker", strconv.Itoa(to))
	}
	return nil
}

// group returns the group that a call names.
func (c *elbCall) group() (*world.TargetGroup, *apiError) {
	arn := c.form.Get("TargetGroupArn")
	all := c.groups()
	if n := slices.IndexFunc(all, func(g world.TargetGroup) bool { return c.arn(&g) == arn }); n >= 0 {
		return &all[n], nil
	}
	if !strings.HasPrefix(arn, "arn:") {
		return nil, bad("ValidationError", "'%s' is not a valid target group ARN", arn)
	}
	return nil, bad("TargetGroupNotFound", "One or more target groups not found")
}

// named returns the targets in the parameter Targets. One without a port has that of the group.
func (c *elbCall) named(g *world.TargetGroup) (out []world.Target) {
	for _, t := range groups(c.form, "Targets.member") {
		port, _ := strconv.Atoi(t.Get("Port"))
		out = append(out, world.Target{ID: t.Get("Id"), Port: cmp.Or(port, g.Port), Outside: t.Get("AvailabilityZone") == "all"})
	}
	return out
}

func (c *elbCall) describeTargetHealth() *apiError {
	g, err := c.group()
	if err != nil {
		return err
	}
	rows := g.Targets
	if wanted := c.named(g); len(wanted) > 0 {
		for i := range wanted {
			t := &wanted[i]
			if n := slices.IndexFunc(g.Targets, func(have world.Target) bool { return have.ID == t.ID && have.Port == t.Port }); n >= 0 {
				*t = g.Targets[n]
			} else {
				t.Health, t.Why = "unused", "Target.NotRegistered"
			}
		}
		rows = wanted
	}
	c.members("TargetHealthDescriptions", len(rows), func(n int) {
		t := &rows[n]
		c.x.in("Target", func() {
			c.x.els("Id", t.ID, "Port", strconv.Itoa(t.Port))
			if g.ByAddress {
				c.x.el("AvailabilityZone", map[bool]string{true: "all", false: c.cloud.Region + "a"}[t.Outside])
			}
		})
		c.x.el("HealthCheckPort", strconv.Itoa(t.Port))
		c.x.in("TargetHealth", func() {
			c.x.el("State", t.Health)
			c.x.opt("Reason", t.Why)
		})
	})
	return nil
}

// editTargets registers or deregisters targets.
func (c *elbCall) editTargets() *apiError {
	g, err := c.group()
	if err != nil {
		return err
	}
	targets := c.named(g)
	if len(targets) == 0 {
		return bad("ValidationError", "1 validation error detected: Value null at 'targets' failed to satisfy constraint: Member must not be null")
	}
	if c.action() == "DeregisterTargets" {
		c.f.w.EditTargets(c.cloud.Name, g.ID, nil, targets) // one that is not there is no error
		return nil
	}
	for _, t := range targets {
		if g.ByAddress {
			if ip, err := netip.ParseAddr(t.ID); err != nil || ip.Is4() && !ip.IsPrivate() {
				return bad("ValidationError", "The IP address '%s' is not a valid target", t.ID)
			}
		} else if i, err := c.f.w.Instance(c.cloud.Name, t.ID); err != nil || !i.State.Listed() {
			return bad("InvalidTarget", "The following targets are not in a running state and cannot be registered: '%s'", t.ID)
		}
	}
	c.f.w.EditTargets(c.cloud.Name, g.ID, targets, nil)
	return nil
}
