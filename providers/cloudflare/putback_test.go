package cloudflare

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"rollcall/providers"
)

// meanwhile lets another writer come in between the last reading and the first batch.
func meanwhile(f *fake, act func()) {
	done := false
	f.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/batch") && !done {
			done = true
			f.mu.Lock()
			defer f.mu.Unlock()
			act()
		}
		return false
	}
}

// patch changes fields of a record as another writer does.
func (f *fake) patch(id string, fields object) {
	o, _ := f.find(id)
	for k, v := range fields {
		o[k] = v
	}
	f.clock++
	o["modified_on"] = f.stamp()
}

func TestADeletedRecordThatAnotherWriterChangedAfterItWasReadIsPutBackAsThatWriterLeftIt(t *testing.T) {
	live := marker(t, owner("i-live"))
	for name, change := range map[string]object{
		"its comment":                {"comment": live},
		"a comment of a person":      {"comment": "leave this alone"},
		"a marker that nobody reads": {"comment": "rollcall9 of tomorrow"},
		"no comment":                 {"comment": nil},
		"its value":                  {"content": "54.9.9.9"},
		"its TTL":                    {"ttl": 120},
		"an automatic TTL":           {"ttl": 1},
		"proxied":                    {"proxied": true, "ttl": 1},
		"its name":                   {"name": "other." + zoneName},
		"tags":                       {"tags": []string{"a:b"}},
		"settings":                   {"settings": object{"ipv4_only": true}},
		"several things at once":     {"comment": live, "content": "54.9.9.9", "ttl": 300, "tags": []string{"a:b"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.a("stays", "54.1.1.1")
			id := f.a("www", "54.1.2.3", object{"comment": marker(t, owner("i-dead"))})
			a := f.account()
			before := lookup(t, a, "www")[0]
			meanwhile(f, func() { f.patch(id, change) })
			var noted []providers.Record
			ctx := providers.WithPutBack(t.Context(), func(n int, was providers.Record) error {
				if n != 1 || len(f.batches) != 1 {
					t.Errorf("change %d after %d batches", n, len(f.batches))
				}
				noted = append(noted, was)
				return nil
			})
			results := a.Apply(ctx, zone(), []providers.Change{create(record("new", "A", "54.1.2.9")), deletion(before)})
			if results[0].Err != nil || providers.KindOf(results[1].Err) != providers.KindConflict || results[1].PutBack == nil {
				t.Fatalf("%+v", results)
			}
			want := object{"name": "www." + zoneName, "type": "A", "content": "54.1.2.3", "ttl": 60, "proxied": false, "comment": marker(t, owner("i-dead")), "tags": []string{}, "settings": object{}}
			for k, v := range change {
				want[k] = v
			}
			at := slices.IndexFunc(f.records, func(o object) bool { return o["name"] == want["name"] })
			if at < 0 {
				t.Fatalf("it is gone: %v", results[1].Err)
			}
			have := f.records[at]
			for k, v := range want {
				if textOf(have[k]) != textOf(v) {
					t.Errorf("its %s is %v, want %v", k, have[k], v)
				}
			}
			if have["id"] == id || len(noted) != 1 || noted[0].Comment != results[1].PutBack.Comment {
				t.Errorf("id %v, noted %+v", have["id"], noted)
			}
			if text := results[1].Err.Error(); !strings.Contains(text, "when it was read") || !strings.Contains(text, "put back") {
				t.Errorf("it does not say both: %s", text)
			}
		})
	}
}

func textOf(v any) string {
	b := strings.NewReplacer("<nil>", "", "map[]", "", "[]", "").Replace
	return b(strings.TrimSpace(strings.ReplaceAll(fmt.Sprint(v), "float64", "")))
}

func TestADeleteOfWhatWasReadIsDoneWhateverItsTimeOfChange(t *testing.T) {
	f := newFake(t)
	f.a("stays", "54.1.1.1")
	id := f.a("www", "54.1.2.3", object{"comment": marker(t, owner("i-dead")), "tags": []string{"a:b"}})
	a := f.account()
	before := lookup(t, a, "www")[0]
	meanwhile(f, func() { f.patch(id, object{}) })
	if results := a.Apply(t.Context(), zone(), []providers.Change{deletion(before)}); results[0].Err != nil || len(f.values("www")) != 0 {
		t.Fatalf("%+v, %v", results, f.values("www"))
	}
}

func TestAnEqualValueThatSomebodyMadeMeanwhileCountsAsPutBack(t *testing.T) {
	for name, comment := range map[string]string{"of that owner": marker(t, owner("i-live")), "of another one": marker(t, owner("i-other"))} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			id := f.a("www", "54.1.2.3", object{"comment": marker(t, owner("i-dead"))})
			a := f.account()
			before := lookup(t, a, "www")[0]
			meanwhile(f, func() { f.patch(id, object{"comment": marker(t, owner("i-live"))}) })
			ctx := providers.WithPutBack(t.Context(), func(int, providers.Record) error {
				f.mu.Lock()
				defer f.mu.Unlock()
				f.a("www", "54.1.2.3", object{"comment": comment})
				return errors.New("the disk is full")
			})
			results := a.Apply(ctx, zone(), []providers.Change{deletion(before)})
			if providers.KindOf(results[0].Err) != providers.KindConflict || !strings.Contains(results[0].Err.Error(), "the disk is full") {
				t.Errorf("%+v", results)
			}
			if len(f.records) != 1 || f.records[0]["comment"] != comment {
				t.Errorf("%+v", f.records)
			}
		})
	}
}

