package world

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"rollcall/providers"
)

// proxyAddresses are what Cloudflare's edge answers for proxied names.
var proxyAddresses = map[string][]string{"A": {"104.16.132.229", "104.16.133.229"}, "AAAA": {"2606:4700::6810:84e5", "2606:4700::6810:85e5"}}

// serve brings what the name servers answer up to date for some names.
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

// aliasTTL is the TTL of an alias record, whose own the API does not show.
const aliasTTL = 60

// routed is what the servers need to know of a record set with a routing policy.
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

// FlattenAll switches on that every CNAME of a Cloudflare zone which is not proxied is answered with the
// addresses of its target.
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

// AllowTags sets how many tags a record of a Cloudflare zone may have; none without it.
func (z *Zone) AllowTags(n int) {
	z.w.lock()
	defer z.w.unlock()
	z.tagQuota = n
}

// TagQuota is how many tags a record of the zone may have.
func (z *Zone) TagQuota() int { return z.tagQuota }

// flattens reports whether a record is answered with the addresses of its target: by a setting of its own
// or of the zone, and always at the apex.
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

// count keeps, for a name and all above it in the zone, how many names are
// served at or below, so that empty non-terminals are not NXDOMAIN (RFC 8020).
func (z *Zone) count(name string, d int) {
	for {
		z.below[name] += d
		if len(name) <= len(z.Name) {
			return
		}
		name = parent(name)
	}
}

// parent takes the first label off a canonical name.
func parent(name string) string {
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '\\':
			i++ // the character behind it is not a dot that separates
		case '.':
			return name[i+1:]
		}
	}
	return ""
}

// frozen is what was served when Split or Lagging was switched on.
type frozen struct {
	fault  FaultKind // NoFault while every name server hears of every change
	since  time.Time
	served map[string]map[string]ServedSet
	below  map[string]int
}

// freeze keeps what is served now for the name servers that hear of no change from now on.
func (z *Zone) freeze(kind FaultKind) {
	z.frozen = frozen{fault: NoFault}
	if kind == Split || kind == Lagging {
		// The sets of a name are made anew when they change, so they can be shared.
		z.frozen = frozen{kind, z.w.clock.Now(), maps.Clone(z.served), maps.Clone(z.below)}
	}
}

// Served returns what the first name server answers for a name: its sets by type, and
// whether the name exists at all (it may have no sets, as an empty non-terminal).
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

// Serial is the serial number of the zone's SOA; it grows with every change that is served.
func (z *Zone) Serial() uint32 {
	z.w.lock()
	defer z.w.unlock()
	return z.serial
}
