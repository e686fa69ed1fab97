package dnsview_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

func sentences(p plan.Plan) []string {
	var out []string
	for _, s := range p.Steps {
		out = append(out, s.Sentence)
	}
	return out
}

func ids(rs ...*providers.Record) []providers.Identity {
	var out []providers.Identity
	for _, r := range rs {
		out = append(out, r.Identity())
	}
	return out
}

func TestOnlyDeadEntriesAreDeregistered(t *testing.T) {
	w := newWorld()
	w.addRecord(providers.Record{Zone: cfZone, Name: "legacy.scalability.expert", Type: "A", Value: "198.51.100.1", ID: "l"})
	w.remove(tritonA, true)
	v := w.view()
	p := plan.Deregister(v, ids(w.record(wwwName, "A", "34."), w.record(wwwName, "A", "165."), w.record("legacy.scalability.expert", "A", ""), w.record("sd-01.unilans.net", "A", ""))...)
	if len(p.Steps) != 1 || p.Steps[0].Change.Before.Value != "165.225.128.1" || p.Steps[0].Reason != dnsview.Dead {
		t.Errorf("%+v", p.Steps)
	}
	said := strings.Join(p.Skipped, "\n")
	for _, want := range []string{"34.200.16.1 is not dead", "legacy.scalability.expert A 198.51.100.1 is foreign", "sd-01.unilans.net A 34.200.16.2 is not dead"} {
		if !strings.Contains(said, want) {
			t.Errorf("skipped %q does not say %q", said, want)
		}
	}
}

func TestAnEntryWhoseAddressIsSomebodyElsesGoesOnlyByNameAndNeverToANodeOfItsService(t *testing.T) {
	w := newWorld()
	w.remove(ec2A, true)
	w.instance(tritonB).PublicIPs = append(w.instance(tritonB).PublicIPs, addr("34.200.16.1"))
	v := w.view()
	r := w.record(wwwName, "A", "34.")
	if p := plan.DeregisterDead(v); len(p.Steps) != 0 {
		t.Errorf("it goes with the dead: %+v", p)
	}
	if p := plan.Deregister(v, r.Identity()); len(p.Steps) != 1 || p.Steps[0].Reason != dnsview.Reused {
		t.Errorf("%+v", p)
	} else if g := removal(v, &p.Steps[0]).CheckAddress(); g.Pass || g.NoEvidence || g.Confirm != wwwName || !strings.Contains(g.Why, "sd-02 (c2f0a1b2) in joyent-east, which is no running node of www.scalability.expert") {
		t.Errorf("its address: %+v", g)
	}
	if p := plan.ForFindings(v, v.FindingsOfRecord(r)...); len(p.Steps) != 0 || !strings.Contains(p.Skipped[0], "retarget it to a node by name") {
		t.Errorf("%+v", p)
	}
	if p := plan.Retarget(v, r.Identity()); len(p.Steps) != 0 || !strings.Contains(p.Skipped[0], "is no node of www.scalability.expert") {
		t.Errorf("%+v", p)
	}
	// To a node of the service it is given, value and all.
	w.instance(tritonB).Tags = providers.TagsOf(map[string]string{"service": "www"})
	v = w.view()
	if p := plan.Deregister(v, r.Identity()); len(p.Steps) != 0 || len(p.Skipped) != 1 {
		t.Errorf("with a node of the service: %+v", p)
	}
	if g := removal(v, &plan.Step{Change: &providers.Change{Op: providers.OpDelete, Before: *r}}).CheckAddress(); g.Pass || g.Confirm != "" || g.Satisfy != "retarget the entry instead" {
		t.Errorf("its address, with a node of the service: %+v", g)
	}
	p := plan.Retarget(v, r.Identity())
	if len(p.Steps) != 1 || p.Steps[0].Change.Op != providers.OpUpdate || p.Steps[0].Change.After.Owners[0].Instance != tritonB || p.Steps[0].Change.After.Value != "34.200.16.1" {
		t.Errorf("%+v", p)
	}
	p = plan.RetargetTo(w.view(), r.Identity(), w.instance(tritonB).Ref())
	if len(p.Steps) != 1 || p.Steps[0].Change.Op != providers.OpUpdate {
		t.Errorf("%+v", p)
	}
}

func TestAReusedEntryOfARunningOwnerGoesToTheAddressThatItHasNow(t *testing.T) {
	w := newWorld()
	w.instance(ec2A).PublicIPs = []netip.Addr{addr("34.200.16.9")}
	w.instance(tritonB).PublicIPs = append(w.instance(tritonB).PublicIPs, addr("34.200.16.1"))
	v := w.view()
	p := plan.Retarget(v, w.record(wwwName, "A", "34.").Identity())
	if len(p.Steps) != 1 || p.Steps[0].Change.After.Value != "34.200.16.9" || p.Steps[0].Change.After.Owners[0].Instance != ec2A {
		t.Errorf("%+v", p)
	}
}

