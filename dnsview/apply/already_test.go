package apply

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// An API whose reads are behind says of each record that was deleted a moment ago that it is there already.
func TestAnUndoAtOnceBringsEverythingBackThoughReadsAreBehind(t *testing.T) {
	for _, c := range []struct {
		name string
		node string
		zone func(b *bench) *fakeDNS
		set  func(b *bench)
	}{
		{"Cloudflare", "m-1", func(b *bench) *fakeDNS { return b.cf }, func(*bench) {}},
		{"Route 53", "s-1", func(b *bench) *fakeDNS { return b.sd }, func(*bench) {}},
		{"Route 53 that may not be asked", "s-1", func(b *bench) *fakeDNS { return b.sd }, func(b *bench) {
			b.sd.Progress = func(string) (bool, error) { return false, providers.Errorf(providers.KindAuth, "x", "denied") }
		}},
		{"nothing asks name servers", "s-1", func(b *bench) *fakeDNS { return b.sd }, func(b *bench) { b.opts.Wire = nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			c.set(b)
			d := c.zone(b)
			before := values(d)
			b.triton.Remove(c.node)
			d.Late(5 * time.Second)
			if rep := b.run(b.dead(), v1); !rep.OK() {
				t.Fatalf("%v %+v", states(rep), rep.Asks())
			}
			undo, err := b.engine().UndoPlan("")
			if err != nil {
				t.Fatal(err)
			}
			rep := b.run(undo)
			d.Behind = 0
			if !rep.OK() || strings.Join(values(d), "\n") != strings.Join(before, "\n") {
				t.Errorf("%v: zone %v, want %v", states(rep), values(d), before)
			}
			for _, e := range entries(t, b.j) {
				if e.Undoes != "" && (e.Already || e.State != journal.Done) {
					t.Errorf("the journal says %s, already %v of %s", e.State, e.Already, e.Sentence)
				}
			}
		})
	}
}

func TestWhatIsSaidToBeThereAndStaysAwayEndsUnknown(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	if rep := b.run(b.dead()); !rep.OK() {
		t.Fatalf("%v", states(rep))
	}
	undo, err := b.engine().UndoPlan("")
	if err != nil {
		t.Fatal(err)
	}
	b.cf.Lies = true
	at := b.clk.Now()
	rep := b.run(undo)
	wantStates(t, rep, StepUnknown)
	if e := entries(t, b.j); e[len(e)-1].State != journal.Unknown || e[len(e)-1].Already || !strings.Contains(rep.Steps[0].Why, "could not be confirmed") {
		t.Errorf("%+v: %s", e[len(e)-1], rep.Steps[0].Why)
	}
	if took := b.clk.Now().Sub(at); took < time.Minute || took > 2*time.Minute {
		t.Errorf("it took %s", took)
	}
}

func TestWhatIsThereAlreadyIsConfirmedByTheNameServersOrBySecondRead(t *testing.T) {
	rec := providers.Record{Zone: sdZone, Name: v1, Type: "TXT", TTL: 3600, Value: `"txtvers=1"`}
	plan := plan.Plan{Verb: index.VerbCreate, Steps: []plan.Step{{ID: 1, Kind: plan.StepChange, Zone: sdZone, Sentence: "Make it", Change: &providers.Change{Op: providers.OpCreate, After: rec}}}}
	for _, c := range []struct {
		name     string
		set      func(b *bench)
		at, most time.Duration
	}{
		{"by the name servers", func(*bench) {}, 0, time.Second},
		{"by a second read", func(b *bench) { b.opts.Wire = nil }, time.Minute, 70 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			c.set(b)
			rep := b.run(plan)
			wantStates(t, rep, StepDone)
			if got := b.clk.Now().Sub(begin); !rep.Steps[0].Already || got < c.at || got > c.most {
				t.Errorf("already %v after %s", rep.Steps[0].Already, got)
			}
			if c.at == 0 && !strings.Contains(rep.Steps[0].Wire, "show the change") {
				t.Errorf("wire %q", rep.Steps[0].Wire)
			}
		})
	}
}

func TestADeleteOfWhatWasJustMadeIsNotDoneBecauseReadsAreBehind(t *testing.T) {
	b := newBench(t)
	b.node(b.triton, "m-9", "www-9", "165.225.128.99", "www")
	b.sd.Late(0)
	p := plan.Register(b.view(), "", ref(b.triton, "m-9"))
	if len(p.Steps) == 0 {
		t.Fatalf("%+v", p)
	}
	b.cf.Late(5 * time.Second)
	if rep := b.run(p); !rep.OK() || !has(b.cf, "165.225.128.99") {
		t.Fatalf("%v", states(rep))
	}
	undo, err := b.engine().UndoPlan("")
	if err != nil {
		t.Fatal(err)
	}
	rep := b.run(undo)
	b.cf.Behind = 0
	if rep.OK() == has(b.cf, "165.225.128.99") {
		t.Errorf("%v, and the record is there: %v (%s)", states(rep), has(b.cf, "165.225.128.99"), rep.Steps[0].Why)
	}
}

