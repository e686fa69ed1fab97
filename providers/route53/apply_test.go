package route53_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/route53"
)

func rec(typ, value string, owners ...providers.Owner) providers.Record {
	r := providers.Record{Zone: "unilans.net", Name: "www.unilans.net", Type: typ, TTL: 60, Value: value}
	for _, o := range owners {
		r.Owners = append(r.Owners, o.For(typ, value))
	}
	return r
}

func create(r providers.Record) providers.Change {
	return providers.Change{Op: providers.OpCreate, After: r}
}

func remove(r providers.Record) providers.Change {
	return providers.Change{Op: providers.OpDelete, Before: r}
}

func update(before, after providers.Record) providers.Change {
	return providers.Change{Op: providers.OpUpdate, Before: before, After: after}
}

func apply(a *route53.Account, changes ...providers.Change) []providers.Result {
	return a.Apply(context.Background(), zone, changes)
}

func wantDone(t *testing.T, results []providers.Result) {
	t.Helper()
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("change %d: %v", i, r.Err)
		}
	}
}

// values are the values of www A, sorted.
func (f *fake) values() []string {
	s := f.get("www.unilans.net.", "A")
	if s == nil {
		return nil
	}
	return slices.Sorted(slices.Values(s.Values))
}

func TestAValueAndItsMarkerComeAndGoInOneBatch(t *testing.T) {
	f := newFake(t)
	f.put(rrset{Name: "www.unilans.net.", Type: "A", TTL: 30, Values: []string{"54.1.1.1"}})
	a := f.account()
	res := apply(a, create(rec("A", "54.1.1.2", owner("i-2"))))
	wantDone(t, res)
	if r := res[0].Record; r.TTL != 30 || r.Value != "54.1.1.2" || len(r.Owners) != 1 || res[0].Ticket != "C1" || res[0].Already {
		t.Errorf("result %+v: a create keeps the TTL of the set", res[0])
	}
	if f.made() != 1 || len(f.batches[0].Changes) != 3 { // DELETE and CREATE of the set, CREATE of the marker
		t.Fatalf("batches %+v", f.batches)
	}
	got, err := a.Lookup(context.Background(), zone, "www.unilans.net", "A")
	if err != nil || len(got) != 2 || !got[1].Equal(&res[0].Record) {
		t.Fatalf("rows %+v, error %v", got, err)
	}
	wantDone(t, apply(a, remove(got[1])))
	if f.made() != 2 || f.get("i-2._rollcall.www.unilans.net.", "TXT") != nil || !slices.Equal(f.values(), []string{"54.1.1.1"}) {
		t.Errorf("sets %+v after %d batches", f.sets, f.made())
	}
}

func TestAddingWhatIsThereWithTheSameOwnerIsAlreadyDone(t *testing.T) {
	f := newFake(t)
	a := f.account()
	wantDone(t, apply(a, create(rec("A", "54.1.1.1", owner("i-1")))))
	later := owner("i-1")
	later.Registered = later.Registered.AddDate(0, 0, 1)
	res := apply(a, create(rec("A", "54.1.1.1", later)), create(rec("A", "54.1.1.1")))
	wantDone(t, res)
	if !res[0].Already || !res[1].Already || f.made() != 1 {
		t.Errorf("results %+v after %d batches", res, f.made())
	}
	wantKind(t, apply(a, create(rec("A", "54.1.1.1", owner("i-2"))))[0].Err, providers.KindConflict)
}

func TestAdoptingAnUnmarkedValueByCreatingItIsAConflict(t *testing.T) {
	f := newFake(t)
	f.put(rrset{Name: "www.unilans.net.", Type: "A", TTL: 60, Values: []string{"54.1.1.1"}})
	a := f.account()
	wantKind(t, apply(a, create(rec("A", "54.1.1.1", owner("i-1"))))[0].Err, providers.KindConflict)
	wantDone(t, apply(a, update(rec("A", "54.1.1.1"), rec("A", "54.1.1.1", owner("i-1")))))
	if f.get("i-1._rollcall.www.unilans.net.", "TXT") == nil {
		t.Error("the update wrote no marker")
	}
}