func TestAHostNameIsNotDeletedWhileAnSRVValueStillLeadsToIt(t *testing.T) {
	w := newWorld()
	w.remove(tritonB, true)
	other := w.record(v1Name, "SRV", "sd-02")
	other.Owners[0] = owner(keyUse1, ec2B).For("SRV", other.Value)
	v := w.view()
	p := plan.Deregister(v, w.record("sd-02.unilans.net", "A", "").Identity())
	if len(p.Steps) != 0 || !strings.Contains(strings.Join(p.Skipped, "\n"), "still leads to it") {
		t.Errorf("%+v", p)
	}
}

func TestAskingForAHostNameTakesItsSRVValueFirst(t *testing.T) {
	w := newWorld()
	w.remove(tritonB, true)
	p := plan.Deregister(w.view(), w.record("sd-02.unilans.net", "A", "").Identity())
	if len(p.Steps) != 2 || p.Steps[0].Change.Before.Type != "SRV" || !slices.Equal(p.Steps[1].Needs, []int{1}) {
		t.Errorf("%+v", p)
	}
}

func TestWithoutAFleetIDNoPlanChangesAnything(t *testing.T) {
	w := newWorld()
	w.remove(tritonA, true)
	w.opts.Fleet = ""
	v := w.view()
	r := w.record(wwwName, "A", "165.").Identity()
	ref := w.instance(ec2A).Ref()
	for _, p := range []plan.Plan{
		plan.Deregister(v, r), plan.DeregisterDead(v), plan.Register(v, "", ref), plan.Quiesce(v, ref), plan.QuiesceRecords(v, r), plan.Return(v, ref),
		plan.Retarget(v, r), plan.Update(v, r), plan.Adopt(v, r), plan.Drain(v, ref),
	} {
		if len(p.Steps) != 0 {
			t.Errorf("%s: %v", p.Verb, sentences(p))
		}
	}
}

