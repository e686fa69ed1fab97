package world

import (
	"fmt"

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
		if !ok || s.Alias != nil {
			continue
		}
		old := m[s.Type] // weighted sets of one name are merged: good enough for a picture of the wire
		m[s.Type] = ServedSet{Type: s.Type, TTL: s.TTL, Values: append(old.Values, s.Values...)}
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

// Served gives what the name servers answer for a name: its sets by type, and
// whether the name exists at all (it may have no sets, as an empty non-terminal).
func (z *Zone) Served(name string) (sets map[string]ServedSet, exists bool) {
	z.w.lock()
	defer z.w.unlock()
	name = providers.CanonicalName(name)
	return z.served[name], z.below[name] > 0
}

// Serial is the serial number of the zone's SOA; it grows with every change that is served.
func (z *Zone) Serial() uint32 {
	z.w.lock()
	defer z.w.unlock()
	return z.serial
}
