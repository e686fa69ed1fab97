package awsfront

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// tokenMark separates a client token from the index of the instance within its launch. The world has one instance per
// token.
const tokenMark = "\x00"

// clientToken returns the client token of an instance's launch.
func clientToken(i *world.Instance) string {
	t, _, _ := strings.Cut(i.ClientToken, tokenMark)
	return t
}

func addr(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// publicName returns Amazon's DNS name of a public address.
func (c *ec2Call) publicName(i *world.Instance) string {
	if !i.Public.IsValid() {
		return ""
	}
	dashes := strings.ReplaceAll(i.Public.String(), ".", "-")
	if c.cloud.Region == "us-east-1" {
		return "ec2-" + dashes + ".compute-1.amazonaws.com"
	}
	return "ec2-" + dashes + "." + c.cloud.Region + ".compute.amazonaws.com"
}

func (c *ec2Call) privateName(i *world.Instance) string {
	if !i.Private.IsValid() {
		return ""
	}
	dashes := strings.ReplaceAll(i.Private.String(), ".", "-")
	if c.cloud.Region == "us-east-1" {
		return "ip-" + dashes + ".ec2.internal"
	}
	return "ip-" + dashes + "." + c.cloud.Region + ".compute.internal"
}

func (c *ec2Call) profileARN(name string) string {
	if name == "" {
		return ""
	}
	return "arn:aws:iam::" + c.f.account(c.call) + ":instance-profile/" + name
}

// vpcOf returns the network of a subnet.
func (c *ec2Call) vpcOf(subnet string) string {
	for _, n := range c.f.w.Networks(c.cloud.Name) {
		if n.ID == subnet {
			return n.VPC
		}
	}
	return ""
}

// reservation returns the id of an instance's launch.
func (c *ec2Call) reservation(i *world.Instance) string {
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	if r, ok := c.state.reservations[i.ID]; ok {
		return r
	}
	return derived("r", i.ID)
}

func (c *ec2Call) writeReservation(id string, rows []world.Instance) {
	c.x.el("reservationId", id)
	c.x.el("ownerId", c.f.account(c.call))
	c.x.empty("groupSet")
	c.x.items("instancesSet", len(rows), func(n int) { c.writeInstance(&rows[n], n) })
}

func (c *ec2Call) writeState(name string, s providers.InstanceState) {
	code, text := instanceState(s)
	c.x.in(name, func() {
		c.x.num("code", code)
		c.x.el("name", text)
	})
}

// writeInstance writes an instance in the form of DescribeInstances and RunInstances.
func (c *ec2Call) writeInstance(i *world.Instance, launchIndex int) {
	x := c.x
	live := i.State != providers.StateTerminated
	x.el("instanceId", i.ID)
	x.el("imageId", i.Image)
	c.writeState("instanceState", i.State)
	x.el("privateDnsName", c.privateName(i))
	x.el("dnsName", c.publicName(i))
	reason := ""
	switch i.State {
	case providers.StateStopped, providers.StateStopping, providers.StateTerminated, providers.StateTerminating:
		reason = "User initiated"
		if i.Reason != "" {
			reason, _, _ = strings.Cut(i.Reason, ":")
		}
		reason += " (" + i.Changed.UTC().Format("2006-01-02 15:04:05") + " GMT)"
	}
	x.el("reason", reason)
	x.opt("keyName", i.KeyName)
	x.num("amiLaunchIndex", launchIndex)
	x.empty("productCodes")
	x.el("instanceType", i.Type)
	x.at("launchTime", i.Launched)
	x.in("placement", func() {
		x.el("availabilityZone", c.cloud.Region+"a")
		x.empty("groupName")
		x.el("tenancy", "default")
	})
	x.in("monitoring", func() { x.el("state", "disabled") })
	if live {
		x.opt("subnetId", i.Network)
		x.opt("vpcId", c.vpcOf(i.Network))
		x.opt("privateIpAddress", addr(i.Private))
		x.opt("ipAddress", addr(i.Public))
		x.opt("ipv6Address", addr(i.Public6))
		x.flag("sourceDestCheck", true)
		c.writeGroups()
	}
	if reason != "" {
		code, message := "Client.UserInitiatedShutdown", "Client.UserInitiatedShutdown: User initiated shutdown"
		if i.Reason != "" {
			code, _, _ = strings.Cut(i.Reason, ":")
			message = i.Reason
		}
		x.group("stateReason", "code", code, "message", message)
	} else if i.State == providers.StatePending {
		x.group("stateReason", "code", "pending", "message", "pending")
	}
	x.els("architecture", "x86_64", "rootDeviceType", "ebs", "rootDeviceName", "/dev/xvda")
	if live && i.State != providers.StatePending {
		x.items("blockDeviceMapping", 1, func(int) {
			x.el("deviceName", "/dev/xvda")
			x.in("ebs", func() {
				x.el("volumeId", derived("vol", i.ID))
				x.el("status", "attached")
				x.at("attachTime", i.Launched)
				x.flag("deleteOnTermination", true)
			})
		})
	} else {
		x.empty("blockDeviceMapping")
	}
	x.el("virtualizationType", "hvm")
	x.el("clientToken", clientToken(i))
	c.writeTags(i.Tags)
	x.el("hypervisor", "xen")
	if live {
		x.items("networkInterfaceSet", 1, func(int) { c.writeInstanceInterface(i) })
	} else {
		x.empty("networkInterfaceSet")
	}
	if i.Profile != "" {
		x.group("iamInstanceProfile", "arn", c.profileARN(i.Profile), "id", iamID("AIPA", i.Profile))
	}
	x.flag("ebsOptimized", false)
	x.flag("enaSupport", true)
	c.writeMetadataOptions(i)
}

func (c *ec2Call) writeTags(tags map[string]string) {
	if len(tags) == 0 {
		return
	}
	keys := slices.Sorted(maps.Keys(tags))
	c.x.items("tagSet", len(keys), func(n int) {
		c.x.el("key", keys[n])
		c.x.el("value", tags[keys[n]])
	})
}

func (c *ec2Call) writeGroups() {
	c.x.items("groupSet", 1, func(int) {
		c.x.el("groupId", defaultGroup)
		c.x.el("groupName", "default")
	})
}

// writeInstanceInterface writes the one interface of an instance as part of the instance.
func (c *ec2Call) writeInstanceInterface(i *world.Instance) {
	x := c.x
	x.els("networkInterfaceId", derived("eni", i.ID), "subnetId", i.Network, "vpcId", c.vpcOf(i.Network))
	x.empty("description")
	x.els(
		"ownerId", c.f.account(c.call), "status", "in-use", "macAddress", macOf(i), "privateIpAddress", addr(i.Private),
		"privateDnsName", c.privateName(i), "sourceDestCheck", "true",
	)
	c.writeGroups()
	x.in("attachment", func() {
		x.els("attachmentId", derived("eni-attach", i.ID), "deviceIndex", "0", "status", "attached")
		x.at("attachTime", i.Launched)
		x.flag("deleteOnTermination", true)
		x.num("networkCardIndex", 0)
	})
	association := func() {
		if !i.Public.IsValid() {
			return
		}
		x.group("association", "publicIp", addr(i.Public), "publicDnsName", c.publicName(i), "ipOwnerId", c.ipOwner(i))
	}
	association()
	x.items("privateIpAddressesSet", 1, func(int) {
		x.els("privateIpAddress", addr(i.Private), "privateDnsName", c.privateName(i), "primary", "true")
		association()
	})
	v6 := i.V6()
	x.items("ipv6AddressesSet", len(v6), func(n int) {
		x.el("ipv6Address", addr(v6[n]))
		x.flag("isPrimaryIpv6", false)
	})
	x.el("interfaceType", "interface")
}

// ipOwner returns the owner of an instance's public address: the account for an elastic one, Amazon for one that is
// released at a stop.
func (c *ec2Call) ipOwner(i *world.Instance) string {
	if i.Elastic {
		return c.f.account(c.call)
	}
	return "amazon"
}

func macOf(i *world.Instance) string {
	b := [4]byte{}
	if i.Private.Is4() {
		b = i.Private.As4()
	}
	return fmt.Sprintf("0e:5a:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3])
}

func (c *ec2Call) writeMetadataOptions(i *world.Instance) {
	c.state.mu.Lock()
	m, ok := c.state.metadata[i.ID]
	c.state.mu.Unlock()
	if !ok {
		m = metadataOptions{tokens: "required", endpoint: "enabled", hopLimit: "2", instanceTags: "disabled"}
	}
	c.x.group("metadataOptions",
		"state", "applied", "httpTokens", m.tokens, "httpPutResponseHopLimit", m.hopLimit, "httpEndpoint", m.endpoint,
		"httpProtocolIpv6", "disabled", "instanceMetadataTags", m.instanceTags,
	)
}
