package dnsview

import (
	"slices"

	"rollcall/providers"
)

// IsAdvice reports whether a class says nothing about whether an entry is alive.
func IsAdvice(c Class) bool {
	switch c {
	case TTL, Proxied, Weight, Private, Wire, Split, Cached, Unhealthy, Duplicate, SRVNoAddress, SRVAlias, SRVNoPTR, SRVNoTXT, PTRNoSRV, TypeNotListed, Occluded, Evacuated:
		return true
	}
	return false
}

// FindingForDelete returns the finding by which an entry may be removed, or nil.
func (v *View) FindingForDelete(r *providers.Record) *Finding {
	f := v.LivenessFinding(r)
	switch {
	case f == nil || !f.Certain():
	case (f.Class == Dead || f.Class == Dangling) && f.Remedy == RemedyDelete, f.Class == Reused && v.Options.Fleet != "" && v.Index.MayDelete(r):
		return f
	}
	return nil
}

// LivenessFinding returns the worst finding about a record that says something of whether it is alive, or nil.
func (v *View) LivenessFinding(r *providers.Record) *Finding {
	for _, g := range v.FindingsOfRecord(r) {
		if g.Class != Unmarked && !IsAdvice(g.Class) {
			return g
		}
	}
	return nil
}

// ReasonOf returns the class of finding that a removal of the record by quiesce is the remedy of, or the empty string.
func ReasonOf(v *View, r *providers.Record) Class {
	for _, f := range v.FindingsOfRecord(r) {
		if f.Certain() && (f.Class == Stopped || f.Class == Reused) {
			return f.Class
		}
	}
	o, _ := r.Owner()
	hosts, _ := v.Index.AddressesOf(r)
	if slices.ContainsFunc(hosts, func(s *providers.Record) bool { return v.Index.HeldByAnother(s, o) }) {
		return Reused // as an elastic address that its owner has let go
	}
	return ""
}
