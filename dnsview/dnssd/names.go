package dnssd

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"rollcall/providers"
)

// The longest label and name of DNS (RFC 1035 section 2.3.4) in bytes, and the longest service name (RFC 6335 section
// 5.1) in characters without the underscore.
const (
	maxLabel   = 63
	maxName    = 255
	maxService = 15
)

const (
	enumeration = "_services._dns-sd" // RFC 6763 section 9
	subLabel    = "_sub"              // RFC 6763 section 7.1
)

// Name is a parsed DNS-SD name. Instance and Subtype are raw UTF-8 without escapes. The fields that are set determine
// its kind:
//
//	v1._theservice._tcp.unilans.net         an incarnation (service instance)
//	_theservice._tcp.unilans.net            a service type
//	_beta._sub._theservice._tcp.unilans.net a subtype
//	_services._dns-sd._udp.unilans.net      the enumeration of all types
type Name struct {
	Instance string
	Subtype  string
	Service  string // with its underscore, in lower case
	Proto    string // _tcp, or _udp for every other transport (RFC 6763 section 7)
	Domain   string // canonical
}

// Enumeration returns the name at which a domain lists its service types.
func Enumeration(domain string) Name {
	return Name{Service: enumeration, Proto: "_udp", Domain: providers.CanonicalName(domain)}
}

// ParseName parses a name in presentation format, with the escapes of RFC 1035 section 5.1. It returns a *Refusal for a
// name that DNS does not allow or that no client would find.
func ParseName(s string) (Name, error) {
	if err := checkEscapes(s); err != nil {
		return Name{}, err
	}
	labels := providers.SplitName(s)
	if err := checkLabels(s, labels); err != nil {
		return Name{}, err
	}
	var at int // of the service label
	switch {
	case len(labels) > 3 && strings.EqualFold(labels[0]+"."+labels[1], enumeration) && strings.EqualFold(labels[2], "_udp"):
		return Enumeration(join(labels[3:])), nil
	case isType(labels, 0):
		at = 0
	case len(labels) > 1 && strings.EqualFold(labels[1], subLabel) && isType(labels, 2):
		at = 2
	case isType(labels, 1):
		at = 1
	case typeWithin(labels):
		return Name{}, invalid(`%s has dots before its service type: write a dot that belongs to the instance name as \.`, Quoted(s))
	default:
		return Name{}, invalid("%s is no DNS-SD name: write INSTANCE._SERVICE._tcp.DOMAIN, such as v1._theservice._tcp.example.com", Quoted(s))
	}
	n := Name{Service: strings.ToLower(labels[at]), Proto: strings.ToLower(labels[at+1]), Domain: providers.CanonicalName(join(labels[at+2:]))}
	switch at {
	case 1:
		n.Instance = labels[0]
		if err := CheckInstance(n.Instance); err != nil {
			return Name{}, err
		}
	case 2:
		n.Subtype = labels[0]
	}
	return n, checkService(n.Service)
}

// isType reports whether the labels from index i on are a service type in a domain.
func isType(labels []string, i int) bool {
	return len(labels) > i+2 && strings.HasPrefix(labels[i], "_") && (strings.EqualFold(labels[i+1], "_tcp") || strings.EqualFold(labels[i+1], "_udp"))
}

// typeWithin reports whether a service type follows several labels.
func typeWithin(labels []string) bool {
	for i := 2; i < len(labels); i++ {
		if isType(labels, i) {
			return true
		}
	}
	return false
}

// checkEscapes returns a *Refusal for an invalid escape (RFC 1035 section 5.1): a backslash must precede three digits
// up to 255, or another character.
func checkEscapes(s string) error {
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			continue
		}
		i++
		switch {
		case i == len(s):
			return invalid(`%s ends in a backslash: write one that belongs to the name as \\`, Quoted(s))
		case s[i] < '0' || s[i] > '9':
			continue
		}
		digits := s[i:min(i+3, len(s))]
		if _, err := strconv.ParseUint(digits, 10, 8); err != nil || len(digits) < 3 {
			return invalid(`%s: \%s is no byte: write three digits, \000 to \255`, Quoted(s), providers.Clean(digits))
		}
		i += 2
	}
	return nil
}

// Quoted returns a text for a message: in quotes, without control characters, and with its backslashes unchanged.
func Quoted(s string) string { return `"` + providers.Clean(s) + `"` }

