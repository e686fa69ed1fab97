package apply_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/apply"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// Between the last reading and the delete, the agent of a new node that has the address makes the
// record its own: at Cloudflare under the same id, at Route 53 by another marker.
func TestARecordThatANewNodeTakesOverBetweenReadAndDeleteStays(t *testing.T) {
	eachZone(t, sim.Options{}, func(t *testing.T, s *site) {
		plan, gone := s.deadPlan()
		s.fault(world.TakeOver, s.zone)
		rep := s.c.run(plan)
		s.fault(world.NoFault, s.zone)
		if rep.OK() {
			t.Errorf("it says that all is done:\n%s", outcomeText(rep))
		}
		failed := 0
		for n := range rep.Steps {
			step := &rep.Steps[n]
			there := s.holds(step.Step.Change.Before.Name, step.Step.Change.Before.Value)
			switch {
			case step.State == apply.StepFailed && there:
				failed++
				if providers.KindOf(step.Err) != providers.KindConflict {
					t.Errorf("%v", step.Err)
				}
				if s.zone == cfZone && (!strings.Contains(step.Why, "kept by hand") || !strings.Contains(step.Why, "put back")) {
					t.Errorf("it does not say what was put back: %s", step.Why)
				}
			case step.State == apply.StepDone && !there, step.State == apply.StepSkipped && there:
			default:
				t.Errorf("%s, and it is there %v: %s (%s)", step.State, there, step.Step.Sentence, step.Why)
			}
		}
		if failed == 0 {
			t.Errorf("nothing was taken over, of %d:\n%s", len(gone), outcomeText(rep))
		}
		for _, e := range s.c.entries() {
			if e.State == journal.Failed && s.zone == cfZone && (e.PutBack == nil || e.PutBack.Comment != "kept by hand" || !e.MayPutBack) {
				t.Errorf("%+v", e)
			}
		}
		if p, err := s.c.engine().UndoPlan(rep.Run); err == nil {
			for _, st := range p.Steps {
				if s.holds(st.Change.After.Name, st.Change.After.Value) {
					t.Errorf("the undo would restore what is there: %s", st.Sentence)
				}
			}
		}
	})
}

// holds reports whether a zone has a value under a name.
func (s *site) holds(name, value string) bool {
	found := false
	s.rig.zone(s.zone).View(func(tx *world.Tx) {
		for _, v := range tx.Values() {
			found = found || providers.CanonicalName(v.Name) == name && providers.CanonicalValue(v.Type, v.Value) == value
		}
	})
	return found
}

// With the answer lost that says what was deleted, a delete is done only when no other node has the address.
func TestADeleteWhoseAnswerIsLostIsUnknownWhenANewNodeHasTheAddress(t *testing.T) {
	r := newRig(t, sim.Options{})
	c := r.console(0)
	o := r.owner(east, "dead0000-0000-4000-8000-00000000000a", -never)
	r.world().Delete(east, o.Instance)
	old := r.launch(east, world.Instance{Name: "next"})
	rec := r.enter(cfZone, "pool."+cfZone, "A", "203.0.113.77", o)
	r.enter(cfZone, "pool."+cfZone, "A", "203.0.113.250", r.owner(east, providers.HostPrefix+"stays", -never))
	c.look()
	v := c.look()
	plan := plan.Deregister(v, record(t, v, rec.Name, "A", rec.Value).Identity())
	if len(plan.Steps) != 1 {
		t.Fatalf("%+v", plan)
	}
	r.fault(world.LostReply, cfZone)
	opts := c.opts
	opts.Zones = nil
	for _, z := range c.opts.Zones {
		if z.Zone.Name == cfZone {
			z.DNS = &onceApplied{WritableDNS: c.dns[cfZone], then: func() {
				if err := r.world().Readdress(east, old.ID, netip.MustParseAddr(rec.Value)); err != nil {
					t.Error(err)
				}
			}}
		}
		opts.Zones = append(opts.Zones, z)
	}
	rep := apply.New(opts).Run(t.Context(), plan, apply.Confirm{}, nil)
	if rep.Steps[0].State != apply.StepUnknown || !strings.Contains(rep.Steps[0].Why, old.ID) || !strings.Contains(rep.Steps[0].Why, "register") {
		t.Errorf("%s", outcomeText(rep))
	}
	if es := c.entries(); len(es) != 1 || es[0].State != journal.Unknown {
		t.Errorf("%+v", es)
	}
}

// onceApplied is an account that lets something happen when a change was carried out.
type onceApplied struct {
	providers.WritableDNS
	then func()
}

// Apply implements providers.Changer.
func (d *onceApplied) Apply(ctx context.Context, z providers.Zone, changes []providers.Change) []providers.Result {
	defer d.then()
	return d.WritableDNS.Apply(ctx, z, changes)
}

// A process that dies between the delete and the put-back has noted what it was about to put back.
func TestAProcessThatIsKilledBeforeItPutsARecordBackLeavesThatToTheNext(t *testing.T) {
	k := newKilling(t, east, cfZone)
	for _, f := range []fate{dropped, late, unheard} {
		t.Run(string(f), func(t *testing.T) {
			k.fault(world.NoFault, cfZone)
			k.renew(t, 1)
			k.do(k.cloud, k.nodes[0].ID, world.Terminate)
			k.clk.Advance(11 * time.Minute)
			k.look()
			v := k.look()
			plan := plan.Deregister(v, k.ours(v)...)
			before := k.held()
			k.fault(world.TakeOver, cfZone)
			if _, killed := k.send(plan, &proxies{target: 2, fate: f}, 0); !killed {
				t.Fatal("it was not killed")
			}
			k.fault(world.NoFault, cfZone)
			res, err := k.c.engine().Resolve(t.Context())
			if err != nil || len(res.Open) != 0 || len(res.Settled) != 1 {
				t.Fatalf("%+v, %v", res, err)
			}
			if e := res.Settled[0]; e.State != journal.Failed || !strings.Contains(e.Note, "put back") {
				t.Errorf("%+v", e)
			}
			gone := plan.Steps[0].Change.Before
			want := append(before.without(&gone), strings.TrimSpace(fmt.Sprintf("%s A %s %d kept by hand", gone.Name, gone.Value, gone.TTL)))
			k.wantHeld("after the next rollcall", want)
			if p, err := k.c.engine().UndoPlan(""); err == nil {
				t.Errorf("there is something to undo: %+v", p.Steps)
			}
			if res, err := k.c.engine().Resolve(t.Context()); err != nil || len(res.Settled)+len(res.Open) != 0 {
				t.Errorf("once more: %+v, %v", res, err)
			}
			k.wantHeld("after one more", want)
		})
	}
}
