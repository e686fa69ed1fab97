package awsfront

import (
	"strings"

	"rollcall/providers"
)

// octal writes a canonical name as Route 53 answers it: with the last dot, and
// all but letters, digits, hyphens and underscores as three octal digits
// behind a backslash ("DNS domain name format" in the Route 53 Developer Guide).
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

// fromOctal reads a name as Route 53 takes it and gives its canonical form.
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

// nameProblem says what is wrong with a name, in the code and words of Route 53; both are empty when nothing is.
func nameProblem(name string) (code, text string) {
	if strings.ContainsAny(name, " \t\r\n") { // an escaped one is fine
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