func join(labels []string) string {
	out := make([]string, len(labels))
	for i, l := range labels {
		out[i] = providers.EscapeLabel(l)
	}
	return strings.Join(out, ".")
}

// CheckName returns a *Refusal for a name that is longer than RFC 1035 section 2.3.4 allows, or
// has an empty label.
func CheckName(name string) error { return checkLabels(name, providers.SplitName(name)) }

func checkLabels(name string, labels []string) error {
	size := 1
	for _, l := range labels {
		switch {
		case l == "":
			return invalid("%s has an empty label", Quoted(name))
		case len(l) > maxLabel:
			return invalid("the label %s has %d bytes, and %d is the most", Quoted(l), len(l), maxLabel)
		}
		size += 1 + len(l)
	}
	switch {
	case len(labels) == 0:
		return invalid("a name is empty")
	case size > maxName:
		return invalid("%s has %d bytes, and %d is the most for a name", Quoted(name), size, maxName)
	}
	return nil
}

// CheckInstance returns a *Refusal for a raw instance label that RFC 6763 section 4.1.1 does not allow.
func CheckInstance(label string) error {
	switch {
	case !utf8.ValidString(label):
		return invalid("the instance name %s is not UTF-8", Quoted(label))
	case strings.ContainsFunc(label, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return invalid("the instance name %s has a control character", Quoted(label))
	}
	return nil
}

// checkService returns a *Refusal for a service label that RFC 6335 section 5.1 does not allow.
func checkService(label string) error {
	name := strings.TrimPrefix(label, "_")
	letter := false
	for i, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z':
			letter = true
		case c >= '0' && c <= '9':
		case c == '-' && i > 0 && i < len(name)-1 && name[i-1] != '-':
		default:
			return invalid("the service %s: its name may have letters, digits and single hyphens between them", Quoted(label))
		}
	}
	switch {
	case !letter:
		return invalid("the service %s: its name needs a letter", Quoted(label))
	case len(name) > maxService:
		return invalid("the service %s: its name has %d characters, and %d is the most", Quoted(label), len(name), maxService)
	}
	return nil
}

// Type returns the service type of the name.
func (n Name) Type() Name { return Name{Service: n.Service, Proto: n.Proto, Domain: n.Domain} }

// Sub returns a subtype of the name's type.
func (n Name) Sub(subtype string) Name {
	t := n.Type()
	t.Subtype = subtype
	return t
}

// HasSubtype reports whether name is a subtype of n's service type (RFC 6763 section 7.1).
func (n Name) HasSubtype(name string) bool {
	return strings.HasSuffix(name, "."+subLabel+"."+n.Type().Canonical())
}

// Enumerates reports whether the name is the enumeration of service types.
func (n Name) Enumerates() bool { return n.Service == enumeration }

// String returns the name in presentation format, without the last dot and with the case in which it was written.
func (n Name) String() string {
	s := n.Service + "." + n.Proto + "." + n.Domain
	switch {
	case n.Instance != "":
		s = providers.EscapeLabel(n.Instance) + "." + s
	case n.Subtype != "":
		s = providers.EscapeLabel(n.Subtype) + "." + subLabel + "." + s
	}
	return s
}

// Canonical returns the name as records have it.
func (n Name) Canonical() string { return providers.CanonicalName(n.String()) }

// ParseHost parses the name of a host in a zone: a full name, or labels below the zone. A host name has letters, digits
// and hyphens (RFC 1123 section 2.1). It returns the canonical name, and the name below the zone, which markers
// contain.
func ParseHost(s, zone string) (name, short string, err error) {
	zone = providers.CanonicalName(zone)
	if err := checkEscapes(s); err != nil {
		return "", "", err
	}
	name = providers.CanonicalName(s)
	switch {
	case s == "" || name == zone || name == ".":
		return "", "", invalid("%s is no name of a host below %s", Quoted(s), zone)
	case providers.InZone(name, zone):
	case strings.Contains(s, "."):
		return "", "", invalid("the host %s does not lie in %s, the zone of the service", providers.Clean(name), zone)
	default:
		name += "." + zone
	}
	short = strings.TrimSuffix(name, "."+zone)
	labels := providers.SplitName(short)
	for _, l := range labels {
		if l == "" || l[0] == '-' || l[len(l)-1] == '-' || strings.ContainsFunc(l, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
		}) {
			return "", "", invalid("%s is no name of a host: its labels may have letters, digits, and hyphens between them", Quoted(s))
		}
	}
	return name, short, checkLabels(name, providers.SplitName(name))
}
