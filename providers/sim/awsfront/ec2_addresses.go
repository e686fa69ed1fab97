package awsfront

import (
	"net/netip"
	"slices"
	"strings"

	"rollcall/providers"
	"rollcall/providers/sim/faultplay"
	"rollcall/providers/sim/world"
)

// elastic returns the elastic addresses of the account: those of the world's list, and those that instances hold.
func (c *ec2Call) elastic() []world.Address {
	if c.fault == world.WrongKey {
		return nil
	}
	var out []world.Address
	for _, a := range c.f.w.Addresses(c.cloud.Name) {
		if a.Kind == providers.AddressElastic {
			out = append(out, a)
		}
	}
	for _, i := range c.rows(func(i *world.Instance) bool { return i.Elastic && i.Public.IsValid() }, 0, 0) {
		if !slices.ContainsFunc(out, func(a world.Address) bool { return a.IP == i.Public }) {
			out = append(out, world.Address{ID: derived("eipalloc", i.ID), IP: i.Public, Private: i.Private, Kind: providers.AddressElastic, Instance: i.ID})
		}
	}
	return out
}

// describeAddresses has no pages: EC2 returns all elastic addresses at once.
func (c *ec2Call) describeAddresses() *apiError {
	all := c.elastic()
	matching, err := kept(c, all, func(a world.Address) fields {
		return fields{
			"public-ip": one(addr(a.IP)), "allocation-id": one(a.ID), "instance-id": one(a.Instance), "private-ip-address": one(addr(a.Private)),
			"domain": one("vpc"), "network-interface-owner-id": one(c.f.account(c.call)),
		}
	}, func(a world.Address) map[string]string { return c.tagsOf(a.ID) })
	if err != nil {
		return err
	}
	ids, ips := list(c.form, "AllocationId"), list(c.form, "PublicIp")
	for _, id := range ids {
		if !slices.ContainsFunc(all, func(a world.Address) bool { return a.ID == id }) {
			return bad("InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist", id)
		}
	}
	for _, ip := range ips {
		a, err := netip.ParseAddr(ip)
		if err != nil {
			return bad("InvalidParameterValue", "Value (%s) for parameter publicIp is invalid. Invalid IPv4 address.", ip)
		}
		if !slices.ContainsFunc(all, func(x world.Address) bool { return x.IP == a }) {
			return bad("InvalidAddress.NotFound", "Address '%s' not found.", ip)
		}
	}
	matching = slices.DeleteFunc(matching, func(a world.Address) bool {
		return len(ids) > 0 && !slices.Contains(ids, a.ID) || len(ips) > 0 && !slices.Contains(ips, addr(a.IP))
	})
	rows, _ := faultplay.Page(c.fault, matching, 0, 0)
	c.x.items("addressesSet", len(rows), func(n int) {
		a := rows[n]
		c.x.els("publicIp", addr(a.IP), "allocationId", a.ID, "domain", "vpc")
		if a.Instance != "" {
			c.x.els(
				"instanceId", a.Instance, "associationId", derived("eipassoc", a.ID), "networkInterfaceId", derived("eni", a.Instance),
				"networkInterfaceOwnerId", c.f.account(c.call),
			)
			c.x.opt("privateIpAddress", addr(a.Private))
		}
		c.writeTags(c.tagsOf(a.ID))
		c.x.el("publicIpv4Pool", "amazon")
		c.x.el("networkBorderGroup", c.cloud.Region)
	})
	return nil
}

// networkInterface is an interface of the account, of an instance or of something else.
type networkInterface struct {
	position int // in the list; those without an instance come first, with negative positions
	world.Address
	inst *world.Instance
}

// interfaces returns the interfaces after a position, at most limit (0: all).
func (c *ec2Call) interfaces(fs []filter, cursor, limit int) []networkInterface {
	if c.fault == world.WrongKey {
		return nil
	}
	var out []networkInterface
	take := func(n networkInterface) {
		ok, err := keep(fs, c.interfaceFields(n), c.tagsOf(n.ID))
		if ok && err == nil && n.position > cursor && (limit <= 0 || len(out) < limit) {
			out = append(out, n)
		}
	}
	others := c.f.w.Addresses(c.cloud.Name)
	for n, a := range others {
		if a.Kind == providers.AddressInterface {
			take(networkInterface{position: n - len(others), Address: a})
		}
	}
	live := func(i *world.Instance) bool {
		return i.State != providers.StateTerminated && i.State != providers.StateTerminating
	}
	rest := 0
	if limit > 0 && len(fs) == 0 {
		rest = limit - len(out)
		if rest == 0 {
			return out
		}
	}
	for _, i := range c.rows(live, max(cursor, 0), rest) {
		take(networkInterface{position: i.Number, Address: world.Address{ID: derived("eni", i.ID), IP: i.Public, Private: i.Private, Instance: i.ID}, inst: &i})
	}
	return out
}

