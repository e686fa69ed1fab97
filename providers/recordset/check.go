package recordset

import (
	"net/netip"
	"strconv"
	"strings"

	"rollcall/providers"
)

// prepare makes a change canonical and rejects it if it can never succeed.
func (r *run) prepare(c *providers.Change) error {
	if r.zone.ID == "" {
		return invalid("the zone %s has no id", r.zone.Name)
	}
	sides := []*providers.Record{&c.Before, &c.After}
	switch c.Op {
	case providers.OpCreate:
		sides = sides[1:]
	case providers.OpDelete:
		sides = sides[:1]
	case providers.OpUpdate:
	default:
		return invalid("the operation %q is not known", c.Op)
	}
	for _, s := range sides {
		s.Zone, s.Name, s.Type = providers.CanonicalName(r.zone.Name), providers.CanonicalName(s.Name), strings.ToUpper(s.Type)
		s.Value = providers.CanonicalValue(s.Type, s.Value)
		if !providers.InZone(s.Name, r.zone.Name) {
			return invalid("%s does not lie in the zone %s", s.Name, r.zone.Name)
		}
		if s.Alias {
			return invalid("%s is an alias record, which is read-only here", s)
		}
	}
	if c.Op == providers.OpDelete {
		return nil
	}
	return checkRecord(&c.After)
}

func checkRecord(r *providers.Record) error {
	bad := false
	switch r.Type {
	case "A", "AAAA":
		addr, err := netip.ParseAddr(r.Value)
		bad = err != nil || addr.Zone() != "" || addr.Is4() != (r.Type == "A")
	case "SRV":
		_, ok := providers.ParseSRV(r.Value)
		bad = !ok
	case "TXT":
		_, ok := providers.ParseTXT(r.Value)
		bad = !ok
	case "MX":
		f := strings.Fields(r.Value)
		bad = len(f) != 2
		if !bad {
			_, err := strconv.ParseUint(f[0], 10, 16)
			bad = err != nil
		}
	}
	if bad || r.Value == "" {
		return invalid("%q is not a value of a record of type %s", r.Value, r.Type)
	}
	if r.TTL > 1<<31-1 {
		return invalid("a TTL of %d seconds is more than DNS allows", r.TTL) // RFC 2181 section 8
	}
	return nil
}
