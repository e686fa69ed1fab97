package index

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Internationalized names have one spelling inside, that of DNS: A-labels (RFC 5890). A person may write
// and is shown U-labels. Names that hold bytes above 127 themselves, as an instance name of DNS-SD does
// (RFC 6763 section 4.1.1) and a zone of Route 53 may, are other names, written with escapes.

// idnProfile maps letters as a client does that looks a name up (UTS 46); underscores are allowed.
var idnProfile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.StrictDomainName(false))

// ALabels returns a name that a person wrote with its U-labels as A-labels. The instance name of a service
// type (before _service._tcp or _udp) stays as it is. A label that is no label of IDNA is an error that
// names it.
func ALabels(name string) (string, error) {
	if IsASCII(name) {
		return name, nil
	}
	if !utf8.ValidString(name) {
		return "", fmt.Errorf("%q is not UTF-8", name)
	}
	name = strings.NewReplacer("。", ".", "．", ".", "｡", ".").Replace(name)
	labels := rawLabels(name)
	first := 0 // the first label that is one of a domain
	for i := 1; i+1 < len(labels); i++ {
		if t := strings.ToLower(labels[i+1]); strings.HasPrefix(labels[i], "_") && (t == "_tcp" || t == "_udp") {
			first = i
			break
		}
	}
	for i := first; i < len(labels); i++ {
		if IsASCII(labels[i]) {
			continue
		}
		a, err := idnProfile.ToASCII(labels[i])
		if err != nil || len(a) > 63 {
			return "", fmt.Errorf("the label %q of %q is no internationalized domain label (RFC 5891)", labels[i], name)
		}
		labels[i] = a
	}
	return strings.Join(labels, "."), nil
}

// IsASCII reports whether a text holds ASCII only.
func IsASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// rawLabels splits a name at its dots and leaves escapes as they are.
func rawLabels(name string) []string {
	var labels []string
	from := 0
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '\\':
			i++
		case '.':
			labels = append(labels, name[from:i])
			from = i + 1
		}
	}
	return append(labels, name[min(from, len(name)):])
}

var aLabel = regexp.MustCompile(`xn--[A-Za-z0-9-]+`)

// Readable returns a text with the A-labels in it as U-labels, for a person to read. A label that would not
// come back as itself stays as it is.
func Readable(text string) string {
	if !strings.Contains(text, "xn--") {
		return text
	}
	places := aLabel.FindAllStringIndex(text, -1)
	var b strings.Builder
	from := 0
	for _, p := range places {
		b.WriteString(text[from:p[0]])
		label := text[p[0]:p[1]]
		if p[0] == 0 || !inLabel(text[p[0]-1]) {
			if u, err := idnProfile.ToUnicode(label); err == nil {
				if back, err := idnProfile.ToASCII(u); err == nil && back == label {
					label = u
				}
			}
		}
		b.WriteString(label)
		from = p[1]
	}
	return b.String() + text[from:]
}

// IsTyped reports whether a person typed the text that is asked for. An internationalized name in it may be typed as it is
// shown or as it is on the wire.
func IsTyped(typed, asked string) bool { return Readable(typed) == Readable(asked) }

// HoldsName reports whether the last field of a value of a type is a name.
func HoldsName(typ string) bool {
	switch typ {
	case "CNAME", "DNAME", "NS", "PTR", "MX", "SRV":
		return true
	}
	return false
}

// inLabel reports whether a byte before xn-- makes it the inside of a label.
func inLabel(c byte) bool {
	return c >= utf8.RuneSelf || c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