func (c *ec2Call) interfaceFields(n networkInterface) fields {
	owner, typ := c.interfaceOwner(n)
	return fields{
		"network-interface-id": one(n.ID), "status": one("in-use"), "description": one(n.Note), "interface-type": one(typ),
		"association.public-ip": one(addr(n.IP)), "addresses.association.public-ip": one(addr(n.IP)),
		"association.ip-owner-id": one(owner), "private-ip-address": one(addr(n.Private)), "addresses.private-ip-address": one(addr(n.Private)),
		"attachment.instance-id": one(n.Instance), "owner-id": one(c.f.account(c.call)), "vpc-id": one(c.subnet().VPC), "subnet-id": one(c.subnet().ID),
		"availability-zone": one(c.cloud.Region + "a"), "group-id": one(defaultGroup), "requester-id": one(requester(n)),
	}
}

// interfaceOwner returns the owner of an interface's public address and its type.
func (c *ec2Call) interfaceOwner(n networkInterface) (ipOwner, typ string) {
	switch {
	case n.inst != nil:
		return c.ipOwner(n.inst), "interface"
	case strings.HasPrefix(n.Note, "ELB "):
		return "amazon-elb", "interface"
	case strings.Contains(n.Note, "NAT Gateway"):
		return c.f.account(c.call), "nat_gateway"
	}
	return "amazon", "interface"
}

func requester(n networkInterface) string {
	if strings.HasPrefix(n.Note, "ELB ") {
		return "amazon-elb"
	}
	return ""
}

// subnet returns the only subnet of the region.
func (c *ec2Call) subnet() world.Network { return c.f.w.Networks(c.cloud.Name)[0] }

func (c *ec2Call) describeNetworkInterfaces() *apiError {
	p, err := c.paging(5, 1000)
	if err != nil {
		return err
	}
	if p.token == "" {
		p.cursor = -1 << 31
	}
	fs := filters(c.form)
	if err := known(fs, c.interfaceFields(networkInterface{})); err != nil {
		return err
	}
	ids := list(c.form, "NetworkInterfaceId")
	if len(ids) > 0 {
		fs = append(fs, filter{"network-interface-id", ids})
		all := c.interfaces(fs, p.cursor, 0)
		for _, id := range ids {
			if !slices.ContainsFunc(all, func(n networkInterface) bool { return n.ID == id }) {
				return bad("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '%s' does not exist", id)
			}
		}
		c.writeInterfaces(all)
		return nil
	}
	all := c.interfaces(fs, p.cursor, p.limit+1)
	rows, next, loop := faultplay.Cut(c.fault, all[:min(p.limit, len(all))], len(all) > p.limit)
	c.writeInterfaces(rows)
	switch {
	case loop:
		c.x.el("nextToken", tokenAfter(p.cursor))
	case next:
		c.x.el("nextToken", tokenAfter(rows[len(rows)-1].position))
	}
	return nil
}

func (c *ec2Call) writeInterfaces(rows []networkInterface) {
	x := c.x
	x.items("networkInterfaceSet", len(rows), func(k int) {
		n := rows[k]
		owner, typ := c.interfaceOwner(n)
		inst := n.inst
		if inst == nil {
			inst = &world.Instance{Public: n.IP, Private: n.Private}
		}
		x.els(
			"networkInterfaceId", n.ID, "subnetId", c.subnet().ID, "vpcId", c.subnet().VPC, "availabilityZone", c.cloud.Region+"a",
			"description", n.Note, "ownerId", c.f.account(c.call),
		)
		x.opt("requesterId", requester(n))
		x.flag("requesterManaged", requester(n) != "")
		x.el("status", "in-use")
		x.el("macAddress", macOf(inst))
		x.opt("privateIpAddress", addr(n.Private))
		x.opt("privateDnsName", c.privateName(inst))
		x.flag("sourceDestCheck", true)
		c.writeGroups()
		x.in("attachment", func() {
			x.el("attachmentId", derived("eni-attach", n.ID))
			if n.inst != nil {
				x.el("instanceId", n.Instance)
				x.el("instanceOwnerId", c.f.account(c.call))
			} else {
				x.el("instanceOwnerId", owner)
			}
			x.num("deviceIndex", 0)
			x.el("status", "attached")
			x.flag("deleteOnTermination", n.inst != nil)
		})
		association := func() {
			if !n.IP.IsValid() {
				return
			}
			x.group("association", "publicIp", addr(n.IP), "publicDnsName", c.publicName(inst), "ipOwnerId", owner)
		}
		association()
		if tags := c.tagsOf(n.ID); len(tags) > 0 {
			c.writeTags(tags)
		} else {
			x.empty("tagSet")
		}
		if n.Private.IsValid() {
			x.items("privateIpAddressesSet", 1, func(int) {
				x.els("privateIpAddress", addr(n.Private), "privateDnsName", c.privateName(inst), "primary", "true")
				association()
			})
		}
		v6 := inst.V6()
		x.items("ipv6AddressesSet", len(v6), func(k int) { x.el("ipv6Address", addr(v6[k])) })
		x.el("interfaceType", typ)
	})
}