func TestADeleteOfWhatIsNotAsItWasReadIsAConflictAndDoesNothing(t *testing.T) {
	base := rec("A", "54.1.1.1", owner("i-1"))
	for name, change := range map[string]func(r *providers.Record){
		"another TTL":     func(r *providers.Record) { r.TTL = 61 },
		"another owner":   func(r *providers.Record) { r.Owners[0].Instance = "i-9" },
		"another fleet":   func(r *providers.Record) { r.Owners[0].Fleet = "ffff" },
		"later marked":    func(r *providers.Record) { r.Owners[0].Registered = r.Owners[0].Registered.AddDate(1, 0, 0) },
		"quiesced":        func(r *providers.Record) { r.Owners[0].Quiesced = true },
		"no owner":        func(r *providers.Record) { r.Owners = nil },
		"another policy":  func(r *providers.Record) { r.Policy = "health=hc" },
		"a weight":        func(r *providers.Record) { r.Weight = 3 },
		"another set":     func(r *providers.Record) { r.SetID = "one" },
		"another value":   func(r *providers.Record) { r.Value = "54.1.1.7" },
		"another type":    func(r *providers.Record) { r.Type = "AAAA" },
		"a broken marker": func(r *providers.Record) { r.BadMarkers = []string{"rollcall9"} },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			a := f.account()
			wantDone(t, apply(a, create(base)))
			was := base
			was.Owners = slices.Clone(base.Owners)
			change(&was)
			wantKind(t, apply(a, remove(was))[0].Err, providers.KindConflict)
			if f.made() != 1 {
				t.Errorf("%d batches", f.made())
			}
		})
	}
}

func TestADeleteThatLosesARaceIsAConflict(t *testing.T) {
	f := newFake(t)
	a := f.account()
	wantDone(t, apply(a, create(rec("A", "54.1.1.1"))))
	f.onChange = func(http.ResponseWriter, *changeBatch) bool {
		f.onChange = nil
		for i := range f.sets { // another writer adds a value between our read and our write
			if f.sets[i].Type == "A" {
				f.sets[i].Values = append(slices.Clone(f.sets[i].Values), "54.1.1.2")
			}
		}
		return false
	}
	wantKind(t, apply(a, remove(rec("A", "54.1.1.1")))[0].Err, providers.KindConflict)
	if got := f.values(); !slices.Equal(got, []string{"54.1.1.1", "54.1.1.2"}) {
		t.Errorf("values %v", got)
	}
}

func TestADeleteInAnotherSetIsNotHurtByTheRaceOfAnAdd(t *testing.T) {
	f := newFake(t)
	other := rec("A", "54.5.5.5")
	other.Name = "db.unilans.net"
	f.put(rrset{Name: "db.unilans.net.", Type: "A", TTL: 60, Values: []string{"54.5.5.5"}})
	f.onChange = func(http.ResponseWriter, *changeBatch) bool {
		f.onChange = nil
		f.sets = append(f.sets, rrset{Name: "www.unilans.net.", Type: "A", TTL: 60, Values: []string{"54.1.1.2"}})
		return false
	}
	wantDone(t, apply(f.account(), create(rec("A", "54.1.1.1")), remove(other)))
	if got := f.values(); !slices.Equal(got, []string{"54.1.1.1", "54.1.1.2"}) || f.get("db.unilans.net.", "A") != nil {
		t.Errorf("values %v, db %+v", got, f.get("db.unilans.net.", "A"))
	}
}

