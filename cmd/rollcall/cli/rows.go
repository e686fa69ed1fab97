package cli

import (
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/dnsview/rows"
)

func instanceListing(now time.Time) *listing[rows.Instance] {
	return &listing[rows.Instance]{id: (*rows.Instance).ID, columns: rows.InstanceTable(now), object: func(r *rows.Instance) any { return r.Object() }}
}

func recordListing(wire bool) *listing[rows.Record] {
	return &listing[rows.Record]{id: (*rows.Record).Named, columns: rows.RecordTable(wire), object: func(r *rows.Record) any { return r.Object() }}
}

func findingListing() *listing[rows.Finding] {
	return &listing[rows.Finding]{id: (*rows.Finding).ID, columns: rows.FindingTable(), object: func(r *rows.Finding) any { return r.Object() }}
}

func serviceListing() *listing[rows.ServiceLine] {
	return &listing[rows.ServiceLine]{id: (*rows.ServiceLine).ID, columns: rows.ServiceTable(), object: func(r *rows.ServiceLine) any { return r.Object() }}
}

func sourceListing(wire bool) *listing[rows.Source] {
	return &listing[rows.Source]{id: (*rows.Source).Key, columns: rows.SourceTable(wire)}
}

// passing returns the rows that pass a filter, in the same slice.
func passing[T any, R interface {
	*T
	filter.Row
}](list []T, by filter.Filter) []T {
	out := list[:0]
	for i := range list {
		if by.Match(R(&list[i])) {
			out = append(out, list[i])
		}
	}
	return out
}

// findingRows returns the findings of a view that pass a filter.
func findingRows(v *dnsview.View, by filter.Filter) []rows.Finding {
	list := []rows.Finding{}
	for _, f := range rows.Findings(v) {
		if by.Match(f) {
			list = append(list, *f)
		}
	}
	return list
}

// text returns a pointer to a clean text; nil, null in JSON, for "".
func text(s string) *string {
	if s == "" {
		return nil
	}
	s = words.Clean(s)
	return &s
}
