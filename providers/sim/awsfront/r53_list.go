package awsfront

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"rollcall/providers/sim/faultplay"
	"rollcall/providers/sim/world"
)

// setPage is the default and the maximum number of record sets in an answer.
const setPage = 300

// listRecordSets answers ListResourceRecordSets: in Route 53's order from the given name, type and identifier.
func (c *r53Call) listRecordSets() *apiError {
	limit, err := maxItems(c.call, c.f.w.PageOf(setPage))
	if err != nil {
		return err
	}
	q := c.r.URL.Query()
	name, typ, id := q.Get("name"), q.Get("type"), q.Get("identifier")
	switch {
	case name == "" && typ != "":
		return bad("InvalidInput", "If you specify a type, you must also specify a name")
	case (name == "" || typ == "") && id != "":
		return bad("InvalidInput", "If you specify an identifier, you must also specify a name and a type")
	case typ != "" && !knownType(typ):
		return bad("InvalidInput", "1 validation error detected: Value '%s' at 'type' failed to satisfy constraint: Member must satisfy enum value set: %s", typ, enumTypes())
	}
	if code, text := nameProblem(name); name != "" && code != "" {
		return bad("InvalidInput", "FATAL problem: %s (%s) encountered with '%s'", code, text, name)
	}
	sets := c.f.setsOf(c.call, c.z)
	if name != "" {
		from := &world.Set{Name: fromOctal(name), Type: typ, SetID: id}
		n, _ := slices.BinarySearchFunc(sets, from, world.SetLess)
		sets = sets[n:]
	}
	rows, next, loop := faultplay.Cut(c.fault, sets[:min(limit, len(sets))], limit < len(sets))
	c.x.in("ResourceRecordSets", func() {
		for _, s := range rows {
			writeSet(c.x, s)
		}
	})
	c.x.flag("IsTruncated", next)
	var after *world.Set
	switch {
	case loop && len(rows) > 0:
		after = rows[0]
	case next && !loop:
		after = sets[limit]
	}
	if after != nil {
		c.x.el("NextRecordName", octal(after.Name))
		c.x.el("NextRecordType", after.Type)
		c.x.opt("NextRecordIdentifier", after.SetID)
	}
	c.x.num("MaxItems", limit)
	return nil
}

// setsOf returns the record sets of a zone; under world.Stale those of some seconds ago.
func (f *front) setsOf(c *call, z *world.Zone) []*world.Set {
	if c.fault == world.Stale {
		if then, ok := f.state(z).history.Read(f.w.Now()); ok {
			return then
		}
	}
	var sets []*world.Set
	z.View(func(tx *world.Tx) { sets = slices.Clone(tx.Sets()) })
	return sets
}

// flatExtras returns the stored elements of a record set in Route 53's order. GeoLocation contains others.
func flatExtras() []string { return []string{"Region", "GeoLocation", "Failover", "MultiValueAnswer"} }

func writeSet(x *xmlWriter, s *world.Set) {
	x.in("ResourceRecordSet", func() {
		x.el("Name", octal(s.Name))
		x.el("Type", s.Type)
		x.opt("SetIdentifier", s.SetID)
		if s.Weight != nil {
			x.el("Weight", strconv.FormatInt(*s.Weight, 10))
		}
		for _, e := range flatExtras() {
			if e == "GeoLocation" {
				writeGeoLocation(x, s)
				continue
			}
			x.opt(e, s.Extra[e])
		}
		if s.Alias != nil {
			x.in("AliasTarget", func() {
				x.el("HostedZoneId", s.Alias.Zone)
				x.el("DNSName", s.Alias.Name)
				x.flag("EvaluateTargetHealth", s.Alias.EvaluateHealth)
			})
		} else {
			x.el("TTL", strconv.FormatUint(uint64(s.TTL), 10))
			x.in("ResourceRecords", func() {
				for _, v := range s.Values {
					x.in("ResourceRecord", func() { x.el("Value", valueToOctal(s.Type, v)) })
				}
			})
		}
		x.opt("HealthCheckId", s.Extra["HealthCheckId"])
	})
}

// geoPrefix starts the names of extras within the element GeoLocation.
const geoPrefix = "GeoLocation/"

func writeGeoLocation(x *xmlWriter, s *world.Set) {
	var names []string
	for _, k := range slices.Sorted(maps.Keys(s.Extra)) {
		if strings.HasPrefix(k, geoPrefix) {
			names = append(names, k)
		}
	}
	if len(names) == 0 {
		return
	}
	x.in("GeoLocation", func() {
		for _, k := range names {
			x.el(strings.TrimPrefix(k, geoPrefix), s.Extra[k])
		}
	})
}
