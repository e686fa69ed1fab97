package userdata

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"rollcall/providers"
)

// TokenInScript is the value of the variable token_in_script by which an operator accepts that the script contains the
// token.
const TokenInScript = "yes-i-know"

// tokenRisk explains the risk of a token in the script.
const tokenRisk = "Everybody who can describe the instance, read its metadata from any process on it, or see the launch template then has the token, and can change every record of the zone"

// MaxTTL is the largest TTL (RFC 2181 section 8).
const MaxTTL = 1<<31 - 1

// standardVariables returns the variables of every template with an agent. They become the agent's config.
func standardVariables(agent string) []Variable {
	if agent == "" {
		return nil
	}
	v := []Variable{
		{Name: "service", Type: TypeDomain, Required: true, Example: "www.example.com", Help: "name that clients resolve"},
		{Name: "zone", Type: TypeDomain, Required: true, Example: "example.com", Help: "DNS zone that the name lies in"},
		{Name: "dns", Type: TypeEnum, Required: true, Example: "route53", Options: nodeDNS(), Help: "who hosts the zone"},
		{Name: "register", Type: TypeEnum, Default: "auto", Options: []string{"auto", RegisterAgent, RegisterConsole}, Help: "who puts the node into DNS: its agent, or the console; auto is the agent where a role gives it the right, else the console"},
		{Name: "ttl", Type: TypeTTL, Default: "60", Help: "seconds that resolvers keep an answer"},
		{Name: "proxied", Type: TypeBool, Default: "false", Help: "let Cloudflare answer in the node's place"},
		{Name: "ipv6", Type: TypeBool, Default: "false", Help: "register IPv6 addresses too"},
		{Name: "address", Type: TypeEnum, Default: "auto", Options: []string{"auto", "private", "public"}, Help: "addresses of the node to register; auto is the private ones in a private zone, and the public ones in any other"},
		{Name: "port", Type: TypePort, Default: "80", Help: "port of the service"},
		{Name: "health_path", Type: TypeString, Default: "/", Pattern: "|/[!-~]*", Help: "path that answers 200 when the node is well; empty for a look whether the port is open"},
		{Name: "health_command", Type: TypeString, Example: "systemctl is-active --quiet nginx", Help: "command that succeeds when the node is well, in the place of the path"},
		{Name: "health_port", Type: TypePort, Help: "port of the health check; that of the service if it is empty"},
		{Name: "health_need", Type: TypeInt, Default: "2", Pattern: "[1-9][0-9]?", Help: "checks that must pass, or fail, of the last health_of"},
		{Name: "health_of", Type: TypeInt, Default: "3", Pattern: "[1-9][0-9]?", Help: "checks that are looked at"},
		{Name: "health_interval", Type: TypeInt, Default: "5", Pattern: "[1-9][0-9]{0,3}", Help: "seconds between two checks"},
		{Name: "recheck", Type: TypeInt, Default: "600", Pattern: "[1-9][0-9]{1,4}", Help: "seconds between two looks whether the node is still in DNS, with its address of now; two to four calls to the DNS provider each"},
		{Name: "token_source", Type: TypeEnum, Default: "auto", Options: []string{"auto", TokenMetadata, TokenSSM, TokenScript}, Help: "where the agent finds the Cloudflare token: Triton metadata, AWS parameter store, or the script itself (see token_in_script); auto is metadata on Triton and ssm on EC2"},
		{Name: "token_key", Type: TypeString, Pattern: "|[A-Za-z0-9_./-]{1,200}", Example: "/rollcall/cloudflare-token", Help: "metadata key (default cloudflare-token) or parameter name (default /rollcall/cloudflare-token)"},
		{Name: "token", Type: TypeString, Secret: true, Pattern: "|[A-Za-z0-9_-]{1,200}", Help: "the token itself, for token_source script"},
		{Name: "token_in_script", Type: TypeString, Pattern: "|" + TokenInScript, Example: TokenInScript, Help: TokenInScript + " puts the token into the script. " + tokenRisk},
	}
	if agent == AnyKind {
		v = slices.Insert(v, 1, Variable{Name: "kind", Type: TypeEnum, Default: "auto", Options: []string{"auto", "round-robin", "dns-sd"}, Help: "kind of the service; auto is dns-sd where the name has _tcp or _udp in it"})
	}
	if agent == "dns-sd" || agent == AnyKind {
		if agent == "dns-sd" {
			v[0].Example = "v1._theservice._tcp.example.com"
		}
		v = append(v,
			Variable{Name: "host", Type: TypeString, Default: "{name}", Pattern: `[a-z0-9.-]*\{(name|id)\}[a-z0-9.-]*`, Help: "host name of the node, below the zone: {name} is the instance's name or hostname, {id} its id"},
			Variable{Name: "priority", Type: TypeInt, Default: "0", Help: "SRV priority, 0 to 65535: lower is tried first (RFC 2782)"},
			Variable{Name: "weight", Type: TypeInt, Default: strconv.Itoa(providers.DefaultWeight), Help: "SRV weight, 0 to 65535: share of the load (RFC 2782)"})
	}
	return v
}

