package dnsview_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rollcall/dnsview"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// failures are the ways in which a source that was read is not complete any more; its rows stay.
var failures = []func(*providers.Coverage){
	func(c *providers.Coverage) {
		skew, key := c.Skew, c.Key
		*c = providers.Failed(testNow, testNow, &providers.Error{Kind: providers.KindThrottled, Op: "list"})
		c.Skew, c.Key = skew, key
	},
	func(c *providers.Coverage) { c.State = providers.CoveragePartial },
	func(c *providers.Coverage) { c.Started = testNow.Add(-time.Hour) },
}

// nextScan returns the world as the next scan finds it, one that knows what the scan v established.
func (w *world) nextScan(v *dnsview.View) *world {
	snap := *w.snap
	snap.Clouds, snap.Zones = slices.Clone(snap.Clouds), slices.Clone(snap.Zones)
	for i := range snap.Zones {
		snap.Zones[i].RowsFrom = testRead
	}
	for i := range snap.Clouds {
		snap.Clouds[i].Lookups = maps.Clone(snap.Clouds[i].Lookups)
	}
	out := &world{snap: &snap, opts: w.opts}
	out.opts.Seen = v.Seen()
	return out
}

func (w *world) fail(source string, how func(*providers.Coverage)) {
	for i := range w.snap.Clouds {
		if w.snap.Clouds[i].Cloud.Name == source {
			how(&w.snap.Clouds[i].Coverage)
		}
	}
	for i := range w.snap.Zones {
		if w.snap.Zones[i].Zone.Name == source {
			how(&w.snap.Zones[i].Coverage)
		}
	}
}

func alarms(v *dnsview.View) map[string]*dnsview.Finding {
	out := map[string]*dnsview.Finding{}
	for i := range v.Findings {
		if f := &v.Findings[i]; f.Class != dnsview.Unknown && f.Severity > dnsview.Info {
			out[f.Key()] = f
		}
	}
	return out
}

func TestADeadEntryStaysDeadWhileASourceFailsButNothingIsDoneAboutIt(t *testing.T) {
	for _, source := range []string{"aws-use1", "joyent-east", cfZone} {
		for n, how := range failures {
			w := newWorld()
			w.remove(tritonA, true)
			before := w.view()
			now := w.nextScan(before)
			now.fail(source, how)
			if n == 0 {
				clear(now.cloud("joyent-east").Lookups) // as in a new process
			}
			v := now.view()
			if got, want := short(v), []string{"dead high " + wwwTriton}; !slices.Equal(got, want) {
				t.Errorf("%s fails: %q, want %q", source, got, want)
				continue
			}
			f := &v.Findings[0]
			if f.Certain() || f.Label() != "dead?" || len(f.Uncertain) == 0 || !strings.Contains(f.Reason, "(not certain: "+source+", under 10 s)") {
				t.Errorf("%s fails: %q, %q, rests on what lacks: %+v", source, f.Label(), f.Reason, f.Uncertain)
			}
			if shown := rows.FindingScreen(func() time.Time { return testNow })[0].Text(rows.NewFinding(v, f)); shown != "dead?" {
				t.Errorf("%s fails: the screen of findings says %q", source, shown)
			}
			if p := plan.DeregisterDead(v); len(p.Steps) > 0 || len(p.Skipped) != 1 {
				t.Errorf("%s fails: deregister --dead plans %+v, and skips %q", source, p.Steps, p.Skipped)
			}
			back := now.nextScan(v)
			back.snap.Clouds, back.snap.Zones = w.snap.Clouds, w.snap.Zones
			if got := short(back.view()); !slices.Equal(got, short(before)) {
				t.Errorf("%s is back: %q", source, got)
			}
			back.drop(wwwName, "A", "165")
			if v := back.view(); len(v.Findings) > 0 || len(v.Seen()) > 0 {
				t.Errorf("the entry is gone: %q, still seen %v", short(v), v.Seen())
			}
		}
	}
}