func TestAPlanSaysForAPersonWhatEachStepDoes(t *testing.T) {
	w := newWorld()
	v := w.view()
	got := strings.Join(sentences(plan.Drain(v, w.instance(tritonA).Ref())), "\n")
	want := `Mark www.scalability.expert A 165.225.128.1 as quiesced
Remember in c2f0a1b2-0000-4000-8000-000000000001._rollcall.www.scalability.expert that it is on purpose
Take www.scalability.expert A 165.225.128.1 out of DNS
Wait 60 s, until no resolver can still hold what was taken out
Terminate www-02 (c2f0a1b2) in joyent-east
Forget c2f0a1b2-0000-4000-8000-000000000001._rollcall.www.scalability.expert`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestATerminationSaysWhatTheCloudItselfDoesWithTheNode(t *testing.T) {
	w := newWorld()
	w.instance(ec2A).Lifecycle = "in auto-scaling group\x1b[2J www, which replaces it"
	v := w.view()
	for _, p := range []plan.Plan{plan.Drain(v, w.instance(ec2A).Ref()), plan.Power(v, plan.PowerStop, w.instance(ec2A).Ref())} {
		last := p.Steps[len(p.Steps)-1]
		for _, s := range p.Steps {
			if s.Kind == plan.StepPower {
				last = s
			}
		}
		if !strings.Contains(last.Sentence, "; it is in auto-scaling group") || !strings.Contains(last.Sentence, "which replaces it") || strings.Contains(last.Sentence, "\x1b") {
			t.Errorf("%s: %q", p.Verb, last.Sentence)
		}
	}
}

func TestOneWaitServesAllNodesOfADrain(t *testing.T) {
	w := newWorld()
	w.record(wwwName, "A", "34.").AutoTTL, w.record(wwwName, "A", "34.").TTL = true, 300
	p := plan.Drain(w.view(), w.instance(tritonA).Ref(), w.instance(ec2A).Ref(), w.instance(ec2B).Ref())
	waits, terminations := 0, 0
	for _, s := range p.Steps {
		switch s.Kind {
		case plan.StepWait:
			waits++
			if s.Wait.Seconds() != 300 {
				t.Errorf("wait %s", s.Wait)
			}
		case plan.StepPower:
			terminations++
			if len(s.Needs) < 2 {
				t.Errorf("%+v", s)
			}
		}
	}
	if waits != 1 || terminations != 3 {
		t.Errorf("%d waits, %d terminations", waits, terminations)
	}
}

func TestTheSamePlanHasTheSameChecksumAndAnotherOneAnother(t *testing.T) {
	w := newWorld()
	w.remove(tritonA, true)
	w.remove(ec2A, true)
	a, b := plan.DeregisterDead(w.view()), plan.DeregisterDead(w.view())
	if a.Checksum() != b.Checksum() || len(a.Checksum()) != 16 {
		t.Errorf("%s %s", a.Checksum(), b.Checksum())
	}
	b.Steps = b.Steps[:1]
	if a.Checksum() == b.Checksum() {
		t.Error("another plan has the same checksum")
	}
}

func TestANameThatAnotherNodeHasIsNotTakenForItsHostName(t *testing.T) {
	w := newWorld()
	w.drop(v1Name, "SRV", "sd-02")
	w.drop("sd-02.unilans.net", "A", "")
	w.instance(tritonB).Name = "SD_01"
	w.instance(ec2B).Name = "x"
	w.record("sd-01.unilans.net", "A", "").Name = "sd-01.unilans.net"
	p := plan.Register(w.view(), "", w.instance(tritonB).Ref())
	if len(p.Steps) != 2 || p.Steps[0].Change.After.Name != tritonB+".unilans.net" {
		t.Errorf("%v", sentences(p))
	}
}

func TestANewRecordHasTheTTLAndProxyingThatItsServiceDeclares(t *testing.T) {
	w := newWorld()
	w.drop(wwwName, "A", "165")
	yes := true
	for _, c := range []struct {
		ttl     uint32
		proxied *bool
		want    uint32
		auto    bool
	}{{60, nil, 60, false}, {0, nil, 60, false}, {120, nil, 120, false}, {120, &yes, 300, true}} {
		w.opts.Services[0].TTL, w.opts.Services[0].Proxied = c.ttl, c.proxied
		p := plan.Register(w.view(), wwwName, w.instance(tritonA).Ref())
		if len(p.Steps) != 1 {
			t.Fatalf("%+v", p)
		}
		r := p.Steps[0].Change.After
		if r.TTL != c.want || r.AutoTTL != c.auto || r.Proxied != (c.proxied != nil) || r.Comment == "" || len(r.Owners) != 1 {
			t.Errorf("%+v", r)
		}
	}
}

func TestAnIncarnationGetsItsPTRAndTXT(t *testing.T) {
	w := newWorld()
	w.drop("_theservice._tcp.unilans.net", "PTR", "")
	w.drop(v1Name, "TXT", "")
	w.opts.Services[1].TXT = map[string]string{"path": "/", "txtvers": "1"}
	v := w.view()
	p := plan.ForFindings(v, &v.Findings[0])
	if got := sentences(p); len(got) != 2 || !strings.Contains(got[0], "PTR "+v1Name) || !strings.Contains(got[1], `TXT "txtvers=1" "path=/"`) {
		t.Errorf("%v", got)
	}
}

func TestARegisterOfANodeThatMovedMovesItsEntry(t *testing.T) {
	for _, i := range []string{tritonA, tritonB} {
		w := newWorld()
		w.instance(i).PublicIPs = []netip.Addr{addr("165.225.128.77")}
		v := w.view()
		p := plan.Register(v, "", w.instance(i).Ref())
		if len(p.Steps) != 1 || p.Steps[0].Change.Op != providers.OpUpdate || p.Steps[0].Change.After.Value != "165.225.128.77" || len(p.Skipped) != 0 {
			t.Errorf("%s: %q, skipped %q", i, sentences(p), p.Skipped)
		}
	}
}

func TestAnAddressThatItsNodeHasLeftGoesOnceTheNewOneIsThere(t *testing.T) {
	w := newWorld()
	w.instance(tritonA).PublicIPs = []netip.Addr{addr("165.225.128.77")}
	w.addRecord(cfRecord(wwwName, "165.225.128.77", keyEast, tritonA))
	old := w.record(wwwName, "A", "165.225.128.1")
	v := w.view()
	f := v.FindingsOfRecord(old)[0]
	p := plan.ForFindings(v, f)
	if f.Class != dnsview.Moved || len(p.Steps) != 1 || p.Steps[0].Change.Op != providers.OpDelete || p.Steps[0].Change.Before.Value != old.Value || guard.ModeOf(p.Verb, p.Steps[0].Change) != guard.ModeTakeOut {
		t.Errorf("%s: %q, skipped %q", f.Class, sentences(p), p.Skipped)
	}
	w.zone(cfZone).Records[len(w.zone(cfZone).Records)-1].Owners = nil // what is not ours to begin with does not stand for it
	v = w.view()
	if p := plan.ForFindings(v, v.FindingsOfRecord(w.record(wwwName, "A", "165.225.128.1"))[0]); len(p.Steps) != 0 || len(p.Skipped) != 1 {
		t.Errorf("%q, skipped %q", sentences(p), p.Skipped)
	}
}

// removal is the evidence on which a step of a deregistration is guarded.
func removal(v *dnsview.View, s *plan.Step) *guard.Evidence {
	r := s.Change.Before
	e := &guard.Evidence{Now: testNow, Fleet: testFlt, Verb: index.VerbDeregister, View: v, Change: s.Change, Reread: true, Strands: s.Strands, Reason: s.Reason, Removing: map[providers.Identity]bool{r.Identity(): true}}
	for z := range v.Snapshot.Zones {
		for _, f := range v.Snapshot.Zones[z].Records {
			if f.Name == r.Name && f.Type == r.Type {
				e.Found = append(e.Found, f)
			}
		}
	}
	return e
}
