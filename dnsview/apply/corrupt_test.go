package apply_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// A proxy between the adapters and their APIs corrupts answers, one way at a time, while an operator removes what is
// dead, takes changes back and terminates nodes. Nothing that lives is removed, nothing is called done that is not, a
// source whose corruption shows is not complete, and once it is over a second run comes to the right end.
func TestNoCorruptedAnswerRemovesWhatLivesOrPassesForDone(t *testing.T) {
	t.Parallel()
	all, oneOf := corruptions(), providertest.Amount(4, 24, 24)
	if providertest.Soak {
		oneOf = 1
	}
	names, chosen, played := map[string]bool{}, 0, 0
	for i := range all {
		x := &all[i]
		if names[x.name] {
			t.Fatalf("two corruptions are called %s", x.name)
		}
		names[x.name] = true
		if !x.always && i%oneOf != 0 {
			continue
		}
		if chosen++; !providertest.InPart(chosen, 5) {
			continue
		}
		played++
		t.Run(x.name, func(t *testing.T) { newOrdeal(t, x.page).play(x, chosen) })
	}
	t.Logf("%d corruptions of %d, each met by deregister --dead of two consoles, undo and terminate", played, len(all))
}

// ordeal is a small world behind a corrupting proxy, and what an operator does in it.
type ordeal struct {
	*rig
	proxy *corrupter
	e     sim.Endpoints
	c     *console

	gone    []*providers.Record // dead, and to be removed
	back    []*providers.Record // dead, removed before, and brought back by an undo
	drained []world.Instance    // to be terminated
	undone  []world.Instance    // registered before, and taken out by an undo
	refs    map[string]providers.InstanceRef
}

func newOrdeal(t *testing.T, page int) *ordeal {
	r := newRig(t, sim.Options{Instances: 12, Page: page})
	o := &ordeal{rig: r, proxy: &corrupter{}, refs: map[string]providers.InstanceRef{}}
	o.e = o.proxy.between(t, r)
	for n, zone := range []string{cfZone, sdZone} {
		pool := "pool." + zone
		r.enter(zone, pool, "A", "203.0.113.250", r.owner(use1, providers.HostPrefix+"stays", -never))
		// The owners of these are gone, and their addresses are other machines' now.
		for k, held := range []string{"34.201.50.20", o.spare(use1, n), o.spare(east, n)} {
			r.enter(zone, "reused."+zone, "A", held, r.owner(use1, fmt.Sprintf("i-0dead%012x", 16*n+k), -never))
		}
		deleted := r.owner(east, fmt.Sprintf("bac00000-0000-4000-8000-%012x", n), -never)
		r.world().Delete(east, deleted.Instance)
		o.back = append(o.back, r.enter(zone, "back."+zone, "A", "203.0.113.24"+fmt.Sprint(n), r.owner(use1, fmt.Sprintf("i-0bac%013x", n), -never)),
			r.enter(zone, "back."+zone, "A", "203.0.113.23"+fmt.Sprint(n), deleted))
		r.enter(zone, "back."+zone, "A", "203.0.113.251", r.owner(use1, providers.HostPrefix+"stays", -never))
	}
	for _, cloud := range []string{use1, east} {
		i := r.launch(cloud, world.Instance{Name: "end-" + cloud, Tags: map[string]string{"service": "pool", "Name": "end-" + cloud}})
		o.drained = append(o.drained, i)
		for _, zone := range []string{cfZone, sdZone} {
			r.enter(zone, "pool."+zone, "A", i.Public.String(), r.owner(cloud, i.ID, -never))
		}
		i = r.launch(cloud, world.Instance{Name: "new-" + cloud, Tags: map[string]string{"service": "pool", "Name": "new-" + cloud}})
		o.undone = append(o.undone, i)
	}
	for _, c := range r.world().Clouds() {
		for _, i := range slices.Concat(o.drained, o.undone) {
			if strings.HasSuffix(i.Name, c.Name) {
				o.refs[i.ID] = providers.InstanceRef{Cloud: c.Name, Key: c.Key, ID: i.ID, Name: i.Name}
			}
		}
	}
	r.clk.Advance(time.Hour)
	o.c = o.console()
	return o
}

