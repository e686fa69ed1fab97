package apply_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// eachZone plays an incident in a zone of each provider, with nodes of EC2 and of Triton in the pool.
func eachZone(t *testing.T, o sim.Options, play func(t *testing.T, s *site)) {
	everywhere(t, o, play, use1)
}

// entries are the entries of the journal, with the state of each.
func (c *console) entries() []journal.Entry {
	c.r.t.Helper()
	es, err := c.journal.Entries()
	if err != nil {
		c.r.t.Fatal(err)
	}
	return es
}

func TestIncidentOneBadRecordInABatchDoesNotTakeTheOthersWithIt(t *testing.T) {
	eachZone(t, sim.Options{}, func(t *testing.T, s *site) {
		service := "v9._theservice._tcp." + s.zone
		s.c.opts.Services = append(s.c.opts.Services, index.Service{Name: service, Kind: index.DNSSD, Zone: s.zone, TTL: 60, Port: 4218, Priority: 10, Weight: new(uint16(10)), Select: map[string]string{"service": "nine"}})
		var refs []providers.InstanceRef
		for n, cloud := range []string{use1, east, use1, east} {
			name := fmt.Sprintf("nine-%d", n)
			i := s.rig.launch(cloud, world.Instance{Name: name, Tags: map[string]string{"service": "nine", "Name": name}})
			refs = append(refs, providers.InstanceRef{Cloud: cloud, Key: s.owner(cloud, "", 0).Cloud, ID: i.ID, Name: name})
		}
		s.clk.Advance(time.Hour)
		planned := plan.Register(s.look(), service, refs...)
		s.enter(s.zone, "nine-2."+s.zone, "CNAME", "elsewhere.example.net") // since then, and no address can stand beside it
		before := s.held()
		rep := s.c.run(planned)
		bad := 0
		for i := range rep.Steps {
			st := &rep.Steps[i]
			switch about := strings.Contains(st.Step.Sentence, "nine-2"); {
			case about && (st.State == apply.StepFailed || st.State == apply.StepSkipped) && st.Why != "":
				bad++
			case about, st.State != apply.StepDone:
				t.Errorf("%s: %s (%s)", st.State, st.Step.Sentence, st.Why)
			}
		}
		if bad != 2 {
			t.Errorf("%d steps are to blame on the bad record", bad)
		}
		for _, h := range before {
			if !slices.Contains(s.held(), h) {
				t.Errorf("lost is %s", h)
			}
		}
		for _, e := range s.c.entries() {
			if strings.Contains(e.Sentence, "nine-2") == (e.State == journal.Done) {
				t.Errorf("the journal has %s as %s", e.Sentence, e.State)
			}
		}
		s.removeAll("nine-2." + s.zone)
		s.c.must(plan.Register(s.look(), service, refs[2]))
		if v := s.look(); len(v.FindingsOfInstance(refs[2].Key, refs[2].ID)) > 0 {
			t.Errorf("%s", v.FindingsOfInstance(refs[2].Key, refs[2].ID)[0].Reason)
		}
	})
}

// removeAll takes all records of a name away.
func (s *site) removeAll(name string) {
	s.t.Helper()
	if _, err := s.rig.zone(s.zone).Update(func(tx *world.Tx) error {
		for _, c := range slices.Clone(tx.Records()) {
			if c.Name == name {
				tx.RemoveRecord(c.ID)
			}
		}
		for _, set := range slices.Clone(tx.Sets()) {
			if set.Name == name {
				tx.Delete(set)
			}
		}
		return nil
	}); err != nil {
		s.t.Fatal(err)
	}
}

// crowd enters values of instances that never were, of each cloud in turn, and of hosts that joined by hand.
func (s *site) crowd(name string, dead, alive int) (gone []*providers.Record) {
	s.t.Helper()
	for n := range dead {
		o := s.owner(use1, fmt.Sprintf("i-0dead%012x", len(name)<<16|n), -never)
		if n%2 == 1 {
			o = s.owner(east, fmt.Sprintf("dead0000-0000-4000-8000-%012x", len(name)<<16|n), -never)
			s.world().Delete(east, o.Instance)
		}
		gone = append(gone, s.enter(s.zone, name, "A", fmt.Sprintf("203.0.%d.%d", n/250, n%250+1), o))
	}
	for n := range alive {
		s.enter(s.zone, name, "A", fmt.Sprintf("198.18.%d.%d", n/250, n%250+1), s.owner(use1, fmt.Sprintf("host:h%04d", n), -never))
	}
	return gone
}

