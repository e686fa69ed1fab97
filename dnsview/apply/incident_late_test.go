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
	"rollcall/providers/journal"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// A name server that hears of no change goes on sending clients to a node, whatever the API says.
func TestIncidentANodeIsNotTerminatedWhileOneNameServerHandsOutItsAddress(t *testing.T) {
	for _, zone := range zonesPlayed() {
		for _, fault := range []world.FaultKind{world.Split, world.Lagging} {
			t.Run(zone+"/"+string(fault), func(t *testing.T) {
				r := newRig(t, sim.Options{})
				c := r.console(0)
				v := c.look()
				ref, address := r.member(v, zone)
				before := r.held()
				r.fault(fault, zone)
				rep := c.run(plan.Drain(v, ref), ref.Name, ref.ID)
				if s := terminated(t, rep); s.State != apply.StepRefused || !strings.Contains(s.Why, "still answers with") {
					t.Errorf("%s", outcomeText(rep))
				}
				r.alive(ref)
				if slices.ContainsFunc(r.held(), func(s string) bool { return strings.Contains(s, " A "+address+" ") }) {
					t.Errorf("%s is still in the zone", address)
				}
				// The same command goes on once the servers have heard, and return puts the node back.
				r.fault(world.NoFault, zone)
				c.must(plan.Return(c.look(), ref))
				if !sameNames(r.held(), before) {
					t.Errorf("after the return:\n%s\nbefore:\n%s", strings.Join(r.held(), "\n"), strings.Join(before, "\n"))
				}
				c.must(plan.Drain(c.look(), ref))
			})
		}
	}
}

func TestIncidentSomebodyPutsTheAddressBackWhileADrainWaits(t *testing.T) {
	for _, zone := range zonesPlayed() {
		t.Run(zone, func(t *testing.T) {
			r := newRig(t, sim.Options{})
			c := r.console(0)
			v := c.look()
			ref, address := r.member(v, zone)
			put := false
			rep := c.engine().Run(t.Context(), plan.Drain(v, ref), apply.Confirm{}, func(ev apply.Event) {
				if ev.Kind == apply.EventWaiting && !put && ev.Left <= ev.Total-12*time.Second {
					put = true
					r.enter(zone, "again."+zone, "A", address)
				}
			})
			if s := terminated(t, rep); !put || s.State != apply.StepRefused || !strings.Contains(s.Why, "again."+zone+"/A/"+address) {
				t.Errorf("put back %v\n%s", put, outcomeText(rep))
			}
			r.alive(ref)
		})
	}
}

func TestIncidentReadsThatAreBehindSayThatWhatWasDeletedIsThere(t *testing.T) {
	if onBIND {
		t.Skip("a primary name server has no reads that are behind: a transfer has what the last update wrote")
	}
	for _, zone := range zonesPlayed() {
		t.Run(zone, func(t *testing.T) {
			r := newRig(t, sim.Options{})
			c := r.console(0)
			v := c.look()
			before := r.held()
			var dead []providers.Identity
			for i := range v.Findings {
				if f := &v.Findings[i]; f.Record != nil && f.Record.Zone == zone && (f.Class == dnsview.Dead || f.Class == dnsview.Dangling) {
					dead = append(dead, f.Record.Identity())
				}
			}
			r.fault(world.Stale, zone)
			rep := c.run(plan.Deregister(v, dead...))
			if n := rep.Count(apply.StepDone); n < 3 || n != len(rep.Steps) {
				t.Fatalf("%s", outcomeText(rep))
			}
			undo, err := c.engine().UndoPlan("")
			if err != nil {
				t.Fatal(err)
			}
			rep = c.run(undo)
			if !rep.OK() {
				t.Errorf("%s", outcomeText(rep))
			}
			r.wantHeld("after the undo", before)
			for _, e := range c.entries() {
				if e.Undoes != "" && (e.State != journal.Done || e.Already) {
					t.Errorf("the journal says %s, already %v: %s", e.State, e.Already, e.Sentence)
				}
			}
		})
	}
}

// member returns a running node that only a zone leads to, and its address.
func (r *rig) member(v *dnsview.View, zone string) (providers.InstanceRef, string) {
	r.t.Helper()
	for _, c := range v.Snapshot.Clouds {
		for i := range c.Instances {
			n := &c.Instances[i]
			records := v.RecordsOf(n.Key, n.ID)
			if n.State != providers.StateRunning || len(records) == 0 || len(v.FindingsOfInstance(n.Key, n.ID)) > 0 {
				continue
			}
			if !slices.ContainsFunc(records, func(rec *providers.Record) bool { return rec.Zone != zone || rec.Proxied }) {
				return n.Ref(), n.PublicIPs[0].String()
			}
		}
	}
	r.t.Fatal("no such node")
	return providers.InstanceRef{}, ""
}

func terminated(t *testing.T, rep *apply.Report) *apply.StepReport {
	t.Helper()
	for i := range rep.Steps {
		if rep.Steps[i].Step.Kind == plan.StepPower {
			return &rep.Steps[i]
		}
	}
	t.Fatalf("nothing is to be terminated:\n%s", outcomeText(rep))
	return nil
}

func (r *rig) alive(ref providers.InstanceRef) {
	r.t.Helper()
	if i, err := r.world().Instance(ref.Cloud, ref.ID); err != nil || i.State != providers.StateRunning {
		r.t.Errorf("%s is %v, %v", ref.ID, i.State, err)
	}
}

// sameNames compares what two readings lead to, whatever the markers say.
func sameNames(a, b held) bool {
	names := func(h held) (out []string) {
		for _, s := range h {
			if f := strings.Fields(s); !strings.Contains(f[0], "."+providers.MarkerLabel+".") {
				out = append(out, strings.Join(f[:3], " "))
			}
		}
		return out
	}
	return slices.Equal(names(a), names(b))
}
