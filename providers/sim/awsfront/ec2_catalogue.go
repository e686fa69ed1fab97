package awsfront

import (
	"slices"
	"strconv"
	"strings"

	"rollcall/providers"
	"rollcall/providers/sim/faultplay"
	"rollcall/providers/sim/world"
)

// description is a list that every account sees, and how a Describe call answers with it.
type description[T any] struct {
	all           []T
	ids           string // parameter that names rows
	id            func(T) string
	code, missing string         // error for an id without a row; missing is a format for the id
	only          func(T) bool   // rows of the call; nil for all
	low, high     int            // rows of a page
	fields        func(T) fields // for filters
	set           string         // element with the rows
	write         func(T)
	unpaged       bool // the answer has no token
}

// describe answers with the rows of a list that match the filters, ids and page of the call, in the given order.
func describe[T any](c *ec2Call, d description[T]) *apiError {
	all, err := asked(list(c.form, d.ids), d.all, d.id, d.code, d.missing)
	if err != nil {
		return err
	}
	if d.only != nil {
		all = slices.DeleteFunc(slices.Clone(all), func(t T) bool { return !d.only(t) })
	}
	p, err := pageOf(c.form, d.low, d.high, d.high)
	if err != nil {
		return err
	}
	all, err = kept(c, all, d.fields, noTags)
	if err != nil {
		return err
	}
	rows, next := faultplay.Page(c.fault, all, p.cursor, p.limit)
	c.x.items(d.set, len(rows), func(n int) { d.write(rows[n]) })
	if next >= 0 && !d.unpaged {
		c.x.el("nextToken", tokenAfter(next))
	}
	return nil
}

// kept returns the rows that match the filters of a call. An unknown filter is an error, even without rows.
func kept[T any](c *ec2Call, all []T, row func(T) fields, tags func(T) map[string]string) ([]T, *apiError) {
	fs := filters(c.form)
	var none T
	if err := known(fs, row(none)); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(all), func(t T) bool {
		ok, err := keep(fs, row(t), tags(t))
		return !ok || err != nil
	}), nil
}

func noTags[T any](T) map[string]string { return nil }

// asked returns the rows that a call names by id, or all if it names none. A missing one is an error.
func asked[T any](ids []string, all []T, id func(T) string, code, missing string) ([]T, *apiError) {
	if len(ids) == 0 {
		return all, nil
	}
	var out []T
	for _, want := range ids {
		n := slices.IndexFunc(all, func(t T) bool { return id(t) == want })
		if n < 0 {
			return nil, bad(code, missing, want)
		}
		out = append(out, all[n])
	}
	return out, nil
}

// self is the id of a row that is one.
func self(s string) string { return s }

// wellFormed returns the error of the first id that is not one of an image.
func wellFormed(images ...string) *apiError {
	for _, id := range images {
		if !strings.HasPrefix(id, "ami-") {
			return bad("InvalidAMIID.Malformed", "Invalid id: \"%s\" (expecting \"ami-...\")", id)
		}
	}
	return nil
}

func (c *ec2Call) describeImages() *apiError {
	if err := wellFormed(list(c.form, "ImageId")...); err != nil {
		return err
	}
	x, owners := c.x, list(c.form, "Owner")
	return describe(c, description[world.Image]{
		all: c.f.w.Images(c.cloud.Name), ids: "ImageId", id: func(i world.Image) string { return i.ID },
		code: "InvalidAMIID.NotFound", missing: "The image id '[%s]' does not exist",
		only: func(i world.Image) bool { return len(owners) == 0 || slices.Contains(owners, i.Owner) },
		low:  1, high: 1000,
		fields: func(i world.Image) fields {
			return fields{
				"image-id": one(i.ID), "name": one(i.Name), "description": one(i.Description), "architecture": one(i.Arch), "owner-id": one(i.Owner),
				"owner-alias": func() []string { return nil }, "state": one("available"), "root-device-type": one("ebs"), "virtualization-type": one("hvm"),
				"image-type": one("machine"), "is-public": one("true"), "hypervisor": one("xen"), "platform-details": one(i.OS), "creation-date": one(i.Published),
				"ena-support": one("true"), "boot-mode": one("uefi-preferred"), "platform": func() []string { return nil },
			}
		},
		set: "imagesSet",
		write: func(i world.Image) {
			x.els(
				"imageId", i.ID, "imageLocation", i.Owner+"/"+i.Name, "imageState", "available", "imageOwnerId", i.Owner,
				"creationDate", i.Published, "isPublic", "true", "architecture", i.Arch, "imageType", "machine", "name", i.Name,
				"description", i.Description, "rootDeviceType", "ebs", "rootDeviceName", "/dev/xvda",
			)
			x.items("blockDeviceMapping", 1, func(int) {
				x.el("deviceName", "/dev/xvda")
				x.group("ebs",
					"snapshotId", derived("snap", i.ID), "volumeSize", "8", "deleteOnTermination", "true", "volumeType", "gp3",
					"encrypted", "false",
				)
			})
			x.els(
				"virtualizationType", "hvm", "hypervisor", "xen", "enaSupport", "true", "sriovNetSupport", "simple", "platformDetails", i.OS,
				"usageOperation", "RunInstances", "bootMode", "uefi-preferred", "imdsSupport", "v2.0",
			)
		},
	})
}

