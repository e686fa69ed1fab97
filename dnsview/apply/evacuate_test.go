package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// down makes the API of joyent-east fail, and returns the plan to evacuate that cloud, with the text to type.
func (b *bench) down() (p plan.Plan, typed string) {
	b.t.Helper()
	if b.last == nil {
		b.last = b.view().Snapshot
	}
	b.triton.ListErr = &providers.Error{Kind: providers.KindThrottled, Op: "list machines", Source: "joyent-east"}
	p = plan.Evacuate(b.view(), plan.Evacuation{Cloud: tritonKey})
	return p, p.Evacuated.Confirm
}

// nodesIn returns the values of nodes that a zone has.
func nodesIn(d *fakeDNS) (out []string) {
	for _, r := range d.Rows {
		if r.Type == "A" || r.Type == "SRV" {
			out = append(out, r.Value)
		}
	}
	slices.Sort(out)
	return out
}

func TestACloudWhoseAPIIsDownIsEvacuatedWithoutAskingIt(t *testing.T) {
	b := newBench(t)
	p, typed := b.down()
	if typed != "joyent-east 5" {
		t.Fatalf("to be typed: %q", typed)
	}
	check := b.engine().Check(t.Context(), p)
	asks := check.Asks()
	if len(asks) != 1 || asks[0].Text != typed || !strings.Contains(asks[0].Why, v1+" keeps no live member") || !strings.Contains(asks[0].Why, "what runs in joyent-east is not known") {
		t.Errorf("asks %+v", asks)
	}
	asked := len(b.triton.Asked)
	rep := b.run(p, typed)
	if rep.Count(StepDone) != len(p.Steps) {
		t.Fatalf("%v", states(rep))
	}
	if len(b.triton.Asked) != asked {
		t.Errorf("it was asked for %q", b.triton.Asked[asked:])
	}
	if len(b.cf.Applied) != 3 || len(b.sd.Applied) != 2 {
		t.Errorf("%d writes to one zone and %d to the other", len(b.cf.Applied), len(b.sd.Applied))
	}
	if got := nodesIn(b.cf); len(got) != 4 || slices.Contains(got, "165.225.128.1") || len(nodesIn(b.sd)) != 0 {
		t.Errorf("in DNS: %q, %q", got, nodesIn(b.sd))
	}
	for _, e := range entries(t, b.j) {
		if e.Verb != "evacuate" || e.State != journal.Done || e.Change == nil {
			t.Errorf("journal: %+v", e)
		}
	}
}

func TestNothingOfAnEvacuationIsDoneBeforeItsTextIsTyped(t *testing.T) {
	b := newBench(t)
	p, _ := b.down()
	for _, typed := range []string{"", "joyent-east", "joyent-east 4", "5"} {
		rep := b.run(p, typed)
		if rep.Count(StepDone) > 0 || len(b.cf.Applied)+len(b.sd.Applied) > 0 {
			t.Errorf("typed %q: %v", typed, states(rep))
		}
		if asks := rep.Asks(); len(asks) != 1 || asks[0].Text != "joyent-east 5" {
			t.Errorf("typed %q: asks %+v", typed, asks)
		}
	}
}