func TestIncidentFiftySingleDeletesInARow(t *testing.T) {
	var commits atomic.Int64 // of the site that is played; its zone is the only one that is written
	eachZone(t, sim.Options{Changed: func(world.ZoneChange) { commits.Add(1) }}, func(t *testing.T, s *site) {
		gone := s.crowd(s.name, 50, 50)
		s.look()
		v := s.look() // fifty questions by id go with one reading
		owned, before := v.OwnedIn(s.zone), s.held()
		var removed []*providers.Record
		single := func(rec *providers.Record) *apply.Report {
			plan := plan.Deregister(v, record(t, v, rec.Name, "A", rec.Value).Identity())
			if len(plan.Steps) != 1 {
				t.Fatalf("%s is %s: %s", rec, s.of(v, rec).Class, s.of(v, rec).Reason)
			}
			return s.c.run(plan)
		}
		for _, rec := range gone {
			rep := single(rec)
			if rep.OK() {
				removed = append(removed, rec)
				continue
			}
			if asks := rep.Asks(); len(asks) != 1 || asks[0].Guard != index.GuardThreshold || asks[0].Text != "1" {
				t.Fatalf("%s", outcomeText(rep))
			}
		}
		if most := int(0.30 * float64(owned)); len(removed) != most {
			t.Errorf("%d of %d owned records went one by one within ten minutes, and %d may", len(removed), owned, most)
		}
		s.wantHeld("within ten minutes", before.without(removed...))

		s.clk.Advance(11 * time.Minute)
		v = s.look()
		commits.Store(0)
		rest := plan.DeregisterDead(v)
		rest.Steps = slices.DeleteFunc(rest.Steps, func(st plan.Step) bool { return st.Zone != s.zone || st.Change.Before.Name != s.name })
		if len(rest.Steps) > 0 {
			s.c.must(rest)
		}
		if len(rest.Steps) != len(gone)-len(removed) || commits.Load() > int64(1+len(rest.Steps)/20) {
			t.Errorf("%d entries went in %d calls", len(rest.Steps), commits.Load())
		}
		s.wantHeld("after ten minutes", before.without(gone...))
	})
}

func TestIncidentLimitsAreCountedAsTheProviderCountsThem(t *testing.T) {
	t.Run("Route 53", func(t *testing.T) {
		if onBIND {
			t.Skip("these are the limits of Route 53; how much an update takes is tested with the adapter")
		}
		eachZone(t, sim.Options{}, func(t *testing.T, s *site) {
			if s.zone != sdZone {
				return
			}
			// Two sets of nearly 400 values: what is deleted and created anew of both is more than a batch takes.
			gone := append(s.crowd("a.pool."+s.zone, 8, 382), s.crowd("bb.pool."+s.zone, 8, 382)...)
			s.look()
			v := s.look()
			before := s.held()
			for _, name := range []string{"a.pool." + s.zone, "bb.pool." + s.zone} {
				at := slices.IndexFunc(v.Findings, func(f dnsview.Finding) bool { return f.Class == dnsview.OverLimit && f.Name == name+" A" })
				if at < 0 || !strings.Contains(v.Findings[at].Reason, "390 values, and 10 more fit") {
					t.Errorf("%s is not near its limit: %+v", name, v.Findings)
				}
			}
			var ids []providers.Identity
			for _, rec := range gone {
				ids = append(ids, record(t, v, rec.Name, "A", rec.Value).Identity())
			}
			s.c.must(plan.Deregister(v, ids...))
			s.wantHeld("in the end", before.without(gone...))
		})
	})
	t.Run("Cloudflare", func(t *testing.T) {
		eachZone(t, sim.Options{}, func(t *testing.T, s *site) {
			if s.zone != cfZone {
				return
			}
			gone := s.crowd(s.name, 210, 500) // a batch takes 200
			for range 5 {
				s.look()
			}
			v := s.look()
			before := s.held()
			var changes []providers.Change
			for _, rec := range gone {
				changes = append(changes, providers.Change{Op: providers.OpDelete, Before: *record(t, v, s.name, "A", rec.Value)})
			}
			for n, res := range s.c.dns[cfZone].Apply(t.Context(), s.c.opts.Zones[0].Zone, changes) {
				if res.Err != nil {
					t.Fatalf("%d: %v", n, res.Err)
				}
			}
			s.wantHeld("in the end", before.without(gone...))

			v = s.c.look()
			s.c.quota = len(zoneOf(v, cfZone).Records) + 1
			refs := []providers.InstanceRef{}
			for n := range 3 {
				i := s.rig.launch(use1, world.Instance{Name: fmt.Sprint("more-", n), Tags: map[string]string{"service": "pool"}})
				refs = append(refs, providers.InstanceRef{Cloud: use1, Key: s.owner(use1, "", 0).Cloud, ID: i.ID})
			}
			p := plan.Register(s.look(), s.name, refs...)
			if len(p.Steps) != 1 || len(p.Skipped) != 2 || !strings.Contains(p.Skipped[0], "has no room") {
				t.Errorf("%d steps, skipped %q", len(p.Steps), p.Skipped)
			}
		})
	})
}

