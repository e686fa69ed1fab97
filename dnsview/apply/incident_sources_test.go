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

// everySource runs a test with each source as the one that goes wrong: one of each provider. Where a
// run takes few, each kind of fault meets one source, which follows from the length of its name.
func everySource(t *testing.T, kinds []world.FaultKind, o sim.Options) {
	for n, source := range []string{use1, east, cfZone, sdZone} {
		if onBIND && source != sdZone {
			continue // the others are as they are without BIND
		}
		for _, k := range kinds {
			if !providertest.InPart(n+len(k), 4) {
				continue
			}
			t.Run(source+"/"+string(k), func(t *testing.T) { survives(t, o, cold, func(r *rig) { r.fault(k, source) }, source) })
		}
	}
}

// Which consoles an incident is played to: one that knew the sources well, and one that has just been started.
const (
	cold = true
	warm = false
)

// survives lets sources go wrong and holds rollcall to what it promises: a console that knew them well,
// a cold one that has just been started, and an operator who has a plan from before on the screen remove
// nothing; what was dead is so uncertainly to the console that knew it and unknown to the cold one, without a remedy, and the
// reason names the source. When all is well again the dead entries are found and go, and nothing else does.
func survives(t *testing.T, o sim.Options, cold bool, wrong func(r *rig), sources ...string) {
	t.Helper()
	r := newRig(t, o)
	known := r.console(0)
	well := known.look()
	planned, gone, before := plan.DeregisterDead(well), dead(well), r.held()
	if len(planned.Steps) != len(gone) || len(gone) < 5 {
		t.Fatalf("%d steps for %d dead entries: %+v", len(planned.Steps), len(gone), well.Sources)
	}
	wrong(r)
	r.clk.Advance(31 * time.Second) // the last read is too old to be used again
	consoles := map[string]*console{"a warm console": known}
	if cold {
		consoles["a cold console"] = r.console(0)
	}
	for what, c := range consoles {
		v := c.look()
		for i := range v.Findings {
			f := &v.Findings[i]
			isDead := (f.Class == dnsview.Dead || f.Class == dnsview.Dangling) && (c != known || f.Certain())
			if concerns(f, sources) && (f.OneKey || f.Remedy == dnsview.RemedyDelete || isDead) {
				t.Errorf("%s finds %s, with remedy %q: %s", what, f.Class, f.Remedy, f.Reason)
			}
		}
		for _, s := range plan.DeregisterDead(v).Steps {
			if slices.Contains(sources, s.Zone) || !isZone(r, sources[0]) {
				t.Errorf("%s plans: %s", what, s.Sentence)
			}
		}
		if c != known {
			continue // it has no rows of before
		}
		for _, rec := range gone {
			f := finding(v, rec)
			if !concerns(f, sources) {
				continue
			}
			if f.Class != finding(well, rec).Class || f.Certain() || f.Remedy != dnsview.NoRemedy || !names(f.Reason, sources) {
				t.Errorf("%s calls %s %s: %s", what, rec, f.Class, f.Reason)
			}
		}
	}
	rep := known.run(planned)
	for i := range rep.Steps {
		s := &rep.Steps[i]
		if isZone(r, sources[0]) && !slices.Contains(sources, s.Step.Zone) {
			continue // the other zone and all clouds are well
		}
		if s.State == apply.StepDone || s.State != apply.StepSkipped && !names(s.Why, sources) {
			t.Errorf("the plan of before: %s: %s (%s)", s.State, s.Step.Sentence, s.Why)
		}
	}
	if isZone(r, sources[0]) {
		var other []*providers.Record
		for _, rec := range gone {
			if !slices.Contains(sources, rec.Zone) {
				other = append(other, rec)
			}
		}
		before = before.without(other...)
	}
	r.wantHeld("while "+strings.Join(sources, " and ")+" went wrong", before)

	r.fault(world.NoFault, sources...)
	r.clk.Advance(time.Minute)
	left := plan.DeregisterDead(known.look())
	known.must(left)
	r.wantHeld("when all was well again", before.without(gone...))
	if n := len(dead(known.look())); n != 0 {
		t.Errorf("%d entries are dead still", n)
	}
}

// concerns reports whether a finding rests on one of the sources: every cloud, or a zone of its own.
func concerns(f *dnsview.Finding, sources []string) bool {
	return slices.ContainsFunc(sources, func(s string) bool { return !strings.Contains(s, ".") || f.Zone == s })
}

// names reports whether a reason names one of the sources, a zone by itself or by its provider.
func names(reason string, sources []string) bool {
	return slices.ContainsFunc(sources, func(s string) bool {
		account := map[string]string{cfZone: "cloudflare", sdZone: "route53"}[s]
		return strings.Contains(reason, s) || account != "" && strings.Contains(reason, account)
	})
}

