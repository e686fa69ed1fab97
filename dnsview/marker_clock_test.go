package dnsview_test

import (
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// A marker that the console writes is of the time of its provider, by which its age is measured: whatever this machine's
// clock says, it is young and never of the future.
func TestMarkersThatAPlanWritesAreDatedByTheClockOfTheirDNSProvider(t *testing.T) {
	for _, skew := range []time.Duration{-26 * time.Hour, -10 * time.Minute, 0, 10 * time.Minute, 26 * time.Hour} {
		w := newWorld()
		w.opts.Services = append(w.opts.Services, index.Service{Name: rrName, Kind: index.RoundRobin, TTL: 60})
		for i := range w.snap.Zones {
			w.snap.Zones[i].Coverage.Skew = skew
			w.snap.Zones[i].Records = append([]providers.Record(nil), w.snap.Zones[i].Records...)
			for n := range w.snap.Zones[i].Records {
				r := &w.snap.Zones[i].Records[n]
				if len(r.Owners) == 1 && r.Name == wwwName {
					r.Owners, r.Comment = nil, ""
				}
			}
		}
		v := w.view()
		var ids []providers.Identity
		for i := range w.zone(cfZone).Records {
			ids = append(ids, w.zone(cfZone).Records[i].Identity())
		}
		made := 0
		a := providers.InstanceRef{Key: keyUse1, ID: ec2A}
		host := w.record("sd-01.unilans.net", "A", "34.")
		for verb, p := range map[string]plan.Plan{
			"register": plan.Register(v, rrName, a), "adopt": plan.Adopt(v, ids...), "retarget": plan.RetargetTo(v, host.Identity(), a),
		} {
			if len(p.Steps) == 0 {
				t.Errorf("%s does nothing: %q", verb, p.Skipped)
			}
			for _, s := range p.Steps {
				for _, o := range s.Change.After.Owners {
					made++
					if want := testNow.Add(skew).Truncate(time.Second); !o.Registered.Equal(want) {
						t.Errorf("%s, clock %s off: dated %s, want %s", verb, skew, o.Registered, want)
					}
				}
			}
		}
		if made < 3 {
			t.Errorf("%d markers written", made)
		}
	}
}