func TestTwoHundredNodesThatJoinAtOnceLoseNobody(t *testing.T) {
	f := newFake(t)
	nodes := 200
	if providertest.RaceDetector || testing.Short() {
		nodes = 30
	}
	errs := make([]error, nodes)
	var wg sync.WaitGroup
	for i := range nodes {
		a := f.account() // each node is a process of its own
		wg.Go(func() {
			errs[i] = apply(a, create(rec("A", fmt.Sprintf("54.1.%d.%d", i/100, i%100+1), owner(fmt.Sprintf("i-%d", i)))))[0].Err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if n := len(f.values()); n != nodes {
		t.Fatalf("%d values of %d nodes", n, nodes)
	}
	got, err := f.account().Lookup(context.Background(), zone, "www.unilans.net", "A")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range got {
		if _, ok := r.Owner(); !ok {
			t.Errorf("%s has owners %v", r.Value, r.Owners)
		}
	}
}

func TestOneBadChangeIsFoundAndTheOthersAreCarriedOut(t *testing.T) {
	f := newFake(t)
	f.bad = "54.1.1.13"
	var changes []providers.Change
	for i := range 40 {
		changes = append(changes, create(rec("A", fmt.Sprintf("54.1.1.%d", i), owner(fmt.Sprintf("i-%d", i)))))
	}
	for i, r := range apply(f.account(), changes...) {
		switch {
		case i == 13:
			wantKind(t, r.Err, providers.KindInvalid)
			if !strings.Contains(r.Err.Error(), "Bad encountered") {
				t.Errorf("the error %q does not give Route 53's reason", r.Err)
			}
		case r.Err != nil:
			t.Errorf("change %d: %v", i, r.Err)
		}
	}
	if n := len(f.values()); n != 39 || f.get("i-13._rollcall.www.unilans.net.", "TXT") != nil {
		t.Errorf("%d values, marker of the bad one %+v", n, f.get("i-13._rollcall.www.unilans.net.", "TXT"))
	}
}

// Of 64 changes one is found in as many steps as 64 can be halved, wherever it stands.
func TestOneBadChangeIsFoundByBisection(t *testing.T) {
	for _, bad := range []int{0, 13, 31, 32, 63} {
		f := newFake(t)
		f.bad = fmt.Sprintf("54.1.1.%d", bad)
		var changes []providers.Change
		for i := range 64 {
			changes = append(changes, create(rec("A", fmt.Sprintf("54.1.1.%d", i), owner(fmt.Sprintf("i-%d", i)))))
		}
		for i, r := range apply(f.account(), changes...) {
			if i == bad {
				wantKind(t, r.Err, providers.KindInvalid)
			} else if r.Err != nil {
				t.Errorf("change %d: %v", i, r.Err)
			}
		}
		if n := f.made() + f.rejected(); n != 1+2*6 || len(f.values()) != 63 {
			t.Errorf("change %d: %d batches, %d values", bad, n, len(f.values()))
		}
	}
}

func TestSeveralUpdatesOfOneTTLAreNoConflictAmongThemselves(t *testing.T) {
	f := newFake(t)
	f.bad = "54.1.1.3" // makes the batch fall apart: later halves see what earlier ones did
	f.put(rrset{Name: "www.unilans.net.", Type: "A", TTL: 60, Values: []string{"54.1.1.1", "54.1.1.2"}})
	slow := func(v string) providers.Change {
		after := rec("A", v)
		after.TTL = 300
		return update(rec("A", v), after)
	}
	res := apply(f.account(), slow("54.1.1.1"), slow("54.1.1.2"), create(rec("A", "54.1.1.3")))
	wantDone(t, res[:2])
	wantKind(t, res[2].Err, providers.KindInvalid)
	if s := f.get("www.unilans.net.", "A"); s.TTL != 300 || len(s.Values) != 2 {
		t.Errorf("set %+v", s)
	}
}

func TestManyChangesStayWithinTheLimitsOfABatch(t *testing.T) {
	f := newFake(t) // it checks every batch
	var changes []providers.Change
	for i := range 399 {
		changes = append(changes, create(rec("A", fmt.Sprintf("54.1.%d.%d", i/200, i%200), owner(fmt.Sprintf("i-%017d", i)))))
	}
	wantDone(t, apply(f.account(), changes...))
	if n := len(f.values()); n != 399 {
		t.Fatalf("%d values", n)
	}
	if n := f.made(); n > 4 {
		t.Errorf("%d batches", n)
	}
}

func TestARecordSetThatIsFullSaysHowManyFit(t *testing.T) {
	f := newFake(t)
	full := rrset{Name: "www.unilans.net.", Type: "A", TTL: 60}
	for i := range route53.MaxSetValues - 1 {
		full.Values = append(full.Values, fmt.Sprintf("54.1.%d.%d", i/200, i%200))
	}
	f.put(full)
	res := apply(f.account(), create(rec("A", "54.2.0.1")), create(rec("A", "54.2.0.2")))
	wantDone(t, res[:1])
	wantKind(t, res[1].Err, providers.KindLimit)
	if !strings.Contains(res[1].Err.Error(), "0 more fit") {
		t.Errorf("error %v", res[1].Err)
	}
	long := rrset{Name: "_x._tcp.unilans.net.", Type: "SRV", TTL: 60}
	for i := range 300 {
		long.Values = append(long.Values, fmt.Sprintf("0 10 4218 node-with-quite-a-long-name-%020d.unilans.net.", i))
	}
	f.put(long)
	srv := rec("SRV", "0 10 4218 another.unilans.net")
	srv.Name = "_x._tcp.unilans.net"
	res = apply(f.account(), create(srv))
	wantKind(t, res[0].Err, providers.KindLimit)
}

func TestAnUpdateMovesTheMarkerWithTheValue(t *testing.T) {
	f := newFake(t)
	a := f.account()
	before := rec("A", "54.1.1.1", owner("i-1"))
	wantDone(t, apply(a, create(before), create(rec("A", "54.1.1.9", owner("i-9")))))
	after := rec("A", "54.1.1.2", owner("i-1"))
	after.TTL = 120
	res := apply(a, update(before, after))
	wantDone(t, res)
	if !res[0].Record.Equal(&after) {
		t.Errorf("result %+v, want %+v", res[0].Record, after)
	}
	got, err := a.Lookup(context.Background(), zone, "www.unilans.net", "A")
	if err != nil || len(got) != 2 || f.made() != 2 {
		t.Fatalf("rows %+v, %d batches, error %v", got, f.made(), err)
	}
	for _, r := range got {
		if o, ok := r.Owner(); !ok || r.TTL != 120 || (r.Value == "54.1.1.2") != (o.Instance == "i-1") {
			t.Errorf("row %+v", r)
		}
	}
}

func TestAQuiescedMarkerCanOutliveItsValue(t *testing.T) {
	f := newFake(t)
	a := f.account()
	before := rec("A", "54.1.1.1", owner("i-1"))
	wantDone(t, apply(a, create(before), create(rec("A", "54.1.1.2"))))
	quiet := owner("i-1")
	quiet.Quiesced = true
	c := remove(before)
	c.After.Owners = []providers.Owner{quiet}
	wantDone(t, apply(a, c))
	m := f.get("i-1._rollcall.www.unilans.net.", "TXT")
	if m == nil || len(m.Values) != 1 || !strings.Contains(m.Values[0], " q A 54.1.1.1") || !slices.Equal(f.values(), []string{"54.1.1.2"}) {
		t.Fatalf("marker %+v, values %v", m, f.values())
	}
	back := create(before) // and the return takes the word away
	back.Before = providers.Record{Zone: "unilans.net", Name: "i-1._rollcall.www.unilans.net", Type: "TXT", Value: m.Values[0]}
	wantDone(t, apply(a, back))
	if m = f.get("i-1._rollcall.www.unilans.net.", "TXT"); len(m.Values) != 1 || strings.Contains(m.Values[0], " q ") {
		t.Errorf("marker %+v", m)
	}
}

func TestADeletedWeightedSetComesBackAsItWas(t *testing.T) {
	f := newFake(t)
	zero, five := int64(0), int64(5)
	f.put(rrset{Name: "www.unilans.net.", Type: "A", SetIdentifier: "one", Weight: &zero, HealthCheckID: "hc", TTL: 45, Values: []string{"54.1.1.1"}},
		rrset{Name: "www.unilans.net.", Type: "A", SetIdentifier: "two", Weight: &five, TTL: 45, Values: []string{"54.1.1.1"}},
		markerSet(t, owner("i-1"), "www.unilans.net", "A", "54.1.1.1"))
	a := f.account()
	got, err := a.Lookup(context.Background(), zone, "www.unilans.net", "A")
	if err != nil || len(got) != 2 {
		t.Fatalf("rows %+v, error %v", got, err)
	}
	wantDone(t, apply(a, remove(got[0])))
	if f.get("i-1._rollcall.www.unilans.net.", "TXT") == nil {
		t.Error("the marker went though the other set still has the value")
	}
	wantDone(t, apply(a, create(got[0])))
	again, err := a.Lookup(context.Background(), zone, "www.unilans.net", "A")
	if err != nil || len(again) != 2 || !again[0].Equal(&got[0]) {
		t.Errorf("rows %+v, want %+v first; error %v", again, got[0], err)
	}
	heavier := got[1]
	heavier.Weight = 9
	wantDone(t, apply(a, update(got[1], heavier)))
	wantKind(t, apply(a, create(rec("A", "54.1.1.7")))[0].Err, providers.KindInvalid) // a simple set beside weighted ones
}

func TestWhatCanNeverWorkIsRefusedBeforeTheCall(t *testing.T) {
	f := newFake(t)
	f.put(rrset{Name: "al.unilans.net.", Type: "A", Alias: &aliasTarget{HostedZoneID: "Z9", DNSName: "lb.example.com."}})
	a := f.account()
	elsewhere := rec("A", "54.1.1.1")
	elsewhere.Name = "www.notunilans.net"
	alias := rec("A", "54.1.1.1")
	alias.Name = "al.unilans.net"
	for name, c := range map[string]providers.Change{
		"a bad address":         create(rec("A", "54.1.1.256")),
		"an IPv6 in A":          create(rec("A", "2001:db8::1")),
		"an IPv4 in AAAA":       create(rec("AAAA", "54.1.1.1")),
		"a bad SRV":             create(rec("SRV", "1 2 x")),
		"another zone":          create(elsewhere),
		"into an alias":         create(alias),
		"no operation":          {After: rec("A", "54.1.1.1")},
		"a change of the name":  update(rec("A", "54.1.1.1"), alias),
		"a marker without room": create(rec("A", "54.1.1.1", owner("host:"+strings.Repeat("x", 100)))),
	} {
		t.Run(name, func(t *testing.T) {
			wantKind(t, apply(a, c)[0].Err, providers.KindInvalid)
		})
	}
	if f.made()+f.rejected() != 0 {
		t.Errorf("%d batches were sent", f.made()+f.rejected())
	}
}

func TestAnOrphanMarkerCanBeDeletedLikeAnyRecord(t *testing.T) {
	f := newFake(t)
	f.put(markerSet(t, owner("i-1"), "www.unilans.net", "A", "54.1.1.1"))
	a := f.account()
	all, v := list(a)
	if !v.Complete() {
		t.Fatal(v.Err)
	}
	i := slices.IndexFunc(all, func(r providers.Record) bool { return r.IsMarker() })
	wantDone(t, apply(a, remove(all[i])))
	if f.get("i-1._rollcall.www.unilans.net.", "TXT") != nil {
		t.Error("the marker is still there")
	}
}

func TestChangesOfManyNamesAreReadWithTheZoneAndMadeInOneBatch(t *testing.T) {
	f := newFake(t)
	var changes []providers.Change
	for i := range 30 {
		r := rec("A", fmt.Sprintf("54.1.1.%d", i), owner(fmt.Sprintf("i-%d", i)))
		r.Name = fmt.Sprintf("n%d.unilans.net", i)
		changes = append(changes, create(r))
	}
	wantDone(t, apply(f.account(), changes...))
	if f.made() != 1 || f.listed() > 2 {
		t.Errorf("%d batches after %d lists", f.made(), f.listed())
	}
}
