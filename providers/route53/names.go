package route53

import (
	"strings"

	"rollcall/providers"
)

// Route 53 escapes characters of a name other than a-z, 0-9, hyphen and underscore as a backslash and three octal
// digits (Developer Guide, "DNS domain name format"), and in TXT strings those that do not print ("Supported DNS record
// types"). All other code of rollcall uses the decimal escapes of RFC 1035.
var escapes = providers.Escapes{Read: readOctal, Write: writeOctal}

// nameFromWire returns the canonical form of a name from Route 53.
func nameFromWire(s string) string {
	if !strings.Contains(s, `\`) {
		return providers.CanonicalName(s)
	}
	return providers.CanonicalName(escapes.SpellName(s))
}

// readOctal returns the byte of the escape at the start of s, and the escape's length.
func readOctal(s string) (c byte, n int) {
	if len(s) >= 4 && s[1] <= '3' && octal(s[1]) && octal(s[2]) && octal(s[3]) {
		return (s[1]-'0')<<6 | (s[2]-'0')<<3 | (s[3] - '0'), 4
	}
	if len(s) >= 2 {
		return s[1], 2
	}
	return '\\', 1
}

func octal(c byte) bool { return c >= '0' && c <= '7' }

func writeOctal(b *strings.Builder, c byte) {
	b.WriteByte('\\')
	b.WriteByte('0' + c>>6)
	b.WriteByte('0' + c>>3&7)
	b.WriteByte('0' + c&7)
}

// nameToWire returns a name in the form that Route 53 takes, with the last dot. A leftmost label of one asterisk is a
// wildcard and stays unescaped.
func nameToWire(name string) string {
	var b strings.Builder
	for i, label := range providers.SplitName(name) {
		if i == 0 && label == "*" {
			b.WriteString("*.")
			continue
		}
		for _, c := range []byte(label) {
			switch {
			case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
				b.WriteByte(c)
			default:
				writeOctal(&b, c)
			}
		}
		b.WriteByte('.')
	}
	if b.Len() == 0 {
		return "."
	}
	return b.String()
}

// targetField returns the field of a value that holds a domain name.
func targetField(typ string) (int, bool) {
	switch typ {
	case "CNAME", "NS", "PTR", "DNAME":
		return 0, true
	case "MX":
		return 1, true
	case "SRV":
		return 3, true
	}
	return 0, false
}

// valueFromWire returns the canonical form of a value from Route 53.
func valueFromWire(typ, v string) string {
	if typ == "TXT" || typ == "SPF" {
		if parts, ok := escapes.ParseTXT(v); ok {
			return providers.FormatTXT(parts)
		}
		return strings.TrimSpace(v)
	}
	if strings.Contains(v, `\`) {
		return escapes.SpellValue(typ, v)
	}
	return providers.CanonicalValue(typ, v)
}

// valueToWire returns a value in the form that Route 53 takes.
func valueToWire(typ, v string) string {
	if typ == "TXT" || typ == "SPF" {
		if parts, ok := providers.ParseTXT(v); ok {
			return escapes.FormatTXT(parts)
		}
		return v
	}
	v = providers.CanonicalValue(typ, v)
	if n, ok := targetField(typ); ok {
		if f := strings.Fields(v); len(f) == n+1 {
			f[n] = nameToWire(f[n])
			return strings.Join(f, " ")
		}
	}
	return v
}

// wireOf returns the value of a record in the form that Route 53 takes: as it was read, if that is known.
func wireOf(r *providers.Record) string {
	if r.Raw != "" && valueFromWire(r.Type, r.Raw) == providers.CanonicalValue(r.Type, r.Value) {
		return r.Raw
	}
	return valueToWire(r.Type, r.Value)
}
