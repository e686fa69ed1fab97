package apply

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// loseOutcome overwrites the line of the journal that says what became of an entry.
func (b *bench) loseOutcome(id string) {
	b.t.Helper()
	data, err := os.ReadFile(b.j.Path())
	if err != nil {
		b.t.Fatal(err)
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	i := slices.IndexFunc(lines, func(l []byte) bool { return bytes.Contains(l, []byte(`"outcome":{"id":"`+id+`"`)) })
	if i < 0 {
		b.t.Fatalf("no outcome of entry %s", id)
	}
	lines[i] = append(bytes.Repeat([]byte("x"), len(lines[i])-1), '\n')
	if err := os.WriteFile(b.j.Path(), bytes.Join(lines, nil), 0o600); err != nil {
		b.t.Fatal(err)
	}
	j, err := openJournal(b.j.Path(), b.clk.Clock)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = j.Close() })
	b.j, b.opts.Journal = j, j
}

func TestWhatWasDoneAndTurnedSinceIsNotSaidToHaveFailedWhenItsLineIsLost(t *testing.T) {
	for name := range newBench(t).plans() {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			p := b.plans()[name]
			e, j := b.other()
			if rep := e.Run(t.Context(), p, Confirm{}, nil); !rep.OK() {
				t.Fatalf("%v", states(rep))
			}
			made := entries(t, j)
			undo, err := e.UndoPlan("")
			if err != nil {
				t.Fatal(err)
			}
			if rep := e.Run(t.Context(), undo, Confirm{}, nil); !rep.OK() {
				t.Fatalf("%v %s", states(rep), rep.Steps[0].Why)
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			for i := range made {
				b.loseOutcome(made[i].ID)
			}
			r := b.resolve()
			if len(r.Settled) != len(made) {
				t.Fatalf("%+v", r)
			}
			for i := range r.Settled {
				if en := &r.Settled[i]; en.State == journal.Failed {
					t.Errorf("entry %s was done, and is said to have failed: %s", en.ID, en.Note)
				}
			}
			if again := b.resolve(); len(again.Settled)+len(again.Open) != 0 {
				t.Errorf("again: %+v", again)
			}
		})
	}
}

func TestAChangeWhoseAnswerWasLostIsUnknownOnceTheSameRecordWasChangedAgain(t *testing.T) {
	b := newBench(t)
	_, j := b.other()
	rec := providers.Record{Zone: cfZone, Name: www, Type: "A", Value: "34.200.16.77", TTL: 60}
	begin := func(op providers.Op, outcome journal.State) {
		t.Helper()
		c := providers.Change{Op: op}
		if op == providers.OpCreate {
			c.After = rec
		} else {
			c.Before = rec
		}
		es, err := j.Begin(journal.Entry{Run: "r" + string(outcome) + string(op), Verb: "register", Kind: journal.KindChange, Zone: cfZone, Sentence: string(op) + " it", Change: &c})
		if err != nil {
			t.Fatal(err)
		}
		if err := j.End(journal.Outcome{ID: es[0].ID, State: outcome}); err != nil {
			t.Fatal(err)
		}
	}
	begin(providers.OpCreate, journal.Unknown)
	begin(providers.OpDelete, journal.Failed)
	if r := b.resolve(); len(r.Settled) != 1 || r.Settled[0].State != journal.Failed {
		t.Fatalf("what failed later hides nothing: %+v", r)
	}
	begin(providers.OpCreate, journal.Unknown)
	begin(providers.OpDelete, journal.Done)
	if r := b.resolve(); len(r.Settled)+len(r.Open) != 0 {
		t.Errorf("a later entry has deleted it: %+v", r)
	}
	if es := entries(t, b.j); es[2].State != journal.Unknown {
		t.Errorf("%+v", es[2])
	}
}

func TestAPowerActionThatALaterOneTurnedIsNotSaidToHaveFailed(t *testing.T) {
	for _, c := range []struct {
		later journal.Entry
		state journal.State
		want  journal.State
	}{
		{journal.Entry{Action: string(plan.PowerStart)}, journal.Done, journal.Unknown},
		{journal.Entry{Action: string(plan.PowerStart)}, journal.Failed, journal.Failed},
		{journal.Entry{Action: string(plan.PowerReboot)}, journal.Done, journal.Failed},
	} {
		t.Run(c.later.Action+" "+string(c.state), func(t *testing.T) {
			b := newBench(t)
			_, j := b.other()
			i := ref(b.aws, "i-1")
			c.later.Run, c.later.Kind, c.later.Instance, c.later.Sentence = "r2", journal.KindPower, &i, "Start it"
			es, err := j.Begin(journal.Entry{Run: "r1", Kind: journal.KindPower, Action: string(plan.PowerStop), Instance: &i}, c.later)
			if err != nil {
				t.Fatal(err)
			}
			if err := j.End(journal.Outcome{ID: es[1].ID, State: c.state}); err != nil {
				t.Fatal(err)
			}
			_ = j.Close()
			r := b.resolve()
			if len(r.Settled) != 1 || r.Settled[0].State != c.want {
				t.Fatalf("%+v", r)
			}
			if c.want == journal.Unknown && !strings.Contains(r.Settled[0].Note, "but entry "+es[1].ID+" came after it") {
				t.Error(r.Settled[0].Note)
			}
		})
	}
}