// A request that never arrived, whose record the reads do not show yet because it was just made, has not deleted it.
func TestADeleteWhoseAnswerWasLostIsNotDoneBecauseReadsAreBehind(t *testing.T) {
	for _, wire := range []bool{true, false} {
		b := newBench(t)
		if !wire {
			b.opts.Wire = nil
		}
		b.node(b.triton, "m-9", "www-9", "165.225.128.99", "www")
		p := plan.Register(b.view(), "", ref(b.triton, "m-9"))
		b.cf.Late(5 * time.Second)
		if rep := b.run(p); !rep.OK() || !has(b.cf, "165.225.128.99") {
			t.Fatalf("%v", states(rep))
		}
		undo, err := b.engine().UndoPlan("")
		if err != nil {
			t.Fatal(err)
		}
		b.cf.Fault = func(providers.Change) (error, bool) {
			b.cf.Show(slices.DeleteFunc(slices.Clone(b.cf.Rows), func(r providers.Record) bool { return r.Value == "165.225.128.99" }), 5*time.Second)
			return providers.Errorf(providers.KindUncertain, "change", "lost"), false
		}
		rep := b.run(undo)
		b.cf.Behind = 0
		last := entries(t, b.j)[len(entries(t, b.j))-1]
		if !has(b.cf, "165.225.128.99") || rep.OK() || last.State == journal.Done {
			t.Errorf("name servers asked %v: %v, the record is there: %v, journal %s (%s)", wire, states(rep), has(b.cf, "165.225.128.99"), last.State, last.Note)
		}
	}
}

// A create whose request never arrived is looked up by its adapter, and the reads still show what was there before.
func TestACreateThatIsSaidToBeMadeAfterALostAnswerIsMadeOrNotDone(t *testing.T) {
	for _, healed := range []bool{true, false} {
		b := newBench(t)
		b.triton.Remove("m-1")
		if rep := b.run(b.dead()); !rep.OK() {
			t.Fatalf("%v", states(rep))
		}
		undo, err := b.engine().UndoPlan("")
		if err != nil {
			t.Fatal(err)
		}
		b.cf.Lies, b.cf.Lost = true, true
		b.onSleep(func() { b.cf.Lies = b.cf.Lies && !healed })
		rep := b.run(undo)
		last := entries(t, b.j)[len(entries(t, b.j))-1]
		if there := has(b.cf, "165.225.128.1"); there != healed || rep.OK() != healed || last.Already || (last.State == journal.Done) != healed {
			t.Errorf("it can be made: %v, it is there: %v; %v, journal %s (%s)", healed, there, states(rep), last.State, last.Note)
		}
	}
}

// Where another writer turns back what was made with a lost answer, the journal does not say that it was never made.
func TestWhatAnotherWriterTurnedBackAfterALostAnswerIsUnknown(t *testing.T) {
	b := newBench(t)
	b.node(b.triton, "m-9", "www-9", "165.225.128.99", "www")
	p := plan.Register(b.view(), "", ref(b.triton, "m-9"))
	b.cf.Lies, b.cf.Lost = true, true
	b.onSleep(func() { b.triton.Remove("m-9"); b.triton.Gone["m-9"] = true })
	rep := b.run(p)
	b.cf.Lies = false
	es := entries(t, b.j)
	if last := es[len(es)-1]; rep.OK() || last.State != journal.Unknown {
		t.Errorf("%v: %+v", states(rep), last)
	}
	if _, err := b.engine().Resolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	es = entries(t, b.j)
	if last := es[len(es)-1]; last.State != journal.Unknown {
		t.Errorf("looked up later: %+v", last)
	}
}

// A node that was taken out on purpose while it was made sure of is not put back.
func TestWhatWasTakenOutOnPurposeMeanwhileIsNotWrittenAgain(t *testing.T) {
	b := newBench(t)
	b.node(b.triton, "m-9", "www-9", "165.225.128.99", "www")
	p := plan.Register(b.view(), "", ref(b.triton, "m-9"))
	o := providers.Owner{Fleet: fleetID, Cloud: tritonKey, Instance: "m-9", Registered: begin}
	quiet := o
	quiet.Quiesced = true
	text, err := quiet.For("A", "165.225.128.99").Encode()
	if err != nil {
		t.Fatal(err)
	}
	b.cf.Lies = true
	b.cf.OnApply = func([]providers.Change) {
		b.cf.OnApply = nil
		b.cf.Add(providers.Record{Zone: cfZone, Name: providers.MarkerName("m-9", www), Type: "TXT", TTL: 300, Value: providers.FormatTXT([]string{text})})
	}
	b.onSleep(func() { b.cf.Lies = false }) // from the second time on it is the truth
	rep := b.run(p)
	if has(b.cf, "165.225.128.99") || rep.OK() {
		t.Errorf("%v (%s): zone %v", states(rep), rep.Steps[0].Why, values(b.cf))
	}
}
