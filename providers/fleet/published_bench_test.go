package fleet

import (
	"runtime"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/reader"
	"rollcall/providers/store"
)

// Fifty consoles show what one fleet has read and published through a folder: bytes to the store and memory a console.
func BenchmarkFiftyConsolesOfOneReader(b *testing.B) {
	const consoles, instances = 50, 10_000
	c := newFakeCloud("a", instances)
	z := zoneOf(c)
	z.Self.Provider = providers.Cloudflare
	w := New(Options{FleetID: "7f3a", Clouds: []CloudSource{sourceOf(c)}, Zones: []ZoneSource{zoneSourceOf(z)}})
	w.Refresh(b.Context())
	s := store.NewFolder(b.TempDir())
	p := reader.NewPublisher(s, "7f3a", "watch on h")
	all := publishedBy(w, "watch on h")
	var rows []reader.Rows
	for i := range all {
		kind := map[bool]string{true: "zone", false: "cloud"}[all[i].Zone]
		rows = append(rows, reader.Rows{
			Source: reader.Source{Kind: kind, Name: all[i].Name, Provider: all[i].Provider, State: providers.CoverageComplete, Key: all[i].Coverage.Key},
			Encode: func() []byte { return all[i].Data },
		})
	}
	for b.Loop() {
		if err := p.Publish(b.Context(), 1, rows, func([]reader.Source) {}); err != nil {
			b.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var shown []*Fleet
		for range consoles {
			f := New(Options{FleetID: "7f3a", Clouds: []CloudSource{sourceOf(newFakeCloud("a", 0))}, Zones: []ZoneSource{zoneSourceOf(newFakeZone("example.com"))}})
			got, _, err := reader.NewSubscriber(s, "7f3a", providers.Clock{}).Poll(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			var published []Published
			for _, r := range got {
				published = append(published, Published{Zone: r.Kind == "zone", Name: r.Name, Provider: r.Provider, By: r.Who, Coverage: providers.Coverage{State: r.State, Key: r.Key, Started: r.Read}, RowsFrom: r.RowsFrom, Data: r.Data})
			}
			if errs := f.SetPublished(published, time.Minute); len(errs) > 0 || len(f.NotFresh()) > 0 {
				b.Fatal(errs)
			}
			shown = append(shown, f)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/consoles/1e6, "MB/console")
		size := 0
		keys, _ := s.ListAfter(b.Context(), "rows/", "", 100)
		for _, k := range keys {
			o, _ := s.Get(b.Context(), k)
			size += len(o.Data)
		}
		b.ReportMetric(float64(size)/1e6, "MB-published")
		runtime.KeepAlive(shown)
	}
	b.ReportMetric(float64(c.Count()), "lists")
}