// spare is the address of the nth node of a cloud that no record leads to.
func (o *ordeal) spare(cloud string, n int) string {
	page, _ := o.world().Instances(cloud, func(i *world.Instance) bool {
		return i.State == providers.StateRunning && i.Tags["service"] != "www" && i.Tags["service"] != "theservice"
	}, 0, 0)
	if len(page) == 0 {
		o.t.Fatalf("%s has no node without a service", cloud)
	}
	return page[n%len(page)].Public.String()
}

func (o *ordeal) console() *console {
	c := o.consoleAt(o.e, 0)
	c.opts.Guards.Threshold = 0.9
	for _, zone := range []string{cfZone, sdZone} {
		c.opts.Services = append(c.opts.Services, index.Service{Name: "pool." + zone, Kind: index.RoundRobin, Zone: zone, TTL: 60, Select: map[string]string{"service": "pool"}})
	}
	return c
}

func (o *ordeal) register() plan.Plan {
	var refs []providers.InstanceRef
	for _, i := range o.undone {
		refs = append(refs, o.refs[i.ID])
	}
	p := plan.Register(o.c.look(), "pool."+cfZone, refs...)
	more := plan.Register(o.c.inspectNow(), "pool."+sdZone, refs...)
	for _, s := range more.Steps {
		s.ID += 100
		for n := range s.Needs {
			s.Needs[n] += 100
		}
		p.Steps = append(p.Steps, s)
	}
	return p
}

func (o *ordeal) drain(v *dnsview.View) plan.Plan {
	var refs []providers.InstanceRef
	for _, i := range o.drained {
		refs = append(refs, o.refs[i.ID])
	}
	return plan.Drain(v, refs...)
}

// play carries out each verb while x corrupts. Of two ways to come to a deleting undo, and to a termination, one in turn is played.
func (o *ordeal) play(x *corruption, turn int) {
	t := o.t
	undone := o.undone
	var setUp *apply.Report
	if turn%2 == 0 {
		setUp = o.c.must(o.register())
	} else {
		v := o.c.look()
		var ids []providers.Identity
		for _, rec := range o.back {
			ids = append(ids, record(t, v, rec.Name, rec.Type, rec.Value).Identity())
		}
		setUp, undone = o.c.must(plan.Deregister(v, ids...)), nil
	}
	o.clk.Advance(later)
	v := o.c.look()
	if !v.Complete() {
		t.Fatalf("%+v", v.Sources)
	}
	o.gone = dead(v)
	before, drain := plan.DeregisterDead(v), o.drain(v)
	if len(before.Steps) != len(o.gone) || len(o.gone) < 9 || len(drain.Steps) == 0 {
		t.Fatalf("%d dead, %d and %d steps", len(o.gone), len(before.Steps), len(drain.Steps))
	}

	o.proxy.set(x)
	o.clk.Advance(later)
	cold := o.console()
	v = o.c.look()
	o.seen("a warm console", x, v)
	vc := cold.look()
	o.seen("a cold console", x, vc)
	undo, err := o.c.engine().UndoPlan(setUp.Run)
	if err != nil {
		t.Fatal(err)
	}
	o.carry("undo", o.c, undo, undone)
	o.carry("deregister --dead of a cold console", cold, plan.DeregisterDead(vc), nil)
	o.carry("deregister --dead that was planned before", o.c, before, nil)
	if turn%4 < 2 {
		drain = o.drain(v)
	}
	o.carry("terminate", o.c, drain, o.drained)
	if hits := o.proxy.set(nil); hits == 0 {
		t.Error("no answer was corrupted, so this proves nothing")
	}
	o.ends(turn%2 == 0)
}

