package apply_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// everySource runs a test with each source as the one that goes wrong: one of each provider.
func everySource(t *testing.T, kinds []world.FaultKind, o sim.Options) {
	for _, source := range []string{use1, east, cfZone, sdZone} {
		for _, k := range kinds {
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
// nothing; what was dead is unknown, and the reason names the source. When all is well again the dead
// entries are found and go, and nothing else does.
func survives(t *testing.T, o sim.Options, cold bool, wrong func(r *rig), sources ...string) {
	t.Helper()
	r := newRig(t, o)
	known := r.console(0)
	well := known.look()
	plan, gone, before := dnsview.PlanDeregisterDead(well), dead(well), r.held()
	if len(plan.Steps) != len(gone) || len(gone) < 5 {
		t.Fatalf("%d steps for %d dead entries: %+v", len(plan.Steps), len(gone), well.Sources)
	}
	wrong(r)
	r.clk.pass(31 * time.Second) // the last read is too old to be used again
	consoles := map[string]*console{"a warm console": known}
	if cold {
		consoles["a cold console"] = r.console(0)
	}
	for what, c := range consoles {
		v := c.look()
		for i := range v.Findings {
			if f := &v.Findings[i]; concerns(f, sources) && (f.OneKey || f.Remedy == dnsview.RemedyDelete || f.Class == dnsview.Dead || f.Class == dnsview.Dangling) {
				t.Errorf("%s finds %s, with remedy %q: %s", what, f.Class, f.Remedy, f.Reason)
			}
		}
		for _, s := range dnsview.PlanDeregisterDead(v).Steps {
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
			if f.Class != dnsview.Unknown || f.Would != dnsview.Dead && f.Would != dnsview.Dangling || !names(f.Reason, sources) {
				t.Errorf("%s calls %s %s: %s", what, rec, f.Class, f.Reason)
			}
		}
	}
	rep := known.run(plan)
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
	r.clk.pass(time.Minute)
	left := dnsview.PlanDeregisterDead(known.look())
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
	for _, source := range []string{east, cfZone, sdZone} {
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