func TestTheGuardsOfAnEvacuationHoldForTheOtherClouds(t *testing.T) {
	b := newBench(t)
	p, typed := b.down()
	b.aws.ListErr = errors.New("no answer")
	if rep := b.run(p); rep.Count(StepDone) > 0 || len(nodesIn(b.cf)) != 5 || len(nodesIn(b.sd)) != 4 || len(b.cf.Rows) != 5 {
		t.Errorf("with the other cloud unread and nothing typed: %v", states(rep))
	} else if asks := rep.Asks(); len(asks) != 1 || asks[0].Text != typed || !strings.Contains(asks[0].Why, "no node of aws-use1 counts as one that stays: aws-use1 could not be read") {
		t.Errorf("asks %+v", asks)
	}
	if rep := b.run(p, typed); rep.Count(StepDone) != len(p.Steps) || len(nodesIn(b.cf)) != 4 || len(nodesIn(b.sd)) != 0 {
		t.Errorf("with the other cloud unread: %v", states(rep))
	}
	b = newBench(t)
	b.triton.Remove("m-1")
	p, typed = b.down()
	b.node(b.aws, "i-9", "other", "165.225.128.1", "mail") // the address is another's now
	rep := b.run(p, typed)
	if !slices.Contains(nodesIn(b.cf), "165.225.128.1") || slices.ContainsFunc(rep.Steps, func(s StepReport) bool {
		return s.State == StepRefused && !slices.ContainsFunc(s.Guards, func(g index.GuardResult) bool { return g.Guard == index.GuardAddress && !g.Pass })
	}) {
		t.Errorf("with an address of another: %v", states(rep))
	}
}

func TestAnAddressThatARecordOfAnotherUnreadCloudNamesIsNotEvacuated(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.aws.ListErr = errors.New("no answer")
	o := providers.Owner{Fleet: fleetID, Cloud: awsKey, Instance: "i-9", Registered: begin.Add(-time.Minute)}
	b.sd.Add(providers.Record{Zone: sdZone, Name: "mail." + sdZone, Type: "A", TTL: 30, Value: "165.225.128.1", Owners: []providers.Owner{o}})
	b.last = &providers.Snapshot{Clouds: []providers.CloudView{{Cloud: b.aws.Self}, {Cloud: b.triton.Self}}}
	p, typed := b.down()
	rep := b.run(p, typed)
	if !slices.Contains(nodesIn(b.cf), "165.225.128.1") || !slices.ContainsFunc(rep.Steps, func(s StepReport) bool {
		return s.State == StepRefused && strings.Contains(s.Why, "that of mail.unilans.net A 165.225.128.1, which belongs to a node of ")
	}) {
		t.Errorf("%v", states(rep))
	}
}

func TestAMemberThatFailsItsHealthCheckDoesNotCountAsOneThatStays(t *testing.T) {
	b := newBench(t)
	b.opts.Services[0].Minimum = 4
	b.opts.Services[0].Health = index.Health{TCP: true, Port: 80}
	p := plan.Evacuate(b.view(), plan.Evacuation{Cloud: tritonKey, Service: www})
	if rep := b.engine().Check(t.Context(), p); len(rep.Asks()) != 1 || strings.Contains(rep.Asks()[0].Why, "keeps") {
		t.Errorf("with four that are well: %+v", rep.Asks())
	}
	b.opts.Health = func() []index.HealthState {
		return []index.HealthState{{Service: www, Key: awsKey, ID: "i-1", At: b.clk.Now(), Failed: 3, Of: 3}}
	}
	if rep := b.engine().Check(t.Context(), p); len(rep.Asks()) != 1 || !strings.Contains(rep.Asks()[0].Why, "www.scalability.expert keeps 3 live members in aws-use1 of 5 members, 1 is not known to be well; its minimum is 4 members") {
		t.Errorf("with one that is not: %+v", rep.Asks())
	}
}

