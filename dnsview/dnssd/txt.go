package dnssd

import (
	"fmt"
	"slices"
	"strings"

	"rollcall/providers"
)

// TXTVersion is the key that must come first if it is used (RFC 6763 section 6.7).
const TXTVersion = "txtvers"

// The sizes of RFC 6763 section 6.2, in bytes of record data.
const (
	txtSmall    = 200
	txtMessage  = 400
	txtEthernet = 1300
	txtMax      = 65535
	stringMax   = 255 // section 6.1
	keyShould   = 9   // section 6.4
)

// Pair is one attribute of a service. HasValue is false for a key without "=".
type Pair struct {
	Key      string
	Value    string
	HasValue bool
}

// String returns the pair as in a TXT string.
func (p Pair) String() string {
	if !p.HasValue {
		return p.Key
	}
	return p.Key + "=" + p.Value
}

// TXT are the attributes of a service, in order (RFC 6763 section 6).
type TXT []Pair

// ParseTXT parses the strings of a TXT record as a client does: strings without a key are ignored, and of keys that
// differ only in case the first counts (RFC 6763 section 6.4).
func ParseTXT(strs []string) TXT {
	var t TXT
	for _, s := range strs {
		key, value, has := strings.Cut(s, "=")
		if key == "" || t.Has(key) {
			continue
		}
		t = append(t, Pair{Key: key, Value: value, HasValue: has})
	}
	return t
}

// TXTOf parses the value of a TXT record.
func TXTOf(value string) TXT {
	strs, ok := providers.ParseTXT(value)
	if !ok {
		return nil
	}
	return ParseTXT(strs)
}

// ParsePairs parses attributes in the form of the command line: key=value, key= or key.
func ParsePairs(args []string) (TXT, error) {
	var t TXT
	for _, a := range args {
		key, value, has := strings.Cut(a, "=")
		if strings.HasSuffix(key, `\`) {
			return nil, invalid(`the TXT key of %s: a key cannot hold "=", escaped or not`, Quoted(a))
		}
		if err := checkKey(key, a); err != nil {
			return nil, err
		}
		if t.Has(key) {
			return nil, invalid("the TXT key %s is given twice", Quoted(key))
		}
		t = append(t, Pair{Key: key, Value: value, HasValue: has})
	}
	return t, t.Check()
}

// FromMap returns the attributes of a declared service, in the order of their keys.
func FromMap(kv map[string]string) TXT {
	var t TXT
	for k, v := range kv {
		t = append(t, Pair{Key: k, Value: v, HasValue: true})
	}
	slices.SortFunc(t, func(a, b Pair) int { return strings.Compare(a.Key, b.Key) })
	return t
}

func checkKey(key, in string) error {
	switch {
	case key == "":
		return invalid(`the TXT attribute %s has no key before its "="`, Quoted(in))
	case strings.Contains(key, "="):
		return invalid(`the TXT key %s: a key cannot hold "="`, Quoted(key))
	case strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }):
		return invalid("the TXT key %s may have printable US-ASCII characters only", Quoted(key))
	}
	return nil
}

// Check returns a *Refusal for attributes that RFC 6763 does not allow. Keys must be printable US-ASCII without "=" and
// unique, and a string may have 255 bytes.
func (t TXT) Check() error {
	for i, p := range t {
		if err := checkKey(p.Key, p.String()); err != nil {
			return err
		}
		if t[:i].Has(p.Key) {
			return invalid("the TXT key %s is given twice", Quoted(p.Key))
		}
		if n := len(p.String()); n > stringMax {
			return invalid("the TXT attribute %s has %d bytes with its value, and %d is the most", Quoted(p.Key), n, stringMax)
		}
	}
	if n := t.Size(); n > txtMax {
		return invalid("the TXT record would have %d bytes, and %d is the most", n, txtMax)
	}
	return nil
}

// Warnings returns what is allowed but not recommended.
func (t TXT) Warnings() []string {
	var out []string
	switch n := t.Size(); {
	case n > txtEthernet:
		out = append(out, fmt.Sprintf("the TXT record has %d bytes: more than %d do not fit into one packet, and are not recommended", n, txtEthernet))
	case n > txtMessage:
		out = append(out, fmt.Sprintf("the TXT record has %d bytes: more than %d do not fit into a plain DNS answer of 512 bytes", n, txtMessage))
	case n > txtSmall:
		out = append(out, fmt.Sprintf("the TXT record has %d bytes, and %d or less is what clients expect", n, txtSmall))
	}
	for _, p := range t {
		if len(p.Key) > keyShould {
			out = append(out, fmt.Sprintf("the TXT key %s has more than %d characters", Quoted(p.Key), keyShould))
		}
	}
	return out
}

// Has reports whether the key exists, regardless of case.
func (t TXT) Has(key string) bool {
	return slices.ContainsFunc(t, func(p Pair) bool { return strings.EqualFold(p.Key, key) })
}

// Strings returns the strings of the record: txtvers first, and one empty string if there are no attributes (RFC 6763
// sections 6.7 and 6.1).
func (t TXT) Strings() []string {
	if len(t) == 0 {
		return []string{""}
	}
	var first, rest []string
	for _, p := range t {
		if strings.EqualFold(p.Key, TXTVersion) {
			first = append(first, p.String())
		} else {
			rest = append(rest, p.String())
		}
	}
	return append(first, rest...)
}

// Value returns the value of the record.
func (t TXT) Value() string { return providers.FormatTXT(t.Strings()) }

// Size returns the size of the record's data in bytes.
func (t TXT) Size() int {
	n := 0
	for _, s := range t.Strings() {
		n += 1 + len(s)
	}
	return n
}

// Same reports whether two records have the same attributes in any order.
func (t TXT) Same(o TXT) bool {
	if len(t) != len(o) {
		return false
	}
	return !slices.ContainsFunc(t, func(p Pair) bool {
		i := slices.IndexFunc(o, func(q Pair) bool { return strings.EqualFold(p.Key, q.Key) })
		return i < 0 || o[i].Value != p.Value || o[i].HasValue != p.HasValue
	})
}
