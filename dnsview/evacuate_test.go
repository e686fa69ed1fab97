package dnsview_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// evacuate carries out the evacuation of joyent-east, and returns its plan.
func (w *world) evacuate(e plan.Evacuation) plan.Plan {
	e.Cloud = keyEast
	p := plan.Evacuate(w.view(), e)
	w.mustCarryOut(p)
	return p
}

// inDNS returns the values of addresses and SRV records, sorted.
func (w *world) inDNS() (values []string) {
	for _, z := range w.snap.Zones {
		for i := range z.Records {
			if r := &z.Records[i]; r.Type == "A" || r.Type == "SRV" {
				values = append(values, r.Value)
			}
		}
	}
	slices.Sort(values)
	return values
}

func (w *world) found(class dnsview.Class) (found []string) {
	v := w.view()
	for i := range v.Findings {
		if f := &v.Findings[i]; f.Class == class {
			found = append(found, f.Severity.String()+" "+f.Reason)
		}
	}
	return found
}

func TestAnEvacuationTakesAllNodesOfACloudOutWhatItsAPISays(t *testing.T) {
	w := newWorld()
	w.failCloud("joyent-east")
	w.cloud("joyent-east").Instances = nil
	p := w.evacuate(plan.Evacuation{})
	want := `Mark joyent-east as evacuated in scalability.expert, so that its nodes stay out
Mark joyent-east as evacuated in unilans.net, so that its nodes stay out
Take v1._theservice._tcp.unilans.net SRV 10 10 4218 sd-02.unilans.net out of DNS, and mark it as quiesced
Mark www.scalability.expert A 165.225.128.1 as quiesced
Remember in c2f0a1b2-0000-4000-8000-000000000001._rollcall.www.scalability.expert that it is on purpose
Take www.scalability.expert A 165.225.128.1 out of DNS
Take sd-02.unilans.net A 165.225.128.2 out of DNS, and mark it as quiesced`
	if got := strings.Join(sentences(p), "\n"); got != want {
		t.Errorf("got\n%s", got)
	}
	if got := w.inDNS(); !slices.Equal(got, []string{"10 10 4218 sd-01.unilans.net", "34.200.16.1", "34.200.16.2"}) {
		t.Errorf("in DNS: %q", got)
	}
	if p.Evacuated.Confirm != "joyent-east 3" {
		t.Errorf("to be typed: %q", p.Evacuated.Confirm)
	}
	if again := plan.Evacuate(w.view(), plan.Evacuation{Cloud: keyEast}); len(again.Steps) > 0 || len(again.Skipped) > 0 {
		t.Errorf("a second one plans %q, %q", sentences(again), again.Skipped)
	}
}