func (c *ec2Call) describeInstanceTypes() *apiError {
	x := c.x
	texts := func(name string, texts ...string) {
		x.in(name, func() {
			for _, t := range texts {
				x.el("item", t)
			}
		})
	}
	return describe(c, description[world.Size]{
		all: c.f.w.Sizes(c.cloud.Name), ids: "InstanceType", id: func(s world.Size) string { return s.ID },
		code: "InvalidInstanceType", missing: "The following supplied instance types do not exist: [%s]",
		low: 5, high: 100,
		fields: func(s world.Size) fields {
			return fields{
				"instance-type": one(s.ID), "current-generation": one("true"), "processor-info.supported-architecture": one("x86_64"),
				"vcpu-info.default-vcpus": one(strconv.Itoa(s.VCPUs)), "memory-info.size-in-mib": one(strconv.Itoa(s.MemoryMiB)), "bare-metal": one("false"),
				"hypervisor": one("nitro"), "supported-virtualization-type": one("hvm"), "supported-root-device-type": one("ebs"),
				"supported-usage-class": func() []string { return []string{"on-demand", "spot"} }, "instance-storage-supported": one("false"),
			}
		},
		set: "instanceTypeSet",
		write: func(s world.Size) {
			burst := strings.HasPrefix(s.ID, "t")
			x.els("instanceType", s.ID, "currentGeneration", "true", "freeTierEligible", strconv.FormatBool(s.ID == "t3.micro"))
			texts("supportedUsageClasses", "on-demand", "spot")
			texts("supportedRootDeviceTypes", "ebs")
			texts("supportedVirtualizationTypes", "hvm")
			x.els("bareMetal", "false", "hypervisor", "nitro")
			x.in("processorInfo", func() {
				texts("supportedArchitectures", "x86_64")
				x.els("sustainedClockSpeedInGhz", "2.5", "manufacturer", "Intel")
			})
			x.group("vCpuInfo", "defaultVCpus", strconv.Itoa(s.VCPUs), "defaultCores", strconv.Itoa(max(s.VCPUs/2, 1)), "defaultThreadsPerCore", "2")
			x.group("memoryInfo", "sizeInMiB", strconv.Itoa(s.MemoryMiB))
			x.flag("instanceStorageSupported", false)
			x.group("networkInfo",
				"networkPerformance", "Up to 5 Gigabit", "maximumNetworkInterfaces", "3", "ipv4AddressesPerInterface", "4",
				"ipv6AddressesPerInterface", "4", "ipv6Supported", "true", "enaSupport", "required",
			)
			x.els(
				"hibernationSupported", "false", "burstablePerformanceSupported", strconv.FormatBool(burst),
				"dedicatedHostsSupported", strconv.FormatBool(!burst), "autoRecoverySupported", "true",
			)
			texts("supportedBootModes", "legacy-bios", "uefi")
		},
	})
}

func (c *ec2Call) networks() []world.Network {
	if c.fault == world.WrongKey {
		return nil
	}
	return c.f.w.Networks(c.cloud.Name)
}

// visible returns texts that only the account's own credentials can see.
func (c *ec2Call) visible(texts ...string) []string {
	if c.fault == world.WrongKey {
		return nil
	}
	return texts
}

func (c *ec2Call) describeSubnets() *apiError {
	return describe(c, description[world.Network]{
		all: c.networks(), ids: "SubnetId", id: func(n world.Network) string { return n.ID }, code: "InvalidSubnetID.NotFound", missing: "The subnet ID '%s' does not exist",
		low: 5, high: 1000,
		fields: func(n world.Network) fields {
			return fields{
				"subnet-id": one(n.ID), "vpc-id": one(n.VPC), "availability-zone": one(n.Zone), "state": one("available"), "cidr-block": one(n.CIDR),
				"default-for-az": one("true"), "map-public-ip-on-launch": one(strconv.FormatBool(n.Public)), "owner-id": one(c.f.account(c.call)),
			}
		},
		set: "subnetSet",
		write: func(n world.Network) {
			c.x.els(
				"subnetId", n.ID, "subnetArn", "arn:aws:ec2:"+c.cloud.Region+":"+c.f.account(c.call)+":subnet/"+n.ID, "state", "available",
				"ownerId", c.f.account(c.call), "vpcId", n.VPC, "cidrBlock", n.CIDR,
			)
			c.x.empty("ipv6CidrBlockAssociationSet")
			c.x.els("availableIpAddressCount", "65000", "availabilityZone", n.Zone, "defaultForAz", "true")
			c.x.flag("mapPublicIpOnLaunch", n.Public)
			c.x.flag("assignIpv6AddressOnCreation", false)
			tags := c.tagsOf(n.ID)
			if tags["Name"] == "" {
				tags = map[string]string{"Name": n.Name}
			}
			c.writeTags(tags)
		},
	})
}

