package dnsview

import "rollcall/providers"

// Inspect joins the instances and records of a snapshot, by owner marker first
// and by address second, and finds where they disagree. It is pure: the same
// snapshot and options give the same view, whatever the order of rows and sources.
func Inspect(s *providers.Snapshot, o Options) *View {
	return &View{Snapshot: s, Options: o, index: &index{}}
}