func TestWhatWasNeverEstablishedIsUnknownAndNotAnAlarm(t *testing.T) {
	w := newWorld()
	w.remove(tritonA, true)
	w.fail("aws-use1", failures[0])
	v := w.view()
	for range 2 { // what was unknown once is no more certain the next time
		if got, want := short(v), []string{"unknown(dead) info " + wwwTriton}; !slices.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
		v = w.nextScan(v).view()
	}
}

func TestAnAlarmIsOverOnceAFailingCloudShowsTheOpposite(t *testing.T) {
	w := newWorld()
	w.instance(tritonA).State = providers.StateStopped
	now := w.nextScan(w.view())
	now.fail("joyent-east", failures[0])
	if got := short(now.view()); len(got) != 1 || !strings.HasPrefix(got[0], "stopped ") {
		t.Fatalf("the cloud fails: %q", got)
	}
	c := now.cloud("joyent-east")
	c.Instances = slices.Clone(c.Instances)
	now.instance(tritonA).State = providers.StateRunning // a page that came shows it
	if got := short(now.view()); len(got) > 0 {
		t.Errorf("its node runs: %q", got)
	}
}

// Whatever was found on complete evidence is found with the same class and severity while any source fails, without its remedy
// where it rests on that; and when all sources are back, the scan finds what it would have found without the failure.
func TestNoAlarmIsLostWhileSourcesFail(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := mishaps(rt, false)
		w.opts.Seen = w.view().Seen()
		v := w.view()
		failing := w.nextScan(v)
		for _, name := range []string{"aws-use1", "joyent-east", cfZone, r53Zone} {
			if rapid.Bool().Draw(rt, name+" fails") {
				failing.fail(name, rapid.SampledFrom(failures).Draw(rt, "how"))
			}
		}
		if rapid.Bool().Draw(rt, "new process") {
			for i := range failing.snap.Clouds {
				if failing.snap.Clouds[i].Coverage.State != providers.CoverageComplete {
					clear(failing.snap.Clouds[i].Lookups)
				}
			}
		}
		got := failing.view()
		had, have := alarms(v), alarms(got)
		for key, f := range had {
			g := have[key]
			switch {
			case g == nil:
				rt.Errorf("lost: %s %s\nbefore %q\nafter  %q", f.Severity, f.Reason, short(v), short(got))
			case g.Severity != f.Severity && g.Class != dnsview.Stopped:
				rt.Errorf("%s is %s, and was %s", g.Reason, g.Severity, f.Severity)
			case !g.Certain() && (g.Remedy != dnsview.NoRemedy || g.OneKey):
				rt.Errorf("%s has remedy %s", g.Reason, g.Remedy)
			}
		}
		for key, g := range have {
			if had[key] == nil && !g.Certain() {
				rt.Errorf("%s was never established", g.Reason)
			}
		}
		again := w.nextScan(got)
		if a, b := slices.Sorted(maps.Keys(alarms(again.view()))), slices.Sorted(maps.Keys(had)); !slices.Equal(a, b) {
			rt.Errorf("all sources are back: %q\nbefore: %q", a, b)
		}
		for _, s := range plan.DeregisterDead(got).Steps {
			if why := got.Index.MissingEvidence(got.Index.ZonesByName[s.Zone]); why != "" {
				rt.Errorf("planned, though %s: %s", why, s.Sentence)
			}
		}
	})
}

func TestAlarmsStandWhileTheCredentialsOfACloudBelongToAnotherAccount(t *testing.T) {
	w := newWorld()
	w.drop(wwwName, "A", "165")
	v := w.view()
	was := alarms(v)
	if len(was) == 0 {
		t.Fatal("nothing is missing")
	}
	w = w.nextScan(v)
	w.fail("joyent-east", func(c *providers.Coverage) {
		c.State, c.Key, c.Account = providers.CoverageFailed, providers.NewCloudKey(providers.Triton, "other", "east-1"), "other"
		c.Err = &providers.Error{Kind: providers.KindAuth, Op: "list"}
	})
	v = w.view()
	now := alarms(v)
	for k, f := range was {
		if g := now[k]; g == nil || g.Severity != f.Severity || g.Certain() {
			t.Errorf("%s was %s %s, and is %+v", k, f.Severity, f.Class, g)
		}
	}
}
