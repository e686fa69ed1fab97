package dnsview_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// readAgain returns the snapshot of a world with every source read again at a time, with the same rows.
func (w *world) readAgain(at time.Time) *providers.Snapshot {
	s := *w.snap
	s.Seq++
	s.Clouds, s.Zones = slices.Clone(s.Clouds), slices.Clone(s.Zones)
	for i := range s.Clouds {
		c := &s.Clouds[i]
		c.Coverage.Started, c.Coverage.Finished, c.RowsFrom = at, at, at
		c.Lookups = maps.Clone(c.Lookups)
		for id, l := range c.Lookups {
			l.Asked = at
			c.Lookups[id] = l
		}
	}
	for i := range s.Zones {
		z := &s.Zones[i]
		z.Coverage.Started, z.Coverage.Finished, z.RowsFrom = at, at, at
	}
	return &s
}

// timeless returns findings without the times of what they rest on.
func timeless(v *dnsview.View) []dnsview.Finding {
	out := slices.Clone(v.Findings)
	for i := range out {
		f := &out[i]
		f.Evidence, f.RestsOn, f.Uncertain = slices.Clone(f.Evidence), slices.Clone(f.RestsOn), slices.Clone(f.Uncertain)
		for n := range f.Uncertain {
			f.Uncertain[n].Age = 0
		}
		for n := range f.Evidence {
			f.Evidence[n].At = time.Time{}
		}
		for n := range f.RestsOn {
			f.RestsOn[n].Age = 0
		}
	}
	return out
}

func TestAViewThatHoldsIsWhatALaterInspectionFinds(t *testing.T) {
	held, changed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := mishapsAndQuiesce(t)
		age := func(what string) time.Duration {
			return time.Duration(rapid.IntRange(0, 1200).Draw(t, what)) * time.Second
		}
		if i := w.anyone(t); i != nil && rapid.Bool().Draw(t, "new") {
			i.Launched = testNow.Add(-age("launched"))
		}
		if r := w.some(t); r != nil && len(r.Owners) > 0 {
			r.Owners = slices.Clone(r.Owners)
			r.Owners[0].Registered = testNow.Add(age("ahead") - age("registered"))
		}
		if r := w.some(t); r != nil {
			w.opts.Wire = append(w.opts.Wire, &index.WireState{
				Zone: r.Zone, Name: r.Name, Type: r.Type, Want: []string{r.Value}, At: testNow.Add(-age("asked")), Since: testNow.Add(-age("since")), Until: testNow.Add(age("until")),
				State:   rapid.SampledFrom([]index.WireVerdict{index.WirePropagating, index.WireSplit, index.WireCached, index.WireLame, index.WireBroken}).Draw(t, "state"),
				Answers: []index.WireAnswer{{Server: "ns1", Resolver: true, Values: []string{"192.0.2.1"}, TTL: 300, At: testNow.Add(-age("answered"))}},
			})
		}
		w.opts.Health = append(w.opts.Health, index.HealthState{Service: wwwName, Key: keyEast, ID: tritonA, Failed: 3, Of: 3, At: testNow.Add(-age("checked"))})
		v := w.view()
		o := w.opts
		o.Now = o.Now.Add(age("passed") / 10)
		o.Seen = v.Seen()
		s := w.readAgain(o.Now.Add(-age("read") / 60))
		if !v.StillHolds(s, o) {
			changed++
			return
		}
		held++
		if got, want := timeless(v), timeless(dnsview.Inspect(s, o)); !reflect.DeepEqual(got, want) {
			t.Fatalf("held after %v:\n%+v\nwant:\n%+v", o.Now.Sub(testNow), got, want)
		}
	})
	t.Logf("%d views held, %d did not", held, changed)
	if held == 0 || changed == 0 {
		t.Errorf("%d views held, %d did not: one of both was not tried", held, changed)
	}
}

