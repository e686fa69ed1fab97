package fleet

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rollcall/providers"
)

func TestWhatMarkersNameAndAListDoesNotIsFoundInAnyOrder(t *testing.T) {
	t.Parallel()
	const key = providers.CloudKey("0123456789")
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOf(rapid.StringMatching(`i-[ab]{0,3}`))
		r := cloudRead{cov: providers.Coverage{Key: key}}
		listed := map[string]bool{}
		for _, id := range ids.Draw(t, "listed") {
			r.rows, listed[id] = append(r.rows, providers.Instance{ID: id}), true
		}
		r.order = byID(r.rows)
		f, unlisted := &Fleet{}, map[string]bool{}
		for _, marked := range []string{"first zone", "second zone"} {
			v := &providers.ZoneView{}
			for _, id := range ids.Draw(t, marked) {
				v.Records = append(v.Records, providers.Record{Type: "A", Owners: []providers.Owner{{Cloud: key, Instance: id, Registered: time.Unix(1, 0)}}})
				if r.lists(id) != listed[id] {
					t.Fatalf("%s is listed: %v", id, !listed[id])
				}
				if !listed[id] {
					unlisted[id] = true
				}
			}
			f.zones = append(f.zones, &zone{markers: markersOf(v)})
		}
		c := &cloud{f: f, read: r}
		if got, want := c.markedUnlisted(), slices.Sorted(maps.Keys(unlisted)); !slices.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
		for id := range unlisted {
			if !f.markedSince(key, id).Equal(time.Unix(1, 0)) {
				t.Fatalf("%s was marked at %v", id, f.markedSince(key, id))
			}
		}
	})
}
