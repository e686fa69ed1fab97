package config

import (
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rollcall/providers"
)

// Write writes the config as a file that Parse reads back unchanged. A config contains no secrets: credentials stay
// where each ecosystem keeps them.
func Write(w io.Writer, c *Config) error {
	var b strings.Builder
	if c.Fleet != "" {
		b.WriteString("# The id of everything that this team marks as its own. Share it within the team, and never change it.\n")
		fmt.Fprintf(&b, "fleet: %s\n", scalar(c.Fleet))
	}
	if len(c.Clouds) > 0 {
		b.WriteString("clouds:\n")
	}
	for i := range c.Clouds {
		x := &c.Clouds[i]
		pairs := append([]string{"name", x.Name, "provider", string(x.Provider)}, settingPairs(x.Settings)...)
		b.WriteString("  - {" + flowPairs(append(pairs, "production", yes(x.Production))) + "}\n")
	}
	if len(c.Zones) > 0 {
		b.WriteString("zones:\n")
	}
	for i := range c.Zones {
		z := &c.Zones[i]
		pairs := append([]string{"name", z.Name, "id", z.ID, "account", z.Account, "private", yes(z.Private), "provider", string(z.Provider)}, settingPairs(z.Settings)...)
		p := flowPairs(append(pairs, "threshold", share(z.Threshold), "from", num(int64(z.From))))
		if len(z.Servers) > 0 {
			p += ", servers: " + flowList(z.Servers)
		}
		b.WriteString("  - {" + p + "}\n")
	}
	if len(c.Services) > 0 {
		b.WriteString("services:\n")
	}
	for i := range c.Services {
		writeService(&b, &c.Services[i])
	}
	g := &c.Guards
	fmt.Fprintf(&b, "guards: {age: %s, threshold: %s, from: %d, grace: %s, boot: %s, wire: %s", short(g.Age), share(&g.Threshold), g.From, short(g.Grace), short(g.BootGrace), short(g.WireGrace))
	if len(g.Allow) > 0 {
		var allow []string
		for _, p := range g.Allow {
			allow = append(allow, p.String())
		}
		b.WriteString(", allow: " + flowList(allow))
	}
	fmt.Fprintf(&b, "}\nrefresh: %s\n", short(c.Refresh))
	b.WriteString("# Whether the console and rollcall watch ask name servers what they answer, and whether they\n" +
		"# make the health checks of services from this machine. A cloud whose API is on loopback is never probed.\n")
	fmt.Fprintf(&b, "wire: %t\nprobe: %t\n", c.Wire, c.Probe)
	if len(c.Resolvers) > 0 {
		b.WriteString("resolvers: " + flowList(c.Resolvers) + "\n")
	}
	if c.RangesFile != "" {
		fmt.Fprintf(&b, "ranges: %s\n", scalar(c.RangesFile))
	}
	if t := &c.Team; t.Store() != "" {
		b.WriteString("team: {" + flowPairs([]string{"store", t.Store(), "endpoint", t.Endpoint, "profile", t.Profile, "region", t.Region, "sign", yes(t.Sign), "sign_key", t.SignKey, "allowed_signers", t.AllowedSigners}) + "}\n")
	}
	if c.Theme != "" {
		fmt.Fprintf(&b, "theme: %s\n", c.Theme)
	}
	if c.FirstScreen != "" {
		fmt.Fprintf(&b, "first_screen: %s\n", scalar(c.FirstScreen))
	}
	if len(c.Columns) > 0 {
		b.WriteString("columns:\n")
		for _, list := range slices.Sorted(maps.Keys(c.Columns)) {
			fmt.Fprintf(&b, "  %s: %s\n", scalar(list), flowList(c.Columns[list]))
		}
	}
	if !c.Mouse {
		b.WriteString("mouse: false\n")
	}
	if c.State != "" {
		fmt.Fprintf(&b, "state: %s\n", scalar(c.State))
	}
	if len(c.Keys) > 0 {
		b.WriteString("keys:\n")
		for _, a := range slices.Sorted(maps.Keys(c.Keys)) {
			fmt.Fprintf(&b, "  %s: %s\n", a, flowList(c.Keys[a]))
		}
	}
	if len(c.Commands) > 0 {
		b.WriteString("commands:\n")
		for i := range c.Commands {
			x := &c.Commands[i]
			b.WriteString("  - {" + flowPairs([]string{"name", x.Name, "key", x.Key, "dangerous", yes(x.Dangerous)}) + ", run: " + flowList(x.Run) + "}\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	if err != nil {
		return fmt.Errorf("write config: %w", err)
	}
	return nil
}

func writeService(b *strings.Builder, s *Service) {
	pairs := []string{"name", s.Name, "kind", string(s.Kind), "zone", s.Zone, "ttl", num(int64(s.TTL)), "port", num(int64(s.Port)), "priority", num(int64(s.Priority)), "minimum", num(int64(s.Minimum)), "ipv6", yes(s.IPv6), "address", string(s.Address)}
	if s.Weight != nil {
		pairs = append(pairs, "weight", strconv.Itoa(int(*s.Weight)))
	}
	if s.Linger > 0 {
		pairs = append(pairs, "linger", short(s.Linger))
	}
	if s.Proxied != nil {
		pairs = append(pairs, "proxied", strconv.FormatBool(*s.Proxied))
	}
	b.WriteString("  - {" + flowPairs(pairs))
	if len(s.Clouds) > 0 {
		b.WriteString(", clouds: " + flowList(s.Clouds))
	}
	if len(s.Select) > 0 {
		sel := map[string]string{}
		for k, v := range s.Select {
			sel["tag."+k] = v
		}
		b.WriteString(", select: " + flowMap(sel))
	}
	if len(s.TXT) > 0 {
		b.WriteString(", txt: " + flowMap(s.TXT))
	}
	h := &s.Health
	interval := ""
	if h.Interval > 0 {
		interval = short(h.Interval)
	}
	if p := flowPairs([]string{"http", h.HTTP, "tcp", yes(h.TCP), "port", num(int64(h.Port)), "command", h.Command, "interval", interval, "need", num(int64(h.Need)), "of", num(int64(h.Of))}); p != "" {
		b.WriteString(", health: {" + p + "}")
	}
	if p := flowPairs([]string{"template", s.Boot.Template}); p != "" || len(s.Boot.Set) > 0 || len(s.Boot.Metadata) > 0 {
		if len(s.Boot.Set) > 0 {
			p = strings.TrimPrefix(p+", set: "+flowMap(s.Boot.Set), ", ")
		}
		if len(s.Boot.Metadata) > 0 {
			p = strings.TrimPrefix(p+", metadata: "+flowMap(s.Boot.Metadata), ", ")
		}
		b.WriteString(", boot: {" + p + "}")
	}
	b.WriteString("}\n")
}

func settingPairs(s providers.Settings) (pairs []string) {
	for _, x := range s {
		pairs = append(pairs, x.Key, x.Value)
	}
	return pairs
}

// flowPairs writes the pairs whose value is not empty.
func flowPairs(pairs []string) string {
	var out []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, pairs[i]+": "+scalar(pairs[i+1]))
		}
	}
	return strings.Join(out, ", ")
}

