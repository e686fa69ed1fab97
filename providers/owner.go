package providers

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The owner marker names the instance and the fleet that a record belongs to. On Cloudflare it is the record's comment.
// Elsewhere it is one string of the TXT record <instance id>._rollcall.<name>, and includes the type and value of the
// record. It is public to anyone who can resolve the zone.
//
// It is one line of at most MarkerLimit characters, with fields separated by single spaces:
//
//	rollcall1 <fleet> <cloud key> <instance id> <unix time>[ q][ <type> <value>]
//
// "q" means quiesced. A value that does not fit is replaced by "~" and 12 hex digits of the SHA-256 of "<type> <folded
// value>".
const (
	MarkerLimit  = 100         // in characters; the limit of a Cloudflare comment
	MarkerLabel  = "_rollcall" // the label between instance id and record name
	markerPrefix = "rollcall"
	markerV1     = "rollcall1"
	digestMark   = "~"
)

// HostPrefix starts the instance id of a host that was registered by hand. No inventory can show that such an owner is
// dead.
const HostPrefix = "host:"

// ErrNotMarker means that a text is not an owner marker.
var ErrNotMarker = errors.New("not an owner marker")

// Owner is the content of one owner marker. It is comparable.
type Owner struct {
	Fleet      string    `json:"fleet"`
	Cloud      CloudKey  `json:"cloud_key"`
	Instance   string    `json:"instance"`
	Registered time.Time `json:"registered"` // whole seconds, UTC
	Quiesced   bool      `json:"quiesced,omitempty"`
	// Type and Value identify the record in a marker record. They are empty on Cloudflare, where the comment is on the
	// record itself.
	Type  string `json:"type,omitempty"`
	Value string `json:"value,omitempty"` // folded value, or "~" and a digest
}

// Host reports whether the owner is a host that was registered by hand.
func (o Owner) Host() bool { return strings.HasPrefix(o.Instance, HostPrefix) }

// Owns reports whether a string of a marker record names the value of type typ.
func (o Owner) Owns(typ, value string) bool {
	if o.Type != typ {
		return false
	}
	folded := FoldValue(typ, value)
	return o.Value == folded || o.Digested() && o.Value == valueDigest(typ, folded)
}

// Digested reports whether the marker holds a digest because the value did not fit.
func (o Owner) Digested() bool { return strings.HasPrefix(o.Value, digestMark) }

// For returns the owner as written in the string of a marker record for one value.
func (o Owner) For(typ, value string) Owner {
	o.Type, o.Value = typ, FoldValue(typ, value)
	return o
}

// Bare returns the owner without type and value, as written in a Cloudflare comment.
func (o Owner) Bare() Owner {
	o.Type, o.Value = "", ""
	return o
}

// Same reports whether two markers name the same instance of the same fleet.
func (o Owner) Same(p Owner) bool {
	return o.Fleet == p.Fleet && o.Cloud == p.Cloud && o.Instance == p.Instance
}

func valueDigest(typ, folded string) string {
	sum := sha256.Sum256([]byte(typ + " " + folded))
	return digestMark + hex.EncodeToString(sum[:6])
}

// Encode returns the text of the marker. It fails if a field is empty or has white space or control characters, or if
// the marker would exceed MarkerLimit.
func (o Owner) Encode() (string, error) {
	for _, f := range []struct{ what, v string }{{"fleet id", o.Fleet}, {"cloud key", string(o.Cloud)}, {"instance id", o.Instance}} {
		if f.v == "" {
			return "", fmt.Errorf("owner marker: the %s is empty", f.what)
		}
		if strings.ContainsFunc(f.v, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' || r == '\\' }) {
			return "", fmt.Errorf("owner marker: the %s %q has a character that a marker cannot hold", f.what, f.v)
		}
	}
	head := strings.Join([]string{markerV1, o.Fleet, string(o.Cloud), o.Instance, strconv.FormatInt(o.Registered.Unix(), 10)}, " ")
	if o.Quiesced {
		head += " q"
	}
	if o.Type == "" {
		return checkMarker(head)
	}
	s := head + " " + o.Type + " " + o.Value
	if !strings.HasPrefix(o.Value, digestMark) && (len(s) > MarkerLimit || !plainASCII(o.Value)) {
		s = head + " " + o.Type + " " + valueDigest(o.Type, o.Value)
	}
	return checkMarker(s)
}

func plainASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f || r == '"' || r == '\\' })
}

func checkMarker(s string) (string, error) {
	if len(s) > MarkerLimit {
		return "", fmt.Errorf("owner marker: %d characters, the limit is %d; use a shorter fleet id or host name", len(s), MarkerLimit)
	}
	return s, nil
}

