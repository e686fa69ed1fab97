package index

import (
	"slices"
	"strings"

	"rollcall/providers"
)

// IsQuiesced reports whether the marker of a record says that it was taken out on purpose.
func IsQuiesced(r *providers.Record) bool {
	return slices.ContainsFunc(r.Owners, func(o providers.Owner) bool { return o.Quiesced })
}

// OwnerInMarker returns the owner that a marker record names, where it can be read.
func OwnerInMarker(r *providers.Record) (providers.Owner, bool) {
	parts, ok := providers.ParseTXT(r.Value)
	if !ok {
		return providers.Owner{}, false
	}
	o, err := providers.DecodeOwner(strings.Join(parts, ""))
	return o, err == nil
}

// TakenOut reports whether one of some marker records says that a node is quiesced.
func TakenOut(markers []providers.Record, node providers.Owner) bool {
	return slices.ContainsFunc(markers, func(m providers.Record) bool {
		o, ok := OwnerInMarker(&m)
		return ok && m.IsMarker() && o.Quiesced && o.Same(node)
	})
}

// MarkerLeft returns the owner whose marker stays when a change removes its value, to say that it is quiesced. ok is
// false for a change that leaves none. That the value is gone does not show that such a change was made: its node may
// have removed it, and would register it again.
func MarkerLeft(c *providers.Change) (o providers.Owner, ok bool) {
	if c.Op != providers.OpDelete || !IsQuiesced(&c.After) {
		return providers.Owner{}, false
	}
	return c.After.Owner()
}

// QuiescedKey names what one node has at one name.
type QuiescedKey struct {
	Node int32
	Name string
}

// QuiescedMarker is a marker record that says quiesced.
type QuiescedMarker struct {
	Zone   *ZoneState
	Record *providers.Record
	Owner  providers.Owner
	Name   string // of the record that was taken out
}

// Of returns whose value the marker remembers.
func (m QuiescedMarker) Of() InstanceKey { return InstanceKey{m.Owner.Cloud, m.Owner.Instance} }

// OfHost reports whether the marker remembers an address.
func (m QuiescedMarker) OfHost() bool { return m.Owner.Type == "A" || m.Owner.Type == "AAAA" }

// setValue is one value of one name and type of a zone.
type setValue struct{ name, typ, value string }

// SameValue finds the record with the name, type and value of another, or returns nil.
func (z *ZoneState) SameValue(r *providers.Record) *providers.Record {
	return z.exact()[setValue{r.Name, r.Type, providers.FoldValue(r.Type, r.Value)}]
}

func valuesOf(records []providers.Record) func() map[setValue]*providers.Record {
	return func() map[setValue]*providers.Record {
		exact := make(map[setValue]*providers.Record, len(records))
		for i := range records {
			s := &records[i]
			at := setValue{s.Name, s.Type, providers.FoldValue(s.Type, s.Value)}
			if exact[at] == nil {
				exact[at] = s
			}
		}
		return exact
	}
}

// SetKey names a record set, or with its name alone a zone.
type SetKey struct{ Zone, Name, Type string }

// SetKeyOf returns the name and type of a record, with its zone.
func SetKeyOf(r *providers.Record) SetKey { return SetKey{r.Zone, r.Name, r.Type} }

// String returns name and type for a sentence.
func (k SetKey) String() string { return Clean(k.Name) + " " + Clean(k.Type) }

// Capacity is how much still fits into a record set or a zone.
type Capacity struct {
	Left int
	Why  string
}

// HostLabel makes one label of a host name (RFC 952: letters, digits, hyphens) of an instance's name.
func HostLabel(name string) string {
	l := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r == '_' || r == '.' || r == ' ':
			return '-'
		}
		return -1
	}, name)
	return strings.Trim(l[:min(len(l), 63)], "-")
}

// SetID names a record set of Route 53, whose values share one TTL.
type SetID struct{ zone, name, typ, id string }

// SetOf returns the record set that a record lies in.
func SetOf(r *providers.Record) SetID { return SetID{r.Zone, r.Name, r.Type, r.SetID} }

// IsQuiesced reports whether a marker says that a value of an instance was taken out of DNS.
func (x *Index) IsQuiesced(key providers.CloudKey, id string) bool {
	return slices.ContainsFunc(x.QuiescedMarkers, func(m QuiescedMarker) bool { return m.Owner.Cloud == key && m.Owner.Instance == id })
}
