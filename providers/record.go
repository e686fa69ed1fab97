package providers

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Record is one value of one name and type. A Route 53 record set of several values becomes several records.
type Record struct {
	Zone  string `json:"zone"`  // canonical zone name
	Name  string `json:"name"`  // canonical, fully qualified
	Type  string `json:"type"`  // upper case
	TTL   uint32 `json:"ttl"`   // seconds; see AutoTTL
	Value string `json:"value"` // as SpellValue returns it

	// ID is the provider's id of the value (Cloudflare), and SetID the set identifier of a Route 53 record set with a
	// routing policy.
	ID    string `json:"id,omitempty"`
	SetID string `json:"set_id,omitempty"`

	AutoTTL bool   `json:"auto_ttl,omitempty"` // Cloudflare's ttl 1, which counts as 300 s; TTL then holds 300
	Proxied bool   `json:"proxied,omitempty"`
	Comment string `json:"comment,omitempty"` // Cloudflare's comment, including a marker
	Weight  int64  `json:"weight,omitempty"`  // Route 53 weighted routing
	// Policy holds the settings of the record or record set that a change must keep, in one canonical line: routing
	// policy, health check, tags and others.
	Policy string `json:"policy,omitempty"`
	// Raw is the value in the provider's spelling if Value alone would be written differently. Only the adapter that
	// read it uses it, and only while it is equivalent to Value.
	Raw string `json:"raw,omitempty"`
	// MarkerTTL is the TTL of the marker record that names this record, if the marker is a record of its own.
	MarkerTTL uint32 `json:"marker_ttl,omitempty"`
	// Alias marks a read-only row whose value is the alias target.
	Alias bool `json:"alias,omitempty"`

	Owners     []Owner   `json:"owners,omitempty"`      // of the markers that name this record; normally none or one
	BadMarkers []string  `json:"bad_markers,omitempty"` // unreadable markers that may name this record
	Modified   time.Time `json:"modified,omitzero"`     // time of the provider's last change; zero if it does not say
	// Commented is when the provider last changed the comment, if it says so. Equal ignores it because it follows from
	// Modified and Comment.
	Commented time.Time `json:"commented,omitzero"`
}

// Identity identifies a record for cursors, marks and plans. It is comparable.
type Identity struct {
	Zone, Name, Type, Value string // value folded by FoldValue
	ID                      string // provider id or set identifier
}

// Identity returns zone, name, type, value, and the provider's id or set identifier.
func (r *Record) Identity() Identity {
	return Identity{Zone: r.Zone, Name: r.Name, Type: r.Type, Value: FoldValue(r.Type, r.Value), ID: cmp.Or(r.ID, r.SetID)}
}

// String returns the record in the form of the command line: zone:name/type/value.
func (r *Record) String() string { return r.Zone + ":" + r.Name + "/" + r.Type + "/" + r.Value }

// Label returns name, type and value for a sentence, without control characters.
func (r *Record) Label() string {
	p := r.LabelParts()
	return strings.Join(p[:], "")
}

// LabelParts returns the parts of Label, for those who join many texts.
func (r *Record) LabelParts() [5]string {
	return [...]string{Clean(r.Name), " ", r.Type, " ", Clean(r.Value)}
}

// Addr returns the address that an A or AAAA record leads to. For an IPv4 address in an AAAA record (::ffff:192.0.2.1, or
// 64:ff9b::192.0.2.1 of RFC 6052) it is the IPv4 address, because that is where clients connect.
func (r *Record) Addr() (netip.Addr, bool) {
	if r.Type != "A" && r.Type != "AAAA" {
		return netip.Addr{}, false
	}
	a, ok := ParseAddr(r.Value)
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	return a, ok
}

// Family returns an address of the family that the record's type holds: Addr, or an IPv6 address for an IPv4 address in
// an AAAA record.
func (r *Record) Family() netip.Addr {
	a, ok := r.Addr()
	if r.Type == "AAAA" && (!ok || a.Is4()) {
		return netip.IPv6Unspecified()
	}
	return a
}

// Equal reports whether two readings of a record agree in every field except Commented, and except Raw and MarkerTTL,
// which only say how the value is spelled and the marker kept.
func (r *Record) Equal(o *Record) bool {
	a, b := *r, *o
	if !slices.Equal(a.Owners, b.Owners) || !slices.Equal(a.BadMarkers, b.BadMarkers) || !a.Modified.Equal(b.Modified) {
		return false
	}
	return a.Zone == b.Zone && a.Name == b.Name && a.Type == b.Type && a.TTL == b.TTL && a.Value == b.Value &&
		a.ID == b.ID && a.SetID == b.SetID && a.AutoTTL == b.AutoTTL && a.Proxied == b.Proxied &&
		a.Comment == b.Comment && a.Weight == b.Weight && a.Policy == b.Policy && a.Alias == b.Alias
}

// Same reports whether two readings of a record agree in every field.
func (r *Record) Same(o *Record) bool {
	return r.Equal(o) && r.Raw == o.Raw && r.MarkerTTL == o.MarkerTTL && r.Commented.Equal(o.Commented)
}

// Owner returns the record's owner. ok is false if there is none, if there are several, or if one is unreadable.
func (r *Record) Owner() (Owner, bool) {
	if len(r.Owners) != 1 || len(r.BadMarkers) > 0 {
		return Owner{}, false
	}
	return r.Owners[0], true
}