// DecodeOwner parses a marker. ErrNotMarker means that s is something else, such as a person's comment. Any other error
// means that the marker is unreadable, which makes its record ambiguous.
func DecodeOwner(s string) (Owner, error) {
	f := strings.Split(s, " ")
	if !strings.HasPrefix(f[0], markerPrefix) {
		return Owner{}, ErrNotMarker
	}
	version := f[0][len(markerPrefix):]
	if _, err := strconv.ParseUint(version, 10, 16); err != nil {
		return Owner{}, ErrNotMarker // for example the comment "rollcall is great"
	}
	if f[0] != markerV1 {
		return Owner{}, fmt.Errorf("owner marker of format %q, this rollcall knows format 1", version)
	}
	if len(s) > MarkerLimit || len(f) < 5 || !plainASCII(s) {
		return Owner{}, fmt.Errorf("owner marker is malformed: %.60q", s)
	}
	unix, err := strconv.ParseInt(f[4], 10, 64)
	if err != nil || unix < 0 || unix > 1<<40 || f[1] == "" || f[2] == "" || f[3] == "" || strconv.FormatInt(unix, 10) != f[4] {
		return Owner{}, fmt.Errorf("owner marker is malformed: %.60q", s)
	}
	o := Owner{Fleet: f[1], Cloud: CloudKey(f[2]), Instance: f[3], Registered: time.Unix(unix, 0).UTC()}
	rest := f[5:]
	if len(rest) > 0 && rest[0] == "q" {
		o.Quiesced, rest = true, rest[1:]
	}
	switch {
	case len(rest) == 0:
	case len(rest) == 1 || rest[0] == "" || rest[1] == "":
		return Owner{}, fmt.Errorf("owner marker is malformed: %.60q", s)
	default:
		o.Type, o.Value = rest[0], strings.Join(rest[1:], " ")
	}
	return o, nil
}

// MarkerName returns the name of the TXT record with the markers of one instance for the records of one name.
func MarkerName(instance, name string) string {
	return CanonicalName(instance + "." + MarkerLabel + "." + name)
}

// SplitMarkerName splits a marker's name into instance id and record name.
func SplitMarkerName(markerName string) (instance, name string, ok bool) {
	i := strings.Index(markerName, "."+MarkerLabel+".")
	if i <= 0 {
		return "", "", false
	}
	return markerName[:i], markerName[i+len(MarkerLabel)+2:], true
}

// WithOwner returns a copy of the record that belongs to o alone, with its marker in a comment, or else in a
// marker record. The error is that of [Owner.Encode].
func (r *Record) WithOwner(at MarkerPlace, o Owner) (Record, error) {
	owned := *r
	o = o.Bare()
	if at != MarkerInComment {
		o = o.For(r.Type, r.Value)
	}
	text, err := o.Encode()
	if err != nil {
		return owned, err
	}
	owned.Owners = []Owner{o}
	if at == MarkerInComment {
		owned.Comment = text
	}
	return owned, nil
}

// addOwner adds an owner. A second marker of the same instance only adds its quiesced flag; a quiesced node on
// Cloudflare has such a TXT marker beside its comment.
func (r *Record) addOwner(o Owner) {
	for i, have := range r.Owners {
		if have.Same(o) {
			owners := slices.Clone(r.Owners)
			owners[i].Quiesced = have.Quiesced || o.Quiesced
			r.Owners = owners
			return
		}
	}
	r.Owners = append(r.Owners, o)
}

// AttachOwners adds to each record of one zone the owners whose marker records name it. It writes to the elements of
// records. Markers in comments stay as the adapter decoded them.
func AttachOwners(records []Record) {
	if !slices.ContainsFunc(records, func(r Record) bool { return r.IsMarker() }) {
		return
	}
	var markers []int
	index := make(map[ownedBy][]int, len(records))
	for i := range records {
		r := &records[i]
		if r.IsMarker() {
			markers = append(markers, i)
			continue
		}
		k := ownedBy{r.Name, r.Type, FoldValue(r.Type, r.Value)}
		index[k] = append(index[k], i)
	}
	var byName map[string][]int // the values of each name, for unreadable markers
	var digests map[ownedBy][]int
	for _, i := range markers {
		m := &records[i]
		instance, name, _ := SplitMarkerName(m.Name)
		parts, ok := ParseTXT(m.Value)
		if !ok {
			continue
		}
		text := strings.Join(parts, "")
		o, err := DecodeOwner(text)
		if err == nil && o.Type != "" && CanonicalName(o.Instance) == instance {
			found := index[ownedBy{name, o.Type, o.Value}]
			if strings.HasPrefix(o.Value, digestMark) {
				if digests == nil {
					digests = digestsOf(index)
				}
				found = digests[ownedBy{name, o.Type, o.Value}]
			}
			for _, j := range found {
				records[j].addOwner(o)
				records[j].MarkerTTL = m.TTL
			}
			continue
		}
		// An unreadable marker may own any address, SRV or CNAME value of its name, so each of them becomes ambiguous.
		if byName == nil {
			byName = map[string][]int{}
			for j := range records {
				if t := records[j].Type; t == "A" || t == "AAAA" || t == "SRV" || t == "CNAME" {
					byName[records[j].Name] = append(byName[records[j].Name], j)
				}
			}
		}
		for _, j := range byName[name] {
			records[j].BadMarkers = append(records[j].BadMarkers, text)
		}
	}
}

// ownedBy is the value that a marker names, folded or as its digest.
type ownedBy struct{ name, typ, value string }

func digestsOf(index map[ownedBy][]int) map[ownedBy][]int {
	out := make(map[ownedBy][]int, len(index))
	for k, rows := range index {
		d := ownedBy{k.name, k.typ, valueDigest(k.typ, k.value)}
		out[d] = append(out[d], rows...)
	}
	return out
}