// seen holds the sources of a view to a corruption.
func (o *ordeal) seen(who string, x *corruption, v *dnsview.View) {
	o.t.Helper()
	check := func(name string, cov providers.Coverage) {
		switch {
		case name == x.where() && x.seen && cov.Complete():
			o.t.Errorf("%s takes %s for complete", who, name)
		case (name != x.where() || x.harmless) && !cov.Complete():
			o.t.Errorf("%s does not take %s for complete: %v", who, name, cov.Err)
		}
	}
	for i := range v.Snapshot.Clouds {
		if c := &v.Snapshot.Clouds[i]; !c.Unconfigured { // an account that answers no more is one that left the config
			check(c.Cloud.Name, c.Coverage)
		}
	}
	for i := range v.Snapshot.Zones {
		check(v.Snapshot.Zones[i].Zone.Name, v.Snapshot.Zones[i].Coverage)
	}
}

// place is a record without what a change of its marker changes.
func place(name, typ, value string) string {
	return providers.CanonicalName(name) + " " + typ + " " + providers.FoldValue(typ, providers.CanonicalValue(typ, value))
}

// state is what the zones hold, each value with the instance that its marker names, and which nodes run.
func (o *ordeal) state() (records map[string]string, running map[string]bool) {
	records, running = map[string]string{}, map[string]bool{}
	for _, z := range o.world().Zones("") {
		z.View(func(tx *world.Tx) {
			for _, v := range tx.Values() {
				k, owner := place(v.Name, v.Type, v.Value), v.Comment
				if id, of, ok := providers.SplitMarkerName(v.Name); ok {
					k, owner = of+" marker of "+id, ""
				}
				if m, err := providers.DecodeOwner(v.Comment); err == nil {
					owner = m.Instance
				}
				records[k] = owner
			}
		})
	}
	for _, c := range o.world().Clouds() {
		page, _ := o.world().Instances(c.Name, func(i *world.Instance) bool { return i.State == providers.StateRunning }, 0, 0)
		for _, i := range page {
			running[i.ID] = true
		}
	}
	return records, running
}

// may reports whether something that stood in a zone may be removed: what is dead, and the records of some nodes.
func (o *ordeal) may(k string, nodes []world.Instance) bool {
	for _, r := range slices.Concat(o.gone, o.back) {
		if k == place(r.Name, r.Type, r.Value) || len(r.Owners) > 0 && k == r.Name+" marker of "+r.Owners[0].Instance {
			return true
		}
	}
	return slices.ContainsFunc(nodes, func(i world.Instance) bool {
		return strings.HasSuffix(k, " A "+i.Public.String()) || strings.HasSuffix(k, " marker of "+i.ID)
	})
}

// carry carries out a plan, and holds what became of it to what the clouds and zones hold then.
func (o *ordeal) carry(what string, c *console, p plan.Plan, nodes []world.Instance) {
	o.t.Helper()
	was, ran := o.state()
	rep := c.run(p)
	is, runs := o.state()
	for k, owner := range was {
		now, there := is[k]
		if !there && !o.may(k, nodes) {
			o.t.Errorf("%s: removed is %s\n%s", what, k, outcomeText(rep))
		}
		if there && now != owner && !o.may(k, nodes) {
			o.t.Errorf("%s: the owner of %s was %q and is %q\n%s", what, k, owner, now, outcomeText(rep))
		}
	}
	for id := range ran {
		if at := slices.IndexFunc(nodes, func(i world.Instance) bool { return i.ID == id }); !runs[id] {
			if at < 0 {
				o.t.Errorf("%s: ended is %s\n%s", what, id, outcomeText(rep))
				continue
			}
			for k := range is {
				if strings.HasSuffix(k, " A "+nodes[at].Public.String()) {
					o.t.Errorf("%s: %s is ended, and DNS holds %s\n%s", what, id, k, outcomeText(rep))
				}
			}
		}
	}
	for i := range rep.Steps {
		if s := &rep.Steps[i]; s.State == apply.StepDone && !slices.ContainsFunc(rep.Steps[i+1:], func(more apply.StepReport) bool { return again(s, &more) }) {
			if why := untrue(&s.Step, is, runs); why != "" {
				o.t.Errorf("%s: it says done, and %s: %s\n%s", what, why, s.Step.Sentence, outcomeText(rep))
			}
		}
	}
}

