package awsfront

import (
	"slices"
	"strconv"
	"strings"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// hostedZones returns the zones that the credentials can see, ordered by id.
func (f *front) hostedZones(c *call) []*world.Zone {
	if c.fault == world.WrongKey {
		return nil
	}
	return slices.SortedFunc(slices.Values(f.w.Zones(providers.Route53)), func(a, b *world.Zone) int { return strings.Compare(a.ID, b.ID) })
}

func setCount(z *world.Zone) (n int) {
	z.View(func(tx *world.Tx) { n = len(tx.Sets()) })
	return n
}

func writeZone(x *xmlWriter, z *world.Zone) {
	x.in("HostedZone", func() {
		x.els("Id", "/hostedzone/"+z.ID, "Name", octal(z.Name), "CallerReference", z.Reference)
		x.in("Config", func() {
			x.opt("Comment", z.Comment)
			x.flag("PrivateZone", z.Private)
		})
		x.num("ResourceRecordSetCount", setCount(z))
	})
}

func (c *r53Call) writeZones(zones []*world.Zone) {
	c.x.in("HostedZones", func() {
		for _, z := range zones {
			writeZone(c.x, z)
		}
	})
}

// maxItems returns the page size, at most limit.
func maxItems(c *call, limit int) (int, *apiError) {
	s := c.r.URL.Query().Get("maxitems")
	if s == "" {
		return limit, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, bad("InvalidInput", "Invalid value '%s' for maxItems: it must be a number of at least 1", s)
	}
	return min(n, limit), nil
}

func (c *r53Call) listHostedZones() *apiError {
	n, err := maxItems(c.call, 100)
	if err != nil {
		return err
	}
	zones, from := c.f.hostedZones(c.call), 0
	switch t := c.r.URL.Query().Get("hostedzonetype"); t {
	case "":
	case "PrivateHostedZone":
		zones = slices.DeleteFunc(zones, func(z *world.Zone) bool { return !z.Private })
	default:
		return bad("InvalidInput", "1 validation error detected: Value '%s' at 'hostedZoneType' failed to satisfy constraint: Member must satisfy enum value set: [PrivateHostedZone]", t)
	}
	marker := c.r.URL.Query().Get("marker")
	if marker != "" {
		if from = slices.IndexFunc(zones, func(z *world.Zone) bool { return z.ID == marker }); from < 0 {
			return bad("InvalidInput", "The marker %s is not a hosted zone", marker)
		}
	}
	rest := zones[from:]
	c.writeZones(rest[:min(n, len(rest))])
	c.x.opt("Marker", marker)
	c.x.flag("IsTruncated", n < len(rest))
	if n < len(rest) {
		c.x.el("NextMarker", rest[n].ID)
	}
	c.x.num("MaxItems", n)
	return nil
}

func (c *r53Call) listHostedZonesByName() *apiError {
	n, err := maxItems(c.call, 100)
	if err != nil {
		return err
	}
	q := c.r.URL.Query()
	zones := slices.SortedFunc(slices.Values(c.f.hostedZones(c.call)), func(a, b *world.Zone) int {
		return world.SetLess(&world.Set{Name: a.Name, SetID: a.ID}, &world.Set{Name: b.Name, SetID: b.ID})
	})
	from := &world.Set{Name: fromOctal(q.Get("dnsname")), SetID: q.Get("hostedzoneid")}
	if q.Get("dnsname") == "" {
		from = &world.Set{}
	}
	rest := slices.DeleteFunc(zones, func(z *world.Zone) bool { return world.SetLess(&world.Set{Name: z.Name, SetID: z.ID}, from) < 0 })
	c.writeZones(rest[:min(n, len(rest))])
	c.x.opt("DNSName", q.Get("dnsname"))
	c.x.opt("HostedZoneId", q.Get("hostedzoneid"))
	c.x.flag("IsTruncated", n < len(rest))
	if n < len(rest) {
		c.x.els("NextDNSName", octal(rest[n].Name), "NextHostedZoneId", rest[n].ID)
	}
	c.x.num("MaxItems", n)
	return nil
}

func (c *r53Call) getHostedZone() *apiError {
	writeZone(c.x, c.z)
	writeDelegation(c.x, c.z)
	if vpcs := c.z.VPCs(); len(vpcs) > 0 {
		c.x.in("VPCs", func() {
			for _, v := range vpcs {
				writeVPC(c.x, v)
			}
		})
	}
	return nil
}
