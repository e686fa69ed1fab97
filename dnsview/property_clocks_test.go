package dnsview_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rollcall/dnsview"
	"rollcall/providers"
)

// wrongClocks are how far clocks are off.
var wrongClocks = []time.Duration{-24 * time.Hour, -time.Hour, -time.Minute, 0, 0, time.Minute, time.Hour, 24 * time.Hour}

// skewClocks has nodes, providers and this machine disagree about the time.
func skewClocks(w *world, t *rapid.T) {
	for i := range w.snap.Clouds {
		w.snap.Clouds[i].Coverage.Skew = rapid.SampledFrom(wrongClocks).Draw(t, "cloud")
	}
	for i := range w.snap.Zones {
		z := &w.snap.Zones[i]
		z.Coverage.Skew = rapid.SampledFrom(wrongClocks).Draw(t, "zone")
		z.Appeared = map[providers.MarkerKey]time.Time{}
	}
	for range rapid.IntRange(1, 4).Draw(t, "markers") {
		r := w.some(t)
		if r == nil || len(r.Owners) == 0 {
			continue
		}
		r.Owners = slices.Clone(r.Owners)
		r.Owners[0].Registered = r.Owners[0].Registered.Add(rapid.SampledFrom(wrongClocks).Draw(t, "node"))
		lately := testNow.Add(w.zone(r.Zone).Coverage.Skew).Add(-time.Duration(rapid.IntRange(0, 20).Draw(t, "minutes")) * time.Minute)
		switch rapid.IntRange(0, 3).Draw(t, "evidence") {
		case 0:
			w.zone(r.Zone).Appeared[providers.MarkerKeyOf(r, r.Owners[0])] = lately
		case 1:
			if r.Zone == cfZone {
				r.Modified = lately
			}
		case 2:
			if r.Zone == cfZone {
				r.Modified = lately
				w.opts.Own = providers.OwnWrites{providers.MarkerKeyOf(r, r.Owners[0]): {Registered: r.Owners[0].Registered, Written: lately}}
			}
		}
	}
}

func TestWhateverTheClocksSayNothingYoungIsFoundDead(t *testing.T) {
	found := map[dnsview.Class]int{}
	worlds := func(t *rapid.T) *world {
		w := mishaps(t, false)
		skewClocks(w, t)
		return w
	}
	inWorlds(t, worlds, found, []dnsview.Class{dnsview.Dead, dnsview.InFlight, dnsview.Ambiguous}, func(t rapid.TB, w *world) {
		v := w.view()
		for i := range v.Findings {
			f := &v.Findings[i]
			if f.Record == nil {
				continue
			}
			found[f.Class]++
			o, ok := f.Record.Owner()
			if !ok || f.Class != dnsview.Dead && f.Class != dnsview.Dangling && !(f.Class == dnsview.Reused && f.Remedy != dnsview.NoRemedy) {
				continue
			}
			z := w.zone(f.Record.Zone)
			now := testNow.Add(z.Coverage.Skew)
			grace := w.opts.CreateGrace
			own, mine := w.opts.Own[providers.MarkerKeyOf(f.Record, o)]
			mine = mine && own.Registered.Equal(o.Registered) && own.Written.Equal(f.Record.Modified)
			appeared := z.Appeared[providers.MarkerKeyOf(f.Record, o)]
			// Its cloud's final word makes it no new instance that is not found yet, so that the first reading does not count.
			i, l := v.Instance(o.Cloud, o.Instance), w.lookup(o)
			if i != nil && i.State == providers.StateTerminated || l.Gone && l.Final {
				appeared = time.Time{}
			}
			if f.Class != dnsview.Reused && (now.Sub(o.Registered) < grace || !mine && now.Sub(f.Record.Modified) < grace || f.Record.Modified.IsZero() && !appeared.IsZero() && now.Sub(appeared) < grace) {
				t.Fatalf("%s is %s: marked %s ago, changed %s ago, first seen %s ago", f.Record, f.Class, now.Sub(o.Registered), now.Sub(f.Record.Modified), now.Sub(appeared))
			}
			if o.Registered.Sub(now) > providers.FutureMarker {
				t.Fatalf("%s is %s, and its marker is of the future", f.Record, f.Class)
			}
		}
	})
}

// lookup returns the answer of the cloud of an owner when it was asked for that one instance.
func (w *world) lookup(o providers.Owner) providers.Lookup {
	for c := range w.snap.Clouds {
		if w.snap.Clouds[c].Cloud.Key == o.Cloud {
			if l, ok := w.snap.Clouds[c].Lookups[o.Instance]; ok {
				return l
			}
		}
	}
	return providers.Lookup{}
}
