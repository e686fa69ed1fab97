package recordset

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"rollcall/providers"
)

// owners returns the owners of a value in the working copy.
func (w *workingCopy) owners(r *providers.Record) []providers.Owner {
	var out []providers.Owner
	w.eachMarker(r, w.markerSets(r.Name), func(_ Key, _ int, o providers.Owner) { out = append(out, o) })
	slices.SortFunc(out, compareOwners)
	return slices.Compact(out)
}

// eachMarker calls f for every marker string in the sets that names the value of r.
func (w *workingCopy) eachMarker(r *providers.Record, in []Key, f func(k Key, i int, o providers.Owner)) {
	for _, k := range in {
		instance, _, _ := providers.SplitMarkerName(k.Name)
		for i, v := range w.sets[k].values {
			parts, ok := w.spell.ParseTXT(v)
			if !ok {
				continue
			}
			o, err := providers.DecodeOwner(strings.Join(parts, ""))
			if err == nil && providers.CanonicalName(o.Instance) == instance && o.Owns(r.Type, r.Value) {
				f(k, i, o)
			}
		}
	}
}

func (w *workingCopy) markerSets(name string) []Key {
	var out []Key
	for k := range w.sets {
		if k.Type != "TXT" {
			continue
		}
		if _, marked, ok := providers.SplitMarkerName(k.Name); ok && marked == name {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, Compare)
	return out
}

// removeMarkers removes the marker strings of the value of r, unless another record set of the name (with another set
// identifier) has the value too.
func (w *workingCopy) removeMarkers(r *providers.Record) {
	if (&providers.Record{Name: r.Name, Type: r.Type}).IsMarker() {
		return
	}
	for k := range w.sets {
		if k.Name == r.Name && k.Type == r.Type && k.ID != r.SetID && w.has(k, r.Value) {
			return
		}
	}
	drop := map[Key][]int{}
	w.eachMarker(r, w.markerSets(r.Name), func(k Key, i int, _ providers.Owner) { drop[k] = append(drop[k], i) })
	for _, k := range slices.SortedFunc(maps.Keys(drop), Compare) {
		s := w.touch(k)
		for _, i := range slices.Backward(drop[k]) {
			s.values = slices.Delete(s.values, i, i+1)
		}
	}
}

// addMarkers writes one marker string per owner, replacing an older one of the same instance for the same value. It pins
// the sets of markers, because a marker that is there already may be deleted meanwhile.
func (w *workingCopy) addMarkers(r *providers.Record, owners []providers.Owner) error {
	for _, o := range owners {
		text, err := o.For(r.Type, r.Value).Encode()
		if err != nil {
			return invalid("%w", err)
		}
		k := Key{Name: providers.MarkerName(o.Instance, r.Name), Type: "TXT"}
		s := w.touch(k)
		s.pinned = true
		if s.orig == nil && len(s.values) == 0 {
			made, err := w.p.New(&providers.Record{Zone: w.zone, Name: k.Name, Type: k.Type, TTL: cmp.Or(r.MarkerTTL, defaultTTL)})
			if err != nil {
				return invalid("%w", err)
			}
			s.next = *made
		}
		var old []int
		w.eachMarker(r, []Key{k}, func(_ Key, i int, _ providers.Owner) { old = append(old, i) })
		for _, i := range slices.Backward(old) {
			s.values = slices.Delete(s.values, i, i+1)
		}
		s.values = append(s.values, w.spell.FormatTXT([]string{text}))
	}
	return nil
}

func compareOwners(a, b providers.Owner) int {
	quiesced := func(o providers.Owner) int {
		if o.Quiesced {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(a.Fleet, b.Fleet), cmp.Compare(a.Cloud, b.Cloud), cmp.Compare(a.Instance, b.Instance),
		a.Registered.Compare(b.Registered), cmp.Compare(quiesced(a), quiesced(b)), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value))
}
