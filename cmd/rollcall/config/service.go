package config

import (
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

func (r *reader) service(n ast.Node) Service {
	s := Service{Pos: r.pos(n)}
	var kind string
	var proxied bool
	var weight uint16
	before := len(r.errs)
	r.mapping(n, "a service", fields{
		"name":     r.toServiceName(&s.Name),
		"kind":     r.toString(&kind, "kind"),
		"zone":     r.toName(&s.Zone, "zone"),
		"ttl":      toNumber(r, &s.TTL, "ttl", 1, 1<<31-1),
		"port":     toNumber(r, &s.Port, "port", 1, 65535),
		"priority": toNumber(r, &s.Priority, "priority", 0, 65535),
		"weight":   func(n ast.Node) { s.Weight = &weight; toNumber(r, &weight, "weight", 0, 65535)(n) },
		"minimum":  toNumber(r, &s.Minimum, "minimum", 0, mostRecords),
		"proxied":  func(n ast.Node) { s.Proxied = &proxied; r.toBool(&proxied, "proxied")(n) },
		"ipv6":     r.toBool(&s.IPv6, "ipv6"),
		"address": to(r, &s.Address, "address", func(n ast.Node, s string) (index.AddressScope, bool) {
			scope := index.AddressScope(s)
			if scope != index.ScopePrivate && scope != index.ScopePublic {
				r.fail(n, "write private or public", "address %q is not valid", s)
				return "", false
			}
			return scope, true
		}),
		"linger": r.toDuration(&s.Linger, "linger", 0, 24*time.Hour),
		"txt":    r.toTXT(&s.TXT),
		"clouds": r.toStrings(&s.Clouds, "clouds"),
		"select": func(n ast.Node) {
			var sel map[string]string
			r.toStringMap(&sel, "select")(n)
			s.Select = map[string]string{}
			for k, v := range sel {
				s.Select[strings.TrimPrefix(k, "tag.")] = v
			}
		},
		"health": func(n ast.Node) { r.health(n, &s.Health) },
		"boot": func(n ast.Node) {
			r.mapping(n, "boot", fields{
				"template": r.toString(&s.Boot.Template, "template"),
				"set":      r.toStringMap(&s.Boot.Set, "set"),
				"metadata": r.toEnvironment(&s.Boot.Metadata, "metadata"),
			})
		},
	})
	if len(r.errs) > before {
		return s
	}
	if s.Name == "" {
		r.failAt(s.Pos, "add name:", "a service has no name")
		return s
	}
	switch s.Kind = index.ServiceKind(kind); s.Kind {
	case index.RoundRobin, index.DNSSD:
	case "":
		s.Kind = index.RoundRobin
		if strings.Contains(s.Name, "._tcp.") || strings.Contains(s.Name, "._udp.") {
			s.Kind = index.DNSSD
		}
	default:
		r.failAt(s.Pos, "write round-robin or dns-sd", "service %s is of the unknown kind %q", s.Name, kind)
	}
	if s.Kind != index.DNSSD {
		return s
	}
	switch name, err := dnssd.ParseName(s.Name); {
	case err != nil:
		r.failAt(s.Pos, "", "service: %v", err)
	case name.Instance == "":
		r.failAt(s.Pos, "declare its incarnations, such as v1."+s.Name, "service %s is a service type", s.Name)
	case s.Port == 0:
		r.failAt(s.Pos, "add port:", "service %s is found by DNS-SD and has no port", s.Name)
	}
	return s
}

// toServiceName reads the name of a service. The name of an incarnation starts with a label of any text (RFC 6763
// section 4.1.1).
func (r *reader) toServiceName(dst *string) func(ast.Node) {
	return func(n ast.Node) {
		s, ok := r.text(n, "name")
		if !ok {
			return
		}
		if !slices.ContainsFunc(providers.SplitName(s), func(l string) bool { return strings.EqualFold(l, "_tcp") || strings.EqualFold(l, "_udp") }) {
			r.toName(dst, "name")(n)
			return
		}
		name, err := dnssd.ParseName(s)
		if err != nil {
			r.fail(n, "", "name: %v", err)
			return
		}
		*dst = name.Canonical()
	}
}

// toTXT reads the attributes of an incarnation (RFC 6763 section 6).
func (r *reader) toTXT(dst *map[string]string) func(ast.Node) {
	return func(n ast.Node) {
		r.toStringMap(dst, "txt")(n)
		if err := dnssd.FromMap(*dst).Check(); err != nil {
			r.fail(n, "", "txt: %v", err)
		}
	}
}

func (r *reader) health(n ast.Node, h *index.Health) {
	r.mapping(n, "health", fields{
		"http":     r.toString(&h.HTTP, "http"),
		"tcp":      r.toBool(&h.TCP, "tcp"),
		"port":     toNumber(r, &h.Port, "port", 1, 65535),
		"command":  r.toString(&h.Command, "command"),
		"interval": r.toDuration(&h.Interval, "interval", time.Second, time.Hour),
		"need":     toNumber(r, &h.Need, "need", 1, 100),
		"of":       toNumber(r, &h.Of, "of", 1, 100),
	})
	if h.HTTP != "" && !strings.HasPrefix(h.HTTP, "/") {
		r.fail(n, `write a path, such as "/"`, "health: http %q is not a path", h.HTTP)
	}
	if h.Need > h.Of && h.Of > 0 {
		r.fail(n, "need at most as many as are tried", "health: %d of %d can never be met", h.Need, h.Of)
	}
}

func (r *reader) serviceZone(c *Config, s *Service, zones []string) {
	if s.Name == "" {
		return
	}
	do := "add the zone to zones"
	if len(zones) > 0 {
		do += ", which has " + strings.Join(zones, ", ")
	}
	switch {
	case s.Zone == "":
		zone, ok := c.ZoneOf(s.Name)
		if !ok {
			r.failAt(s.Pos, do, "service %s lies in no zone of this config", s.Name)
			return
		}
		s.Zone = zone
	case !slices.Contains(zones, s.Zone):
		r.failAt(s.Pos, didYouMean(s.Zone, zones, do), "service %s names the unknown zone %q", s.Name, s.Zone)
	case !providers.InZone(s.Name, s.Zone):
		r.failAt(s.Pos, "correct the name or the zone", "service %s does not lie in the zone %s", s.Name, s.Zone)
	}
	for i := range c.Zones {
		if z := &c.Zones[i]; z.Name == s.Zone {
			r.serviceAt(z.Provider, s)
		}
	}
}

// serviceAt reports settings of a service that the zone's provider would reject for every record.
func (r *reader) serviceAt(p providers.Provider, s *Service) {
	d := providers.Declared(r.providers, p)
	switch {
	case d == nil: // reported elsewhere
	case s.TTL > 0 && !d.TTLs.Holds(s.TTL):
		r.failAt(s.Pos, "write "+d.TTLs.String(), "service %s has a ttl of %d, which %s does not take", s.Name, s.TTL, d.Title)
	case !d.Proxies && s.Proxied != nil && *s.Proxied:
		var only []string
		for _, o := range r.providers {
			if o.Proxies {
				only = append(only, o.Title)
			}
		}
		r.failAt(s.Pos, "leave out proxied", "service %s is proxied, which only %s does", s.Name, strings.Join(only, " or "))
	}
}