func TestAnEvacuationSaysWhatRemainsOfEachService(t *testing.T) {
	w := newWorld()
	w.opts.Services[0].Minimum = 2
	p := plan.Evacuate(w.view(), plan.Evacuation{Cloud: keyEast})
	want := []string{
		"v1._theservice._tcp.unilans.net keeps 1 live member in aws-use1 of 2 members",
		"www.scalability.expert keeps 1 live member in aws-use1 of 2 members; its minimum is 2 members",
	}
	if got := p.Evacuated.Lines(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	w.failCloud("aws-use1")
	p = plan.Evacuate(w.view(), plan.Evacuation{Cloud: keyEast})
	if got := p.Evacuated.Remains[1]; got.Stay != 0 || got.Doubted != 1 || !got.Short() {
		t.Errorf("with the other cloud unread: %+v", got)
	}
}

func TestOfOneServiceOnlyItsNodesAreEvacuated(t *testing.T) {
	w := newWorld()
	p := w.evacuate(plan.Evacuation{Service: v1Name})
	if len(p.Steps) != 3 || !slices.Contains(w.inDNS(), "165.225.128.1") || slices.Contains(w.inDNS(), "165.225.128.2") {
		t.Errorf("%q leave %q", sentences(p), w.inDNS())
	}
	v := w.view()
	if v.Index.EvacuatedAt(keyEast, v1Name) == nil || v.Index.EvacuatedAt(keyEast, wwwName) != nil || v.Index.EvacuatedAt(keyUse1, v1Name) != nil {
		t.Errorf("%+v", v.Index.Evacuations)
	}
}

func TestWhatStillLeadsToAnEvacuatedCloudIsListed(t *testing.T) {
	w := newWorld()
	w.addRecord(providers.Record{Zone: cfZone, Name: "ftp.scalability.expert", Type: "A", TTL: 60, Value: "165.225.128.1"})
	w.addRecord(providers.Record{Zone: cfZone, Name: "files.scalability.expert", Type: "CNAME", TTL: 60, Value: "ftp.scalability.expert"})
	other := *w.record(wwwName, "A", "165.")
	other.Name, other.ID = "theirs.scalability.expert", "theirs"
	other.Owners = []providers.Owner{{Fleet: "other", Cloud: keyEast, Instance: tritonA, Registered: longAgo}}
	w.addRecord(other)
	p := plan.Evacuate(w.view(), plan.Evacuation{Cloud: keyEast})
	want := []string{
		"ftp.scalability.expert A 165.225.128.1 leads to joyent-east and is not moved: it has no owner marker: adopt it first",
		"theirs.scalability.expert A 165.225.128.1 leads to joyent-east and is not moved: it is owned by c2f0a1b2 of fleet other",
		"files.scalability.expert CNAME ftp.scalability.expert is an alias of a name that leads to joyent-east, and is not moved",
	}
	if !slices.Equal(p.Skipped, want) {
		t.Errorf("listed: %q", p.Skipped)
	}
	for _, s := range p.Steps {
		if r := s.Change.Record(); r.Name == other.Name || strings.HasSuffix(r.Name, "ftp.scalability.expert") {
			t.Errorf("changed: %s", s.Sentence)
		}
	}
}

func TestNodesOfAnEvacuatedCloudAreNotMissingAndAreNotRegistered(t *testing.T) {
	w := newWorld()
	w.evacuate(plan.Evacuation{})
	w.boot()
	if got := w.found(dnsview.Missing); len(got) > 0 {
		t.Errorf("missing: %q", got)
	}
	if got := w.found(dnsview.Evacuated); len(got) != 2 || !strings.HasPrefix(got[0], "info joyent-east was evacuated from scalability.expert") {
		t.Errorf("found: %q", got)
	}
	p := plan.Register(w.view(), "", w.instance("new").Ref())
	if len(p.Steps) > 0 || !strings.Contains(strings.Join(p.Skipped, ""), "joyent-east is evacuated") {
		t.Errorf("planned %q, skipped %q", sentences(p), p.Skipped)
	}
	p = plan.Return(w.view(), w.instance(tritonA).Ref())
	if len(p.Steps) > 0 || !strings.Contains(strings.Join(p.Skipped, ""), "rollcall return --cloud joyent-east") {
		t.Errorf("planned %q, skipped %q", sentences(p), p.Skipped)
	}
}

// boot starts another node in joyent-east.
func (w *world) boot() {
	cv := w.cloud("joyent-east")
	i := *w.instance(tritonA)
	i.ID, i.Name, i.PublicIPs, i.Launched = "new", "www-03", slices.Clone(i.PublicIPs[:0]), testNow.Add(-time.Hour)
	i.PublicIPs = append(i.PublicIPs, addr("165.225.128.3"))
	cv.Instances = append(cv.Instances, i)
}

func TestANodeThatIsRegisteredAllTheSameIsAHighFindingAndIsNotWritten(t *testing.T) {
	w := newWorld()
	w.evacuate(plan.Evacuation{})
	w.boot()
	r := cfRecord(wwwName, "165.225.128.3", keyEast, "new")
	v := w.view()
	e := &guard.Evidence{Now: testNow, Fleet: testFlt, Verb: index.VerbRegister, View: v, Change: &providers.Change{Op: providers.OpCreate, After: r}}
	if g := e.CheckOwner(); g.Pass || !strings.Contains(g.Why, "is evacuated") {
		t.Errorf("%+v", g)
	}
	w.addRecord(r)
	got := w.found(dnsview.Evacuated)
	if len(got) != 3 || got[0] != "high www.scalability.expert A 165.225.128.3 is in DNS, and its cloud joyent-east is evacuated from scalability.expert" {
		t.Errorf("found: %q", got)
	}
	v = w.view()
	f := v.FindingsOf(w.record(wwwName, "A", "128.3").Identity())[0]
	if f.Remedy != dnsview.RemedyQuiesce || len(plan.ForFindings(v, f).Steps) == 0 {
		t.Errorf("remedy %q", f.Remedy)
	}
	w.failCloud("joyent-east")
	if got := w.found(dnsview.Evacuated); len(got) != 3 || !strings.HasPrefix(got[0], "high ") {
		t.Errorf("with the cloud unread: %q", got)
	}
	again := plan.Evacuate(w.view(), plan.Evacuation{Cloud: keyEast})
	if len(again.Steps) != 3 {
		t.Errorf("a second evacuation plans %q", sentences(again))
	}
}

func TestAValueThatAStoppedEvacuationLeftInDNSIsAHighFinding(t *testing.T) {
	w := newWorld()
	p := plan.Evacuate(w.view(), plan.Evacuation{Cloud: keyEast})
	p.Steps = p.Steps[:5] // www is marked, and not taken out yet
	w.mustCarryOut(p)
	const (
		served = "high www.scalability.expert A 165.225.128.1 is in DNS, and its cloud joyent-east is evacuated from scalability.expert"
		marked = " ago, and 1 value of its nodes is still in DNS: rollcall evacuate joyent-east takes it out"
	)
	for _, state := range []providers.InstanceState{providers.StateRunning, providers.StateStopped, providers.StateStopping, "odd"} {
		w.instance(tritonA).State = state
		got := w.found(dnsview.Evacuated)
		if len(got) != 4 || !slices.Contains(got, served) || !slices.ContainsFunc(got, func(s string) bool {
			return strings.HasPrefix(s, "info joyent-east was evacuated from scalability.expert ") && strings.HasSuffix(s, marked)
		}) {
			t.Errorf("%s: found %q", state, got)
		}
	}
	w.instance(tritonA).State = providers.StateRunning
	if got := w.found(dnsview.Quiesced); slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "still there") }) {
		t.Errorf("said twice: %q", got)
	}
	v := w.view()
	f := v.FindingsOf(w.record(wwwName, "A", "128.1").Identity())[0]
	if f.Class != dnsview.Evacuated || f.Remedy != dnsview.RemedyQuiesce {
		t.Fatalf("%s with remedy %q", f.Class, f.Remedy)
	}
	w.mustCarryOut(plan.ForFindings(v, f))
	if slices.Contains(w.inDNS(), "165.225.128.1") {
		t.Errorf("in DNS: %q", w.inDNS())
	}
	w.mustCarryOut(plan.Evacuate(w.view(), plan.Evacuation{Cloud: keyEast}))
	if got := w.found(dnsview.Evacuated); len(got) != 2 || !strings.HasSuffix(got[0], " ago, and its nodes stay out of DNS") || !strings.HasSuffix(got[1], " ago, and its nodes stay out of DNS") {
		t.Errorf("when it is finished: %q", got)
	}
}

