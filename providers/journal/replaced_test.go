package journal

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
)

// refsOf returns the nodes of names, and namesOf the names.
func refsOf(names string) (refs []providers.InstanceRef) {
	for name := range strings.FieldsSeq(names) {
		refs = append(refs, nodeRef(name))
	}
	return refs
}

func namesOf(refs []providers.InstanceRef) string {
	var names []string
	for _, ref := range refs {
		names = append(names, ref.Name)
	}
	return strings.Join(names, " ")
}

func TestHowTheLastReplacementEnded(t *testing.T) {
	t.Parallel()
	launch := func(run, of, queue string) Entry {
		return Entry{Run: run, Who: "ana@desk", Verb: "replace", Kind: KindLaunch, State: Done, Time: at, Launch: &Launch{Replaces: &Replaces{Old: nodeRef(of), Queue: refsOf(queue)}}, Instance: &providers.InstanceRef{Key: "k1", ID: "new-" + of}}
	}
	failed := func(e Entry) Entry {
		e.State = Failed
		return e
	}
	ends := func(who, node string) Entry {
		ref := nodeRef(node)
		return Entry{Run: "r9", Who: who, Verb: "replace", Kind: KindPower, Action: string(providers.PowerTerminate), State: Done, Time: at, Ended: at.Add(time.Minute), Instance: &ref}
	}
	left := func(who, node string) Entry {
		e := ends(who, node)
		e.State, e.Note, e.Ended = Refused, leftInPlace, time.Time{}
		return e
	}
	changes := func(who, verb string, op providers.Op, node string) Entry {
		e := took(op, Done)
		ref := nodeRef(node)
		e.Who, e.Verb, e.Time, e.Instance = who, verb, at, &ref
		return e
	}
	begun := ends("ana@desk", "b")
	begun.State, begun.Ended = Begun, time.Time{}
	for name, c := range map[string]struct {
		entries          []Entry
		nodes, kept, who string
	}{
		"none":                                {[]Entry{ends("ana@desk", "a")}, "", "", ""},
		"unfinished":                          {[]Entry{launch("r1", "a", "a b"), ends("ana@desk", "a")}, "", "", ""},
		"unfinished, and begun again":         {[]Entry{launch("r1", "a", "a b"), ends("ana@desk", "a"), launch("r2", "b", "b")}, "", "", ""},
		"the last termination has no outcome": {[]Entry{launch("r1", "a", "a b"), ends("ana@desk", "a"), begun}, "", "", ""},
		"finished by one run":                 {[]Entry{launch("r1", "a", "a b"), ends("ana@desk", "a"), launch("r1", "b", "b"), ends("ana@desk", "b")}, "a b", "", "ana@desk"},
		"stopped before its second launch, and resumed": {[]Entry{launch("r1", "a", "a b"), ends("ana@desk", "a"), launch("r2", "b", "b"), ends("ben@there", "b")}, "a b", "", "ben@there"},
		"stopped after the last launch, and resumed":    {[]Entry{launch("r1", "a", "a"), ends("ben@there", "a")}, "a", "", "ben@there"},
		"resumed again and again": {[]Entry{
			launch("r1", "a", "a b c"), launch("r2", "a", "a b c"), ends("ana@desk", "a"), failed(launch("r3", "b", "b c")), launch("r4", "b", "b c"), ends("ana@desk", "b"),
			launch("r5", "c", "c"), ends("ben@there", "c"),
		}, "a b c", "", "ben@there"},
		"two that one run resumed": {[]Entry{
			launch("r1", "a", "a b"), launch("r2", "d", "d e"), ends("ana@desk", "a"), launch("r3", "b", "b"), ends("ana@desk", "b"), launch("r3", "d", "d e"), ends("ana@desk", "d"),
			launch("r4", "e", "e"), ends("ben@there", "e"),
		}, "d e", "", "ben@there"},
		"two that one run resumed, of which the first stopped, then in one": {[]Entry{
			launch("r1", "a", "a b"), launch("r2", "d", "d e"), ends("ana@desk", "a"), launch("r3", "b", "b d e"), ends("ana@desk", "d"), ends("ana@desk", "e"), ends("ben@there", "b"),
		}, "a b", "", "ben@there"},
		"left as it is":            {[]Entry{launch("r1", "a", "a"), left("ben@there", "a")}, "a", "a", "ben@there"},
		"the second left as it is": {[]Entry{launch("r1", "a", "a b"), ends("ana@desk", "a"), left("ben@there", "b")}, "a b", "b", "ben@there"},
		"the first left as it is":  {[]Entry{launch("r1", "a", "a b"), left("ben@there", "a"), launch("r2", "b", "b"), ends("ana@desk", "b")}, "a b", "a", "ana@desk"},
		"left as it is, and replaced later": {[]Entry{
			launch("r1", "a", "a b"), ends("ana@desk", "a"), left("ben@there", "b"), launch("r2", "b", "b"), ends("cleo@far", "b"),
		}, "b", "", "cleo@far"},
		"put back":                           {[]Entry{launch("r1", "a", "a"), changes("ana@desk", "replace", providers.OpDelete, "a"), changes("ben@there", "return", providers.OpCreate, "a")}, "a", "a", "ben@there"},
		"quiesced":                           {[]Entry{launch("r1", "a", "a"), changes("ben@there", "quiesce", providers.OpDelete, "a")}, "a", "a", "ben@there"},
		"terminated by a command":            {[]Entry{launch("r1", "a", "a"), changes("ben@there", "drain", providers.OpDelete, "a"), ends("ben@there", "a")}, "a", "", "ben@there"},
		"part of another one":                {[]Entry{launch("r1", "a", "a b"), ends("ana@desk", "a"), launch("r2", "b", "b c"), ends("ben@there", "b"), ends("ben@there", "c")}, "b c", "", "ben@there"},
		"finished, and one is begun":         {[]Entry{launch("r1", "a", "a"), ends("ana@desk", "a"), launch("r3", "b", "b")}, "a", "", "ana@desk"},
		"finished, and one launched nothing": {[]Entry{launch("r1", "a", "a"), ends("ana@desk", "a"), failed(launch("r3", "b", "b"))}, "a", "", "ana@desk"},
	} {
		last, ok := LastReplacement(c.entries)
		if ok != (c.nodes != "") || namesOf(last.Nodes) != c.nodes || namesOf(last.Kept) != c.kept || last.Who != c.who {
			t.Errorf("%s: %+v %t", name, last, ok)
		}
	}
	es := []Entry{launch("r1", "a", "a b"), ends("ana@desk", "a"), launch("r2", "b", "b"), ends("ben@there", "b"), left("cleo@far", "b")}
	es[3].ID = "9"
	for _, n := range []int{4, 5} { // with what came after its end
		if last, ok := LastReplacement(slices.Clone(es[:n])); !ok || last.Entry != "9" || !last.At.Equal(at.Add(time.Minute)) {
			t.Errorf("%+v %t", last, ok)
		}
	}
}
