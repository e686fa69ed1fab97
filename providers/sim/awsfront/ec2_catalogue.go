package awsfront

import (
	"slices"
	"strconv"
	"strings"

	"rollcall/providers"
	"rollcall/providers/sim/faultplay"
	"rollcall/providers/sim/world"
)

// catalogue returns the rows of a list that every account sees, limited by the filters, ids and page of the call, in
// the given order. row returns the fields for filters.
func catalogue[T any](c *ec2Call, all []T, low, high int, row func(T) fields) (rows []T, token string, err *apiError) {
	p, err := pageOf(c.form, low, high, high)
	if err != nil {
		return nil, "", err
	}
	fs := filters(c.form)
	var none T
	for _, f := range fs {
		if _, err := keep([]filter{f}, row(none), nil); err != nil {
			return nil, "", err
		}
	}
	all = slices.DeleteFunc(slices.Clone(all), func(t T) bool {
		ok, err := keep(fs, row(t), nil)
		return !ok || err != nil
	})
	rows, next := faultplay.Page(c.fault, all, p.cursor, p.limit)
	if next >= 0 {
		token = tokenAfter(next)
	}
	return rows, token, nil
}

// asked returns the rows that a call names by id, or all if it names none. A missing one is an error.
func asked[T any](ids []string, all []T, id func(T) string, missing func(id string) *apiError) ([]T, *apiError) {
	if len(ids) == 0 {
		return all, nil
	}
	var out []T
	for _, want := range ids {
		n := slices.IndexFunc(all, func(t T) bool { return id(t) == want })
		if n < 0 {
			return nil, missing(want)
		}
		out = append(out, all[n])
	}
	return out, nil
}

