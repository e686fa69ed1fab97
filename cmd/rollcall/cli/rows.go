package cli

import (
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/dnsview/rows"
)

// filtered returns the rows that pass a filter, in the same slice.
func filtered[T any, R interface {
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
