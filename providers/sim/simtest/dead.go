package simtest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// AddDead adds n values to every zone, 250 of them to a name, whose instances all clouds had and have no more.
func AddDead(t testing.TB, w *world.World, n int) {
	t.Helper()
	clouds := w.Clouds()
	idOf := func(i int) string {
		if clouds[i%len(clouds)].Provider == providers.Triton {
			return fmt.Sprintf("dead0000-0000-4000-8000-%012x", i)
		}
		return fmt.Sprintf("i-%017x", 0xdead0000+i)
	}
	for i := range n {
		w.Delete(clouds[i%len(clouds)].Name, idOf(i))
	}
	for _, zone := range w.Zones("") {
		markers := zone.Provider == providers.Route53
		if _, err := zone.Update(func(tx *world.Tx) error {
			at := tx.Now().Add(-24 * time.Hour).Truncate(time.Second)
			sets, marks := map[string][]string{}, map[string][]string{}
			for i := range n {
				c, id := clouds[i%len(clouds)], idOf(i)
				name, value := fmt.Sprintf("gone%d.%s", i/250, zone.Name), fmt.Sprintf("203.0.%d.%d", i/250, i%250)
				o := providers.Owner{Fleet: w.FleetID, Cloud: c.Key, Instance: id, Registered: at}
				if markers {
					o = o.For("A", value)
				}
				text, err := o.Encode()
				if err != nil {
					return err
				}
				if !markers {
					tx.AddRecord(&world.Record{Name: name, Type: "A", Content: value, TTL: 60, Comment: text, Created: at, Modified: at})
					continue
				}
				sets[name] = append(sets[name], value)
				mark := providers.MarkerName(id, name)
				marks[mark] = append(marks[mark], providers.FormatTXT([]string{text}))
			}
			for _, name := range slices.Sorted(maps.Keys(sets)) {
				tx.Put(&world.Set{Name: name, Type: "A", TTL: 60, Values: sets[name]})
			}
			for _, name := range slices.Sorted(maps.Keys(marks)) {
				tx.Put(&world.Set{Name: name, Type: "TXT", TTL: 60, Values: marks[name]})
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}