func zoneOf(v *dnsview.View, name string) *providers.ZoneView {
	at := slices.IndexFunc(v.Snapshot.Zones, func(z providers.ZoneView) bool { return z.Zone.Name == name })
	return &v.Snapshot.Zones[at]
}

// deadPlan is the plan to remove all that is dead in the zone of the site, and what it removes.
func (s *site) deadPlan() (plan.Plan, []*providers.Record) {
	s.t.Helper()
	v := s.look()
	gone := slices.DeleteFunc(dead(v), func(r *providers.Record) bool { return r.Zone != s.zone })
	planned := plan.DeregisterDead(v)
	planned.Steps = slices.DeleteFunc(planned.Steps, func(st plan.Step) bool { return st.Zone != s.zone })
	if len(gone) < 3 || len(planned.Steps) != len(gone) {
		s.t.Fatalf("%d dead, %d steps", len(gone), len(planned.Steps))
	}
	return planned, gone
}

// untilDone carries out what is left of the dead, and looks again, a few times.
func (s *site) untilDone(most int) (rounds int) {
	s.t.Helper()
	for rounds = 1; ; rounds++ {
		v := s.look()
		planned := plan.DeregisterDead(v)
		planned.Steps = slices.DeleteFunc(planned.Steps, func(st plan.Step) bool { return st.Zone != s.zone })
		if len(planned.Steps) == 0 {
			return rounds - 1
		}
		rep := s.c.run(planned)
		if rounds == most {
			s.t.Fatalf("%d rounds, and still:\n%s", rounds, outcomeText(rep))
		}
	}
}

func TestIncidentASecondWriterBetweenReadAndWrite(t *testing.T) {
	t.Run("between the guards and the write", func(t *testing.T) {
		eachZone(t, sim.Options{}, func(t *testing.T, s *site) {
			planned, gone := s.deadPlan()
			before := s.held()
			// Another writer changes the TTL of each entry once the guards have read it and the delete is in the journal.
			touched := map[string]bool{}
			rep := s.c.engine().Run(t.Context(), planned, apply.Confirm{}, func(ev apply.Event) {
				at := slices.IndexFunc(planned.Steps, func(st plan.Step) bool { return st.ID == ev.Step })
				if ev.Kind == apply.EventBegun {
					s.retime(planned.Steps[at].Change.Before, 3600)
					touched[planned.Steps[at].Change.Before.Name] = true
				}
			})
			for i := range rep.Steps {
				if st := &rep.Steps[i]; touched[st.Step.Change.Before.Name] && (st.State != apply.StepFailed || providers.KindOf(st.Err) != providers.KindConflict) {
					t.Errorf("%s: %s (%v)", st.State, st.Step.Sentence, st.Err)
				}
			}
			if len(s.held()) != len(before) || len(touched) == 0 {
				t.Errorf("%d values, %d before; touched %v", len(s.held()), len(before), touched)
			}
			for _, e := range s.c.entries() {
				if e.State == journal.Done || e.State == journal.Begun {
					t.Errorf("the journal has %s as %s", e.Sentence, e.State)
				}
			}
			want := s.held()
			for _, rec := range gone {
				want = want.without(&providers.Record{Name: rec.Name, Type: rec.Type, Value: rec.Value, Owners: rec.Owners})
			}
			s.untilDone(3)
			s.wantHeld("in the end", want)
		})
	})
	t.Run("between the adapter's own reading and its write", func(t *testing.T) {
		eachZone(t, sim.Options{}, func(t *testing.T, s *site) {
			_, gone := s.deadPlan()
			before := s.held()
			s.fault(world.SecondWriter, s.zone)
			s.untilDone(8)
			i := s.rig.launch(use1, world.Instance{Name: "joins", Tags: map[string]string{"service": "pool"}})
			s.c.must(plan.Register(s.look(), s.name, providers.InstanceRef{Cloud: use1, Key: s.owner(use1, "", 0).Cloud, ID: i.ID}))
			theirs := 0
			for _, h := range s.held() {
				switch {
				case strings.Contains(h, " 198.51.100.") && !slices.Contains(before, h), strings.Contains(h, "second-"):
					theirs++
				case !slices.Contains(before, h) && !strings.Contains(h, i.Public.String()):
					t.Errorf("there is %s", h)
				}
			}
			if theirs == 0 {
				t.Error("there was no second writer")
			}
			for _, h := range before.without(gone...) {
				if !slices.Contains(s.held(), h) {
					t.Errorf("lost is %s", h)
				}
			}
		})
	})
}

