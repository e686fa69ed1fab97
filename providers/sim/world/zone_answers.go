package world

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"rollcall/providers"
)

// proxyAddresses are the answers of Cloudflare's edge for proxied names.
var proxyAddresses = map[string][]string{"A": {"104.16.132.229", "104.16.133.229"}, "AAAA": {"2606:4700::6810:84e5", "2606:4700::6810:85e5"}}

// serve updates what the name servers answer for some names.
func (z *Zone) serve(names map[string]bool) {
	z.serial++
	fresh := map[string]map[string]ServedSet{}
	for n := range names {
		fresh[n] = map[string]ServedSet{}
	}
	for _, s := range z.sets {
		m, ok := fresh[s.Name]
		if !ok {
			continue
		}
		old := m[s.Type]
		set := ServedSet{Type: s.Type, TTL: s.TTL, Values: append(old.Values, s.Values...), Routed: old.Routed}
		if s.Alias != nil {
			set.TTL = aliasTTL
		}
		switch r := routed(s); {
		case s.SetID != "":
			set.Routed = append(slices.Clip(old.Routed), r)
		default:
			set.Follow = r.Follow
		}
		m[s.Type] = set
	}
	for _, r := range z.records {
		m, ok := fresh[r.Name]
		if !ok {
			continue
		}
		z.serveRecord(m, r)
	}
	for n, m := range fresh {
		had := len(z.served[n]) > 0
		if len(m) == 0 {
			delete(z.served, n)
		} else {
			z.served[n] = m
		}
		if has := len(m) > 0; has != had {
			d := 1
			if had {
				d = -1
			}
			z.count(n, d)
		}
	}
}

// aliasTTL is the TTL of an alias record, which the API does not show.
const aliasTTL = 60

// routed returns the fields of a record set with a routing policy that servers need.
func routed(s *Set) RoutedSet {
	r := RoutedSet{Values: s.Values, Policy: "geo"}
	if s.Alias != nil {
		r.Follow = providers.CanonicalName(s.Alias.Name)
	}
	switch {
	case s.Weight != nil:
		r.Policy, r.Weight = "weighted", *s.Weight
	case s.Extra["Region"] != "":
		r.Policy = "latency"
	case s.Extra["Failover"] != "":
		r.Policy, r.First = "failover", s.Extra["Failover"] == "PRIMARY"
	case s.Extra["MultiValueAnswer"] != "":
		r.Policy = "multivalue"
	}
	for k, v := range s.Extra {
		r.Everywhere = r.Everywhere || strings.HasSuffix(k, "CountryCode") && v == "*"
	}
	return r
}

// FlattenAll sets whether every CNAME of a Cloudflare zone that is not proxied is answered with its target's addresses.
func (z *Zone) FlattenAll(on bool) {
	z.w.lock()
	defer z.w.unlock()
	z.flatten = on
	names := map[string]bool{}
	for _, r := range z.records {
		names[r.Name] = r.Type == "CNAME" || names[r.Name]
	}
	z.serve(names)
}

// SetPlan sets the plan of a Cloudflare zone: free, pro, business or enterprise.
func (z *Zone) SetPlan(plan string) {
	z.w.lock()
	defer z.w.unlock()
	z.plan = plan
}

// Plan returns the plan of a Cloudflare zone.
func (z *Zone) Plan() string { return cmp.Or(z.plan, "free") }

// AllowTags sets how many tags a record of a Cloudflare zone may have; the default is none.
func (z *Zone) AllowTags(n int) {
	z.w.lock()
	defer z.w.unlock()
	z.tagQuota = n
}

// TagQuota returns how many tags a record of the zone may have.
func (z *Zone) TagQuota() int { return z.tagQuota }

// flattens reports whether a record is answered with its target's addresses: by its own or the zone's setting, and
// always at the apex.
func (z *Zone) flattens(r *Record) bool {
	if r.Type != "CNAME" {
		return false
	}
	var s struct {
		Flatten bool `json:"flatten_cname"`
	}
	return z.flatten || r.Name == z.Name || json.Unmarshal(r.Settings, &s) == nil && s.Flatten
}

func (z *Zone) serveRecord(m map[string]ServedSet, r *Record) {
	ttl := r.TTL
	if ttl == 1 {
		ttl = 300
	}
	if r.Proxied {
		for _, t := range []string{"A", "AAAA"} {
			m[t] = ServedSet{Type: t, TTL: 300, Values: proxyAddresses[t]}
		}
		return
	}
	if z.flattens(r) {
		for _, t := range []string{"A", "AAAA"} {
			m[t] = ServedSet{Type: t, TTL: ttl, Follow: providers.CanonicalName(r.Content)}
		}
		return
	}
	value := r.Content
	if r.Type == "MX" && r.Priority != nil {
		value = fmt.Sprintf("%d %s", *r.Priority, value)
	}
	if r.Type == "TXT" {
		value = providers.CanonicalValue("TXT", value)
	}
	old := m[r.Type]
	m[r.Type] = ServedSet{Type: r.Type, TTL: ttl, Values: append(old.Values, value)}
}

// count updates, for a name and all above it in the zone, the number of names served at or below, so that empty
// non-terminals are not NXDOMAIN (RFC 8020).
func (z *Zone) count(name string, d int) {
	for {
		z.below[name] += d
		if len(name) <= len(z.Name) {
			return
		}
		name = parent(name)
	}
}

// parent returns a canonical name without its first label.
func parent(name string) string {
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '\\':
			i++ // an escaped character does not separate labels
		case '.':
			return name[i+1:]
		}
	}
	return ""
}

// frozen is what was served when Split or Lagging was set.
type frozen struct {
	fault  FaultKind // NoFault while all name servers get all changes
	since  time.Time
	served map[string]map[string]ServedSet
	below  map[string]int
}

// freeze stores what is served now for the name servers that get no more changes.
func (z *Zone) freeze(kind FaultKind) {
	z.frozen = frozen{fault: NoFault}
	if kind == Split || kind == Lagging {
		// The sets of a name are replaced when they change, so they can be shared.
		z.frozen = frozen{kind, z.w.clock.Now(), maps.Clone(z.served), maps.Clone(z.below)}
	}
}

// Served returns what the first name server answers for a name: its sets by type, and whether the name exists, perhaps
// as an empty non-terminal.
func (z *Zone) Served(name string) (sets map[string]ServedSet, exists bool) {
	return z.shown(name, false)
}

// ServedBySecond is Served for the second name server.
func (z *Zone) ServedBySecond(name string) (sets map[string]ServedSet, exists bool) {
	return z.shown(name, true)
}

func (z *Zone) shown(name string, second bool) (sets map[string]ServedSet, exists bool) {
	z.w.lock()
	defer z.w.unlock()
	name = providers.CanonicalName(name)
	if f := &z.frozen; f.fault == Lagging || f.fault == Split && second {
		return f.served[name], f.below[name] > 0
	}
	return z.served[name], z.below[name] > 0
}

// Serial returns the serial number of the zone's SOA, which increases with every served change.
func (z *Zone) Serial() uint32 {
	z.w.lock()
	defer z.w.unlock()
	return z.serial
}
