package apply_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// everyField is what the zones hold, field by field, but for what a provider makes anew.
func (r *rig) everyField() []string {
	r.t.Helper()
	var out []string
	for _, z := range r.world().Zones("") {
		z.View(func(tx *world.Tx) {
			for _, x := range tx.Records() {
				y := *x
				y.ID, y.Created, y.Modified, y.Commented, y.Data, y.Priority = "", time.Time{}, time.Time{}, time.Time{}, nil, nil
				out = append(out, fmt.Sprintf("%+v data %s", y, x.Data))
			}
			for _, x := range tx.Sets() {
				weight := int64(-1)
				if x.Weight != nil {
					weight = *x.Weight
				}
				values := slices.Sorted(slices.Values(x.Values)) // their order means nothing
				ttl := x.TTL
				if strings.Contains(x.Name, providers.MarkerLabel) {
					ttl = 0 // that of a marker does not matter
				}
				out = append(out, fmt.Sprintf("%s %s %q %d %q weight %d %v %v", x.Name, x.Type, x.SetID, ttl, values, weight, x.Alias, x.Extra))
			}
		})
	}
	slices.Sort(out)
	return out
}

// wantFields compares everything that the zones hold.
func (r *rig) wantFields(when string, want []string) {
	r.t.Helper()
	got := r.everyField()
	for _, s := range want {
		if !slices.Contains(got, s) {
			r.t.Errorf("%s, lost is %s", when, s)
		}
	}
	for _, s := range got {
		if !slices.Contains(want, s) {
			r.t.Errorf("%s, there is %s", when, s)
		}
	}
}

// dress enters a record of each kind that the providers know, all owned by one node.
func (s *site) dress(i *world.Instance) []string {
	s.t.Helper()
	o := s.owner(s.cloud, i.ID, -never)
	mark := func(name, typ, value string) (string, string) {
		text, err := o.For(typ, value).Encode()
		if err != nil {
			s.t.Fatal(err)
		}
		return providers.MarkerName(o.Instance, name), providers.FormatTXT([]string{text})
	}
	comment, err := o.Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	ip, v6, weight := i.Public.String(), "2001:db8::77", int64(7)
	var names []string
	at := func(label string) string {
		names = append(names, label+"."+s.zone)
		return label + "." + s.zone
	}
	if _, err := s.rig.zone(s.zone).Update(func(tx *world.Tx) error {
		if s.zone == cfZone {
			tx.AddRecord(&world.Record{Name: at("proxied"), Type: "A", Content: ip, TTL: 1, Proxied: true, Comment: comment})
			tx.AddRecord(&world.Record{Name: at("auto"), Type: "A", Content: ip, TTL: 1, Comment: comment})
			tx.AddRecord(&world.Record{Name: at("long"), Type: "A", Content: ip, TTL: 86400, Comment: comment})
			tx.AddRecord(&world.Record{Name: at("six"), Type: "AAAA", Content: v6, TTL: 120, Comment: comment})
			tx.AddRecord(&world.Record{Name: at("*.wild"), Type: "A", Content: ip, TTL: 60, Comment: comment})
			return nil
		}
		put := func(set world.Set) {
			tx.Put(&set)
			name, text := mark(set.Name, set.Type, set.Values[0])
			tx.Put(withValue(tx, name, "TXT", text))
		}
		put(world.Set{Name: at("long"), Type: "A", TTL: 86400, Values: []string{ip}})
		put(world.Set{Name: at("six"), Type: "AAAA", TTL: 120, Values: []string{v6}})
		put(world.Set{Name: at("shared"), Type: "A", TTL: 77, Values: []string{ip, "198.51.100.7"}})
		put(world.Set{Name: at("weighted"), Type: "A", TTL: 33, SetID: "one of two", Weight: &weight, Values: []string{ip}})
		tx.Put(&world.Set{Name: "weighted." + s.zone, Type: "A", TTL: 33, SetID: "the other", Weight: &weight, Values: []string{"198.51.100.8"}})
		put(world.Set{Name: at("*.wild"), Type: "A", TTL: 60, Values: []string{ip}})
		return nil
	}); err != nil {
		s.t.Fatal(err)
	}
	return names
}

// undoOrRedo plans an undo in even turns and a redo in odd ones.
func (c *console) undoOrRedo(turn int) (plan.Plan, error) {
	if turn%2 == 1 {
		return c.engine().RedoPlan()
	}
	return c.engine().UndoPlan("")
}

