package fleet

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
)

// publishedBy returns what a fleet has read, as it reaches another one.
func publishedBy(f *Fleet, by string) []Published {
	s := f.Own()
	var out []Published
	for i := range s.Clouds {
		v := &s.Clouds[i]
		out = append(out, Published{Name: v.Cloud.Name, Provider: v.Cloud.Provider, By: by, Coverage: v.Coverage, RowsFrom: v.RowsFrom, Data: EncodeCloud(v)})
	}
	for i := range s.Zones {
		v := &s.Zones[i]
		out = append(out, Published{Zone: true, Name: v.Zone.Name, Provider: v.Zone.Provider, By: by, Coverage: v.Coverage, RowsFrom: v.RowsFrom, Data: EncodeZone(v)})
	}
	return out
}

// readerOf returns a fleet that has read ten instances and their records, with an instance that only markers name.
func readerOf(t *testing.T) (*Fleet, *fakeCloud, *fakeZone) {
	t.Helper()
	c := newFakeCloud("a", 10)
	z := zoneOf(c)
	z.Self.Provider = providers.Cloudflare
	z.Rows = append(z.Rows, record(c, "i-gone", 77))
	f := New(Options{FleetID: "7f3a", Clouds: []CloudSource{sourceOf(c)}, Zones: []ZoneSource{zoneSourceOf(z)}})
	f.Refresh(t.Context())
	return f, c, z
}

// console returns another fleet over the same sources, and its clouds to count calls.
func console(t *testing.T) (*Fleet, *fakeCloud, *fakeZone) {
	t.Helper()
	c := newFakeCloud("a", 10)
	z := zoneOf(c)
	z.Self.Provider = providers.Cloudflare
	return New(Options{FleetID: "7f3a", Clouds: []CloudSource{sourceOf(c)}, Zones: []ZoneSource{zoneSourceOf(z)}}), c, z
}

func TestPublishedRowsAreShownAsTheirReaderHasThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _, _ := readerOf(t)
		f, c, z := console(t)
		if errs := f.SetPublished(publishedBy(w, "watch@h"), time.Minute); len(errs) > 0 {
			t.Fatal(errs)
		}
		got, want := f.Snapshot(), w.Snapshot()
		if !slices.EqualFunc(got.Clouds[0].Instances, want.Clouds[0].Instances, func(a, b providers.Instance) bool { return a.Equal(&b) }) ||
			!slices.EqualFunc(got.Zones[0].Records, want.Zones[0].Records, func(a, b providers.Record) bool { return a.Same(&b) && slices.Equal(a.Owners, b.Owners) }) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
		if l := got.Clouds[0].Lookups["i-gone"]; !l.Gone || l.Key != want.Clouds[0].Cloud.Key {
			t.Errorf("the cloud was asked for i-gone, and the answer is %+v", l)
		}
		if got.Clouds[0].ReadBy != "watch@h" || got.Zones[0].ReadBy != "watch@h" || !got.Clouds[0].Coverage.Complete() {
			t.Errorf("read by %q and %q, %s", got.Clouds[0].ReadBy, got.Zones[0].ReadBy, got.Clouds[0].Coverage.State)
		}
		if c.Lists+z.Lists != 0 {
			t.Error("the sources were read")
		}
	})
}

func TestNoDecisionRestsOnPublishedRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _, _ := readerOf(t)
		f, c, z := console(t)
		f.SetPublished(publishedBy(w, "watch@h"), time.Minute)
		own := func(what string, s *providers.Snapshot) {
			t.Helper()
			for i := range s.Clouds {
				if s.Clouds[i].ReadBy != "" {
					t.Errorf("%s has published rows of a cloud", what)
				}
			}
			for i := range s.Zones {
				if s.Zones[i].ReadBy != "" {
					t.Errorf("%s has published rows of a zone", what)
				}
			}
		}
		own("Own", f.Own())
		if n := len(f.Own().Clouds[0].Instances); n != 0 {
			t.Errorf("Own has %d instances", n)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if s := f.Recent(ended, time.Minute); s.Clouds[0].Coverage.Complete() || s.Zones[0].Coverage.Complete() {
			t.Error("published rows count as a complete read")
		}
		clouds, zones := c.Count(), z.Lists
		s := f.Recent(t.Context(), time.Minute)
		own("Recent", s)
		if c.Count() != clouds+1 || z.Lists != zones+1 {
			t.Error("the sources were not read")
		}
		wantState(t, s.Clouds[0].Coverage, providers.CoverageComplete)
		before := len(c.Asked)
		if _, err := f.Lookup(t.Context(), "a", "i-gone"); err != nil {
			t.Fatal(err)
		}
		if len(c.Asked) == before {
			t.Error("the cloud was not asked")
		}
	})
}

func TestNoReadIsComparedWithPublishedRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		big := newFakeCloud("a", 40)
		w := New(Options{Clouds: []CloudSource{sourceOf(big)}})
		w.Refresh(t.Context())
		c := newFakeCloud("a", 10) // a quarter of what was published
		f := New(Options{Clouds: []CloudSource{sourceOf(c)}})
		f.SetPublished(publishedBy(w, "watch@h"), time.Minute)
		time.Sleep(time.Second)
		wantState(t, f.Refresh(t.Context()).Clouds[0].Coverage, providers.CoverageComplete)

		f = New(Options{Clouds: []CloudSource{sourceOf(c)}})
		f.SetPublished(publishedBy(w, "watch@h"), time.Minute)
		path := filepath.Join(t.TempDir(), "snapshot")
		if err := Save(path, f.Snapshot()); err != nil {
			t.Fatal(err)
		}
		last, err := Load(path, nil)
		if err != nil || len(last.Clouds) != 0 {
			t.Errorf("kept for the next run: %+v, %v", last, err)
		}
	})
}