// again reports whether a later step changes what an earlier one has left.
func again(s, more *apply.StepReport) bool {
	if s.Step.Kind != plan.StepChange || more.Step.Kind != plan.StepChange || more.State == apply.StepRefused || more.State == apply.StepSkipped {
		return false
	}
	a, b := s.Step.Change.Record(), more.Step.Change.Record()
	return place(a.Name, a.Type, a.Value) == place(b.Name, b.Type, b.Value)
}

// untrue says why a step cannot have been done.
func untrue(s *plan.Step, is map[string]string, runs map[string]bool) string {
	switch {
	case s.Kind == plan.StepPower && s.Action == plan.PowerTerminate && runs[s.Instance.ID]:
		return "the instance runs"
	case s.Kind != plan.StepChange:
		return ""
	}
	r := s.Change.Record()
	if r.IsMarker() {
		return ""
	}
	owner, there := is[place(r.Name, r.Type, r.Value)]
	switch {
	case s.Change.Op == providers.OpDelete && there:
		return "the record is there"
	case s.Change.Op != providers.OpDelete && !there:
		return "the record is not there"
	case s.Change.Op == providers.OpCreate && len(r.Owners) == 1 && r.Zone == cfZone && owner != r.Owners[0].Instance:
		return "its owner is " + owner
	case s.Change.Op == providers.OpCreate && len(r.Owners) == 1 && r.Zone == sdZone:
		if _, marked := is[r.Name+" marker of "+r.Owners[0].Instance]; !marked {
			return "it has no marker"
		}
	}
	return ""
}

// ends has everything done that was wanted, once nothing is corrupted any more.
func (o *ordeal) ends(register bool) {
	o.t.Helper()
	for round := 0; ; round++ {
		o.clk.Advance(11 * time.Minute)
		o.c.look()
		v := o.c.look() // a clock that was off is believed again when two reads agree
		plans := []plan.Plan{plan.DeregisterDead(v), o.drain(v)}
		if register {
			plans = append(plans, o.register())
		}
		var reps []*apply.Report
		for _, p := range plans {
			if len(p.Steps) == 0 {
				continue
			}
			rep := o.c.run(p)
			for _, ask := range rep.Asks() { // half of a node is gone, and its own name would be empty now
				rep = o.c.run(p, ask.Text)
			}
			reps = append(reps, rep)
		}
		if left := o.left(register); len(left) == 0 {
			return
		} else if round == 2 {
			o.t.Errorf("it does not come to its end: %s", strings.Join(left, "; "))
			for _, rep := range reps {
				o.t.Errorf("%s", outcomeText(rep))
			}
			return
		}
	}
}

// left says what is not as it should be in the end.
func (o *ordeal) left(registered bool) (left []string) {
	is, runs := o.state()
	for k := range is {
		if o.may(k, o.drained) && !strings.Contains(k, " marker of ") { // orphaned, and of no harm
			left = append(left, "there is "+k)
		}
	}
	for _, i := range o.drained {
		if runs[i.ID] {
			left = append(left, i.Name+" runs")
		}
	}
	for _, i := range o.undone {
		for _, zone := range []string{cfZone, sdZone} {
			if _, there := is[place("pool."+zone, "A", i.Public.String())]; !there && registered {
				left = append(left, i.Name+" is not in "+zone)
			}
		}
	}
	return left
}

func TestTheCorruptionsThatAreAlwaysPlayedAreInTheTable(t *testing.T) {
	all := corruptions()
	for _, name := range always {
		if !slices.ContainsFunc(all, func(x corruption) bool { return x.name == name }) {
			t.Errorf("there is no %s", name)
		}
	}
}
