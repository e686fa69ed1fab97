package dnsview_test

import (
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// snooze annotates the world with the snooze of a finding.
func (w *world) snooze(f *dnsview.Finding, d time.Duration) {
	w.opts.Annotations = &index.Annotations{Snoozes: map[string]index.Snooze{
		f.Key(): {Until: w.opts.Now.Add(d), Reason: "known", At: w.opts.Now, Evidence: f.SnoozeEvidence()},
	}}
}

func TestASnoozeHoldsUntilItsTimeItsEvidenceOrItsFindingIsAnother(t *testing.T) {
	dead := func(v *dnsview.View) *dnsview.Finding {
		for i := range v.Findings {
			if v.Findings[i].Class == dnsview.Dead {
				return &v.Findings[i]
			}
		}
		t.Fatal("nothing is dead")
		return nil
	}
	for _, c := range []struct {
		name   string
		change func(w *world, f *dnsview.Finding)
		holds  bool
	}{
		{"nothing", func(*world, *dnsview.Finding) {}, true},
		{"time passes", func(w *world, _ *dnsview.Finding) { w.opts.Now = w.opts.Now.Add(59 * time.Minute) }, true},
		{"its time is over", func(w *world, _ *dnsview.Finding) { w.opts.Now = w.opts.Now.Add(time.Hour) }, false},
		{"its source fails", func(w *world, _ *dnsview.Finding) {
			w.fail("joyent-east", func(c *providers.Coverage) { c.State = providers.CoverageFailed })
		}, true},
		{"it began after", func(w *world, f *dnsview.Finding) {
			w.opts.Seen = map[string]time.Time{f.Key(): w.opts.Now.Add(time.Second)}
		}, false},
		{"it rested on something else", func(w *world, f *dnsview.Finding) {
			s := w.opts.Annotations.Snoozes[f.Key()]
			s.Evidence = "low|||"
			w.opts.Annotations.Snoozes[f.Key()] = s
		}, false},
	} {
		w := newWorld()
		w.remove(tritonA, true)
		v := w.view()
		w.opts.Seen = v.Seen()
		f := dead(v)
		w.snooze(f, time.Hour)
		c.change(w, f)
		v = w.view()
		f = dead(v)
		counted := false
		for _, n := range v.Counts() {
			counted = counted || n.Class == dnsview.Dead
		}
		if (v.Snooze(f) != nil) != c.holds || counted == c.holds {
			t.Errorf("%s: snoozed %v, counted %v, want it snoozed: %v (%s)", c.name, v.Snooze(f) != nil, counted, c.holds, f.Reason)
		}
	}
}

func TestAViewDoesNotHoldOverAnotherAnnotationOrTheEndOfASnooze(t *testing.T) {
	w := newWorld()
	w.remove(tritonA, true)
	v := w.view()
	w.snooze(&v.Findings[0], time.Minute)
	if s := w.readAgain(testNow); v.StillHolds(s, w.opts) {
		t.Error("a view without a snooze holds after one was made")
	}
	v = w.view()
	if s := w.readAgain(testNow); !v.StillHolds(s, w.opts) {
		t.Error("a view does not hold though nothing was written")
	}
	o := w.opts
	o.Now = o.Now.Add(time.Minute)
	if s := w.readAgain(o.Now); v.StillHolds(s, o) {
		t.Error("a view holds over the end of a snooze")
	}
}