func isZone(r *rig, source string) bool {
	_, err := r.world().Zone(source)
	return err == nil
}

func TestIncidentAnErrorIsNotAnEmptyList(t *testing.T) {
	everySource(t, []world.FaultKind{world.ServerError, world.AuthError, world.ProxyPage, world.Unreachable, world.Reset}, sim.Options{})
}

func TestIncidentAnEmpty200IsNotAnEmptyList(t *testing.T) {
	everySource(t, []world.FaultKind{world.EmptyPage, world.EmptyBody}, sim.Options{})
}

func TestIncidentAShortLastPageIsNotTheWholeList(t *testing.T) {
	everySource(t, []world.FaultKind{world.ShortPage}, sim.Options{})
	// EC2 says no count. Where the rows that are cut off are those of instances that no marker names, only a
	// console that has seen them before can miss them.
	t.Run(use1+"/the last of three pages", func(t *testing.T) {
		survives(t, sim.Options{Page: 7}, warm, func(r *rig) { r.fault(world.ShortPage, use1) }, use1)
	})
	for n, source := range []string{east, cfZone, sdZone} {
		if !providertest.InPart(n, 3) {
			continue
		}
		t.Run(source+"/the last of several pages", func(t *testing.T) {
			survives(t, sim.Options{Page: 7}, cold, func(r *rig) { r.fault(world.ShortPage, source) }, source)
		})
	}
}

func TestIncidentAPageTokenThatRepeatsEndsTheReadAsIncomplete(t *testing.T) {
	everySource(t, []world.FaultKind{world.PageLoop}, sim.Options{Page: 7})
}

func TestIncidentCredentialsThatExpireHalfwayThroughAListing(t *testing.T) {
	everySource(t, []world.FaultKind{world.Expired}, sim.Options{Page: 7})
}

func TestIncidentOneRegionOfAnAccountIsUnreadable(t *testing.T) {
	for n, source := range []string{euw1, ams} {
		for m, k := range []world.FaultKind{world.AuthError, world.Unreachable} {
			if !providertest.InPart(n+m, 2) {
				continue
			}
			t.Run(source+"/"+string(k), func(t *testing.T) {
				survives(t, sim.Options{}, cold, func(r *rig) { r.fault(k, source) }, source)
			})
		}
	}
	r := newRig(t, sim.Options{})
	c := r.console(0)
	rows := func(v *dnsview.View, name string) providers.CloudView {
		at := slices.IndexFunc(v.Snapshot.Clouds, func(cv providers.CloudView) bool { return cv.Cloud.Name == name })
		return v.Snapshot.Clouds[at]
	}
	well := c.look()
	read := r.clk.Now()
	r.fault(world.AuthError, euw1)
	r.clk.Advance(time.Minute)
	v := c.look()
	bad, good := rows(v, euw1), rows(v, use1)
	if len(bad.Instances) != len(rows(well, euw1).Instances) || !bad.RowsFrom.Equal(read) || bad.Coverage.State != providers.CoverageFailed {
		t.Errorf("the rows of the region that failed: %d from %s, %s", len(bad.Instances), bad.RowsFrom, bad.Coverage.State)
	}
	if !good.Coverage.Complete() || good.RowsFrom.Equal(read) {
		t.Errorf("the other region of the account: %+v", good.Coverage)
	}
}

func TestIncidentCredentialsOfAnotherEmptyAccount(t *testing.T) {
	everySource(t, []world.FaultKind{world.WrongKey}, sim.Options{})
	t.Run("both regions", func(t *testing.T) {
		survives(t, sim.Options{}, cold, func(r *rig) { r.fault(world.WrongKey, use1, euw1) }, use1, euw1)
	})
}

func TestIncidentAThrottleStormIsWaitedOut(t *testing.T) {
	all := []string{use1, euw1, east, ams, cfZone, sdZone}
	survives(t, sim.Options{}, cold, func(r *rig) { r.fault(world.Throttle, all...) }, all...)

	r := newRig(t, sim.Options{})
	c := r.console(0)
	well := c.look()
	calls := func() (n int64) {
		for _, b := range c.budgets {
			n += b.State().Calls
		}
		return n
	}
	usual := calls()
	r.fault(world.Throttle, all...)
	v := c.look()
	if n := calls() - usual; n > 3*usual {
		t.Errorf("%d calls in the storm where %d are usual", n, usual)
	}
	for _, cv := range v.Snapshot.Clouds {
		asked := providers.RetryAfter(cv.Coverage.Err) // Amazon does not say for how long to stay away
		if providers.KindOf(cv.Coverage.Err) != providers.KindThrottled || cv.RetryAt.Before(cv.Coverage.Finished.Add(asked)) || cv.Cloud.Provider == providers.Triton && asked == 0 {
			t.Errorf("%s: %v, next try %s", cv.Cloud.Name, cv.Coverage.Err, cv.RetryAt)
		}
	}
	rep := c.run(plan.DeregisterDead(well))
	if n := calls() - usual; rep.Count(apply.StepDone) > 0 || n > 8*usual {
		t.Errorf("%d calls until a plan was given up:\n%s", n, outcomeText(rep))
	}
}

