package rows

import (
	"cmp"
	"strings"
	"unicode/utf8"

	"rollcall/dnsview/index"
)

// ShortID returns the start of an id, long enough to distinguish it.
func ShortID(id string) string {
	n := 10
	if len(id) == 36 && id[8] == '-' { // a UUID
		n = 8
	}
	if len(id) > n {
		return id[:n]
	}
	return id
}

// Relative returns a name relative to its zone. For the apex it is the zone's name, because every zone has one.
func Relative(name, zone string) string {
	if name == zone {
		return "@ " + zone
	}
	return strings.TrimSuffix(name, "."+zone)
}

// NaturalKey returns a sort key with padded digits, so that www-9 sorts before www-10.
func NaturalKey(s string) string {
	var t index.Texts
	return naturalKey(&t, s)
}

func naturalKey(t *index.Texts, s string) string {
	var room [128]byte
	b, ascii := room[:0], true
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && isDigit(s[j]) {
			j++
		}
		if n := j - i; n > 0 {
			b = append(b, "00000000"[min(n, 8):]...)
			b = append(b, s[i:j]...)
			i = j
			continue
		}
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		ascii = ascii && c < utf8.RuneSelf
		b = append(b, c)
		i++
	}
	if !ascii {
		return strings.ToLower(string(b))
	}
	return t.Of(b)
}

// NaturalCompare compares texts with numbers by value, so that www-9 comes before www-10 and 9.1.1.1 before 10.1.1.1.
func NaturalCompare(a, b string) int {
	for a != "" && b != "" {
		if isDigit(a[0]) && isDigit(b[0]) {
			m, n := digits(a), digits(b)
			x, y := strings.TrimLeft(a[:m], "0"), strings.TrimLeft(b[:n], "0")
			if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
				return c
			}
			a, b = a[m:], b[n:]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}