func TestAValueThatAnotherWriterPutsBackDuringAnEvacuationIsAHighFinding(t *testing.T) {
	w := newWorld()
	w.evacuate(plan.Evacuation{})
	w.addRecord(providers.Record{Zone: cfZone, Name: wwwName, Type: "A", TTL: 60, Value: "165.225.128.1", ID: "by hand"})
	w.addRecord(providers.Record{Zone: r53Zone, Name: "sd-02.unilans.net", Type: "A", TTL: 60, Value: "165.225.128.2"})
	for i := range w.snap.Zones {
		providers.AttachOwners(w.snap.Zones[i].Records)
	}
	for _, r := range []*providers.Record{w.record(wwwName, "A", "128.1"), w.record("sd-02.unilans.net", "A", "128.2")} {
		v := w.view()
		found := v.FindingsOf(r.Identity())
		if len(found) != 1 || found[0].Class != dnsview.Evacuated || found[0].Severity != dnsview.High || found[0].Remedy != dnsview.RemedyQuiesce {
			t.Fatalf("%s: %d findings, %v", r.Label(), len(found), v.Counts())
		}
		w.mustCarryOut(plan.ForFindings(v, found[0]))
	}
	if got := w.inDNS(); len(got) != 3 {
		t.Errorf("in DNS: %q", got)
	}
}

