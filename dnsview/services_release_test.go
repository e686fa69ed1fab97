package dnsview_test

import (
	"runtime"
	"slices"
	"testing"
	"weak"

	"rollcall/dnsview"
	"rollcall/dnsview/tree"
	"rollcall/providers"
)

func TestAViewWhoseServicesAreReleasedHoldsNoRowsOfTheOneBeforeAndShowsTheSameServices(t *testing.T) {
	w := newWorld()
	opts := w.opts
	views := func() (now *dnsview.View, before weak.Pointer[providers.Record]) {
		snap := *w.snap
		snap.Zones = slices.Clone(snap.Zones)
		for i := range snap.Zones {
			snap.Zones[i].Records = slices.Clone(snap.Zones[i].Records)
		}
		last := dnsview.Inspect(&snap, opts)
		tree.Of(last)
		next := snap
		next.Zones = slices.Clone(snap.Zones)
		next.Zones[0].Records = slices.Clone(snap.Zones[0].Records[:len(snap.Zones[0].Records)-1])
		return dnsview.InspectAfter(last, &next, opts), weak.Make(&snap.Zones[0].Records[0])
	}
	v, before := views()
	runtime.GC()
	if before.Value() == nil {
		t.Fatal("the services of the view would not be made from those of the one before")
	}
	v.ReleaseServices()
	runtime.GC()
	if before.Value() != nil {
		t.Error("the rows of before are held")
	}
	if got, want := treeText(v), treeText(dnsview.Inspect(v.Snapshot, opts)); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