func flowMap(m map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, scalar(k)+": "+quote(m[k]))
	}
	return "{" + strings.Join(out, ", ") + "}"
}

func flowList(l []string) string {
	var out []string
	for _, s := range l {
		out = append(out, scalar(s))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

func num(v int64) string {
	if v == 0 {
		return ""
	}
	return strconv.FormatInt(v, 10)
}

// share formats a percentage with the digits that are needed to read it back unchanged.
func share(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(math.Round(*v*1e10)/1e8, 'f', -1, 64) + "%"
}

func yes(v bool) string {
	if v {
		return "true"
	}
	return ""
}

// safePlain matches texts that need no quotes in YAML, including numbers, because Parse reads every scalar as text.
var safePlain = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./-]*$|^https?://[A-Za-z0-9.:/_~-]+[A-Za-z0-9/_~-]$`)

// otherType matches what a YAML 1.1 or 1.2 parser would read as a truth value, null, a number or a date.
var otherType = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false|null)$|^[0-9][0-9_]*(\.[0-9_]*)?([eE][0-9]+)?$|^0[xXoObB][0-9a-fA-F_]+$|^[0-9]{4}-[0-9]`)

func scalar(s string) string {
	if safePlain.MatchString(s) && !otherType.MatchString(s) {
		return s
	}
	return quote(s)
}

func quote(s string) string { return strconv.Quote(s) }

// Source returns the place of a source's entry in the file.
func (c *Config) Source(name string) (Pos, bool) {
	for i := range c.Clouds {
		if c.Clouds[i].Name == name {
			return c.Clouds[i].Pos, true
		}
	}
	for i := range c.Zones {
		if providers.SameName(c.Zones[i].Name, name) {
			return c.Zones[i].Pos, true
		}
	}
	return Pos{}, false
}