func TestAValueInDNSOfAnEvacuatedCloudThatIsNotConfiguredIsAHighFinding(t *testing.T) {
	w := newWorld()
	p := plan.Evacuate(w.view(), plan.Evacuation{Cloud: keyEast})
	p.Steps = p.Steps[:2]
	w.mustCarryOut(p)
	w.snap.Clouds = slices.DeleteFunc(w.snap.Clouds, func(c providers.CloudView) bool { return c.Cloud.Name == "joyent-east" })
	got := w.found(dnsview.Evacuated)
	if len(got) != 5 || !slices.Contains(got, "high www.scalability.expert A 165.225.128.1 is in DNS, and its cloud "+string(keyEast)+" is evacuated from scalability.expert") || !strings.HasSuffix(got[3], "rollcall evacuate "+string(keyEast)+" takes it out") {
		t.Errorf("found: %q", got)
	}
}

func TestTheFindingOfAServiceThatIsEvacuatedInPartNamesTheCommandThatFinishesIt(t *testing.T) {
	w := newWorld()
	p := plan.Evacuate(w.view(), plan.Evacuation{Cloud: keyEast, Service: v1Name})
	p.Steps = p.Steps[:1]
	w.mustCarryOut(p)
	if got := w.found(dnsview.Evacuated); !slices.ContainsFunc(got, func(s string) bool {
		return strings.HasPrefix(s, "info ") && strings.HasSuffix(s, "1 value of its nodes is still in DNS: rollcall evacuate joyent-east --service "+v1Name+" takes it out")
	}) {
		t.Errorf("found: %q", got)
	}
}

func TestAnEvacuationIsRemindedOfAndNeverEndsByItself(t *testing.T) {
	w := newWorld()
	w.evacuate(plan.Evacuation{For: 2 * time.Hour})
	if got := w.found(dnsview.Evacuated); len(got) != 2 || !strings.HasSuffix(got[0], "as intended for 2 h more") || !strings.HasPrefix(got[0], "info") {
		t.Errorf("found: %q", got)
	}
	w.opts.Now = w.opts.Now.Add(3 * time.Hour)
	w.opts.MaxAge = 0
	got := w.found(dnsview.Evacuated)
	if len(got) != 2 || !strings.HasSuffix(got[0], "that was intended until 60 min ago") || !strings.HasPrefix(got[0], "medium") {
		t.Errorf("found: %q", got)
	}
	if w.view().Index.EvacuatedAt(keyEast, wwwName) == nil {
		t.Error("it has ended")
	}
}

func TestAReturnPutsBackWhatTheEvacuationTookOutAtThePresentAddress(t *testing.T) {
	w := newWorld()
	w.quiesce(tritonB) // an operator did before
	w.evacuate(plan.Evacuation{})
	w.instance(tritonA).PublicIPs[0] = addr("165.225.128.7")
	p := plan.ReturnCloud(w.view(), keyEast, "")
	if len(p.Skipped) > 0 {
		t.Errorf("skipped %q", p.Skipped)
	}
	said := sentences(p)
	for _, want := range []string{"Forget in unilans.net that c2f0a1b2 was out of v1._theservice._tcp.unilans.net before joyent-east was evacuated", "Forget in unilans.net that joyent-east was evacuated"} {
		if !slices.Contains(said, want) {
			t.Errorf("it does not say %q: %q", want, said)
		}
	}
	slices.Sort(said)
	if n := len(said); len(slices.Compact(said)) != n {
		t.Errorf("two steps read the same: %q", sentences(p))
	}
	w.mustCarryOut(p)
	if got := w.inDNS(); !slices.Equal(got, []string{"10 10 4218 sd-01.unilans.net", "165.225.128.7", "34.200.16.1", "34.200.16.2"}) {
		t.Errorf("in DNS: %q", got)
	}
	v := w.view()
	if len(v.Index.Evacuations) > 0 || v.Count(dnsview.Evacuated) > 0 || v.Count(dnsview.Quiesced) != 2 {
		t.Errorf("left: %+v, %v", v.Index.Evacuations, v.Counts())
	}
	if p := plan.ReturnCloud(v, keyEast, ""); len(p.Steps) > 0 || len(p.Skipped) == 0 {
		t.Errorf("a second return plans %q", sentences(p))
	}
}