func TestSourcesAreReadOnlyOnceWhatIsPublishedIsNotFreshAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _, _ := readerOf(t)
		f, c, z := console(t)
		f.SetPublished(publishedBy(w, "watch@h"), time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			f.Run(ctx)
			close(ended)
		}()
		for range 20 { // the reader goes on for ten minutes
			time.Sleep(30 * time.Second)
			w.Refresh(t.Context())
			f.SetPublished(publishedBy(w, "watch@h"), time.Minute)
		}
		if c.Lists+z.Lists != 0 {
			t.Errorf("the sources were read %d and %d times", c.Lists, z.Lists)
		}
		if n := f.NotFresh(); len(n) != 0 {
			t.Errorf("not fresh: %v", n)
		}
		time.Sleep(61 * time.Second) // it died
		synctest.Wait()
		if c.Lists != 1 || z.Lists != 1 {
			t.Errorf("the sources were read %d and %d times", c.Lists, z.Lists)
		}
		if s := f.Snapshot(); s.Clouds[0].ReadBy != "" || s.Zones[0].ReadBy != "" {
			t.Error("older published rows stand in place of own ones")
		}
		w.Refresh(t.Context()) // another took over
		f.SetPublished(publishedBy(w, "watch@other"), time.Minute)
		if s := f.Snapshot(); s.Clouds[0].ReadBy != "watch@other" {
			t.Errorf("read by %q", s.Clouds[0].ReadBy)
		}
		cancel()
		<-ended
	})
}

func TestRowsOfAnotherAccountOrZoneAreNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _, _ := readerOf(t)
		f, c, z := console(t)
		account(c, "222", nil)
		z.Self.ID = "Z2"
		f.Refresh(t.Context())
		time.Sleep(time.Minute)
		w.Refresh(t.Context())
		f.SetPublished(publishedBy(w, "watch@h"), time.Minute)
		if s := f.Snapshot(); s.Clouds[0].ReadBy != "" || s.Zones[0].ReadBy != "" {
			t.Errorf("rows of another account or zone are shown: %q, %q", s.Clouds[0].ReadBy, s.Zones[0].ReadBy)
		}
		if n := f.NotFresh(); len(n) != 2 {
			t.Errorf("not fresh: %v", n)
		}
	})
}

func TestPublishedRowsThatAreDamagedOrStrangeAreNotShown(t *testing.T) {
	t.Parallel()
	w, _, _ := readerOf(t)
	good := publishedBy(w, "watch@h")
	other := newFakeCloud("b", 3)
	ow := New(Options{Clouds: []CloudSource{sourceOf(other)}})
	ow.Refresh(t.Context())
	mixed := w.Own().Clouds[0]
	mixed.Instances = append(slices.Clone(mixed.Instances), other.Rows[0])
	later := bytes.Replace(good[0].Data, []byte(`"format":1`), []byte(`"format":2`), 1)
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":               {[]byte{}, "damaged"},
		"junk":                {[]byte("<html>\n"), "damaged"},
		"cut off":             {good[0].Data[:len(good[0].Data)-3], "cut off"},
		"a bit is another":    {append(slices.Clone(good[0].Data[:len(good[0].Data)-1]), good[0].Data[len(good[0].Data)-1]^1), "damaged"},
		"a later format":      {later, "format 2"},
		"of a zone":           {good[1].Data, "another source"},
		"of another cloud":    {publishedBy(ow, "x")[0].Data, "another source"},
		"an instance of it":   {EncodeCloud(&mixed), "another source"},
		"JSON of old":         {[]byte("{\"format\":1}\n{\"format\":1,\"clouds\":[{}]}"), "damaged"},
		"another head's type": {[]byte("[]\n"), "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, _, _ := console(t)
			bad := good[0]
			bad.Data = c.data
			errs := f.SetPublished([]Published{bad, good[1]}, time.Minute)
			if err := errs["a"]; err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", errs)
			}
			if s := f.Snapshot(); s.Clouds[0].ReadBy != "" || s.Zones[0].ReadBy == "" {
				t.Errorf("shown: %q, %q", s.Clouds[0].ReadBy, s.Zones[0].ReadBy)
			}
		})
	}
}

func TestEqualRowsArePublishedAsEqualBytes(t *testing.T) {
	t.Parallel()
	w, _, z := readerOf(t)
	first := publishedBy(w, "x")
	z.Rows = slices.Clone(z.Rows)
	w.Refresh(t.Context())
	for i, p := range publishedBy(w, "x") {
		if !bytes.Equal(p.Data, first[i].Data) {
			t.Errorf("the rows of %s have other bytes", p.Name)
		}
	}
}

func TestRowsThatTookLongToReadAreFreshForThatMuchLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for took, want := range map[time.Duration]time.Duration{0: 60 * time.Second, 45 * time.Second: 105 * time.Second, time.Hour: 120 * time.Second, -time.Hour: 60 * time.Second} {
			w, _, _ := readerOf(t)
			f, _, _ := console(t)
			all := publishedBy(w, "watch@h")
			for i := range all {
				all[i].Coverage.Finished = all[i].Coverage.Started.Add(took)
			}
			f.SetPublished(all, time.Minute)
			time.Sleep(want - time.Second)
			if n := f.NotFresh(); len(n) > 0 {
				t.Errorf("a read took %s: %v not fresh after %s", took, n, want-time.Second)
			}
			time.Sleep(2 * time.Second)
			if n := f.NotFresh(); len(n) != 2 {
				t.Errorf("a read took %s: only %v not fresh after %s", took, n, want+time.Second)
			}
		}
	})
}
