package apply_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// stays makes sure that neither the dead nor a person who takes it for dead removes a record.
func (c *console) stays(t *testing.T, what string, rec *providers.Record) {
	t.Helper()
	v := c.look()
	now := record(t, v, rec.Name, rec.Type, rec.Value)
	if f := finding(v, now); f.Class == dnsview.Dead || f.Class == dnsview.Dangling || f.Remedy == dnsview.RemedyDelete {
		t.Errorf("%s: it is %s: %s", what, f.Class, f.Reason)
	}
	if p := plan.DeregisterDead(v); slices.ContainsFunc(p.Steps, func(s plan.Step) bool {
		return s.Change != nil && s.Change.Before.Identity() == now.Identity()
	}) {
		t.Errorf("%s: deregister --dead removes it", what)
	}
	if rep := c.run(force(now)); rep.Count(apply.StepRefused) != 1 {
		t.Errorf("%s:\n%s", what, outcomeText(rep))
	}
}

// A node whose clock is a day behind writes a marker that looks old, and its cloud does not find it yet.
func TestANewNodeWhoseClockIsADayBehindStaysInDNSWhileItsCloudDoesNotFindIt(t *testing.T) {
	for _, zone := range []string{cfZone, sdZone} {
		for _, cloud := range []string{use1, east} {
			t.Run(cloud+" "+zone, func(t *testing.T) {
				r := newRig(t, sim.Options{})
				c := r.console(0)
				c.look()
				r.fault(world.Stale, cloud)
				id := c.launch(cloud, "late")
				change := providers.Change{Op: providers.OpCreate, After: providers.Record{
					Zone: zone, Name: "pool." + zone, Type: "A", TTL: 60, Value: address[cloud], Owners: []providers.Owner{r.owner(cloud, id, -24*time.Hour)},
				}}
				r.write(zone, change)
				c.stays(t, "a console that knows the zone", &change.After)
				if zone == cfZone {
					r.console(0).stays(t, "a new console", &change.After)
				}
				if i, err := c.clouds[cloud].Instance(t.Context(), id); !providers.IsGone(err) {
					t.Fatalf("its cloud finds it, so this run proves nothing: %+v, %v", i, err)
				}
			})
		}
	}
}

// write makes a change through the API of a zone, as an agent does.
func (r *rig) write(zone string, c providers.Change) {
	r.t.Helper()
	other := r.console(0)
	at := slices.IndexFunc(other.opts.Zones, func(z apply.ZoneTarget) bool { return z.Zone.Name == zone })
	if res := other.dns[zone].Apply(r.t.Context(), other.opts.Zones[at].Zone, []providers.Change{c}); res[0].Err != nil {
		r.t.Fatal(res[0].Err)
	}
}

// Route 53 does not say when a record was changed, and a rollcall that has just been started has seen no
// earlier reading: a cloud is asked once more for an instance that it did not find.
func TestARollcallThatHasSeenNothingBeforeAsksAgainForAnInstanceThatIsNotFound(t *testing.T) {
	r := newRig(t, sim.Options{})
	c := r.console(0)
	r.fault(world.Stale, use1)
	id := c.launch(use1, "late")
	change := providers.Change{Op: providers.OpCreate, After: providers.Record{
		Zone: sdZone, Name: "pool." + sdZone, Type: "A", TTL: 60, Value: address[use1], Owners: []providers.Owner{r.owner(use1, id, -24*time.Hour)},
	}}
	r.write(sdZone, change)
	r.enter(sdZone, "pool."+sdZone, "A", "203.0.113.250", r.owner(use1, providers.HostPrefix+"stays", -never))
	v := c.look()
	rep := c.run(force(record(t, v, change.After.Name, "A", change.After.Value)))
	if rep.Count(apply.StepRefused) != 1 || !strings.Contains(rep.Steps[0].Why, "shows "+id) {
		t.Errorf("%s", outcomeText(rep))
	}
}