// SameOwners reports whether two readings of a record have the same owners, each live or quiesced in both. A record with
// an unreadable marker has none that are known.
func (r *Record) SameOwners(o *Record) bool {
	if len(r.Owners) != len(o.Owners) || len(r.BadMarkers)+len(o.BadMarkers) > 0 {
		return false
	}
	for _, a := range r.Owners {
		if !slices.ContainsFunc(o.Owners, func(b Owner) bool { return a.Same(b) && a.Quiesced == b.Quiesced }) {
			return false
		}
	}
	return true
}

// OwnedBy reports whether the record unambiguously belongs to the instance of o.
func (r *Record) OwnedBy(o Owner) bool {
	own, ok := r.Owner()
	return ok && own.Same(o)
}

// InWeightedSet reports whether the record is in a weighted record set of Route 53, whose weight is Weight.
func (r *Record) InWeightedSet() bool {
	return r.SetID != "" && slices.Contains(strings.Fields(r.Policy), "weighted")
}

// CacheTime returns how long a resolver may hold a record. Cloudflare's automatic TTL counts as 300 s.
func (r *Record) CacheTime() time.Duration {
	if r.AutoTTL || r.Proxied {
		return max(300, time.Duration(r.TTL)) * time.Second
	}
	return time.Duration(r.TTL) * time.Second
}

// IsMarker reports whether the record is itself an owner marker (a TXT record below _rollcall).
func (r *Record) IsMarker() bool {
	if r.Type != "TXT" {
		return false
	}
	_, _, ok := SplitMarkerName(r.Name)
	return ok
}

// nameTargets holds the types whose value ends in a domain name, and the number of fields before it.
var nameTargets = map[string]int{"CNAME": 0, "NS": 0, "PTR": 0, "DNAME": 0, "MX": 1, "SRV": 3}

// CanonicalValue returns the canonical spelling of a value: as dig +short prints it, without the last dot, with
// addresses in their shortest form, single spaces between fields, and TXT as quoted strings of at most 255 bytes. It
// keeps the case and the escapes of names; see SpellValue. A value that cannot be parsed is only trimmed of white space.
func CanonicalValue(typ, value string) string {
	v := strings.TrimSpace(value)
	switch typ {
	case "A", "AAAA":
		if a, err := netip.ParseAddr(v); err == nil && a.Zone() == "" && (typ == "AAAA" || a.Is4()) {
			var b [48]byte // holds every address
			if s := a.AppendTo(b[:0]); string(s) != v {
				return string(s)
			}
			return v // needs no allocation
		}
	case "TXT", "SPF":
		if parts, ok := ParseTXT(v); ok {
			return FormatTXT(parts)
		}
	case "SOA", "CAA":
		return strings.Join(strings.Fields(v), " ")
	default:
		n, ok := nameTargets[typ]
		if !ok {
			return v
		}
		f := strings.Fields(v)
		if len(f) != n+1 {
			return v
		}
		for i := range n {
			if u, err := strconv.ParseUint(f[i], 10, 16); err == nil {
				f[i] = strconv.FormatUint(u, 10)
			}
		}
		for len(f[n]) > 1 && strings.HasSuffix(f[n], ".") && !strings.HasSuffix(f[n], `\.`) {
			f[n] = f[n][:len(f[n])-1]
		}
		return strings.Join(f, " ")
	}
	return v
}

// SpellValue returns a value of another program's list as Record.Value has it: canonical, and the name at its end, if it
// has one, with the escapes of SpellName. A name that is escaped otherwise would pass for another name.
func SpellValue(typ, value string) string { return decimal.SpellValue(typ, value) }

// FoldValue returns the form in which values are compared: canonical, with names in lower case.
func FoldValue(typ, value string) string {
	v := CanonicalValue(typ, value)
	n, ok := nameTargets[typ]
	if !ok {
		return v
	}
	if f := strings.Fields(v); len(f) == n+1 {
		f[n] = CanonicalName(f[n])
		return strings.Join(f, " ")
	}
	return v
}

// ParseTXT returns the strings of a TXT value: quoted strings as in a zone file (RFC 1035 section 5.1), or one bare
// string.
func ParseTXT(v string) ([]string, bool) { return decimal.ParseTXT(v) }

// FormatTXT returns strings as dig +short prints them. It splits a string of more than 255 bytes (RFC 1035 section
// 3.3).
func FormatTXT(parts []string) string { return decimal.FormatTXT(parts) }

// DefaultWeight is the SRV weight of a node whose service declares none. One node of weight 0 beside others gets next to
// no clients (RFC 2782).
const DefaultWeight = 10

// SRV is the value of an SRV record (RFC 2782).
type SRV struct {
	Priority, Weight, Port uint16
	Target                 string // canonical name; "." means that the service is not available
}

// ParseSRV parses the value of an SRV record.
func ParseSRV(value string) (SRV, bool) {
	f := strings.Fields(value)
	if len(f) != 4 {
		return SRV{}, false
	}
	var n [3]uint16
	for i := range n {
		u, err := strconv.ParseUint(f[i], 10, 16)
		if err != nil {
			return SRV{}, false
		}
		n[i] = uint16(u)
	}
	return SRV{Priority: n[0], Weight: n[1], Port: n[2], Target: CanonicalName(f[3])}, true
}

// String returns the value as dig +short prints it, without the last dot.
func (s SRV) String() string {
	return strconv.Itoa(int(s.Priority)) + " " + strconv.Itoa(int(s.Weight)) + " " + strconv.Itoa(int(s.Port)) + " " + s.Target
}
