package fleet

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestRowsThatAreHeldAsDifferencesFromALaterReadComeBackAsTheyWere(t *testing.T) {
	type row struct {
		id    string
		value int
	}
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) row {
			return row{rapid.StringMatching(`[a-e]`).Draw(t, "id"), rapid.IntRange(0, 1).Draw(t, "value")}
		}), 0, 5, func(r row) string { return r.id })
		before, now := rows.Draw(t, "before"), rows.Draw(t, "now")
		if rapid.Bool().Draw(t, "the same") {
			now = before
		}
		want := slices.Clone(before)
		p := pack(before, now, func(r *row) string { return r.id }, func(a, b *row) bool { return *a == *b })
		for _, r := range p.own {
			if slices.Contains(now, r) {
				t.Fatalf("%v is held twice", r)
			}
		}
		if got := p.unpack(now); !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}
