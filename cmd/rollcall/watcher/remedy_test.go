package watcher

import (
	"fmt"
	"testing"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// scanned is the view of a scan at a time with dead entries of these numbers.
func scanned(at time.Time, uncertain bool, numbers ...int) *dnsview.View {
	v := &dnsview.View{Options: index.Options{Now: at}}
	for _, n := range numbers {
		f := dnsview.Finding{Class: dnsview.Dead, Record: &providers.Record{Zone: "example.com", Name: "www.example.com", Type: "A", Value: fmt.Sprintf("192.0.2.%d", n)}}
		if uncertain {
			f.Uncertain = []index.Basis{{Source: "a"}}
		}
		v.Findings = append(v.Findings, f)
	}
	return v
}

func TestAnEntryIsRemovedOnceItStoodTenMinutesOnOwnCompleteReadsUnderOneLease(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	type scan struct {
		at        time.Duration
		lease     uint64 // 0 for none
		uncertain bool
		none      bool
	}
	every := func(from, to time.Duration, lease uint64) (out []scan) {
		for at := from; at <= to; at += 30 * time.Second {
			out = append(out, scan{at: at, lease: lease})
		}
		return out
	}
	for name, c := range map[string]struct {
		scans []scan
		due   bool
	}{
		"ten minutes":                   {every(0, 10*time.Minute, 1), true},
		"a little less":                 {every(0, 9*time.Minute+30*time.Second, 1), false},
		"the lease changed hands":       {append(every(0, 5*time.Minute, 1), every(5*time.Minute+30*time.Second, 12*time.Minute, 2)...), false},
		"it was lost for a moment":      {append(append(every(0, 5*time.Minute, 1), scan{at: 5*time.Minute + 10*time.Second}), every(5*time.Minute+30*time.Second, 12*time.Minute, 1)...), false},
		"a source was not complete":     {append(append(every(0, 5*time.Minute, 1), scan{at: 5*time.Minute + 10*time.Second, lease: 1, uncertain: true}), every(5*time.Minute+30*time.Second, 12*time.Minute, 1)...), false},
		"it was away for a scan":        {append(append(every(0, 5*time.Minute, 1), scan{at: 5*time.Minute + 10*time.Second, lease: 1, none: true}), every(5*time.Minute+30*time.Second, 12*time.Minute, 1)...), false},
		"nothing was scanned meanwhile": {[]scan{{at: 0, lease: 1}, {at: 11 * time.Minute, lease: 1}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &remedy{w: &watcher{s: &app.Session{Config: &config.Config{Refresh: 30 * time.Second}}}, classes: []dnsview.Class{dnsview.Dead}, after: standsFor, stands: map[string]time.Time{}, tried: map[string]time.Time{}}
			var due []*dnsview.Finding
			for _, s := range c.scans {
				numbers := []int{1}
				if s.none {
					numbers = nil
				}
				due = r.due(scanned(begin.Add(s.at), s.uncertain, numbers...), s.lease, s.lease > 0)
			}
			if (len(due) > 0) != c.due {
				t.Errorf("%d are due", len(due))
			}
			last := begin.Add(c.scans[len(c.scans)-1].at)
			if c.due && len(r.due(scanned(last.Add(30*time.Second), false, 1), 1, true)) > 0 {
				t.Error("what was refused is tried again at once")
			}
		})
	}
}

func TestAnEntryThatIsDueWhileOthersAreRemovedIsDueAtTheNextScan(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	r := &remedy{w: &watcher{s: &app.Session{Config: &config.Config{Refresh: 30 * time.Second}}}, classes: []dnsview.Class{dnsview.Dead}, after: time.Second, stands: map[string]time.Time{}, tried: map[string]time.Time{}}
	r.due(scanned(begin, false, 1), 1, true)
	r.busy = true
	if due := r.due(scanned(begin.Add(30*time.Second), false, 1), 1, true); len(due) > 0 {
		t.Errorf("%d are due while others are removed", len(due))
	}
	r.busy = false
	if due := r.due(scanned(begin.Add(time.Minute), false, 1), 1, true); len(due) != 1 {
		t.Errorf("%d are due afterwards", len(due))
	}
}
