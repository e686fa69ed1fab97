package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// provider reads the name of a provider for which fits is true.
func (r *reader) provider(dst *providers.Provider, fits func(providers.Declaration) bool) func(ast.Node) {
	return to(r, dst, "provider", func(n ast.Node, s string) (providers.Provider, bool) {
		known := r.known(fits)
		if slices.Contains(known, s) {
			return providers.Provider(s), true
		}
		r.fail(n, didYouMean(s, known, "write "+strings.Join(known, " or ")), "unknown provider %q", s)
		return "", false
	})
}

// known returns the names of the providers for which fits is true.
func (r *reader) known(fits func(providers.Declaration) bool) (names []string) {
	for _, d := range r.providers {
		if fits(d) {
			names = append(names, string(d.Provider))
		}
	}
	return names
}

func computes(d providers.Declaration) bool   { return d.Computes }
func hostsZones(d providers.Declaration) bool { return d.ServesDNS }

// withSettings adds to the keys of an entry those that the fitting providers declare. Their settings are stored in
// values.
func (r *reader) withSettings(known fields, fits func(providers.Declaration) bool, values map[string]string) fields {
	for _, d := range r.providers {
		if !fits(d) {
			continue
		}
		for _, k := range d.Keys {
			known[k.Name] = func(n ast.Node) {
				var text string
				var yes bool
				switch k.Kind {
				case providers.KeyURL:
					r.toURL(&text, k.Name)(n)
				case providers.KeyPath:
					r.toPath(&text, k.Name)(n)
				case providers.KeyBool:
					if r.toBool(&yes, k.Name)(n); yes {
						text = "true"
					}
				default:
					r.toString(&text, k.Name)(n)
				}
				values[k.Name] = text
			}
		}
	}
	return known
}

// settings returns the values of an entry in the order of its provider's keys, and reports keys of other providers.
func (r *reader) settings(n ast.Node, at Pos, what string, p providers.Provider, values map[string]string) (out providers.Settings) {
	d := providers.Declared(r.providers, p)
	for _, k := range d.Keys {
		out = append(out, providers.SettingsOf(k.Name, values[k.Name])...)
	}
	for _, e := range r.entries(n, what) {
		k := keyText(e.Key)
		if _, ok := values[k]; !ok {
			continue
		}
		if _, ok := d.Key(k); !ok {
			r.fail(e, "leave it out", "%s has no key %q when its provider is %s", what, k, p)
		}
	}
	if d.Check != nil {
		if wrong, do := d.Check(out); wrong != "" {
			r.failAt(at, do, "%s %s", what, wrong)
		}
	}
	return out
}

// unfit reports whether a cloud's name cannot have a character, because filters and flags cannot hold it.
func unfit(r rune) bool { return r <= ' ' || strings.ContainsRune(":/=,\"'", r) || r == 0x7f }

// CloudName returns a name for a cloud that is like s, and that a config can hold.
func CloudName(s string) string {
	return strings.Map(func(r rune) rune {
		if unfit(r) {
			return '-'
		}
		return r
	}, s)
}

func (r *reader) cloud(n ast.Node) Cloud {
	c := Cloud{Pos: r.pos(n)}
	values := map[string]string{}
	before := len(r.errs)
	r.mapping(n, "a cloud", r.withSettings(fields{
		"name":       r.toString(&c.Name, "name"),
		"provider":   r.provider(&c.Provider, computes),
		"production": r.toBool(&c.Production, "production"),
	}, computes, values))
	if len(r.errs) > before {
		return c
	}
	switch {
	case c.Name == "":
		r.failAt(c.Pos, "add name:", "a cloud has no name")
	case strings.ContainsFunc(c.Name, unfit):
		r.failAt(c.Pos, "use letters, digits and dashes", "the cloud's name %q has a character that filters and flags cannot hold", c.Name)
	case c.Provider == "":
		r.failAt(c.Pos, "add provider: "+strings.Join(r.known(computes), " or provider: "), "cloud %s has no provider", c.Name)
	default:
		c.Settings = r.settings(n, c.Pos, "cloud "+c.Name, c.Provider, values)
	}
	return c
}

