package recordset

import (
	"slices"

	"rollcall/providers"
)

// set is the working copy of one record set: as read, and as wanted.
type set struct {
	orig   *Set     // as read; nil if there was none
	next   Set      // the new set, without values
	values []string // in the provider's spelling
	pinned bool     // stands in the batch even if unchanged: another change is right only while it is as read
}

func newSet(orig *Set) *set {
	s := &set{orig: orig, next: *orig, values: slices.Clone(orig.Values)}
	s.next.Values = nil
	return s
}

func (s *set) clone() *set {
	c := *s
	c.values = slices.Clone(s.values)
	return &c
}

// changed reports whether the set differs from what was read.
func (s *set) changed() bool {
	if s.orig == nil {
		return len(s.values) > 0
	}
	if fieldsOf(s.orig) != fieldsOf(&s.next) || len(s.values) != len(s.orig.Values) {
		return true
	}
	had := make(map[string]bool, len(s.values)) // the order of values is irrelevant
	for _, v := range s.orig.Values {
		had[v] = true
	}
	return slices.ContainsFunc(s.values, func(v string) bool { return !had[v] })
}

// written reports whether the set is a part of the batch.
func (s *set) written() bool { return s.changed() || s.pinned && s.orig != nil }

// wanted returns the set as wanted, or nil if it is to be deleted.
func (s *set) wanted() *Set {
	if len(s.values) == 0 {
		return nil
	}
	n := s.next
	n.Values = s.values
	return &n
}

func (s *set) swap(k Key) Swap { return Swap{Key: k, Before: s.orig, After: s.wanted()} }

// cost returns a set's share of the batch.
func (w *workingCopy) cost(k Key, s *set) Size {
	if s == nil || !s.written() {
		return Size{}
	}
	return w.weight(k, s)
}

// weight is the cost of a set in a batch of which it is a part.
func (w *workingCopy) weight(k Key, s *set) Size {
	swap := s.swap(k)
	return w.p.Cost(&swap)
}

// batch returns the swaps of all changed and pinned sets.
func (w *workingCopy) batch() (out []Swap) {
	for _, k := range w.order {
		if s := w.sets[k]; s.written() {
			out = append(out, s.swap(k))
		}
	}
	return out
}

// sharedFields are the fields that all values of a record set share.
type sharedFields struct {
	ttl    uint32
	weight int64
}

func fieldsOf(s *Set) sharedFields {
	f := sharedFields{ttl: s.TTL}
	if s.Weight != nil {
		f.weight = *s.Weight
	}
	return f
}

func keyOf(r *providers.Record) Key { return Key{Name: r.Name, Type: r.Type, ID: r.SetID} }
