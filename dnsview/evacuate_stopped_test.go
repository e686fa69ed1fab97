package dnsview_test

import (
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

func TestANodeThatDoesNotRunAtTheReturnIsMissingWhenItRunsAgain(t *testing.T) {
	for id, service := range map[string]string{tritonA: wwwName, tritonB: v1Name} {
		w := newWorld()
		w.evacuate(plan.Evacuation{})
		w.instance(id).State = providers.StateStopped
		p := plan.ReturnCloud(w.view(), keyEast, "")
		if len(p.Skipped) != 1 || !strings.HasSuffix(p.Skipped[0], " is stopped, so it stays out until it runs again: then its agent registers it, or rollcall register "+id) {
			t.Errorf("skipped %q", p.Skipped)
		}
		w.carryOutPart(p)
		v := w.view()
		if len(v.Index.QuiescedMarkers) > 0 || v.Count(dnsview.Quiesced) > 0 || v.Count(dnsview.Missing) > 0 || len(w.inDNS()) == 6 {
			t.Errorf("after the return: %v, in DNS %q", v.Counts(), w.inDNS())
		}
		w.instance(id).State = providers.StateRunning
		v = w.view()
		i := slices.IndexFunc(v.Findings, func(f dnsview.Finding) bool { return f.Class == dnsview.Missing && f.Instance.ID == id })
		if i < 0 || v.Findings[i].Service != service || v.Findings[i].Severity != dnsview.High || v.Findings[i].Remedy != dnsview.RemedyRegister {
			t.Fatalf("when it runs again: %v", v.Counts())
		}
		w.mustCarryOut(plan.ForFindings(v, &v.Findings[i]))
		if got := w.inDNS(); len(got) != 6 {
			t.Errorf("in DNS: %q", got)
		}
	}
}

func TestANodeThatDoesNotRunAndThatNoServiceSelectsIsRememberedAtTheReturn(t *testing.T) {
	w := newWorld()
	w.opts.Services = w.opts.Services[:1]
	w.evacuate(plan.Evacuation{})
	w.instance(tritonB).State = providers.StateStopped
	p := plan.ReturnCloud(w.view(), keyEast, "")
	if len(p.Skipped) != 1 || !strings.HasSuffix(p.Skipped[0], " is stopped, so it stays out: rollcall return "+tritonB+" puts it back when it is well") {
		t.Errorf("skipped %q", p.Skipped)
	}
	w.carryOutPart(p)
	if v := w.view(); len(v.Index.QuiescedMarkers) != 2 || v.Count(dnsview.Quiesced) != 2 {
		t.Errorf("after the return: %v", v.Counts())
	}
	w.instance(tritonB).State = providers.StateRunning
	w.mustCarryOut(plan.Return(w.view(), w.instance(tritonB).Ref()))
	if got := w.inDNS(); len(got) != 6 {
		t.Errorf("in DNS: %q", got)
	}
}

func TestWhatAnOperatorTookOutOfAStoppedNodeIsRememberedAtTheReturn(t *testing.T) {
	w := newWorld()
	w.quiesce(tritonB) // an operator did before
	w.evacuate(plan.Evacuation{})
	w.instance(tritonB).State = providers.StateStopped
	w.mustCarryOut(plan.ReturnCloud(w.view(), keyEast, ""))
	if v := w.view(); v.Count(dnsview.Quiesced) != 2 {
		t.Errorf("after the return: %v", v.Counts())
	}
}

// Of what an evacuation took out one node fails and one is gone: nothing goes back, so agents that boot there must stay out.
func TestAnEvacuationOfWhichNothingWasReturnedStaysUntilAllThatItTookOutIsGone(t *testing.T) {
	w := newWorld()
	w.evacuate(plan.Evacuation{})
	w.instance(tritonA).State = providers.StateTerminated
	w.instance(tritonB).State = providers.StateStopped
	p := plan.ReturnCloud(w.view(), keyEast, "")
	if len(p.Steps) > 0 || !strings.Contains(strings.Join(p.Skipped, "\n"), "no node can be returned, so joyent-east stays evacuated") {
		t.Errorf("one is left: %q, skipped %q", sentences(p), p.Skipped)
	}
	w.instance(tritonB).State = providers.StateTerminated
	p = plan.ReturnCloud(w.view(), keyEast, "")
	w.carryOutPart(p)
	if v := w.view(); len(p.Steps) == 0 || len(v.Index.Evacuations) > 0 {
		t.Errorf("nothing is left: %q, skipped %q, %+v", sentences(p), p.Skipped, v.Index.Evacuations)
	}
}

func TestNodesOfAZoneWithoutAMarkerOfTheEvacuationAreListedAtTheReturn(t *testing.T) {
	w := newWorld()
	w.evacuate(plan.Evacuation{})
	z := w.zone(r53Zone)
	z.Records = slices.DeleteFunc(slices.Clone(z.Records), func(r providers.Record) bool { return strings.HasPrefix(r.Name, "cloud-") })
	p := plan.ReturnCloud(w.view(), keyEast, "")
	if !slices.ContainsFunc(p.Skipped, func(s string) bool {
		return strings.Contains(s, "no marker of the evacuation any more: rollcall return "+tritonB)
	}) {
		t.Errorf("skipped %q, steps %q", p.Skipped, sentences(p))
	}
}
