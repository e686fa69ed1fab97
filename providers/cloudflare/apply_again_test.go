package cloudflare

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rollcall/providers"
)

func TestAnAddThatIsThereAlreadyIsDoneWithTheSameOwnerAndAConflictWithAnother(t *testing.T) {
	o := owner("i-0ab")
	later := o
	later.Registered = later.Registered.Add(time.Hour)
	for name, tc := range map[string]struct {
		comment any
		owners  []providers.Owner
		already bool
	}{
		"same owner":                     {marker(t, o), []providers.Owner{o}, true},
		"same owner, registered again":   {marker(t, o), []providers.Owner{later}, true},
		"another owner":                  {marker(t, owner("i-0cd")), []providers.Owner{o}, false},
		"nobody's, and wanted by nobody": {nil, nil, true},
		"nobody's, and wanted":           {nil, []providers.Owner{o}, false},
		"a person's":                     {"ask Jane", []providers.Owner{o}, false},
		"a marker that cannot be read":   {"rollcall1 x", []providers.Owner{o}, false},
	} {
		for _, company := range []int{0, 5} {
			f := newFake(t)
			f.a("www", "54.1.2.3", object{"comment": tc.comment})
			changes := []providers.Change{create(record("www", "A", "54.1.2.3", tc.owners...))}
			for i := range company {
				changes = append(changes, create(record("www", "A", fmt.Sprintf("54.1.3.%d", i), o)))
			}
			results := f.account().Apply(t.Context(), zone(), changes)
			k := providers.KindOf(results[0].Err)
			if tc.already && (k != "" || !results[0].Already || results[0].Record.ID == "") || !tc.already && k != providers.KindConflict {
				t.Errorf("%s with %d others: %+v", name, company, results[0])
			}
			if len(f.records) != 1+company {
				t.Errorf("%s: %d records", name, len(f.records))
			}
		}
	}
}

func TestAWholeServiceThatRegistersAgainCostsFewCalls(t *testing.T) {
	f := newFake(t)
	var changes []providers.Change
	for i := range 60 {
		changes = append(changes, create(record("www", "A", fmt.Sprintf("54.1.3.%d", i), owner(fmt.Sprintf("i-%d", i)))))
	}
	a := f.account()
	mustApply(t, a, changes[:50]...)
	f.calls = nil
	results := mustApply(t, a, changes...)
	for i, r := range results {
		if r.Already != (i < 50) {
			t.Errorf("change %d: already %v", i, r.Already)
		}
	}
	if len(f.calls) > 3 || len(f.records) != 60 {
		t.Fatalf("%d records, calls %v", len(f.records), f.calls)
	}
}

func TestALostReplyOfAnAddIsLookedFor(t *testing.T) {
	f := newFake(t)
	f.lose = true // the batch is committed
	results := f.account().Apply(t.Context(), zone(), []providers.Change{create(record("www", "A", "54.1.2.3", owner("i-0ab")))})
	if results[0].Err != nil || results[0].Already || !results[0].LookedUp || results[0].Record.ID == "" || len(f.batches) != 1 || len(f.records) != 1 {
		t.Fatalf("%+v after %d batches", results[0], len(f.batches))
	}
}

func TestALostReplyOfADeleteIsUncertainAndNotSentAgain(t *testing.T) {
	f := newFake(t)
	f.a("www", "54.1.2.3")
	a := f.account()
	before := lookup(t, a, "www")[0]
	f.lose = true
	results := a.Apply(t.Context(), zone(), []providers.Change{deletion(before), create(record("new", "A", "54.1.2.9"))})
	if k := kinds(results); k[0] != providers.KindUncertain || k[1] != "" || len(f.batches) != 1 {
		t.Fatalf("%v after %d batches", k, len(f.batches))
	}
}

