package journal

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"rollcall/providers"
)

// stepsOf are the entries of a run about one node.
func stepsOf(run, verb, node string, steps ...Entry) []Entry {
	for i := range steps {
		steps[i].Run, steps[i].Verb, steps[i].Who = run, verb, "ops@desk"
		steps[i].Time = time.Date(2026, 11, 1, 2, 14, i, 0, time.UTC)
		if steps[i].Instance == nil {
			steps[i].Instance = &providers.InstanceRef{Cloud: "aws-use1", Key: "k1", ID: "i-" + node, Name: node}
		}
	}
	return steps
}

func took(op providers.Op, state State) Entry {
	r := providers.Record{Zone: "z", Name: "www.z", Type: "A", Value: "192.0.2.1"}
	c := &providers.Change{Op: op, Before: r}
	if op == providers.OpCreate {
		c = &providers.Change{Op: op, After: r}
	}
	return Entry{Kind: KindChange, Change: c, State: state}
}

func ended(state State) Entry {
	return Entry{Kind: KindPower, Action: string(providers.PowerTerminate), State: state}
}

func TestADrainIsUnfinishedUntilItsNodeIsTerminatedOrPutBackOrQuiesced(t *testing.T) {
	drained := stepsOf("r1", "drain", "www-01", took(providers.OpDelete, Done))
	for name, c := range map[string]struct {
		entries []Entry
		want    bool
	}{
		"taken out":                 {drained, true},
		"refused":                   {stepsOf("r1", "drain", "www-01", took(providers.OpDelete, Refused)), false},
		"terminated":                {append(slices.Clone(drained), stepsOf("r1", "drain", "www-01", ended(Done))...), false},
		"being terminated":          {append(slices.Clone(drained), stepsOf("r1", "drain", "www-01", ended(Begun))...), false},
		"termination refused":       {append(slices.Clone(drained), stepsOf("r1", "drain", "www-01", ended(Refused))...), true},
		"terminated by another run": {append(slices.Clone(drained), stepsOf("r2", "power", "www-01", ended(Done))...), false},
		"returned":                  {append(slices.Clone(drained), stepsOf("r2", "return", "www-01", took(providers.OpCreate, Done))...), false},
		"return refused":            {append(slices.Clone(drained), stepsOf("r2", "return", "www-01", took(providers.OpCreate, Refused))...), true},
		"quiesced since":            {append(slices.Clone(drained), stepsOf("r2", "quiesce", "www-01", took(providers.OpDelete, Done))...), false},
		"another node terminated":   {append(slices.Clone(drained), stepsOf("r2", "drain", "www-02", ended(Done))...), true},
		"quiesced":                  {stepsOf("r1", "quiesce", "www-01", took(providers.OpDelete, Done)), false},
	} {
		got := unfinished(c.entries)
		if (len(got) == 1) != c.want {
			t.Errorf("%s: %+v", name, got)
		}
		if c.want && len(got) == 1 && (got[0].Instance.Name != "www-01" || got[0].Who != "ops@desk" || got[0].Run != "r1") {
			t.Errorf("%s: %+v", name, got[0])
		}
	}
}

func TestADrainThatIsLeftIsNotToldAgain(t *testing.T) {
	path := file(t)
	j := open(t, path)
	es, err := j.Begin(stepsOf("r1", "drain", "www-01", took(providers.OpDelete, ""))...)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.End(Outcome{ID: es[0].ID, State: Done}); err != nil {
		t.Fatal(err)
	}
	if got, err := j.UnfinishedDrains(); err != nil || len(got) != 0 {
		t.Fatalf("it is this process's own, and runs: %v %v", got, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, path)
	got, err := j.UnfinishedDrains()
	if err != nil || len(got) != 1 {
		t.Fatalf("%v %v", got, err)
	}
	if err := j.LeaveDrained("me@here", got...); err != nil {
		t.Fatal(err)
	}
	if got, err := j.UnfinishedDrains(); err != nil || len(got) != 0 {
		t.Fatal(fmt.Sprint(got, err))
	}
	entries, err := j.Entries()
	if err != nil || len(entries) != 2 || entries[0].State != Refused && entries[1].State != Refused {
		t.Errorf("%+v %v", entries, err)
	}
}