func TestWhatCouldNotBePutBackIsUncertainAndSaysWhatItWas(t *testing.T) {
	f := newFake(t)
	id := f.a("www", "54.1.2.3", object{"comment": marker(t, owner("i-dead"))})
	a := f.account()
	before := lookup(t, a, "www")[0]
	n := 0
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/batch") {
			return false
		}
		if n++; n > 1 {
			failure(w, http.StatusForbidden, 10000, "Authentication error")
			return true
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.patch(id, object{"comment": marker(t, owner("i-live"))})
		return false
	}
	r := a.Apply(t.Context(), zone(), []providers.Change{deletion(before)})[0]
	if providers.KindOf(r.Err) != providers.KindUncertain || r.PutBack == nil || r.PutBack.Owners[0].Instance != "i-live" || !strings.Contains(r.Err.Error(), "i-live") || !strings.Contains(r.Err.Error(), "Authentication error") {
		t.Errorf("%+v", r)
	}
}

func TestALostReplyOfThePutBackIsLookedFor(t *testing.T) {
	f := newFake(t)
	id := f.a("www", "54.1.2.3", object{"comment": marker(t, owner("i-dead"))})
	a := f.account()
	before := lookup(t, a, "www")[0]
	meanwhile(f, func() { f.patch(id, object{"comment": marker(t, owner("i-live"))}) })
	ctx := providers.WithPutBack(t.Context(), func(int, providers.Record) error { f.lose = true; return nil })
	r := a.Apply(ctx, zone(), []providers.Change{deletion(before)})[0]
	if providers.KindOf(r.Err) != providers.KindConflict || len(f.records) != 1 || f.records[0]["comment"] != marker(t, owner("i-live")) {
		t.Errorf("%+v, %+v", r, f.records)
	}
}

func TestAnAnswerThatDoesNotSayWhatWasDeletedIsUncertain(t *testing.T) {
	f := newFake(t)
	id := f.a("www", "54.1.2.3")
	a := f.account()
	before := lookup(t, a, "www")[0]
	onBatch(f, func(w http.ResponseWriter) bool {
		success(w, object{"deletes": []object{{"id": id}}})
		return true
	})
	if r := a.Apply(t.Context(), zone(), []providers.Change{deletion(before)}); providers.KindOf(r[0].Err) != providers.KindUncertain {
		t.Errorf("%+v", r)
	}
}

func TestAnUpdateOfWhatAnotherWriterChangedAfterItWasReadIsTakenBack(t *testing.T) {
	mine := func(r *providers.Record) { r.TTL = 30 }
	for name, change := range map[string]object{
		"its value":   {"content": "54.9.9.9"},
		"its comment": {"comment": "leave this alone"},
		"proxied":     {"proxied": true},
		"settings":    {"settings": object{"ipv4_only": true}},
		"its name":    {"name": "other." + zoneName},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			id := f.a("www", "54.1.2.3", object{"comment": marker(t, owner("i-dead"))})
			a := f.account()
			c := update(lookup(t, a, "www")[0], mine)
			meanwhile(f, func() { f.patch(id, change) })
			r := a.Apply(t.Context(), zone(), []providers.Change{c})[0]
			if providers.KindOf(r.Err) != providers.KindConflict || r.PutBack == nil {
				t.Fatalf("%+v", r)
			}
			o, _ := f.find(id)
			if name != "proxied" && textOf(o["ttl"]) != "60" {
				t.Errorf("the TTL is %v", o["ttl"])
			}
			for k, v := range change {
				if textOf(o[k]) != textOf(v) {
					t.Errorf("its %s is %v, want %v", k, o[k], v)
				}
			}
		})
	}
}

func TestAnAnswerToAnUpdateOrAnAddThatIsNotWhatWasSentIsNotDone(t *testing.T) {
	f := newFake(t)
	id := f.a("www", "54.1.2.3")
	a := f.account()
	c := update(lookup(t, a, "www")[0], func(r *providers.Record) { r.TTL = 30 })
	onBatch(f, func(w http.ResponseWriter) bool {
		o, _ := f.find(id)
		success(w, object{"patches": []object{o}, "posts": []object{o}})
		return true
	})
	r := a.Apply(t.Context(), zone(), []providers.Change{c, create(record("www", "A", "54.7.7.7"))})
	if k := kinds(r); k[0] != providers.KindUncertain || k[1] == "" {
		t.Errorf("%v", r)
	}
}

func TestOnlyWhatTheCallItselfOverwroteIsNoted(t *testing.T) {
	f := newFake(t)
	id := f.a("www", "54.1.2.3", object{"comment": marker(t, owner("i-dead"))})
	a := f.account()
	before := lookup(t, a, "www")[0]
	comment := 0
	f.before = func(_ http.ResponseWriter, r *http.Request) bool { // another writer comes before every batch
		if strings.HasSuffix(r.URL.Path, "/batch") {
			f.mu.Lock()
			defer f.mu.Unlock()
			comment++
			f.patch(id, object{"comment": fmt.Sprint("change ", comment)})
		}
		return false
	}
	var noted []int
	ctx := providers.WithPutBack(t.Context(), func(change int, _ providers.Record) error { noted = append(noted, change); return nil })
	results := a.Apply(ctx, zone(), []providers.Change{create(record("new", "A", "54.1.2.9")), update(before, func(r *providers.Record) { r.TTL = 30 })})
	if comment < 2 || results[1].PutBack == nil || !slices.Equal(noted, []int{1}) {
		t.Errorf("after %d changes of the other writer the changes %v are noted: %+v", comment, noted, results)
	}
}