func TestAnEvacuationThatIsStoppedGoesOnWhereItWas(t *testing.T) {
	b := newBench(t)
	p, typed := b.down()
	ctx, cancel := context.WithCancel(t.Context())
	b.cf.OnApply = func([]providers.Change) { cancel() }
	rep := b.engine().Run(ctx, p, Confirm{Typed: []string{typed}}, nil)
	if rep.Count(StepSkipped) == 0 || rep.Count(StepDone) == 0 {
		t.Fatalf("%v", states(rep))
	}
	b.cf.OnApply = nil
	rest, typed := b.down()
	if len(rest.Steps) >= len(p.Steps) || len(rest.Steps) == 0 {
		t.Errorf("%d of %d steps are left", len(rest.Steps), len(p.Steps))
	}
	if rep = b.run(rest, typed); rep.Count(StepDone) != len(rest.Steps) || len(nodesIn(b.cf)) != 4 || len(nodesIn(b.sd)) != 0 {
		t.Errorf("%v: %q, %q", states(rep), nodesIn(b.cf), nodesIn(b.sd))
	}
	b.triton.ListErr = nil
	back := plan.ReturnCloud(b.view(), tritonKey, "")
	if rep = b.run(back); rep.Count(StepDone) != len(back.Steps) || len(nodesIn(b.cf)) != 5 || len(nodesIn(b.sd)) != 4 || len(back.Skipped) > 0 {
		t.Errorf("returned: %v, %q: %q, %q", states(rep), back.Skipped, nodesIn(b.cf), nodesIn(b.sd))
	}
	for _, d := range []*fakeDNS{b.cf, b.sd} {
		if i := slices.IndexFunc(d.Rows, func(r providers.Record) bool { return strings.HasPrefix(r.Name, "cloud-") }); i >= 0 {
			t.Errorf("left: %s", d.Rows[i].Label())
		}
	}
}

func TestTheReturnOfACloudForgetsWhatWasTakenOutOfANodeThatDoesNotRun(t *testing.T) {
	b := newBench(t)
	p, typed := b.down()
	b.run(p, typed)
	b.triton.ListErr = nil
	b.triton.Rows[0].State = providers.StateStopped
	id := b.triton.Rows[0].ID
	back := plan.ReturnCloud(b.view(), tritonKey, "")
	if rep := b.run(back); rep.Count(StepDone) != len(back.Steps) || len(back.Skipped) != 1 {
		t.Errorf("%v, %q", states(rep), back.Skipped)
	}
	for _, d := range []*fakeDNS{b.cf, b.sd} {
		if i := slices.IndexFunc(d.Rows, func(r providers.Record) bool {
			return strings.HasPrefix(r.Name, id+".") || strings.HasPrefix(r.Name, "cloud-")
		}); i >= 0 {
			t.Errorf("left: %s", d.Rows[i].Label())
		}
	}
}

func TestAnEvacuationFollowsTheNameServersUntilNoneAnswersWithItsNodes(t *testing.T) {
	b := newBench(t)
	p, typed := b.down()
	from := b.clk.Now()
	b.ns.says = func(_, typ string, values []string) ([]index.WireAnswer, error) {
		a := index.WireAnswer{Server: "ns1", Values: slices.Clone(values)}
		if typ == "A" && b.clk.Now().Sub(from) < 70*time.Second {
			a.Values = append(a.Values, "165.225.128.1")
		}
		return []index.WireAnswer{a}, nil
	}
	rep := b.run(p, typed)
	i := slices.IndexFunc(rep.Steps, func(s StepReport) bool {
		return s.Step.Change.Op == providers.OpDelete && s.Step.Change.Before.Value == "165.225.128.1"
	})
	if s := rep.Steps[i]; !strings.HasPrefix(s.Wire, "the authoritative servers show the change of www") || b.clk.Now().Sub(from) < 70*time.Second {
		t.Errorf("after %s: %q", b.clk.Now().Sub(from), s.Wire)
	}
}

// held lets a node of another cloud have each address of joyent-east, so that no value of that cloud may go.
func (b *bench) held() {
	for n, a := range []string{"165.225.128.1", "165.225.128.11", "165.225.128.12"} {
		b.node(b.aws, fmt.Sprintf("i-9%d", n), "other", a, "mail")
	}
}