// retime changes the TTL of the record set, or the record, of an entry.
func (s *site) retime(rec providers.Record, ttl uint32) {
	s.t.Helper()
	if _, err := s.rig.zone(rec.Zone).Update(func(tx *world.Tx) error {
		if set := tx.Set(rec.Name, rec.Type, ""); set != nil {
			other := *set
			other.TTL = ttl
			tx.Put(&other)
		}
		for _, c := range tx.Records() {
			if c.ID == rec.ID {
				other := *c
				other.TTL, other.Modified = ttl, tx.Now()
				tx.ReplaceRecord(&other)
			}
		}
		return nil
	}); err != nil {
		s.t.Error(err)
	}
}

func TestIncidentAReplyLostAfterTheCommit(t *testing.T) {
	for _, k := range []world.FaultKind{world.LostReply, world.EmptyBody} {
		t.Run(string(k), func(t *testing.T) {
			eachZone(t, sim.Options{}, func(t *testing.T, s *site) {
				plan, gone := s.deadPlan()
				before := s.held()
				s.fault(k, s.zone)
				rep := s.c.run(plan)
				s.fault(world.NoFault, s.zone)
				if k == world.EmptyBody { // nothing could be read, so nothing was written
					s.wantHeld("while nothing is answered", before)
					rep = s.c.run(plan)
				}
				if !rep.OK() {
					t.Errorf("%s", outcomeText(rep))
				}
				s.wantHeld("in the end", before.without(gone...))
				for _, e := range s.c.entries() {
					if e.State == journal.Begun || e.State == journal.Unknown || k == world.LostReply && e.State != journal.Done {
						t.Errorf("the journal has %s as %s: %s", e.Sentence, e.State, e.Note)
					}
				}

				// The undo loses its replies too, and restores each entry once.
				undo, err := s.c.engine().UndoPlan(rep.Run)
				if err != nil {
					t.Fatal(err)
				}
				s.fault(world.LostReply, s.zone)
				rep = s.c.run(undo)
				s.fault(world.NoFault, s.zone)
				if !rep.OK() {
					t.Errorf("%s", outcomeText(rep))
				}
				s.wantHeld("after the undo", before)
				s.clk.Advance(11 * time.Minute)
				s.untilDone(2)
				s.wantHeld("after all", before.without(gone...))
			})
		})
	}
	for _, cloud := range []string{use1, east} {
		t.Run("terminate in "+cloud, func(t *testing.T) {
			r := newRig(t, sim.Options{})
			c := r.console(0)
			i := r.launch(cloud, world.Instance{Name: "goes"})
			plan := plan.Power(c.look(), plan.PowerTerminate, providers.InstanceRef{Cloud: cloud, Key: r.owner(cloud, "", 0).Cloud, ID: i.ID})
			r.fault(world.LostReply, cloud)
			c.must(plan)
			if es := c.entries(); len(es) != 1 || es[0].State != journal.Done || !strings.Contains(es[0].Note, "looked up") {
				t.Errorf("%+v", es)
			}
		})
	}
}

func TestIncidentPriorRequestNotCompleteFromRoute53(t *testing.T) {
	if onBIND {
		t.Skip("a name server carries out one update after the other, and refuses none for one that is not complete")
	}
	r := newRig(t, sim.Options{})
	s := &site{rig: r, c: r.console(0), cloud: use1, zone: sdZone}
	_, gone := s.deadPlan()
	before := s.held()
	r.fault(world.Conflict, sdZone)
	planned, _ := s.deadPlan()
	rep := s.c.run(planned) // every other write is refused, and a delete is not tried again without looking
	refusedOnce := false
	for i := range rep.Steps {
		if st := &rep.Steps[i]; st.State == apply.StepFailed {
			refusedOnce = true
			if !strings.Contains(st.Why, "PriorRequestNotComplete") || !strings.Contains(st.Why, "route53") && !strings.Contains(st.Why, sdZone) {
				t.Errorf("%s: %s", st.Step.Sentence, st.Why)
			}
		}
	}
	if !refusedOnce {
		t.Errorf("nothing was refused:\n%s", outcomeText(rep))
	}
	for _, e := range s.c.entries() {
		if e.State == journal.Begun {
			t.Errorf("the journal has %s as %s", e.Sentence, e.State)
		}
	}
	s.untilDone(6)
	s.wantHeld("in the end", before.without(gone...))

	i := r.launch(east, world.Instance{Name: "svc-v1-77", Tags: map[string]string{"service": "theservice", "version": "v1"}})
	r.clk.Advance(time.Hour)
	ref := providers.InstanceRef{Cloud: east, Key: r.owner(east, "", 0).Cloud, ID: i.ID}
	s.c.must(plan.Register(s.look(), v1, ref)) // an add is tried again
	if fs := s.look().FindingsOfInstance(ref.Key, ref.ID); len(fs) > 0 {
		t.Errorf("%s: %s", fs[0].Class, fs[0].Reason)
	}
}