// consoleDNS are the DNS providers whose zones only the console writes to.
var consoleDNS = []string{"rfc2136"}

// nodeDNS returns the DNS providers in whose zones nodes may be: those that the agent speaks to first.
func nodeDNS() (names []string) {
	for p, part := range agentParts {
		if !part.dns {
			continue
		}
		names = append(names, string(p))
	}
	slices.Sort(names)
	return append(names, consoleDNS...)
}

// declared returns what is wrong with the declaration of a variable.
func (v *Variable) declared() error {
	if !variableName().MatchString(v.Name) {
		return errors.New("its name takes lower-case letters, digits and underscores")
	}
	types := []Type{TypeString, TypeInt, TypeBool, TypePort, TypeTTL, TypeDomain, TypeEnum}
	if !slices.Contains(types, v.Type) {
		return fmt.Errorf("type %q: it is one of %s", v.Type, join(types))
	}
	if (v.Type == TypeEnum) != (len(v.Options) > 0) {
		return errors.New("an enum has options, and only an enum")
	}
	if _, err := regexp.Compile(v.Pattern); err != nil {
		return fmt.Errorf("pattern %q is no regular expression", v.Pattern)
	}
	for what, value := range map[string]string{"default": v.Default, "example": v.Example} {
		if value == "" {
			continue
		}
		if _, err := v.check(value); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if v.Required && v.Example == "" {
		return errors.New("a required variable has an example")
	}
	return nil
}

func join[T ~string](list []T) string {
	s := make([]string, len(list))
	for i := range list {
		s[i] = string(list[i])
	}
	return strings.Join(s, ", ")
}

// check returns the canonical spelling of a value, or an error that says what is wrong with it.
func (v *Variable) check(value string) (string, error) {
	if strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }) {
		return "", errors.New("it holds a control character")
	}
	var err error
	switch v.Type {
	case TypeString:
	case TypeInt:
		value, err = number(value, -1<<31, MaxTTL, "a whole number")
	case TypePort:
		value, err = number(value, 1, 65535, "a port, 1 to 65535")
	case TypeTTL:
		value, err = number(value, 1, MaxTTL, "seconds, 1 to 2147483647 (RFC 2181 section 8)")
	case TypeBool:
		if value != "true" && value != "false" {
			err = fmt.Errorf("%q is neither true nor false", value)
		}
	case TypeEnum:
		if !slices.Contains(v.Options, value) {
			err = fmt.Errorf("%q is not one of %s", value, strings.Join(v.Options, ", "))
		}
	case TypeDomain:
		value, err = domain(value)
	}
	if err != nil {
		return "", err
	}
	if v.Pattern != "" && !regexp.MustCompile(`^(?:`+v.Pattern+`)$`).MatchString(value) {
		return "", fmt.Errorf("%q does not match %s", value, v.Pattern)
	}
	return value, nil
}

func number(value string, lo, hi int64, what string) (string, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < lo || n > hi {
		return "", fmt.Errorf("%q is not %s", value, what)
	}
	return strconv.FormatInt(n, 10), nil
}

