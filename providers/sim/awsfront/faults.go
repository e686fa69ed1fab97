package awsfront

import (
	"slices"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// otherAccount is the account of the credentials under world.WrongKey.
const otherAccount = "999988887777"

// listFaults truncate lists. They only affect lists of one source.
var listFaults = []world.FaultKind{world.ShortPage, world.EmptyPage, world.PageLoop, world.Stale, world.Expired}

// faultOf returns the fault that a call meets.
func (f *front) faultOf(c *call) world.FaultKind {
	switch c.service {
	case "ec2", elbService, "sts", "ssm":
		if c.cloud == nil {
			return world.NoFault
		}
		c.source = c.cloud.Name
		k, _ := f.w.Fault(c.source)
		return k
	case "iam":
		var names []string
		for _, cl := range f.w.Clouds() {
			if cl.Provider == providers.EC2 {
				names = append(names, cl.Name)
			}
		}
		return f.common(names)
	case "route53":
		if z := f.zoneOfPath(c.r.URL.Path); z != nil {
			c.source = z.Name
			k, _ := f.w.Fault(c.source)
			return k
		}
		var names []string
		for _, z := range f.w.Zones(providers.Route53) {
			names = append(names, z.Name)
		}
		return f.common(names)
	}
	return world.NoFault
}

// common returns the fault that all sources have in common, for a call about the whole account.
func (f *front) common(sources []string) world.FaultKind {
	all := world.NoFault
	for n, s := range sources {
		k, _ := f.w.Fault(s)
		if n > 0 && k != all {
			return world.NoFault
		}
		all = k
	}
	if slices.Contains(listFaults, all) {
		return world.NoFault
	}
	return all
}

// account returns the account of a call's credentials.
func (f *front) account(c *call) string {
	if c.fault == world.WrongKey {
		return otherAccount
	}
	return f.w.Credentials.AWSAccount
}