// refusedOnce has a provider of Amazon refuse signatures because of their time. Until the SDK has learnt how far
// the clock is off, what is dead is not certain.
func refusedOnce(t *testing.T, source string) {
	r := newRig(t, sim.Options{})
	c := r.console(0)
	well := c.look()
	gone, before := dead(well), r.held()
	for _, k := range []world.FaultKind{world.ClockSkew, world.NoFault} { // and then it has to learn again
		r.fault(k, source)
		r.clk.Advance(31 * time.Second)
		v := c.look()
		if v.Complete() {
			t.Errorf("%s: nothing was refused", k)
		}
		for _, rec := range gone {
			if f := finding(v, rec); concerns(f, []string{source}) && (f.Class != finding(well, rec).Class || f.Certain() || f.Remedy != dnsview.NoRemedy || !names(f.Reason, []string{source})) {
				t.Errorf("%s: %s is %s: %s", k, rec, f.Class, f.Reason)
			}
		}
		r.wantHeld(string(k), before)
		for range 3 {
			v = c.look()
		}
		if !v.Complete() {
			t.Fatalf("%s: %+v", k, v.Sources)
		}
	}
	c.must(plan.DeregisterDead(c.look()))
	r.wantHeld("when the clock was right", before.without(gone...))
}

func TestIncidentTheClockOfThisMachineIsFiveMinutesOff(t *testing.T) {
	// Cloudflare's tokens know no time. Amazon's SDK learns from a refusal how far the clock is off.
	t.Run("refused by "+east, func(t *testing.T) {
		survives(t, sim.Options{}, cold, func(r *rig) { r.fault(world.ClockSkew, east) }, east)
	})
	for _, source := range []string{use1, sdZone} {
		if onBIND && source == sdZone { // nothing learns from a refusal how far the clock is off
			t.Run("refused by "+source, func(t *testing.T) {
				survives(t, sim.Options{}, cold, func(r *rig) { r.fault(world.ClockSkew, source) }, source)
			})
			continue
		}
		t.Run("refused by "+source, func(t *testing.T) { refusedOnce(t, source) })
	}
	for _, off := range []time.Duration{-5 * time.Minute, 5 * time.Minute} {
		t.Run(off.String(), func(t *testing.T) {
			r := newRig(t, sim.Options{})
			right, c := r.console(0), r.console(off)
			gone, before := dead(right.look()), r.held()
			// A node that was registered four minutes ago, and that its cloud does not find yet.
			r.fault(world.Stale, use1, east)
			var young []*providers.Record
			for _, cloud := range []string{use1, east} {
				id := right.launch(cloud, "young")
				for _, zone := range zonesPlayed() {
					young = append(young, r.enter(zone, "pool."+zone, "A", address[cloud], r.owner(cloud, id, -4*time.Minute)))
				}
			}
			for _, rec := range young {
				v := c.look()
				if f := finding(v, record(t, v, rec.Name, rec.Type, rec.Value)); f.Class != dnsview.InFlight {
					t.Errorf("%s is %s: %s", rec, f.Class, f.Reason)
				}
				if rep := c.run(force(record(t, v, rec.Name, rec.Type, rec.Value))); rep.Count(apply.StepRefused) != 1 {
					t.Errorf("%s", outcomeText(rep))
				}
			}
			c.must(plan.DeregisterDead(c.look()))
			if i, err := right.clouds[use1].Instance(t.Context(), young[0].Owners[0].Instance); !providers.IsGone(err) {
				t.Fatalf("its cloud finds it, so this run proves nothing: %+v, %v", i, err)
			}
			for _, rec := range young {
				if !slices.ContainsFunc(r.held(), func(s string) bool { return strings.HasPrefix(s, rec.Name+" A "+rec.Value) }) {
					t.Errorf("lost is %s", rec)
				}
			}
			for _, s := range before.without(gone...) {
				if !slices.Contains(r.held(), s) {
					t.Errorf("lost is %s", s)
				}
			}
			if n := len(dead(right.look())); n != 0 {
				t.Errorf("%d dead entries are left", n)
			}
		})
	}
}
