package providers

import (
	"net/netip"
	"strings"
)

// CanonicalName returns a domain name in the one spelling that rollcall uses: fully qualified, ASCII lower case (RFC
// 4343), without the last dot, and with the escapes of RFC 1035 section 5.1 only where a label needs them. The root is
// ".".
func CanonicalName(s string) string {
	if whole := strings.TrimSuffix(s, "."); !needsCanon(whole) {
		return whole
	}
	labels := SplitName(s)
	for len(labels) > 0 && labels[len(labels)-1] == "" {
		labels = labels[:len(labels)-1] // a name does not end in several dots
	}
	if len(labels) == 0 {
		return "."
	}
	for i, l := range labels {
		labels[i] = EscapeLabel(lowerASCII(l))
	}
	return strings.Join(labels, ".")
}

// needsCanon reports whether s is not canonical. It spares canonical names an allocation: listings of 100,000 records
// pass through here.
func needsCanon(s string) bool {
	if s == "" || s[len(s)-1] == '.' {
		return true
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '.', c == '_':
		default:
			return true
		}
	}
	return false
}

// lowerASCII works byte by byte: a label need not be UTF-8.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// SplitName splits a domain name in presentation format into labels of raw bytes, with the escapes of RFC 1035 section
// 5.1 (\X, and \DDD in decimal) undone. The last dot is optional.
func SplitName(s string) []string { return decimal.SplitName(s) }

// EscapeLabel returns a raw label in presentation format: dots, backslashes and characters that are special in a zone
// file follow a backslash, and unprintable bytes are \DDD.
func EscapeLabel(label string) string {
	var b strings.Builder
	for i := range len(label) {
		switch c := label[i]; {
		case c == '.', c == '\\', c == '"', c == '(', c == ')', c == ';', c == '@', c == '$':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c <= ' ' || c >= 0x7f:
			writeDecimal(&b, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// SpellName returns a name in presentation format with the escapes of EscapeLabel, without the last dot and with its
// case kept. Other programs write the spaces of a DNS-SD instance name differently.
func SpellName(s string) string { return decimal.SpellName(s) }

// CutLabel returns the first label of a name, and the rest; "" after the last label. An escaped dot belongs to its label.
func CutLabel(name string) (label, rest string) {
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '\\':
			i++
		case '.':
			return name[:i], name[i+1:]
		}
	}
	return name, ""
}

// Parent returns the name one label up. ok is false for the root and for a name of one label.
func Parent(name string) (above string, ok bool) {
	_, above = CutLabel(name)
	return above, above != ""
}

// SameName reports whether two names are equal label by label, regardless of case.
func SameName(a, b string) bool { return a == b || CanonicalName(a) == CanonicalName(b) }

// InZone reports whether name is zone or below it, by labels: "notexample.com" is not in "example.com".
func InZone(name, zone string) bool {
	n, z := CanonicalName(name), CanonicalName(zone)
	if n == z || z == "." {
		return true
	}
	above, ok := strings.CutSuffix(n, "."+z)
	// A dot after an odd number of backslashes belongs to a label.
	return ok && (len(above)-len(strings.TrimRight(above, `\`)))%2 == 0
}

// ParseAddr parses an IP address and unwraps an IPv4 address in IPv6. ok is false for an address with a zone and for
// anything that is not an address.
func ParseAddr(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.TrimSpace(s))
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, false
	}
	return a.Unmap(), true
}
