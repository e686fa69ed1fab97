package index

import (
	"unsafe"

	"rollcall/providers"
)

// Place names a record: the number of its zone in Index.Zones, and its number there, which need not be where it stands.
// Unlike a pointer, it is the same for the same record in a later index that was made from this one.
type Place struct{ Zone, At int32 }

// PlaceOf returns the place of a record of the snapshot. ok is false for any other record, and for nil.
func (x *Index) PlaceOf(r *providers.Record) (p Place, ok bool) {
	if r == nil {
		return p, false
	}
	if z := x.ZonesByName[r.Zone]; z != nil {
		if at := Position(z.View.Records, r); at >= 0 {
			return Place{int32(z.Number), z.NumberAt(at)}, true
		}
	}
	for n, z := range x.Zones {
		if at := Position(z.View.Records, r); at >= 0 {
			return Place{int32(n), z.NumberAt(at)}, true
		}
	}
	return p, false
}

// At returns the record with a place. There has to be one: see Has.
func (x *Index) At(p Place) *providers.Record {
	z := x.Zones[p.Zone]
	return &z.View.Records[z.PositionOf(p.At)]
}

// Has reports whether there is a record with a place that another index has.
func (x *Index) Has(p Place) bool { return x.Zones[p.Zone].PositionOf(p.At) >= 0 }

// Position returns the number of an element of a list that p points at, or -1. It compares addresses, because a map from a
// hundred thousand pointers to numbers takes longer to fill than all that it would be asked for.
func Position[T any](list []T, p *T) int {
	from, at := uintptr(unsafe.Pointer(unsafe.SliceData(list))), uintptr(unsafe.Pointer(p))
	if len(list) == 0 || at < from {
		return -1
	}
	if n := int((at - from) / unsafe.Sizeof(*p)); n < len(list) {
		return n
	}
	return -1
}
