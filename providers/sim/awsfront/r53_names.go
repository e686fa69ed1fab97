package awsfront

import (
	"fmt"
	"strconv"
	"strings"

	"rollcall/providers"
)

// octal returns a canonical name in Route 53's form: with the last dot, and with a backslash and three octal digits for
// all but letters, digits, hyphens and underscores ("DNS domain name format" in the Route 53 Developer Guide).
func octal(name string) string {
	var b strings.Builder
	for _, label := range providers.SplitName(name) {
		for i := range len(label) {
			switch c := label[i]; {
			case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
				b.WriteByte(c)
			default:
				b.WriteByte('\\')
				b.WriteByte('0' + c>>6)
				b.WriteByte('0' + c>>3&7)
				b.WriteByte('0' + c&7)
			}
		}
		b.WriteByte('.')
	}
	if b.Len() == 0 {
		return "."
	}
	return b.String()
}

// fromOctal returns the canonical form of a name in Route 53's form.
func fromOctal(name string) string {
	labels := splitOctal(name)
	if len(labels) == 0 {
		return "."
	}
	for i, l := range labels {
		labels[i] = providers.EscapeLabel(l)
	}
	return providers.CanonicalName(strings.Join(labels, "."))
}

// valueFromOctal converts a value with Route 53's octal escapes to the world's form with the decimal escapes of RFC
// 1035, in names within values and for unprintable characters of strings. It keeps the case.
func valueFromOctal(typ, v string) string {
	if !strings.Contains(v, `\`) {
		return v
	}
	switch typ {
	case "TXT", "SPF":
		return escapes(v, octalDigits, 8, "%03d")
	case "CNAME", "NS", "PTR", "MX", "SRV":
		f := strings.Fields(v)
		labels := splitOctal(f[len(f)-1])
		for i, l := range labels {
			labels[i] = providers.EscapeLabel(l)
		}
		f[len(f)-1] = strings.Join(labels, ".")
		if strings.HasSuffix(v, ".") {
			f[len(f)-1] += "."
		}
		return strings.Join(f, " ")
	}
	return v
}

// valueToOctal is the inverse of valueFromOctal.
func valueToOctal(typ, v string) string {
	switch typ {
	case "TXT", "SPF":
		if strings.Contains(v, `\`) {
			return escapes(v, decimalDigits, 10, "%03o")
		}
	case "CNAME", "NS", "PTR", "MX", "SRV":
		if f := strings.Fields(v); strings.ContainsAny(v, `\*`) {
			name := octal(f[len(f)-1])
			if !strings.HasSuffix(v, ".") {
				name = strings.TrimSuffix(name, ".") // as it was written
			}
			f[len(f)-1] = name
			return strings.Join(f, " ")
		}
	}
	return v
}

// escapes converts the numbers after backslashes to another base.
func escapes(v string, digits func(string) bool, base int, form string) string {
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] != '\\' || i+1 == len(v) {
			b.WriteByte(v[i])
			continue
		}
		b.WriteByte('\\')
		i++
		if i+3 <= len(v) && digits(v[i:i+3]) {
			n, _ := strconv.ParseUint(v[i:i+3], base, 8) // digits of a byte
			fmt.Fprintf(&b, form, n)
			i += 2
			continue
		}
		b.WriteByte(v[i])
	}
	return b.String()
}

func decimalDigits(s string) bool {
	_, err := strconv.ParseUint(s, 10, 8)
	return err == nil
}

// splitOctal splits a name into raw labels.
func splitOctal(name string) []string {
	if name == "." || name == "" {
		return nil
	}
	name = strings.TrimSuffix(name, ".")
	labels := []string{}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '.':
			labels = append(labels, b.String())
			b.Reset()
		case c == '\\' && i+3 < len(name) && octalDigits(name[i+1:i+4]):
			b.WriteByte((name[i+1]-'0')<<6 | (name[i+2]-'0')<<3 | (name[i+3] - '0'))
			i += 3
		default:
			b.WriteByte(c)
		}
	}
	return append(labels, b.String())
}

func octalDigits(s string) bool {
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' && s[2] <= '7'
}

// nameProblem returns what is wrong with a name, as Route 53's code and text; both are empty for a valid name.
func nameProblem(name string) (code, text string) {
	if strings.ContainsAny(name, " \t\r\n") { // escaped ones are valid
		return "DomainNameContainsSpaces", "Domain name contains spaces"
	}
	labels := splitOctal(name)
	total := 1
	for _, l := range labels {
		switch {
		case l == "":
			return "DomainLabelEmpty", "Domain label is empty"
		case len(l) > 63:
			return "DomainLabelTooLong", "Domain label is too long"
		}
		total += len(l) + 1
	}
	if total > 255 {
		return "DomainNameTooLong", "Domain name is too long"
	}
	return "", ""
}
