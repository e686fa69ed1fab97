package providers

import "strings"

// Escapes reads and writes the backslash escapes of bytes that a name or a string cannot contain literally.
type Escapes struct {
	Read  func(s string) (c byte, n int) // returns the byte of the escape at the start of s, and the escape's length
	Write func(b *strings.Builder, c byte)
}

// decimal holds the escapes of RFC 1035 section 5.1: \X and \DDD.
var decimal = Escapes{Read: readDecimal, Write: writeDecimal}

func readDecimal(s string) (c byte, n int) {
	switch {
	case len(s) >= 4 && isDigit(s[1]) && isDigit(s[2]) && isDigit(s[3]):
		return byte(int(s[1]-'0')*100 + int(s[2]-'0')*10 + int(s[3]-'0')), 4
	case len(s) >= 2:
		return s[1], 2
	}
	return '\\', 1
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func writeDecimal(b *strings.Builder, c byte) {
	b.Write([]byte{'\\', '0' + c/100, '0' + c/10%10, '0' + c%10})
}

// SplitName is the function SplitName with these escapes.
func (e Escapes) SplitName(s string) []string {
	if s == "" || s == "." {
		return nil
	}
	if strings.IndexByte(s, '\\') < 0 { // most names
		return strings.Split(strings.TrimSuffix(s, "."), ".")
	}
	var labels []string
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '.':
			labels = append(labels, b.String())
			b.Reset()
		case '\\':
			c, n := e.Read(s[i:])
			b.WriteByte(c)
			i += n - 1
		default:
			b.WriteByte(s[i])
		}
	}
	if b.Len() > 0 {
		labels = append(labels, b.String())
	}
	return labels
}

// SpellName is the function SpellName with these escapes.
func (e Escapes) SpellName(s string) string {
	labels := e.SplitName(s)
	if len(labels) == 0 {
		return "."
	}
	for i, l := range labels {
		labels[i] = EscapeLabel(l)
	}
	return strings.Join(labels, ".")
}

// SpellValue is the function SpellValue with these escapes.
func (e Escapes) SpellValue(typ, value string) string {
	n, ok := nameTargets[typ]
	rest := strings.TrimSpace(value)
	var fields []string
	for range n {
		field, more, found := strings.Cut(rest, " ")
		ok = ok && found
		fields, rest = append(fields, field), strings.TrimLeft(more, " ")
	}
	if ok && !hasBareSpace(rest) {
		value = strings.Join(append(fields, e.SpellName(rest)), " ")
	}
	return CanonicalValue(typ, value)
}

// hasBareSpace reports whether a name has white space that is not escaped, so that it is none.
func hasBareSpace(name string) bool {
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '\\':
			i++
		case ' ', '\t':
			return true
		}
	}
	return false
}

// ParseTXT is the function ParseTXT with these escapes.
func (e Escapes) ParseTXT(v string) ([]string, bool) {
	v = strings.TrimSpace(v)
	if !strings.HasPrefix(v, `"`) {
		return []string{v}, true
	}
	var parts []string
	for v != "" {
		if v[0] != '"' {
			return nil, false
		}
		if end := strings.IndexAny(v[1:], `"\`) + 1; end > 0 && v[end] == '"' { // without escapes it shares the value's memory
			parts = append(parts, v[1:end])
			v = strings.TrimLeft(v[end+1:], " \t")
			continue
		}
		var b strings.Builder
		i := 1
		for i < len(v) && v[i] != '"' {
			c, n := v[i], 1
			if c == '\\' {
				c, n = e.Read(v[i:])
			}
			b.WriteByte(c)
			i += n
		}
		if i >= len(v) {
			return nil, false
		}
		parts = append(parts, b.String())
		v = strings.TrimLeft(v[i+1:], " \t")
	}
	return parts, true
}

// FormatTXT is the function FormatTXT with these escapes.
func (e Escapes) FormatTXT(parts []string) string {
	var b strings.Builder
	size := 0 // with quotes and a space, if nothing is escaped
	for _, p := range parts {
		size += len(p) + 3*(len(p)/255+1)
	}
	b.Grow(size)
	for _, p := range parts {
		for first := true; first || p != ""; first = false {
			n := min(len(p), 255)
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteByte('"')
			for i := range n {
				switch c := p[i]; {
				case c == '"' || c == '\\':
					b.WriteByte('\\')
					b.WriteByte(c)
				case c < ' ' || c >= 0x7f:
					e.Write(&b, c)
				default:
					b.WriteByte(c)
				}
			}
			b.WriteByte('"')
			p = p[n:]
		}
	}
	return b.String()
}