func TestAViewHoldsUntilARowASourceOrAnOptionChanges(t *testing.T) {
	for what, change := range map[string]func(w *world, s *providers.Snapshot, o *index.Options){
		"the rows of a cloud": func(_ *world, s *providers.Snapshot, _ *index.Options) {
			s.Clouds[0].Instances = slices.Clone(s.Clouds[0].Instances)
		},
		"the addresses of a cloud": func(_ *world, s *providers.Snapshot, _ *index.Options) {
			s.Clouds[0].Addresses = []providers.Address{{ID: "eni-1", IP: addr("192.0.2.1")}}
		},
		"the rows of a zone": func(_ *world, s *providers.Snapshot, _ *index.Options) {
			s.Zones[0].Records = slices.Clone(s.Zones[0].Records)
		},
		"an instance that was asked for": func(_ *world, s *providers.Snapshot, _ *index.Options) {
			s.Clouds[0].Lookups = map[string]providers.Lookup{"i-1": {ID: "i-1", Gone: true}}
		},
		"the state of a source": func(_ *world, s *providers.Snapshot, _ *index.Options) {
			s.Zones[0].Coverage.State = providers.CoverageFailed
		},
		"why a source failed": func(_ *world, s *providers.Snapshot, _ *index.Options) {
			s.Zones[0].Coverage.Err = errors.New("no answer")
		},
		"the account of a cloud": func(_ *world, s *providers.Snapshot, _ *index.Options) { s.Clouds[0].Coverage.Key = keyEast },
		"the clock of a source": func(_ *world, s *providers.Snapshot, _ *index.Options) {
			s.Clouds[0].Coverage.Skew = 5 * time.Minute
		},
		"whether a zone takes changes": func(_ *world, s *providers.Snapshot, _ *index.Options) { s.Zones[0].Zone.ReadOnly = true },
		"a source less":                func(_ *world, s *providers.Snapshot, _ *index.Options) { s.Clouds = s.Clouds[:1] },
		"a forgotten cloud": func(_ *world, s *providers.Snapshot, _ *index.Options) {
			s.Forgotten = []providers.CloudKey{"ec2:9:x"}
		},
		"rows of an earlier run":           func(_ *world, s *providers.Snapshot, _ *index.Options) { s.Clouds[0].Earlier = true },
		"rows that are still to be loaded": func(_ *world, s *providers.Snapshot, _ *index.Options) { s.Zones[0].Left = 7 },
		"what was observed":                func(_ *world, _ *providers.Snapshot, o *index.Options) { o.Observed++ },
		"the fleet":                        func(_ *world, _ *providers.Snapshot, o *index.Options) { o.Fleet = "other" },
		"what is declared":                 func(_ *world, _ *providers.Snapshot, o *index.Options) { o.Services = o.Services[:1] },
		"the public ranges":                func(_ *world, _ *providers.Snapshot, o *index.Options) { o.Ranges = index.PublishedRanges() },
		"a clock turned back":              func(_ *world, _ *providers.Snapshot, o *index.Options) { o.Now = o.Now.Add(-time.Hour) },
		"a read that is stale now": func(_ *world, _ *providers.Snapshot, o *index.Options) {
			o.Now = testRead.Add(o.MaxAge + time.Second)
		},
		"what the journal wrote": func(_ *world, _ *providers.Snapshot, o *index.Options) {
			o.Own = providers.OwnWrites{providers.MarkerKey{}: providers.OwnWrite{}}
		},
		"what resolvers may hold": func(_ *world, _ *providers.Snapshot, o *index.Options) { o.Held = []index.Held{{TTL: time.Hour}} },
	} {
		w := newWorld()
		v := w.view()
		if s := w.readAgain(testNow); !v.StillHolds(s, w.opts) {
			t.Fatalf("%s: nothing changed, and the view does not hold", what)
		}
		s, o := w.readAgain(testNow), w.opts
		change(w, s, &o)
		if v.StillHolds(s, o) {
			t.Errorf("%s changed, and the view holds", what)
		}
	}
}

func TestAMarkerWithoutARecordIsLookedAtWithEveryRead(t *testing.T) {
	w := newWorld()
	w.lose("sd-01.unilans.net", "A", "")
	v := w.view()
	if v.Count(dnsview.OrphanMarker) == 0 {
		t.Fatal("no marker without a record")
	}
	if s := w.readAgain(testNow); v.StillHolds(s, w.opts) {
		t.Error("the first sight of a marker that marks nothing holds: a second read makes it one that can go")
	}
}
