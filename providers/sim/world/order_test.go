package world

import (
	"slices"
	"testing"
)

func TestRecordSetsAreInTheOrderOfRoute53(t *testing.T) {
	want := []Set{
		{Name: "unilans.net", Type: "NS"},
		{Name: "unilans.net", Type: "SOA"},
		{Name: "*.unilans.net", Type: "A"},
		{Name: "a-b.unilans.net", Type: "A"}, // a hyphen comes before the dot
		{Name: "x.a-b.unilans.net", Type: "A"},
		{Name: "a.unilans.net", Type: "A", SetID: "one"},
		{Name: "a.unilans.net", Type: "A", SetID: "two"},
		{Name: "a.unilans.net", Type: "TXT"},
		{Name: "b.a.unilans.net", Type: "A"},
		{Name: "x.unilans.net", Type: "A"},
		{Name: `x\.y.unilans.net`, Type: "A"}, // one label, behind "x" as its backslash comes after the dot
		{Name: "y.x.zz", Type: "A"},
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, func(a, b Set) int { return SetLess(&a, &b) })
	for i := range want {
		if SetLess(&want[i], &got[i]) != 0 {
			t.Errorf("%d: %s %s %s, want %s %s %s", i, got[i].Name, got[i].Type, got[i].SetID, want[i].Name, want[i].Type, want[i].SetID)
		}
	}
}

func TestAFailedUpdateLeavesTheZoneAlone(t *testing.T) {
	w := New(Options{})
	z, err := w.Zone(Route53Zone)
	if err != nil {
		t.Fatal(err)
	}
	list := func() (names []string) {
		z.View(func(tx *Tx) {
			for _, s := range tx.Sets() {
				names = append(names, s.Name+" "+s.Type)
			}
		})
		return names
	}
	before := list()
	if _, err := z.Update(func(tx *Tx) error {
		tx.Put(&Set{Name: "a." + Route53Zone, Type: "A"})
		tx.Put(&Set{Name: "b." + Route53Zone, Type: "A"})
		for _, s := range slices.Clone(tx.Sets())[:5] {
			tx.Delete(s)
		}
		return ErrNoZone
	}); err == nil {
		t.Fatal("no error")
	}
	if after := list(); !slices.Equal(before, after) {
		t.Errorf("%d record sets before, %d after", len(before), len(after))
	}
}

func BenchmarkSeedingAHundredThousandInstances(b *testing.B) {
	for b.Loop() {
		New(Options{Instances: 100_000})
	}
}
