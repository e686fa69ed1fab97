package dnsview_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rollcall/dnsview"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// everyPlan returns the plans of all verbs for all that a view shows.
func everyPlan(v *dnsview.View) map[string]plan.Plan {
	var ids []providers.Identity
	var refs []providers.InstanceRef
	for z := range v.Snapshot.Zones {
		for i := range v.Snapshot.Zones[z].Records {
			r := &v.Snapshot.Zones[z].Records[i]
			ids = append(ids, r.Identity())
			if o, ok := r.Owner(); ok && o.Host() {
				refs = append(refs, providers.InstanceRef{Key: o.Cloud, ID: o.Instance})
			}
		}
	}
	for c := range v.Snapshot.Clouds {
		for i := range v.Snapshot.Clouds[c].Instances {
			ref := v.Index.Ref(&v.Snapshot.Clouds[c].Instances[i])
			if !slices.Contains(refs, ref) {
				refs = append(refs, ref)
			}
		}
	}
	ids, refs = append(ids, ids...), append(refs, refs...) // an operator may name one twice
	plans := map[string]plan.Plan{
		"deregister": plan.Deregister(v, ids...), "dead": plan.DeregisterDead(v), "quiesce records": plan.QuiesceRecords(v, ids...), "quiesce": plan.Quiesce(v, refs...),
		"return": plan.Return(v, refs...), "drain": plan.Drain(v, refs...), "retarget": plan.Retarget(v, ids...), "update": plan.Update(v, ids...), "adopt": plan.Adopt(v, ids...), "register": plan.Register(v, "", refs...), "stop": plan.Power(v, plan.PowerStop, refs...),
	}
	kinds := map[dnsview.Remedy][]*dnsview.Finding{}
	for i := range v.Findings {
		kinds[v.Findings[i].Remedy] = append(kinds[v.Findings[i].Remedy], &v.Findings[i])
	}
	for r, fs := range kinds {
		plans["remedy "+string(r)] = plan.ForFindings(v, fs...)
	}
	return plans
}

func TestNoPlanChangesARecordTwiceInTheSameWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := mishaps(t, rapid.Bool().Draw(t, "broken"))
		for verb, p := range everyPlan(w.view()) {
			type change struct {
				op providers.Op
				id providers.Identity
			}
			first := map[change]int{}
			power := map[providers.InstanceRef]int{}
			for _, s := range p.Steps {
				if s.Kind == plan.StepPower {
					if n := power[s.Instance]; n > 0 {
						t.Fatalf("%s: steps %d and %d are for one instance: %q", verb, n, s.ID, sentences(p))
					}
					power[s.Instance] = s.ID
				}
				if s.Change == nil {
					continue
				}
				r := s.Change.Record()
				c := change{s.Change.Op, r.Identity()}
				if n := first[c]; n > 0 {
					t.Fatalf("%s: steps %d and %d both %s %s: %q", verb, n, s.ID, c.op, r.String(), sentences(p))
				}
				first[c] = s.ID
			}
		}
	})
}

// A quiesce at Cloudflare that was cut off leaves the word on the record and a marker record. Where the
// clocks disagree the two bear different times, and the record is ambiguous: it is still there.
func TestAQuiesceThatWasCutOffIsToldOnceWhateverItsMarkersSayOfTheTime(t *testing.T) {
	for _, ahead := range []time.Duration{0, time.Hour, 48 * time.Hour} {
		w := newWorld()
		m := quiescedMark(keyEast, tritonA, "165.225.128.1")
		for i := range w.zone(cfZone).Records {
			r := &w.zone(cfZone).Records[i]
			if r.Name == wwwName && r.Value == "165.225.128.1" {
				r.Owners = slices.Clone(r.Owners)
				r.Owners[0].Quiesced = true
				if ahead > 0 {
					r.Owners[0].Registered = testNow.Add(ahead)
				}
			}
		}
		w.addRecord(m)
		w.settle()
		v := w.view()
		for i := range v.Findings {
			if f := &v.Findings[i]; f.Class == dnsview.Quiesced && f.Record.IsMarker() {
				t.Errorf("%s ahead: the record stands, and yet: %s", ahead, f.Reason)
			}
		}
		p := plan.Return(v, providers.InstanceRef{Key: keyEast, ID: tritonA})
		if _, err := w.carryOut(p); err != nil || len(p.Steps) != 2 {
			t.Errorf("%s ahead: %v, %q", ahead, err, sentences(p))
		}
	}
}