func TestAnUndoRestoresEveryFieldOnBothProvidersHoweverOftenItIsRedone(t *testing.T) {
	everywhere(t, sim.Options{}, func(t *testing.T, s *site) {
		i := s.rig.launch(s.cloud, world.Instance{Name: "dressed", Tags: map[string]string{"Name": "dressed"}})
		names := s.dress(&i)
		s.do(s.cloud, i.ID, world.PowerLoss)
		s.clk.Advance(11 * time.Minute)
		s.c.opts.Guards.Threshold = 1
		before := s.everyField()
		v := s.look()
		var ids []providers.Identity
		for _, r := range v.RecordsOf(s.owner(s.cloud, "", 0).Cloud, i.ID) {
			if !r.IsMarker() {
				ids = append(ids, r.Identity())
			}
		}
		if len(ids) != len(names) {
			t.Fatalf("%d records of %d lead to the node: %v", len(ids), len(names), ids)
		}
		rep := s.c.must(plan.Deregister(v, ids...), names...)
		after := s.everyField()
		if len(before)-len(after) < len(names)-1 {
			t.Fatalf("%d before, %d after:\n%s", len(before), len(after), outcomeText(rep))
		}
		for turn := range 4 {
			p, err := s.c.undoOrRedo(turn)
			if err != nil {
				t.Fatal(err)
			}
			s.c.must(p, names...)
			s.wantFields(fmt.Sprintf("after undo %d", turn+1), [][]string{before, after}[turn%2])
		}
		// One entry alone: what else the run did stays as it is.
		var one string
		for _, e := range s.c.entries() {
			if e.Change.Before.Name == "long."+s.zone && e.Run == rep.Run {
				one = e.ID
			}
		}
		p, err := s.c.engine().UndoPlan(one)
		if err != nil || len(p.Steps) != 1 {
			t.Fatalf("%+v, %v", p, err)
		}
		s.c.must(p)
		for _, f := range s.everyField() {
			if !slices.Contains(after, f) && !strings.Contains(f, "long."+s.zone) {
				t.Errorf("the undo of one entry brings %s", f)
			}
		}
	}, east)
}

func TestAnUndoOfAChangeGivesEveryFieldBack(t *testing.T) {
	everywhere(t, sim.Options{}, func(t *testing.T, s *site) {
		i := s.rig.launch(s.cloud, world.Instance{Name: "dressed", Tags: map[string]string{"Name": "dressed"}})
		s.dress(&i)
		before := s.everyField()
		v := s.look()
		p := plan.Plan{Verb: index.VerbUpdate, Title: "Change what can be changed"}
		for _, r := range v.RecordsOf(s.owner(s.cloud, "", 0).Cloud, i.ID) {
			if r.IsMarker() || r.Proxied || r.Type == "AAAA" { // the node has no such address
				continue
			}
			c := providers.Change{Op: providers.OpUpdate, Before: *r, After: *r}
			c.After.TTL, c.After.AutoTTL = 444, false
			if c.After.Weight != 0 {
				c.After.Weight++
			}
			c.After.Owners = []providers.Owner{r.Owners[0]}
			c.After.Owners[0].Registered = s.clk.Now().UTC().Truncate(time.Second)
			if s.zone == cfZone {
				text, err := c.After.Owners[0].Encode()
				if err != nil {
					t.Fatal(err)
				}
				c.After.Comment = text
			}
			p.Steps = append(p.Steps, plan.Step{ID: len(p.Steps) + 1, Kind: plan.StepChange, Zone: r.Zone, Change: &c, Sentence: "Change " + r.String()})
		}
		if len(p.Steps) < 3 {
			t.Fatalf("%d steps", len(p.Steps))
		}
		s.c.must(p)
		after := s.everyField()
		if slices.Equal(after, before) {
			t.Fatal("nothing was changed")
		}
		for turn := range 3 {
			p, err := s.c.undoOrRedo(turn)
			if err != nil {
				t.Fatal(err)
			}
			s.c.must(p)
			s.wantFields(fmt.Sprintf("after undo %d", turn+1), [][]string{before, after}[turn%2])
		}
	}, east)
}

func TestTwoChangesOfOneRecordAreUndoneAndRedoneStepByStep(t *testing.T) {
	everywhere(t, sim.Options{}, func(t *testing.T, s *site) {
		i := s.rig.launch(s.cloud, world.Instance{Name: "stepped", Tags: map[string]string{"Name": "stepped"}})
		s.dress(&i)
		s.clk.Advance(11 * time.Minute)
		states := [][]string{s.everyField()}
		for _, ttl := range []uint32{444, 555, 666} {
			p := plan.Plan{Verb: index.VerbUpdate, Title: "give the node another TTL"}
			v := s.look()
			for _, r := range v.RecordsOf(s.owner(s.cloud, "", 0).Cloud, i.ID) {
				if r.IsMarker() || r.Type != "A" {
					continue
				}
				c := providers.Change{Op: providers.OpUpdate, Before: *r, After: *r}
				c.After.TTL, c.After.AutoTTL = ttl, false
				p.Steps = append(p.Steps, plan.Step{ID: len(p.Steps) + 1, Kind: plan.StepChange, Zone: r.Zone, Change: &c, Sentence: "Change " + r.String()})
			}
			if len(p.Steps) == 0 {
				t.Fatal("the node has no record")
			}
			s.c.must(p)
			s.clk.Advance(time.Minute) // so that a change has a time of its own
			states = append(states, s.everyField())
		}
		for round := range 2 {
			for at := 2; at >= 0; at-- {
				p, err := s.c.engine().UndoPlan("")
				if err != nil {
					t.Fatal(err)
				}
				s.c.must(p)
				s.clk.Advance(time.Minute)
				s.wantFields(fmt.Sprintf("round %d, back to %d", round, at), states[at])
			}
			for at := 1; at <= 3; at++ {
				p, err := s.c.engine().RedoPlan()
				if err != nil {
					t.Fatal(err)
				}
				s.c.must(p)
				s.clk.Advance(time.Minute)
				s.wantFields(fmt.Sprintf("round %d, forward to %d", round, at), states[at])
			}
			if _, err := s.c.engine().RedoPlan(); err == nil {
				t.Error("there is more to redo than was undone")
			}
		}
	}, east)
}