func TestALostReplyOfAnUpdateIsLookedFor(t *testing.T) {
	for _, committed := range []bool{true, false} {
		f := newFake(t)
		f.a("www", "54.1.2.3")
		a := f.account()
		c := update(lookup(t, a, "www")[0], func(r *providers.Record) { r.TTL = 30 })
		f.lose = committed
		if !committed {
			onBatch(f, func(http.ResponseWriter) bool { panic(http.ErrAbortHandler) })
		}
		results := a.Apply(t.Context(), zone(), []providers.Change{c})
		if committed && (results[0].Err != nil || !results[0].LookedUp || results[0].Record.TTL != 30) || !committed && providers.KindOf(results[0].Err) != providers.KindUncertain {
			t.Errorf("committed %v: %+v", committed, results[0])
		}
	}
}

// onBatch answers batches by f.
func onBatch(f *fake, answer func(w http.ResponseWriter) bool) {
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		return strings.HasSuffix(r.URL.Path, "/batch") && answer(w)
	}
}

func TestAnAddThatDidNotArriveIsSentOnceMoreAndThenUncertain(t *testing.T) {
	for name, lose := range map[string]func(w http.ResponseWriter) bool{
		"no answer":     func(http.ResponseWriter) bool { panic(http.ErrAbortHandler) },
		"a 500":         func(w http.ResponseWriter) bool { w.WriteHeader(500); return true },
		"an empty 200":  func(w http.ResponseWriter) bool { w.Header().Set("Content-Type", "application/json"); return true },
		"an empty list": func(w http.ResponseWriter) bool { success(w, object{"posts": []object{}}); return true },
	} {
		for _, times := range []int32{1, 2} {
			f := newFake(t)
			var n atomic.Int32
			onBatch(f, func(w http.ResponseWriter) bool { return n.Add(1) <= times && lose(w) })
			results := f.account().Apply(t.Context(), zone(), []providers.Change{create(record("www", "A", "54.1.2.3"))})
			want := providers.Kind("")
			if times == 2 {
				want = providers.KindUncertain
			}
			if providers.KindOf(results[0].Err) != want || n.Load() != 2 {
				t.Errorf("%s, %d times: %v after %d batches", name, times, results[0].Err, n.Load())
			}
		}
	}
}

func TestAThrottledBatchOfAddsIsTriedAgainAndOneWithADeleteIsNot(t *testing.T) {
	for _, withDelete := range []bool{false, true} {
		f := newFake(t)
		f.a("www", "54.1.2.3")
		a := f.account()
		changes := []providers.Change{create(record("new", "A", "54.1.2.9")), create(record("new", "A", "54.1.2.8"))}
		if withDelete {
			changes = append(changes, deletion(lookup(t, a, "www")[0]))
		}
		var n atomic.Int32
		onBatch(f, func(w http.ResponseWriter) bool {
			if n.Add(1) > 1 {
				return false
			}
			failure(w, 429, 971, "slow down")
			return true
		})
		results := a.Apply(t.Context(), zone(), changes)
		for i, r := range results {
			if withDelete && providers.KindOf(r.Err) != providers.KindThrottled || !withDelete && r.Err != nil {
				t.Errorf("with a delete %v, change %d: %v", withDelete, i, r.Err)
			}
		}
		if want := map[bool]int32{false: 2, true: 1}[withDelete]; n.Load() != want {
			t.Errorf("with a delete %v: %d batches", withDelete, n.Load())
		}
	}
}

func TestAReadingThatFailsBeforeADeleteLeavesItAloneAndTheAddsGoOn(t *testing.T) {
	f := newFake(t)
	f.a("www", "54.1.2.3")
	a := f.account()
	before := lookup(t, a, "www")[0]
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/"+before.ID) {
			return false
		}
		w.WriteHeader(http.StatusBadGateway)
		return true
	}
	results := a.Apply(t.Context(), zone(), []providers.Change{deletion(before), create(record("new", "A", "54.1.2.9"))})
	if k := kinds(results); k[0] != providers.KindUnreachable || k[1] != "" || len(f.records) != 2 {
		t.Fatalf("%v, %d records", k, len(f.records))
	}
}
