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

func (f *front) listHostedZones(c *call, x *xmlWriter) *apiError {
	n, err := maxItems(c, 100)
	if err != nil {
		return err
	}
	zones, from := f.hostedZones(c), 0
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
	x.open("ListHostedZonesResponse", namespaceOf(c.service))
	x.in("HostedZones", func() {
		for _, z := range rest[:min(n, len(rest))] {
			writeZone(x, z)
		}
	})
	x.opt("Marker", marker)
	x.flag("IsTruncated", n < len(rest))
	if n < len(rest) {
		x.el("NextMarker", rest[n].ID)
	}
	x.num("MaxItems", n)
	x.close("ListHostedZonesResponse")
	return nil
}

func (f *front) listHostedZonesByName(c *call, x *xmlWriter) *apiError {
	n, err := maxItems(c, 100)
	if err != nil {
		return err
	}
	q := c.r.URL.Query()
	zones := slices.SortedFunc(slices.Values(f.hostedZones(c)), func(a, b *world.Zone) int {
		return world.SetLess(&world.Set{Name: a.Name, SetID: a.ID}, &world.Set{Name: b.Name, SetID: b.ID})
	})
	from := &world.Set{Name: fromOctal(q.Get("dnsname")), SetID: q.Get("hostedzoneid")}
	if q.Get("dnsname") == "" {
		from = &world.Set{}
	}
	rest := slices.DeleteFunc(zones, func(z *world.Zone) bool { return world.SetLess(&world.Set{Name: z.Name, SetID: z.ID}, from) < 0 })
	x.open("ListHostedZonesByNameResponse", namespaceOf(c.service))
	x.in("HostedZones", func() {
		for _, z := range rest[:min(n, len(rest))] {
			writeZone(x, z)
		}
	})
	x.opt("DNSName", q.Get("dnsname"))
	x.opt("HostedZoneId", q.Get("hostedzoneid"))
	x.flag("IsTruncated", n < len(rest))
	if n < len(rest) {
		x.el("NextDNSName", octal(rest[n].Name))
		x.el("NextHostedZoneId", rest[n].ID)
	}
	x.num("MaxItems", n)
	x.close("ListHostedZonesByNameResponse")
	return nil
}

func (f *front) getHostedZone(c *call, x *xmlWriter, z *world.Zone) *apiError {
	x.open("GetHostedZoneResponse", namespaceOf(c.service))
	writeZone(x, z)
	writeDelegation(x, z)
	if vpcs := z.VPCs(); len(vpcs) > 0 {
		x.in("VPCs", func() {
			for _, v := range vpcs {
				writeVPC(x, v)
			}
		})
	}
	x.close("GetHostedZoneResponse")
	return nil
}