func (c *ec2Call) describeImages() *apiError {
	all, err := asked(list(c.form, "ImageId"), c.f.w.Images(c.cloud.Name), func(i world.Image) string { return i.ID }, func(id string) *apiError {
		if !strings.HasPrefix(id, "ami-") {
			return bad("InvalidAMIID.Malformed", "Invalid id: \"%s\" (expecting \"ami-...\")", id)
		}
		return bad("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
	})
	if err != nil {
		return err
	}
	if owners := list(c.form, "Owner"); len(owners) > 0 {
		all = slices.DeleteFunc(slices.Clone(all), func(i world.Image) bool { return !slices.Contains(owners, i.Owner) })
	}
	rows, token, err := catalogue(c, all, 1, 1000, func(i world.Image) fields {
		return fields{
			"image-id": one(i.ID), "name": one(i.Name), "description": one(i.Description), "architecture": one(i.Arch), "owner-id": one(i.Owner),
			"owner-alias": func() []string { return nil }, "state": one("available"), "root-device-type": one("ebs"), "virtualization-type": one("hvm"),
			"image-type": one("machine"), "is-public": one("true"), "hypervisor": one("xen"), "platform-details": one(i.OS), "creation-date": one(i.Published),
			"ena-support": one("true"), "boot-mode": one("uefi-preferred"), "platform": func() []string { return nil },
		}
	})
	if err != nil {
		return err
	}
	x := c.x
	x.items("imagesSet", len(rows), func(n int) {
		i := rows[n]
		x.el("imageId", i.ID)
		x.el("imageLocation", i.Owner+"/"+i.Name)
		x.el("imageState", "available")
		x.el("imageOwnerId", i.Owner)
		x.el("creationDate", i.Published)
		x.flag("isPublic", true)
		x.el("architecture", i.Arch)
		x.el("imageType", "machine")
		x.el("name", i.Name)
		x.el("description", i.Description)
		x.el("rootDeviceType", "ebs")
		x.el("rootDeviceName", "/dev/xvda")
		x.items("blockDeviceMapping", 1, func(int) {
			x.el("deviceName", "/dev/xvda")
			x.in("ebs", func() {
				x.el("snapshotId", derived("snap", i.ID))
				x.num("volumeSize", 8)
				x.flag("deleteOnTermination", true)
				x.el("volumeType", "gp3")
				x.flag("encrypted", false)
			})
		})
		x.el("virtualizationType", "hvm")
		x.el("hypervisor", "xen")
		x.flag("enaSupport", true)
		x.el("sriovNetSupport", "simple")
		x.el("platformDetails", i.OS)
		x.el("usageOperation", "RunInstances")
		x.el("bootMode", "uefi-preferred")
		x.el("imdsSupport", "v2.0")
	})
	x.opt("nextToken", token)
	return nil
}

func (c *ec2Call) describeInstanceTypes() *apiError {
	all, err := asked(list(c.form, "InstanceType"), c.f.w.Sizes(c.cloud.Name), func(s world.Size) string { return s.ID }, func(id string) *apiError {
		return bad("InvalidInstanceType", "The following supplied instance types do not exist: [%s]", id)
	})
	if err != nil {
		return err
	}
	rows, token, err := catalogue(c, all, 5, 100, func(s world.Size) fields {
		return fields{
			"instance-type": one(s.ID), "current-generation": one("true"), "processor-info.supported-architecture": one("x86_64"),
			"vcpu-info.default-vcpus": one(strconv.Itoa(s.VCPUs)), "memory-info.size-in-mib": one(strconv.Itoa(s.MemoryMiB)), "bare-metal": one("false"),
			"hypervisor": one("nitro"), "supported-virtualization-type": one("hvm"), "supported-root-device-type": one("ebs"),
			"supported-usage-class": func() []string { return []string{"on-demand", "spot"} }, "instance-storage-supported": one("false"),
		}
	})
	if err != nil {
		return err
	}
	x := c.x
	texts := func(name string, texts ...string) {
		x.in(name, func() {
			for _, t := range texts {
				x.el("item", t)
			}
		})
	}
	x.items("instanceTypeSet", len(rows), func(n int) {
		s := rows[n]
		burst := strings.HasPrefix(s.ID, "t")
		x.el("instanceType", s.ID)
		x.flag("currentGeneration", true)
		x.flag("freeTierEligible", s.ID == "t3.micro")
		texts("supportedUsageClasses", "on-demand", "spot")
		texts("supportedRootDeviceTypes", "ebs")
		texts("supportedVirtualizationTypes", "hvm")
		x.flag("bareMetal", false)
		x.el("hypervisor", "nitro")
		x.in("processorInfo", func() {
			texts("supportedArchitectures", "x86_64")
			x.el("sustainedClockSpeedInGhz", "2.5")
			x.el("manufacturer", "Intel")
		})
		x.in("vCpuInfo", func() {
			x.num("defaultVCpus", s.VCPUs)
			x.num("defaultCores", max(s.VCPUs/2, 1))
			x.num("defaultThreadsPerCore", 2)
		})
		x.in("memoryInfo", func() { x.num("sizeInMiB", s.MemoryMiB) })
		x.flag("instanceStorageSupported", false)
		x.in("networkInfo", func() {
			x.el("networkPerformance", "Up to 5 Gigabit")
			x.num("maximumNetworkInterfaces", 3)
			x.num("ipv4AddressesPerInterface", 4)
			x.num("ipv6AddressesPerInterface", 4)
			x.flag("ipv6Supported", true)
			x.el("enaSupport", "required")
		})
		x.flag("hibernationSupported", false)
		x.flag("burstablePerformanceSupported", burst)
		x.flag("dedicatedHostsSupported", !burst)
		x.flag("autoRecoverySupported", true)
		texts("supportedBootModes", "legacy-bios", "uefi")
	})
	x.opt("nextToken", token)
	return nil
}

func (c *ec2Call) networks() []world.Network {
	if c.fault == world.WrongKey {
		return nil
	}
	return c.f.w.Networks(c.cloud.Name)
}

func (c *ec2Call) describeSubnets() *apiError {
	all, err := asked(list(c.form, "SubnetId"), c.networks(), func(n world.Network) string { return n.ID }, func(id string) *apiError {
		return bad("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id)
	})
	if err != nil {
		return err
	}
	rows, token, err := catalogue(c, all, 5, 1000, func(n world.Network) fields {
		return fields{
			"subnet-id": one(n.ID), "vpc-id": one(n.VPC), "availability-zone": one(n.Zone), "state": one("available"), "cidr-block": one(n.CIDR),
			"default-for-az": one("true"), "map-public-ip-on-launch": one(strconv.FormatBool(n.Public)), "owner-id": one(c.f.account(c.call)),
		}
	})
	if err != nil {
		return err
	}
	c.x.items("subnetSet", len(rows), func(k int) {
		n := rows[k]
		c.x.el("subnetId", n.ID)
		c.x.el("subnetArn", "arn:aws:ec2:"+c.cloud.Region+":"+c.f.account(c.call)+":subnet/"+n.ID)
		c.x.el("state", "available")
		c.x.el("ownerId", c.f.account(c.call))
		c.x.el("vpcId", n.VPC)
		c.x.el("cidrBlock", n.CIDR)
		c.x.empty("ipv6CidrBlockAssociationSet")
		c.x.num("availableIpAddressCount", 65000)
		c.x.el("availabilityZone", n.Zone)
		c.x.flag("defaultForAz", true)
		c.x.flag("mapPublicIpOnLaunch", n.Public)
		c.x.flag("assignIpv6AddressOnCreation", false)
		tags := c.tagsOf(n.ID)
		if tags["Name"] == "" {
			tags = map[string]string{"Name": n.Name}
		}
		c.writeTags(tags)
	})
	c.x.opt("nextToken", token)
	return nil
}

func (c *ec2Call) describeVpcs() *apiError {
	all, err := asked(list(c.form, "VpcId"), c.networks(), func(n world.Network) string { return n.VPC }, func(id string) *apiError {
		return bad("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", id)
	})
	if err != nil {
		return err
	}
	rows, token, err := catalogue(c, all, 5, 1000, func(n world.Network) fields {
		return fields{"vpc-id": one(n.VPC), "state": one("available"), "cidr": one(n.CIDR), "is-default": one("true"), "owner-id": one(c.f.account(c.call))}
	})
	if err != nil {
		return err
	}
	c.x.items("vpcSet", len(rows), func(k int) {
		c.x.el("vpcId", rows[k].VPC)
		c.x.el("ownerId", c.f.account(c.call))
		c.x.el("state", "available")
		c.x.el("cidrBlock", rows[k].CIDR)
		c.x.el("dhcpOptionsId", "default")
		c.x.el("instanceTenancy", "default")
		c.x.flag("isDefault", true)
		c.writeTags(c.tagsOf(rows[k].VPC))
	})
	c.x.opt("nextToken", token)
	return nil
}

func (c *ec2Call) describeKeyPairs() *apiError {
	var all []string
	if c.fault != world.WrongKey {
		all = c.f.w.KeyPairs(c.cloud.Name)
	}
	all, err := asked(list(c.form, "KeyName"), all, func(s string) string { return s }, func(id string) *apiError {
		return bad("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", id)
	})
	if err != nil {
		return err
	}
	rows, _, err := catalogue(c, all, 1, 1000, func(s string) fields {
		return fields{"key-name": one(s), "key-pair-id": func() []string { return []string{derived("key", s)} }}
	})
	if err != nil {
		return err
	}
	c.x.items("keySet", len(rows), func(n int) {
		c.x.el("keyPairId", derived("key", rows[n]))
		c.x.el("keyFingerprint", "1f:51:ae:28:bf:89:e9:d8:1f:25:5d:37:2d:7d:b8:ca:9f:f5:f1:6f")
		c.x.el("keyName", rows[n])
		c.x.el("keyType", "rsa")
	})
	return nil
}

func (c *ec2Call) describeSecurityGroups() *apiError {
	var groups []string
	if c.fault != world.WrongKey {
		groups = []string{defaultGroup}
	}
	all, err := asked(list(c.form, "GroupId"), groups, func(s string) string { return s }, func(id string) *apiError {
		return bad("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
	})
	if err != nil {
		return err
	}
	rows, token, err := catalogue(c, all, 5, 1000, func(s string) fields {
		return fields{"group-id": one(s), "group-name": one("default"), "vpc-id": one(c.subnet().VPC), "owner-id": one(c.f.account(c.call)), "description": one("default VPC security group")}
	})
	if err != nil {
		return err
	}
	c.x.items("securityGroupInfo", len(rows), func(n int) {
		c.x.el("ownerId", c.f.account(c.call))
		c.x.el("groupId", rows[n])
		c.x.el("groupName", "default")
		c.x.el("groupDescription", "default VPC security group")
		c.x.el("vpcId", c.subnet().VPC)
		c.x.empty("ipPermissions", "ipPermissionsEgress")
		c.writeTags(c.tagsOf(rows[n]))
	})
	c.x.opt("nextToken", token)
	return nil
}

func (c *ec2Call) describeRegions() *apiError {
	var regions []string
	for _, cl := range c.f.w.Clouds() {
		if cl.Provider == providers.EC2 {
			regions = append(regions, cl.Region)
		}
	}
	slices.Sort(regions)
	all, err := asked(list(c.form, "RegionName"), regions, func(s string) string { return s }, func(id string) *apiError {
		return bad("InvalidParameterValue", "Invalid region: [%s]", id)
	})
	if err != nil {
		return err
	}
	fs := filters(c.form)
	c.x.in("regionInfo", func() {
		for _, r := range all {
			ok, e := keep(fs, fields{"region-name": one(r), "endpoint": one("ec2." + r + ".amazonaws.com"), "opt-in-status": one("opt-in-not-required")}, nil)
			if e != nil {
				err = e
			}
			if ok {
				c.x.in("item", func() {
					c.x.el("regionName", r)
					c.x.el("regionEndpoint", "ec2."+r+".amazonaws.com")
					c.x.el("optInStatus", "opt-in-not-required")
				})
			}
		}
	})
	return err
}

func (c *ec2Call) describeAvailabilityZones() *apiError {
	zone := c.cloud.Region + "a"
	for _, z := range list(c.form, "ZoneName") {
		if z != zone {
			return bad("InvalidParameterValue", "Invalid availability zone: [%s]", z)
		}
	}
	ok, err := keep(filters(c.form), fields{"zone-name": one(zone), "state": one("available"), "region-name": one(c.cloud.Region), "zone-type": one("availability-zone"), "opt-in-status": one("opt-in-not-required")}, nil)
	if err != nil {
		return err
	}
	n := 0
	if ok {
		n = 1
	}
	c.x.items("availabilityZoneInfo", n, func(int) {
		c.x.el("zoneName", zone)
		c.x.el("zoneState", "available")
		c.x.el("regionName", c.cloud.Region)
		c.x.empty("messageSet")
		c.x.el("optInStatus", "opt-in-not-required")
		c.x.el("zoneId", strings.ReplaceAll(c.cloud.Region, "-", "")+"-az1")
		c.x.el("groupName", c.cloud.Region)
		c.x.el("networkBorderGroup", c.cloud.Region)
		c.x.el("zoneType", "availability-zone")
	})
	return nil
}
