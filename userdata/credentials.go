package userdata

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Credential is a credential that rollcall uses itself, or that nodes get by other means than their boot scripts.
type Credential struct {
	What  string // e.g. "the Cloudflare token in CLOUDFLARE_API_TOKEN"; never the value
	Value []byte
	// Nodes means that it is meant for nodes: it may appear where a secret variable puts it, and nowhere else.
	Nodes bool
}

func consoleCredentials(held []Credential) []Credential { return credentialsOf(held, false) }
func nodeCredentials(held []Credential) []Credential    { return credentialsOf(held, true) }

func credentialsOf(held []Credential, nodes bool) []Credential {
	return slices.DeleteFunc(slices.Clone(held), func(h Credential) bool { return h.Nodes != nodes })
}

// credentialPart is the number of consecutive letters and digits of a credential that count as the credential, too many
// for a coincidence. A shorter credential, from minCredential on, counts only as a whole.
const (
	credentialPart = 16
	minCredential  = 6
)

// FindCredentials returns where a text contains the values of credentials, in any common encoding: base64 and base32
// from any byte on, hex, escapes of URLs and JSON, packed, split over lines, quoted in pieces, backwards. It reports
// each credential once, by its name.
func FindCredentials(text []byte, held []Credential) []Secret {
	return credentialsIn(text, func() []reading { return readings(text) }, held)
}

// credentialsIn is FindCredentials for a text whose readings are computed only when needed.
func credentialsIn(text []byte, readings func() []reading, held []Credential) []Secret {
	return secrets.get("held", text, held, func() []Secret { return credentialsInReadings(readings, held) })
}

func credentialsInReadings(readings func() []reading, held []Credential) []Secret {
	parts, shorts := map[string]int{}, map[string]int{} // to the index in held
	var begins [1 << 16]bool                            // by the first two bytes of a part
	for i := range held {
		value := string(held[i].Value)
		if isMostlyText(held[i].Value) { // a credential of bytes is searched for in decoded form
			value = string(lettersOf(held[i].Value))
		}
		for _, s := range []string{value, reversed(value)} {
			for n := 0; n+credentialPart <= len(s); n++ {
				parts[s[n:n+credentialPart]] = i
				begins[pair(s[n], s[n+1])] = true
			}
			if len(s) >= minCredential && len(s) < credentialPart {
				shorts[s] = i
			}
		}
	}
	if len(parts)+len(shorts) == 0 {
		return nil
	}
	found := map[int]int{} // first line of each credential
	note := func(i int, r *reading, body []byte, n int) {
		if line := r.lineOf(body, n); found[i] == 0 || line < found[i] {
			found[i] = line
		}
	}
	all := readings()
	for k := range all {
		r := &all[k]
		for _, body := range [][]byte{r.text, lettersOf(r.text)} {
			for n := 0; n+credentialPart <= len(body); n++ {
				if !begins[pair(body[n], body[n+1])] {
					continue
				}
				if i, ok := parts[string(body[n:n+credentialPart])]; ok {
					note(i, r, body, n)
				}
			}
			for s, i := range shorts {
				if n := bytes.Index(body, []byte(s)); n >= 0 {
					note(i, r, body, n)
				}
			}
		}
	}
	var out []Secret
	for i, line := range found {
		out = append(out, Secret{Line: line, What: held[i].What + " stands here"})
	}
	slices.SortFunc(out, func(a, b Secret) int { return cmp.Or(a.Line-b.Line, strings.Compare(a.What, b.What)) })
	return slices.Compact(out)
}

// lineOf returns the line of the text for a position in a reading or in its letters.
func (r *reading) lineOf(body []byte, n int) int {
	if !r.lines {
		return r.line
	}
	if len(body) == len(r.text) {
		return r.line + bytes.Count(r.text[:n], []byte("\n"))
	}
	line, seen := r.line, 0
	for _, c := range r.text {
		switch {
		case isLetter(c) && seen == n:
			return line
		case isLetter(c):
			seen++
		case c == '\n':
			line++
		}
	}
	return line
}

// lettersOf returns the ASCII letters and digits of a text, without quotes, separators and escapes.
func lettersOf(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for _, c := range text {
		if isLetter(c) {
			out = append(out, c)
		}
	}
	return out
}

func isLetter(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}