// domain returns the canonical form of a name of host or service labels. The name of an incarnation starts with a label
// of any text (RFC 6763 section 4.1.1).
func domain(value string) (string, error) {
	name := providers.CanonicalName(value)
	if name == "." || value == "" {
		return "", fmt.Errorf("%q is not a domain name", value)
	}
	labels := providers.SplitName(name)
	size := len(labels)
	for i, l := range labels {
		size += len(l)
		switch {
		case l == "":
			return "", fmt.Errorf("%q has an empty label", value)
		case len(l) > 63:
			return "", fmt.Errorf("the label %.20s… has %d bytes, the limit is 63 (RFC 1035 section 2.3.4)", l, len(l))
		case i == 0 && isType(labels[1:]):
			if !utf8.ValidString(l) || strings.ContainsFunc(l, unicode.IsControl) {
				return "", fmt.Errorf("the instance name of %q is not UTF-8 without control characters (RFC 6763 section 4.1.1)", value)
			}
		case strings.ContainsFunc(l, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
		}), l[0] == '-':
			return "", fmt.Errorf("%q: the label %q is not made of letters, digits, hyphens and underscores", value, l)
		}
	}
	if size > maxName {
		return "", fmt.Errorf("the name has %d characters, the limit is %d (RFC 1035 section 2.3.4)", size-1, maxName-1)
	}
	return name, nil
}

// maxName is the longest name in bytes, including the length byte of each label and without the root.
const maxName = 254

// checkMarkerLength returns an error for a name that is too long for owner markers below it. The longest id is a UUID.
func checkMarkerLength(name string) error {
	size := 0
	for _, l := range providers.SplitName(providers.MarkerName(strings.Repeat("i", 36), name)) {
		size += 1 + len(l)
	}
	if size > maxName {
		return fmt.Errorf("%s leaves no room for owner markers: the name of one would have %d characters, the limit is %d (RFC 1035 section 2.3.4)", name, size-1, maxName-1)
	}
	return nil
}

// isType reports whether labels start with a service type of DNS-SD.
func isType(labels []string) bool {
	return len(labels) > 2 && strings.HasPrefix(labels[0], "_") && (labels[1] == "_tcp" || labels[1] == "_udp")
}

var typeLabel = regexp.MustCompile(`^_[a-z0-9]+(-[a-z0-9]+)*$`)

// checkType checks the name of a service type by RFC 6335 section 5.1.
func checkType(label string) error {
	if !typeLabel.MatchString(label) || !strings.ContainsFunc(label, unicode.IsLower) || len(label) > 16 {
		return fmt.Errorf("%s is no name of a service type: up to 15 letters, digits and single hyphens behind the underscore, one of them a letter (RFC 6335 section 5.1)", label)
	}
	return nil
}

// values checks all values of a template and adds the defaults.
func (t *Template) values(given map[string]string) (map[string]string, Problems) {
	var p Problems
	add := func(name, format string, args ...any) {
		p = append(p, fmt.Sprintf("template %s: %s: %s", t.Name, name, fmt.Sprintf(format, args...)))
	}
	out := map[string]string{}
	var names []string
	for i := range t.Variables {
		v := &t.Variables[i]
		names = append(names, v.Name)
		value, ok := given[v.Name]
		if !ok || value == "" && v.Type != TypeString {
			value = v.Default
		}
		if value == "" {
			if v.Required {
				add(v.Name, "it is not set (%s), for example %s", v.Help, v.Example)
				continue
			}
			if v.Type != TypeString {
				out[v.Name] = ""
				continue
			}
		}
		checked, err := v.check(value)
		if err != nil {
			if v.Secret { // the error must not show it
				err = fmt.Errorf("the value is not fit for a variable of type %s%s", v.Type, fits(v.Pattern))
			}
			add(v.Name, "%v", err)
			continue
		}
		out[v.Name] = checked
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(names, name) {
			add(name, "there is no such variable; there are %s", strings.Join(names, ", "))
		}
	}
	return out, p
}

func fits(pattern string) string {
	if pattern == "" {
		return ""
	}
	return " that matches " + pattern
}

// secrets returns the values of secret variables.
func (t *Template) secrets(values map[string]string) map[string]string {
	out := map[string]string{}
	for i := range t.Variables {
		if v := &t.Variables[i]; v.Secret && values[v.Name] != "" {
			out[v.Name] = values[v.Name]
		}
	}
	return out
}
