package sshkey

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"rollcall/providers"
)

// Allowed is a list of who may sign with which key: the file of allowed signers of ssh-keygen(1). The zero value is no
// list. It is safe for concurrent use.
type Allowed struct {
	from  string
	lines []allowedLine
}

type allowedLine struct {
	principals, namespaces string // lists of patterns
	after, before          time.Time
	key                    ssh.PublicKey
}

// ParseAllowed returns the list in data, which was read from a place that errors name. Lines of certificate authorities
// are refused: who may sign would depend on certificates that are not in the journal.
func ParseAllowed(data []byte, from string) (*Allowed, error) {
	a := &Allowed{from: from}
	for n, line := range bytes.Split(data, []byte{'\n'}) {
		text := strings.TrimSpace(string(line))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		l, err := parseAllowedLine(text)
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w; write each signer as PRINCIPALS KEYTYPE KEY, as for ssh-keygen -Y verify", from, n+1, err)
		}
		a.lines = append(a.lines, l)
	}
	if len(a.lines) == 0 {
		return nil, fmt.Errorf("%s names no signer", from)
	}
	return a, nil
}

func parseAllowedLine(text string) (l allowedLine, err error) {
	var rest string
	if quoted, ok := strings.CutPrefix(text, `"`); ok {
		l.principals, rest, _ = strings.Cut(quoted, `"`)
	} else if end := strings.IndexAny(text, " \t"); end > 0 {
		l.principals, rest = text[:end], text[end:]
	}
	var options []string
	if l.key, _, options, _, err = ssh.ParseAuthorizedKey([]byte(strings.TrimSpace(rest))); err != nil {
		return l, fmt.Errorf("there is no public key")
	}
	for _, o := range options {
		name, value, _ := strings.Cut(o, "=")
		value = strings.Trim(value, `"`)
		switch strings.ToLower(name) {
		case "namespaces":
			l.namespaces = value
		case "valid-after":
			l.after, err = allowedTime(value)
		case "valid-before":
			l.before, err = allowedTime(value)
		case "cert-authority":
			err = fmt.Errorf("certificate authorities are not supported")
		default:
			err = fmt.Errorf("the option %q is not known", providers.Brief(name))
		}
		if err != nil {
			return l, err
		}
	}
	return l, nil
}

// allowedTime parses YYYYMMDD[HHMM[SS]], which is local time unless a Z follows.
func allowedTime(s string) (time.Time, error) {
	digits, utc := strings.CutSuffix(s, "Z")
	zone := time.Local
	if utc {
		zone = time.UTC
	}
	const form = "20060102150405"
	if n := len(digits); n == 8 || n == 12 || n == 14 {
		if t, err := time.ParseInLocation(form[:n], digits, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: write YYYYMMDD or YYYYMMDDHHMMSS", providers.Brief(s))
}

// Prove returns the key by which a text was signed, and the principals of the line of the list that allows it for who at
// that time, which are "" without a list. The error says that the signature does not fit, or that the key is not allowed.
func (a *Allowed) Prove(text []byte, signature, who string, at time.Time) (key, principals string, err error) {
	public, err := keyOf(text, signature)
	if err != nil {
		return "", "", err
	}
	principals, err = a.permits(public, who, at)
	return describe(public), principals, err
}

// permits returns the principals of the line of the list that allows a key for who at that time, which are "" without a list.
// The error says why the key is not allowed.
func (a *Allowed) permits(public ssh.PublicKey, who string, at time.Time) (principals string, err error) {
	if len(a.lines) == 0 {
		return "", nil
	}
	key, known, why := describe(public), "", ""
	for i := range a.lines {
		l := &a.lines[i]
		switch {
		case !bytes.Equal(l.key.Marshal(), public.Marshal()):
			continue
		case !matchList(who, l.principals):
			known = l.principals
			continue
		case l.namespaces != "" && !matchList(Namespace, l.namespaces):
			why = "only for other namespaces than " + Namespace
			continue
		case !l.after.IsZero() && at.Before(l.after) || !l.before.IsZero() && at.After(l.before):
			why = "not at the time of the entry"
			continue
		}
		return l.principals, nil
	}
	switch {
	case why != "":
		return "", fmt.Errorf("the key %s is allowed by %s %s", key, a.from, why)
	case known != "":
		return "", fmt.Errorf("the key %s is that of %s by %s, and not of %s", key, providers.Clean(known), a.from, providers.Clean(who))
	}
	return "", fmt.Errorf("the key %s is not allowed: %s does not name it", key, a.from)
}

// From returns the place of the list, or "" without one.
func (a *Allowed) From() string { return a.from }

// matchList reports whether a text matches a list of patterns as in ssh_config(5): * and ? are wild, ! excludes.
func matchList(s, list string) bool {
	found := false
	for p := range strings.SplitSeq(list, ",") {
		p, not := strings.CutPrefix(strings.TrimSpace(p), "!")
		re := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(p))
		ok, err := regexp.MatchString("^(?s:"+re+")$", s)
		if err != nil || !ok {
			continue
		}
		if not {
			return false
		}
		found = true
	}
	return found
}