func (c *ec2Call) describeVpcs() *apiError {
	return describe(c, description[world.Network]{
		all: c.networks(), ids: "VpcId", id: func(n world.Network) string { return n.VPC }, code: "InvalidVpcID.NotFound", missing: "The vpc ID '%s' does not exist",
		low: 5, high: 1000,
		fields: func(n world.Network) fields {
			return fields{"vpc-id": one(n.VPC), "state": one("available"), "cidr": one(n.CIDR), "is-default": one("true"), "owner-id": one(c.f.account(c.call))}
		},
		set: "vpcSet",
		write: func(n world.Network) {
			c.x.els(
				"vpcId", n.VPC, "ownerId", c.f.account(c.call), "state", "available", "cidrBlock", n.CIDR,
				"dhcpOptionsId", "default", "instanceTenancy", "default", "isDefault", "true",
			)
			c.writeTags(c.tagsOf(n.VPC))
		},
	})
}

func (c *ec2Call) describeKeyPairs() *apiError {
	return describe(c, description[string]{
		all: c.visible(c.f.w.KeyPairs(c.cloud.Name)...), ids: "KeyName", id: self, code: "InvalidKeyPair.NotFound", missing: "The key pair '%s' does not exist",
		low: 1, high: 1000, unpaged: true,
		fields: func(s string) fields {
			return fields{"key-name": one(s), "key-pair-id": func() []string { return []string{derived("key", s)} }}
		},
		set: "keySet",
		write: func(name string) {
			c.x.els(
				"keyPairId", derived("key", name), "keyFingerprint", "1f:51:ae:28:bf:89:e9:d8:1f:25:5d:37:2d:7d:b8:ca:9f:f5:f1:6f",
				"keyName", name, "keyType", "rsa",
			)
		},
	})
}

func (c *ec2Call) describeSecurityGroups() *apiError {
	return describe(c, description[string]{
		all: c.visible(defaultGroup), ids: "GroupId", id: self, code: "InvalidGroup.NotFound", missing: "The security group '%s' does not exist",
		low: 5, high: 1000,
		fields: func(s string) fields {
			return fields{"group-id": one(s), "group-name": one("default"), "vpc-id": one(c.subnet().VPC), "owner-id": one(c.f.account(c.call)), "description": one("default VPC security group")}
		},
		set: "securityGroupInfo",
		write: func(id string) {
			c.x.els(
				"ownerId", c.f.account(c.call), "groupId", id, "groupName", "default", "groupDescription", "default VPC security group",
				"vpcId", c.subnet().VPC,
			)
			c.x.empty("ipPermissions", "ipPermissionsEgress")
			c.writeTags(c.tagsOf(id))
		},
	})
}

func (c *ec2Call) describeRegions() *apiError {
	var regions []string
	for _, cl := range c.f.w.Clouds() {
		if cl.Provider == providers.EC2 {
			regions = append(regions, cl.Region)
		}
	}
	slices.Sort(regions)
	all, err := asked(list(c.form, "RegionName"), regions, self, "InvalidParameterValue", "Invalid region: [%s]")
	if err != nil {
		return err
	}
	all, err = kept(c, all, func(r string) fields {
		return fields{"region-name": one(r), "endpoint": one("ec2." + r + ".amazonaws.com"), "opt-in-status": one("opt-in-not-required")}
	}, noTags)
	c.x.items("regionInfo", len(all), func(n int) {
		c.x.els("regionName", all[n], "regionEndpoint", "ec2."+all[n]+".amazonaws.com", "optInStatus", "opt-in-not-required")
	})
	return err
}

func (c *ec2Call) describeAvailabilityZones() *apiError {
	all, err := asked(list(c.form, "ZoneName"), []string{c.cloud.Region + "a"}, self, "InvalidParameterValue", "Invalid availability zone: [%s]")
	if err != nil {
		return err
	}
	all, err = kept(c, all, func(zone string) fields {
		return fields{"zone-name": one(zone), "state": one("available"), "region-name": one(c.cloud.Region), "zone-type": one("availability-zone"), "opt-in-status": one("opt-in-not-required")}
	}, noTags)
	c.x.items("availabilityZoneInfo", len(all), func(n int) {
		c.x.els("zoneName", all[n], "zoneState", "available", "regionName", c.cloud.Region)
		c.x.empty("messageSet")
		c.x.els(
			"optInStatus", "opt-in-not-required", "zoneId", strings.ReplaceAll(c.cloud.Region, "-", "")+"-az1",
			"groupName", c.cloud.Region, "networkBorderGroup", c.cloud.Region, "zoneType", "availability-zone",
		)
	})
	return err
}