// What a clock that is an hour or a day off makes of markers is never a reason to delete.
func TestNothingIsDeletedWhileTheClockOfThisMachineOrOfASourceIsWrong(t *testing.T) {
	for _, off := range []time.Duration{-24 * time.Hour, -time.Hour, time.Hour, 24 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			r := newRig(t, sim.Options{})
			gone, before := dead(r.console(0).look()), r.held()
			c := r.console(off)
			for range 3 { // it does not become right by being looked at
				v := c.look()
				if n := len(dead(v)); n > 0 || v.Complete() {
					t.Fatalf("%d are dead, complete %v", n, v.Complete())
				}
				for _, cv := range v.Snapshot.Clouds {
					if err := cv.Coverage.Err; err == nil || !strings.Contains(err.Error(), "the clock of this machine is wrong") {
						t.Errorf("%s: %v", cv.Cloud.Name, err)
					}
				}
			}
			for _, rec := range gone {
				if rep := c.run(force(rec)); rep.Count(apply.StepRefused) != 1 {
					t.Errorf("%s", outcomeText(rep))
				}
			}
			r.wantHeld("under the wrong clock", before)
		})
	}
	for _, source := range []string{use1, cfZone, sdZone} {
		t.Run(source, func(t *testing.T) {
			r := newRig(t, sim.Options{})
			c := r.console(0)
			c.look()
			r.fault(world.ClockSkew, source)
			c = r.console(0)
			v := c.look()
			for _, s := range v.Sources {
				if off := s.Source == source; off == (s.State == providers.CoverageComplete) {
					t.Errorf("%+v", s)
				}
			}
			if source == cfZone && !strings.Contains(v.Snapshot.Zones[0].Coverage.Err.Error(), "s ahead of this machine's") {
				t.Errorf("%v", v.Snapshot.Zones[0].Coverage.Err)
			}
		})
	}
}

// An undo restores a marker exactly, and the record is as old as the marker says; what another writer changes
// afterwards is young.
func TestARestoredRecordIsAsOldAsItsMarkerSays(t *testing.T) {
	eachZone(t, sim.Options{}, func(t *testing.T, s *site) {
		plan, gone := s.deadPlan()
		s.c.must(plan)
		undo, err := s.c.engine().UndoPlan("")
		if err != nil {
			t.Fatal(err)
		}
		s.c.must(undo)
		v := s.look()
		if n := len(slices.DeleteFunc(dead(v), func(r *providers.Record) bool { return r.Zone != s.zone })); n != len(gone) {
			t.Errorf("%d of %d are dead again", n, len(gone))
		}
		s.clk.Advance(11 * time.Minute)
		s.untilDone(2)
	})
}

// How old a read is may rest on no clock that can be set: every adapter and the fleet keep the monotonic reading.
func TestTheTimesOfEveryReadHaveAMonotonicReading(t *testing.T) {
	r := startRig(t, sim.Options{}, providertest.NewClock(time.Now()))
	c := r.console(0)
	s := c.look().Snapshot
	times := map[string]time.Time{"snapshot": s.Taken}
	coverage := func(name string, v *providers.Coverage, rows time.Time) {
		if !v.Complete() {
			t.Errorf("%s: %s %v", name, v.State, v.Err)
		}
		times[name+" started"], times[name+" finished"], times[name+" rows"] = v.Started, v.Finished, rows
	}
	lookups := 0
	for i := range s.Clouds {
		v := &s.Clouds[i]
		coverage(v.Cloud.Name, &v.Coverage, v.RowsFrom)
		for id, l := range v.Lookups {
			times[v.Cloud.Name+" asked for "+id] = l.Asked
			lookups++
		}
	}
	for i := range s.Zones {
		v := &s.Zones[i]
		coverage(v.Zone.Name, &v.Coverage, v.RowsFrom)
		for n := range v.Records {
			if rec := &v.Records[n]; len(rec.Owners) > 0 {
				times["marker of "+rec.String()] = v.MarkerSince(rec, rec.Owners[0], nil, false)
			}
		}
	}
	for what, at := range times {
		if !strings.Contains(at.String(), " m=") {
			t.Errorf("%s: %s", what, at)
		}
	}
	if len(s.Clouds) < 4 || len(s.Zones) < 2 || lookups == 0 {
		t.Errorf("%d clouds, %d zones, %d questions for single instances", len(s.Clouds), len(s.Zones), lookups)
	}
}