func TestNodesThatAreNotWellAreListedAndStayOut(t *testing.T) {
	w := newWorld()
	w.opts.Services[1].Health = index.Health{TCP: true, Port: 4218}
	w.evacuate(plan.Evacuation{})
	w.instance(tritonA).State = providers.StateStopped
	w.opts.Health = []index.HealthState{{Key: keyEast, ID: tritonB, Service: v1Name, At: testNow, Failed: 3, Of: 3}}
	p := plan.ReturnCloud(w.view(), keyEast, "")
	if len(p.Steps) > 0 || !strings.Contains(strings.Join(p.Skipped, "\n"), "sd-02 (c2f0a1b2) in joyent-east fails the health check of "+v1Name) || !strings.Contains(strings.Join(p.Skipped, "\n"), "no node can be returned, so joyent-east stays evacuated") {
		t.Errorf("%q, %q", sentences(p), p.Skipped)
	}
	w.instance(tritonA).State = providers.StateRunning
	p = plan.ReturnCloud(w.view(), keyEast, "")
	w.carryOutPart(p)
	if got := w.inDNS(); !slices.Contains(got, "165.225.128.1") || slices.Contains(got, "165.225.128.2") || len(p.Skipped) != 1 {
		t.Errorf("in DNS: %q, skipped %q", got, p.Skipped)
	}
	if v := w.view(); len(v.Index.Evacuations) > 0 || v.Count(dnsview.Quiesced) != 2 {
		t.Errorf("the other node is forgotten: %v", v.Counts())
	}
}

// carryOutPart carries out a plan that leaves something alone.
func (w *world) carryOutPart(p plan.Plan) {
	p.Skipped = nil
	w.mustCarryOut(p)
}

func TestNothingIsReturnedWhileTheCloudCannotBeRead(t *testing.T) {
	w := newWorld()
	w.evacuate(plan.Evacuation{})
	w.failCloud("joyent-east")
	p := plan.ReturnCloud(w.view(), keyEast, "")
	if len(p.Steps) > 0 || len(p.Skipped) != 1 || !strings.Contains(p.Skipped[0], "nothing is returned") {
		t.Errorf("%q, %q", sentences(p), p.Skipped)
	}
}

func TestAnEvacuationThatWasStoppedInBetweenGoesOnAndIsReturnedAsAWhole(t *testing.T) {
	for stop := range 7 {
		w := newWorld()
		p := plan.Evacuate(w.view(), plan.Evacuation{Cloud: keyEast})
		p.Steps = p.Steps[:stop]
		w.mustCarryOut(p)
		rest := plan.Evacuate(w.view(), plan.Evacuation{Cloud: keyEast})
		w.mustCarryOut(rest)
		if got := w.inDNS(); len(got) != 3 {
			t.Errorf("stopped before step %d: in DNS %q", stop+1, got)
		}
		w.mustCarryOut(plan.ReturnCloud(w.view(), keyEast, ""))
		if got := w.inDNS(); len(got) != 6 || len(w.view().Index.Evacuations) > 0 {
			t.Errorf("stopped before step %d, and returned: in DNS %q", stop+1, got)
		}
	}
}

func TestThePlanOfAnEvacuationHasTheSameChecksumLater(t *testing.T) {
	w := newWorld()
	e := plan.Evacuation{Cloud: keyEast, For: time.Hour}
	before := plan.Evacuate(w.view(), e)
	doc := before.Doc(nil)
	after := plan.Evacuate(w.later(10*time.Second), e)
	if before.Checksum() != after.Checksum() {
		t.Error("another checksum")
	}
	if kept := after.AsShown(&doc); len(kept.Steps) != len(after.Steps) {
		t.Errorf("of the plan that was shown only %q are left: %q", sentences(kept), kept.Skipped)
	}
	e.Cloud = keyUse1
	if other := plan.Evacuate(w.view(), e); other.Checksum() == before.Checksum() {
		t.Error("the evacuation of another cloud has the same checksum")
	}
}
