package journal

import (
	"fmt"
	"slices"
	"strings"
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
	w, err := j.BeginWork("ops@desk", nodeRef("www-01"))
	if err != nil {
		t.Fatal(err)
	}
	drained(t, j, "www-01")
	if got, err := j.UnfinishedDrains(); err != nil || len(got) != 0 {
		t.Fatalf("it is this process's own, and runs: %v %v", got, err)
	}
	if err := w.End(); err != nil {
		t.Fatal(err)
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

func replacing(old, launched string, state State, queue ...string) Entry {
	ref := func(name string) providers.InstanceRef {
		return providers.InstanceRef{Cloud: "aws-use1", Key: "k1", ID: "i-" + name, Name: name}
	}
	r := &Replaces{Old: ref(old), MaxOut: 1}
	for _, q := range queue {
		r.Queue = append(r.Queue, ref(q))
	}
	started := ref(launched)
	return Entry{Kind: KindLaunch, Launch: &Launch{ID: "l" + old, Replaces: r}, Instance: &started, State: state}
}

func TestAReplacementIsUnfinishedForEachNodeThatItWasToTerminate(t *testing.T) {
	one := stepsOf("r1", "replace", "a", replacing("a", "n1", Done, "a", "b", "c"), took(providers.OpDelete, Done), ended(Done))
	two := append(slices.Clone(one), stepsOf("r1", "replace", "b", replacing("b", "n2", Done, "a", "b", "c"))...)
	for name, c := range map[string]struct {
		entries []Entry
		want    string
	}{
		"launched":                      {one[:1], "a(n1) b() c()"},
		"launch begun":                  {stepsOf("r1", "replace", "a", replacing("a", "", Begun, "a", "b")), "a() b()"},
		"nothing launched":              {stepsOf("r1", "replace", "a", replacing("a", "", Failed, "a", "b")), ""},
		"taken out":                     {one[:2], "a(n1,out) b() c()"},
		"one done":                      {one, "b() c()"},
		"the second launched":           {two, "b(n2) c()"},
		"the second refused":            {append(slices.Clone(one), stepsOf("r1", "replace", "b", replacing("b", "", Failed, "a", "b", "c"))...), "b() c()"},
		"the second of two is first":    {stepsOf("r1", "replace", "b", replacing("b", "n2", Done, "a", "b")), "a() b(n2)"},
		"another run goes on":           {append(slices.Clone(two), stepsOf("r2", "replace", "c", replacing("c", "", Failed, "b", "c"))...), "b(n2) c()"},
		"all done":                      {stepsOf("r1", "replace", "a", replacing("a", "n1", Done, "a"), took(providers.OpDelete, Done), ended(Done)), ""},
		"the old one was put back":      {append(slices.Clone(one[:2]), stepsOf("r2", "return", "a", took(providers.OpCreate, Done))...), "b() c()"},
		"the old one was left in place": {append(slices.Clone(one[:1]), stepsOf("r1", "replace", "a", Entry{Kind: KindPower, Action: "terminate", State: Refused, Note: leftInPlace})...), "b() c()"},
	} {
		got := ""
		for _, u := range unfinished(c.entries) {
			in := ""
			if u.Launched != nil {
				in = u.Launched.Name
			}
			if u.OutOfDNS {
				in += ",out"
			}
			got += " " + u.Instance.Name + "(" + in + ")"
			if !u.Replacement || u.Who != "ops@desk" {
				t.Errorf("%s: %+v", name, u)
			}
		}
		if strings.TrimSpace(got) != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestStoppedReplacementsKeepTheirOwnLimits(t *testing.T) {
	limited := func(maxOut int, e Entry) Entry {
		e.Launch.Replaces.MaxOut = maxOut
		return e
	}
	one := stepsOf("r1", "replace", "a", limited(2, replacing("a", "n1", Done, "a", "b", "c")))
	two := stepsOf("r2", "replace", "d", limited(1, replacing("d", "n2", Done, "d", "e")))
	told := func(entries []Entry) (out string) {
		for _, r := range StoppedReplacements(unfinished(entries)) {
			out += fmt.Sprint(r.MaxOut)
			for _, n := range r.Nodes {
				out += " " + n.Name
			}
			out += ";"
		}
		return out
	}
	both := slices.Concat(one, two)
	if got := told(both); got != "2 a b c;1 d e;" {
		t.Error(got)
	}
	// One run goes on with both, and is stopped in the second.
	again := stepsOf("r3", "replace", "a", limited(2, replacing("a", "n1", Done, "a", "b", "c")), limited(1, replacing("d", "n2", Done, "d", "e")))
	if got := told(slices.Concat(both, again)); got != "2 a b c;1 d e;" {
		t.Error(got)
	}
}

func TestTheLaunchInPlaceOfANodeIsFoundUnlessItFailed(t *testing.T) {
	es := stepsOf("r1", "replace", "a", replacing("a", "n1", Done, "a"), replacing("a", "n2", Failed, "a"), replacing("b", "n3", Begun, "b"))
	if e := ReplacementOf(es, es[0].Launch.Replaces.Old); e == nil || e.Instance.Name != "n1" {
		t.Errorf("%+v", e)
	}
	if e := ReplacementOf(es, *es[0].Instance); e != nil {
		t.Errorf("%+v", e)
	}
}
