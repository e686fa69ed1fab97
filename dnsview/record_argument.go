package dnsview

import (
	"strings"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// recordTypes are the types at which a RECORD is split.
var recordTypes = []string{
	"A", "AAAA", "CNAME", "TXT", "SRV", "PTR", "MX", "NS", "CAA", "SOA", "DS", "DNSKEY", "NAPTR", "SPF", "TLSA", "SSHFP", "HTTPS", "SVCB", "URI", "LOC", "CERT", "SMIMEA",
}

// SplitRecord reads a RECORD as the command line takes it: [zone:]name/type/value, split at the first
// /TYPE/ in capitals, which no canonical name holds, else at the first in any case. A name may hold slashes (RFC 2317), a value may hold anything: the set identifier that may
// follow it after a # is reported from the value only by what the zone holds. Names are returned in their
// canonical spelling, internationalized ones in A-labels; value may be empty. ok is false when there is no name and no type.
func SplitRecord(s string) (zone, name, typ, value string, ok bool) {
	at, typ := typeIn(s)
	if at < 0 { // written by hand
		at, typ = typeIn(upperASCII(s))
	}
	if at <= 0 {
		return "", "", "", "", false
	}
	name, value = s[:at], s[at+len(typ)+2:]
	if z, n, has := strings.Cut(name, ":"); has {
		zone, name = canonicalName(z), n
	}
	if f := strings.Fields(value); index.HoldsName(typ) && len(f) > 0 && !index.IsASCII(value) {
		if to, err := index.ALabels(f[len(f)-1]); err == nil {
			f[len(f)-1] = to
			value = strings.Join(f, " ")
		}
	}
	return zone, canonicalName(name), typ, value, true
}

// typeIn returns where the first /TYPE/ of s begins, and its type; -1 when there is none.
func typeIn(s string) (at int, typ string) {
	at = -1
	for _, t := range recordTypes {
		if i := strings.Index(s, "/"+t+"/"); i >= 0 && (at < 0 || i < at) {
			at, typ = i, t
		}
	}
	return at, typ
}

// canonicalName returns the canonical spelling of a name that a person wrote. One that is no name of IDNA
// is taken for its bytes.
func canonicalName(name string) string {
	if a, err := index.ALabels(name); err == nil {
		name = a
	}
	return providers.CanonicalName(name)
}

// upperASCII returns s in upper case byte by byte, so that a place in one is the same place in the other:
// strings.ToUpper makes some characters longer and others shorter.
func upperASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}