// wantNothing wants a run to have left both zones as they were.
func (b *bench) wantNothing(rep *Report, before ...[]string) {
	b.t.Helper()
	if rep.Count(StepDone) > 0 || !slices.Equal(rowsWithoutIDs(b.cf), before[0]) || !slices.Equal(rowsWithoutIDs(b.sd), before[1]) {
		b.t.Errorf("done all the same: %v", states(rep))
	}
	if rep.Count(StepRefused) == 0 || !slices.ContainsFunc(rep.Steps, func(s StepReport) bool {
		return s.State == StepSkipped && s.Why == "nothing of an evacuation is done while none of its values can be taken out"
	}) {
		b.t.Errorf("%v", states(rep))
	}
}

func TestAnEvacuationOfWhichNoValueMayGoLeavesNoMarkers(t *testing.T) {
	b := newBench(t)
	b.triton.Rows = nil
	p, typed := b.down()
	b.held()
	cf, sd := rowsWithoutIDs(b.cf), rowsWithoutIDs(b.sd)
	b.wantNothing(b.run(p), cf, sd)
	b.wantNothing(b.run(p, typed), cf, sd)
}

func TestARedoOfAnEvacuationAndTheUndoOfAReturnLeaveNoMarkersIfNoValueMayGo(t *testing.T) {
	b := newBench(t)
	p := plan.Evacuate(b.view(), plan.Evacuation{Cloud: tritonKey})
	b.run(p, p.Confirm())
	undo, err := b.engine().UndoPlan("")
	if err != nil {
		t.Fatal(err)
	}
	if rep := b.run(undo); !rep.OK() {
		t.Fatal(states(rep))
	}
	redo, err := b.engine().RedoPlan()
	if err != nil {
		t.Fatal(err)
	}
	cf, sd := rowsWithoutIDs(b.cf), rowsWithoutIDs(b.sd)
	b.triton.AskErr = errors.New("no answer")
	b.wantNothing(b.run(redo), cf, sd)
	b.triton.AskErr = nil
	if rep := b.run(redo, redo.Confirm()); !rep.OK() || len(nodesIn(b.sd)) > 0 {
		t.Fatalf("a redo that may: %v", states(rep))
	}
	if rep := b.run(plan.ReturnCloud(b.view(), tritonKey, "")); !rep.OK() {
		t.Fatal(states(rep))
	}
	if undo, err = b.engine().UndoPlan(""); err != nil {
		t.Fatal(err)
	}
	cf, sd = rowsWithoutIDs(b.cf), rowsWithoutIDs(b.sd)
	b.triton.AskErr = errors.New("no answer")
	b.wantNothing(b.run(undo), cf, sd)
}

func TestARedoOfAnEvacuationAsksForItsTextOnceForAllZones(t *testing.T) {
	b := newBench(t)
	p := plan.Evacuate(b.view(), plan.Evacuation{Cloud: tritonKey})
	b.run(p, p.Confirm())
	undo, err := b.engine().UndoPlan("")
	if err != nil {
		t.Fatal(err)
	}
	if rep := b.run(undo); !rep.OK() {
		t.Fatal(states(rep))
	}
	b.opts.Guards = Guards{Threshold: NothingGoes, From: 1} // each zone asks
	redo, err := b.engine().RedoPlan()
	if err != nil {
		t.Fatal(err)
	}
	asks := b.engine().Check(t.Context(), redo).Asks()
	if len(asks) != 1 || asks[0].Text != p.Confirm() || !strings.Contains(asks[0].Why, "would go") {
		t.Fatalf("asks for %+v, want %q once", asks, p.Confirm())
	}
	cf, sd := rowsWithoutIDs(b.cf), rowsWithoutIDs(b.sd)
	for _, s := range b.run(redo, "5").Steps {
		if s.State == StepDone {
			t.Errorf("done without the text: %s", s.Step.Sentence)
		}
	}
	if !slices.Equal(rowsWithoutIDs(b.cf), cf) || !slices.Equal(rowsWithoutIDs(b.sd), sd) {
		t.Error("something was changed without the text")
	}
	if rep := b.run(redo, asks[0].Text); !rep.OK() {
		t.Errorf("with its text: %v", states(rep))
	}
}