func (r *reader) zone(n ast.Node) Zone {
	z := Zone{Pos: r.pos(n)}
	values := map[string]string{}
	var threshold float64
	before := len(r.errs)
	r.mapping(n, "a zone", r.withSettings(fields{
		"name":      r.toName(&z.Name, "name"),
		"id":        r.toString(&z.ID, "id"),
		"account":   r.toString(&z.Account, "account"),
		"private":   r.toBool(&z.Private, "private"),
		"provider":  r.provider(&z.Provider, hostsZones),
		"threshold": func(n ast.Node) { z.Threshold = &threshold; r.toShare(&threshold, "threshold")(n) },
		"from":      toNumber(r, &z.From, "from", 1, mostRecords),
		"servers":   r.toAddresses(&z.Servers, "server"),
	}, hostsZones, values))
	if len(r.errs) > before {
		return z
	}
	switch {
	case z.Name == "":
		r.failAt(z.Pos, "add name:", "a zone has no name")
	case z.Provider == "":
		r.failAt(z.Pos, "add provider: "+strings.Join(r.known(hostsZones), " or provider: "), "zone %s has no provider", z.Name)
	default:
		z.ID = strings.TrimPrefix(z.ID, providers.Declared(r.providers, z.Provider).IDPrefix)
		z.Settings = r.settings(n, z.Pos, "zone "+z.Name, z.Provider, values)
	}
	return z
}

// check reports mistakes that only the whole file shows, such as two sources of one name.
func (r *reader) check(c *Config) {
	if c.Team.Store() != "" && c.Fleet == "" {
		r.failAt(c.Team.Pos, "add fleet: with the same id for all members", "a team needs a fleet id")
	}
	seen := map[string]Pos{}
	once := func(kind, name string, p Pos, do string) {
		if name == "" {
			return
		}
		if first, ok := seen[kind+name]; ok {
			r.failAt(p, do, "duplicate %s %q, first in line %d", kind, name, first.Line)
			return
		}
		seen[kind+name] = p
	}
	var clouds, zones []string
	for i := range c.Clouds {
		once("source", c.Clouds[i].Name, c.Clouds[i].Pos, "rename one or remove it")
		clouds = append(clouds, c.Clouds[i].Name)
	}
	for i := range c.Zones {
		once("source", c.Zones[i].Name, c.Zones[i].Pos, "keep one: a config reads one zone of a name; two of one account have different id:, and the other one goes into a config of its own")
		zones = append(zones, c.Zones[i].Name)
	}
	for i := range c.Services {
		s := &c.Services[i]
		once("service", s.Name, s.Pos, "rename one or remove it")
		for _, name := range s.Clouds {
			if !slices.Contains(clouds, name) {
				r.failAt(s.Pos, didYouMean(name, clouds, "add it to clouds, or correct the name"), "service %s names the unknown cloud %q", s.Name, name)
			}
		}
		r.serviceZone(c, s, zones)
	}
}

// toName reads a domain name (RFC 1035 section 2.3.4 for the lengths).
func (r *reader) toName(dst *string, what string) func(ast.Node) {
	return to(r, dst, what, func(n ast.Node, s string) (string, bool) {
		ascii, err := index.ALabels(s)
		if err != nil {
			r.fail(n, "write it in the letters of DNS (xn--…), or correct it", "%s: %s", what, err)
			return "", false
		}
		name := providers.CanonicalName(ascii)
		length := 1
		for _, l := range providers.SplitName(name) {
			length += len(l) + 1
			if l == "" || len(l) > 63 {
				r.fail(n, "write labels of 1 to 63 bytes between dots", "%s %q is not a domain name", what, s)
				return "", false
			}
		}
		if name == "." || length > 255 || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c == '/' || c == 0x7f }) {
			r.fail(n, "write a name such as www.example.com", "%s %q is not a domain name", what, s)
			return "", false
		}
		return name, true
	})
}

func (r *reader) toURL(dst *string, what string) func(ast.Node) {
	return to(r, dst, what, func(n ast.Node, s string) (string, bool) {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			r.fail(n, "write it with scheme and host, such as https://api.example.com", "%s %q is not a URL", what, s)
			return "", false
		}
		if u.User != nil {
			r.fail(n, "keep credentials out of the config", "%s holds a password", what)
			return "", false
		}
		return strings.TrimSuffix(s, "/"), true
	})
}

// toPath reads a file name: ~ is the home folder, and a relative path starts at the config file's folder.
func (r *reader) toPath(dst *string, what string) func(ast.Node) {
	return to(r, dst, what, func(n ast.Node, s string) (string, bool) {
		if rest, ok := strings.CutPrefix(s, "~/"); ok {
			if h, err := r.env.Home(); err == nil {
				s = filepath.Join(h, rest)
			}
		}
		if !filepath.IsAbs(s) {
			s = filepath.Join(filepath.Dir(r.file), s)
		}
		return s, true
	})
}

// resolverAddress completes a resolver to host:port.
func resolverAddress(s string) (string, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return net.JoinHostPort(a.String(), "53"), nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		if strings.ContainsAny(s, " /:[]") || s == "" {
			return "", fmt.Errorf("%q is not an address", s)
		}
		return net.JoinHostPort(s, "53"), nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || host == "" {
		return "", fmt.Errorf("%q is not an address and a port", s)
	}
	return s, nil
}
