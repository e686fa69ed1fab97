package fleet

import (
	"testing"

	"rollcall/providers"
)

func TestNotFoundProvesNothingWhereADeletedInstanceIsAnsweredAsGone(t *testing.T) {
	_, c, z := pair(10, Options{})
	id := c.Rows[0].ID
	c.Rows = c.Rows[1:]
	src := sourceOf(c)
	src.Traits.KeepsDeleted = true
	f := New(Options{Clouds: []CloudSource{src}, Zones: []ZoneSource{zoneSourceOf(z)}})
	wantUnknown := func(l providers.Lookup) {
		t.Helper()
		if l.Gone || l.Final || providers.KindOf(l.Err) != providers.KindNotFound {
			t.Errorf("%+v", l)
		}
	}
	was := f.Refresh(t.Context())
	wantUnknown(was.Clouds[0].Lookups[id])
	l, err := f.Lookup(t.Context(), "a", id)
	if err != nil {
		t.Fatal(err)
	}
	wantUnknown(l[0])

	c.Gone = map[string]bool{id: true}
	if l := f.Refresh(t.Context()).Clouds[0].Lookups[id]; !l.Gone || !l.Final || l.Err != nil {
		t.Errorf("%+v", l)
	}

	// A snapshot of an earlier run may hold the answer as proof.
	old := was.Clouds[0]
	old.Lookups = map[string]providers.Lookup{id: {ID: id, Gone: true}}
	c.Gone = nil
	f = New(Options{Last: &providers.Snapshot{Clouds: []providers.CloudView{old}}, Clouds: []CloudSource{src}, Zones: []ZoneSource{zoneSourceOf(z)}})
	wantUnknown(f.Refresh(t.Context()).Clouds[0].Lookups[id])
}
