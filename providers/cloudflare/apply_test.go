package cloudflare

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/providers"
)

func record(name, typ, value string, owners ...providers.Owner) providers.Record {
	return providers.Record{Zone: zoneName, Name: name + "." + zoneName, Type: typ, TTL: 60, Value: value, Owners: owners}
}

func create(r providers.Record) providers.Change {
	return providers.Change{Op: providers.OpCreate, After: r}
}

func deletion(r providers.Record) providers.Change {
	return providers.Change{Op: providers.OpDelete, Before: r}
}

// update changes a record that was read.
func update(r providers.Record, change func(*providers.Record)) providers.Change {
	after := r
	change(&after)
	return providers.Change{Op: providers.OpUpdate, Before: r, After: after}
}

// lookup reads the records of a name as a caller would before a change.
func lookup(t *testing.T, a *Account, name string) []providers.Record {
	t.Helper()
	rows, err := a.Lookup(t.Context(), zone(), name+"."+zoneName, "")
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func kinds(results []providers.Result) []providers.Kind {
	var out []providers.Kind
	for _, r := range results {
		out = append(out, providers.KindOf(r.Err))
	}
	return out
}

func mustApply(t *testing.T, a *Account, changes ...providers.Change) []providers.Result {
	t.Helper()
	results := a.Apply(t.Context(), zone(), changes)
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("change %d: %v", i, r.Err)
		}
	}
	return results
}

func TestACreateSendsWhatTheAPIWantsForEachType(t *testing.T) {
	o := owner("i-0ab")
	for name, tc := range map[string]struct {
		in   providers.Record
		want object
	}{
		"A":                                 {record("www", "A", "54.1.2.3", o), object{"type": "A", "name": "www.example.com", "ttl": 60.0, "content": "54.1.2.3", "proxied": false, "comment": marker(t, o)}},
		"AAAA":                              {record("www", "AAAA", "2001:DB8::1"), object{"type": "AAAA", "name": "www.example.com", "ttl": 60.0, "content": "2001:db8::1", "proxied": false}},
		"proxied":                           {providers.Record{Zone: zoneName, Name: "www.example.com", Type: "A", TTL: 60, Value: "54.1.2.3", Proxied: true}, object{"type": "A", "name": "www.example.com", "ttl": 1.0, "content": "54.1.2.3", "proxied": true}},
		"auto":                              {providers.Record{Zone: zoneName, Name: "www.example.com", Type: "PTR", TTL: 300, AutoTTL: true, Value: "x.example.com."}, object{"type": "PTR", "name": "www.example.com", "ttl": 1.0, "content": "x.example.com"}},
		"SRV":                               {record("v1._s._tcp", "SRV", "0 5 4218 n1.example.com"), object{"type": "SRV", "name": "v1._s._tcp.example.com", "ttl": 60.0, "data": object{"priority": 0.0, "weight": 5.0, "port": 4218.0, "target": "n1.example.com"}}},
		"MX":                                {record("m", "MX", "10 mail.example.com"), object{"type": "MX", "name": "m.example.com", "ttl": 60.0, "priority": 10.0, "content": "mail.example.com"}},
		"TXT":                               {record("t", "TXT", "txtvers=1"), object{"type": "TXT", "name": "t.example.com", "ttl": 60.0, "content": `"txtvers=1"`}},
		"CAA":                               {record("c", "CAA", `0 issue "ca.example"`), object{"type": "CAA", "name": "c.example.com", "ttl": 60.0, "data": object{"flags": 0.0, "tag": "issue", "value": "ca.example"}}},
		"a marker as it stands on Route 53": {record("www", "A", "54.1.2.3", o.For("A", "54.1.2.3")), object{"type": "A", "name": "www.example.com", "ttl": 60.0, "content": "54.1.2.3", "proxied": false, "comment": marker(t, o)}},
		"a person's comment and tags": {
			providers.Record{Zone: zoneName, Name: "www.example.com", Type: "A", TTL: 60, Value: "54.1.2.3", Comment: "hello", Policy: `{"settings":{"ipv4_only":true},"tags":["a:1"]}`},
			object{"type": "A", "name": "www.example.com", "ttl": 60.0, "content": "54.1.2.3", "proxied": false, "comment": "hello", "tags": []any{"a:1"}, "settings": object{"ipv4_only": true}},
		},
	} {
		f := newFake(t)
		got := mustApply(t, f.account(), create(tc.in))
		if d := cmp.Diff([]object{tc.want}, f.batches[0]["posts"]); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if got[0].Record.ID == "" || got[0].Already {
			t.Errorf("%s: %+v", name, got[0])
		}
	}
}

func TestADeletedRecordComesBackWholeByACreate(t *testing.T) {
	f := newFake(t)
	f.a("www", "54.1.2.3", object{"comment": marker(t, owner("i-0ab")), "tags": []string{"a:1"}, "settings": object{"ipv4_only": true}, "proxied": true, "ttl": 1})
	f.add(object{"name": "v1._s._tcp", "type": "SRV", "data": object{"priority": 1, "weight": 5, "port": 4218, "target": "n1.example.com"}, "comment": "by hand"})
	a := f.account()
	before, _ := all(t, a)
	mustApply(t, a, deletion(before[0]), deletion(before[1]))
	if len(f.records) != 0 {
		t.Fatal("not deleted")
	}
	mustApply(t, a, create(before[0]), create(before[1]))
	after, _ := all(t, a)
	for i := range before {
		before[i].ID, after[i].ID, before[i].Modified, after[i].Modified = "", "", time.Time{}, time.Time{}
	}
	if d := cmp.Diff(before, after); d != "" {
		t.Fatal(d)
	}
}

func TestManyChangesGoInOneBatch(t *testing.T) {
	f := newFake(t)
	for i := range 30 {
		f.a("old", fmt.Sprintf("54.1.2.%d", i))
	}
	a := f.account()
	rows := lookup(t, a, "old")
	f.calls = nil
	var changes []providers.Change
	for i := range 30 {
		changes = append(changes, deletion(rows[i]), create(record("new", "A", fmt.Sprintf("54.1.3.%d", i))))
	}
	mustApply(t, a, changes...)
	if len(f.batches) != 1 || len(f.calls) != 2 {
		t.Fatalf("%d batches, calls %v", len(f.batches), f.calls)
	}
	if len(f.values("old")) != 0 || len(f.values("new")) != 30 {
		t.Fatal("the zone is not as wanted")
	}
}

func TestMoreChangesThanABatchHoldsGoInSeveral(t *testing.T) {
	f := newFake(t)
	var changes []providers.Change
	for i := range 450 {
		changes = append(changes, create(record("new", "A", fmt.Sprintf("54.1.%d.%d", i/250, i%250))))
	}
	mustApply(t, f.account(), changes...)
	if len(f.batches) != 3 || len(f.values("new")) != 450 {
		t.Fatalf("%d batches", len(f.batches))
	}
}

func TestARecordThatChangedSinceItWasReadIsAConflictAndIsLeftAlone(t *testing.T) {
	o, other := owner("i-0ab"), owner("i-0cd")
	for field, value := range map[string]any{
		"content": "54.9.9.9", "ttl": 120, "proxied": true, "comment": marker(t, other), "tags": []string{"a:1"},
		"modified_on": "2026-03-02T00:00:00Z", "type": "AAAA",
	} {
		for _, op := range []providers.Op{providers.OpDelete, providers.OpUpdate} {
			f := newFake(t)
			f.a("www", "54.1.2.3", object{"comment": marker(t, o)})
			a := f.account()
			before := lookup(t, a, "www")[0]
			f.records[0][field] = value
			c := deletion(before)
			if op == providers.OpUpdate {
				c = update(before, func(r *providers.Record) { r.TTL = 30 })
			}
			results := a.Apply(t.Context(), zone(), []providers.Change{c, create(record("new", "A", "54.1.2.9"))})
			if k := kinds(results); k[0] != providers.KindConflict || k[1] != "" {
				t.Errorf("%s of a record whose %s changed: %v", op, field, results[0].Err)
			}
			if len(f.records) != 2 || fmt.Sprint(f.records[0][field]) != fmt.Sprint(value) {
				t.Errorf("%s: the record was touched", field)
			}
		}
	}
}

func TestAChangeThatIsNeitherReadNorSentTwiceIsCheckedInAListingToo(t *testing.T) {
	f := newFake(t)
	for i := range 20 {
		f.a("www", fmt.Sprintf("54.1.2.%d", i))
	}
	a := f.account()
	rows := lookup(t, a, "www")
	f.records[7]["content"] = "54.9.9.9"
	f.records = slices.Delete(f.records, 3, 4)
	var changes []providers.Change
	for _, r := range rows {
		changes = append(changes, deletion(r))
	}
	f.calls = nil
	results := a.Apply(t.Context(), zone(), changes)
	for i, r := range results {
		switch {
		case i == 7 && providers.KindOf(r.Err) != providers.KindConflict, i == 3 && (!r.Already || r.Err != nil), i != 7 && r.Err != nil:
			t.Errorf("change %d: %+v", i, r)
		}
	}
	if v := f.values("www"); len(v) != 1 || v[0] != "54.9.9.9" || f.called("GET") > 2 {
		t.Fatalf("%v, calls %v", v, f.calls)
	}
}

func TestADeleteOfWhatIsGoneIsDoneAlready(t *testing.T) {
	f := newFake(t)
	f.a("www", "54.1.2.3")
	f.a("www", "54.1.2.4")
	a := f.account()
	before := lookup(t, a, "www")[0]
	f.records = f.records[1:]
	results := mustApply(t, a, deletion(before))
	if !results[0].Already || len(f.batches) != 0 || len(f.records) != 1 {
		t.Fatalf("%+v", results[0])
	}
}

func TestADeleteOfARecordThatWasMadeAnewIsAConflict(t *testing.T) {
	f := newFake(t)
	f.a("www", "54.1.2.3")
	a := f.account()
	before := lookup(t, a, "www")[0]
	f.records = nil
	f.a("www", "54.1.2.3", object{"comment": marker(t, owner("i-0new"))})
	results := a.Apply(t.Context(), zone(), []providers.Change{deletion(before)})
	if providers.KindOf(results[0].Err) != providers.KindConflict || len(f.records) != 1 {
		t.Fatalf("%+v", results[0])
	}
}

func TestAnUpdateSendsOnlyWhatChanges(t *testing.T) {
	o, q := owner("i-0ab"), owner("i-0ab")
	q.Quiesced = true
	for name, tc := range map[string]struct {
		comment string
		change  func(*providers.Record)
		want    object
	}{
		"TTL":      {"", func(r *providers.Record) { r.TTL = 30 }, object{"ttl": 30.0}},
		"auto TTL": {"", func(r *providers.Record) { r.TTL, r.AutoTTL = 300, true }, object{"ttl": 1.0}},
		"value":    {"", func(r *providers.Record) { r.Value = "54.1.2.9" }, object{"content": "54.1.2.9"}},
		"proxied":  {"", func(r *providers.Record) { r.Proxied = true }, object{"proxied": true, "ttl": 1.0}},
		"adopted":  {"", func(r *providers.Record) { r.Owners = []providers.Owner{o} }, object{"comment": marker(t, o)}},
		"quiesced": {marker(t, o), func(r *providers.Record) { r.Owners = []providers.Owner{q} }, object{"comment": marker(t, q)}},
		"given up": {marker(t, o), func(r *providers.Record) { r.Owners = nil }, object{"comment": ""}},
		"value of a record with a person's comment": {"mine", func(r *providers.Record) { r.Value = "54.1.2.9" }, object{"content": "54.1.2.9"}},
	} {
		f := newFake(t)
		id := f.a("www", "54.1.2.3", object{"comment": tc.comment})
		a := f.account()
		c := update(lookup(t, a, "www")[0], tc.change)
		results := mustApply(t, a, c)
		tc.want["id"] = id
		if d := cmp.Diff([]object{tc.want}, f.batches[0]["patches"]); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if results[0].Record.ID != id || !slices.Equal(results[0].Record.Owners, c.After.Owners) {
			t.Errorf("%s: %+v", name, results[0].Record)
		}
		if again := mustApply(t, a, c); !again[0].Already || len(f.batches) != 1 {
			t.Errorf("%s: the same update again: %+v", name, again[0])
		}
	}
}

func TestAPersonsCommentIsNeverOverwritten(t *testing.T) {
	f := newFake(t)
	f.a("www", "54.1.2.3", object{"comment": "ask Jane"})
	a := f.account()
	before := lookup(t, a, "www")[0]
	results := a.Apply(t.Context(), zone(), []providers.Change{
		update(before, func(r *providers.Record) { r.Owners = []providers.Owner{owner("i-0ab")} }),
		update(before, func(r *providers.Record) { r.Owners, r.Comment = []providers.Owner{owner("i-0ab")}, "" }),
		create(providers.Record{Zone: zoneName, Name: "x.example.com", Type: "A", TTL: 60, Value: "54.1.2.4", Comment: "ask Jane", Owners: []providers.Owner{owner("i-0ab")}}),
	})
	for i, r := range results {
		if providers.KindOf(r.Err) != providers.KindInvalid || !strings.Contains(r.Err.Error(), "ask Jane") || strings.Contains(r.Err.Error(), "\n") {
			t.Errorf("change %d: %v", i, r.Err)
		}
	}
	if f.records[0]["comment"] != "ask Jane" || len(f.batches) != 0 {
		t.Fatal("it was overwritten")
	}
}

func TestWhatCloudflareCannotHoldIsInvalidAndNeverSent(t *testing.T) {
	f := newFake(t)
	f.a("www", "54.1.2.3")
	a := f.account()
	before := lookup(t, a, "www")[0]
	f.calls = nil
	bad := func(change func(*providers.Record)) providers.Change {
		r := record("x", "A", "54.1.2.9")
		change(&r)
		return create(r)
	}
	changes := []providers.Change{
		bad(func(r *providers.Record) { r.Value = "300.1.2.3" }),
		bad(func(r *providers.Record) { r.Value = "2001:db8::1" }),
		bad(func(r *providers.Record) { r.Value = "" }),
		bad(func(r *providers.Record) { r.Type, r.Value = "SRV", "1 2 host" }),
		bad(func(r *providers.Record) { r.Type, r.Value = "MX", "mail.example.com" }),
		bad(func(r *providers.Record) { r.Type, r.Value = "HTTPS", "1 . alpn=h2" }),
		bad(func(r *providers.Record) { r.Type, r.Value, r.Proxied = "TXT", "x", true }),
		bad(func(r *providers.Record) { r.Name = "www.example.org" }),
		bad(func(r *providers.Record) { r.Weight = 10 }),
		bad(func(r *providers.Record) { r.Alias = true }),
		bad(func(r *providers.Record) { r.Owners = []providers.Owner{owner("a"), owner("b")} }),
		bad(func(r *providers.Record) { r.Owners = []providers.Owner{owner("i 0ab")} }),
		bad(func(r *providers.Record) { r.Policy = "weighted" }),
		deletion(record("www", "A", "54.1.2.3")), // without an id
		{Op: "rename", Before: before},
	}
	for i, r := range a.Apply(t.Context(), zone(), changes) {
		if providers.KindOf(r.Err) != providers.KindInvalid {
			t.Errorf("change %d: %v", i, r.Err)
		}
	}
	if r := a.Apply(t.Context(), zone(), []providers.Change{update(before, func(r *providers.Record) { r.Name = "other.example.com" })}); providers.KindOf(r[0].Err) != providers.KindInvalid {
		t.Errorf("a rename: %v", r[0].Err)
	}
	if len(f.batches) != 0 {
		t.Fatalf("sent %v", f.batches)
	}
}

func TestOneBadChangeDoesNotHoldUpTheOthers(t *testing.T) {
	f := newFake(t)
	for i := range 10 {
		f.a("old", fmt.Sprintf("54.1.2.%d", i))
	}
	f.add(object{"name": "alias", "type": "CNAME", "content": "www.example.com"})
	a := f.account()
	var changes []providers.Change
	for _, r := range lookup(t, a, "old") {
		changes = append(changes, deletion(r))
	}
	for i := range 10 {
		changes = append(changes, create(record("new", "A", fmt.Sprintf("54.1.3.%d", i))))
	}
	changes[12] = create(record("new", "A", "203.0.113.66")) // the fake refuses it
	changes[17] = create(record("alias", "A", "54.1.2.3"))   // a CNAME stands there
	results := a.Apply(t.Context(), zone(), changes)
	for i, r := range results {
		want := providers.Kind("")
		switch i {
		case 12:
			want = providers.KindInvalid
		case 17:
			want = providers.KindConflict
		}
		if providers.KindOf(r.Err) != want {
			t.Errorf("change %d: %v, want %q", i, r.Err, want)
		}
	}
	if len(f.values("old")) != 0 || len(f.values("new")) != 8 {
		t.Fatalf("%v %v", f.values("old"), f.values("new"))
	}
}

// Of 64 changes one is found in as many steps as 64 can be halved, wherever it stands.
func TestOneBadChangeIsFoundByBisection(t *testing.T) {
	for _, bad := range []int{0, 13, 31, 32, 63} {
		f := newFake(t)
		var changes []providers.Change
		for i := range 64 {
			ip := fmt.Sprintf("54.1.3.%d", i)
			if i == bad {
				ip = "203.0.113.66" // the fake refuses it
			}
			changes = append(changes, create(record("new", "A", ip)))
		}
		for i, r := range f.account().Apply(t.Context(), zone(), changes) {
			if want := map[bool]providers.Kind{true: providers.KindInvalid}[i == bad]; providers.KindOf(r.Err) != want {
				t.Errorf("change %d: %v", i, r.Err)
			}
		}
		if n := len(f.batches); n != 1+2*6 || len(f.values("new")) != 63 {
			t.Errorf("change %d: %d batches, %d values", bad, n, len(f.values("new")))
		}
	}
}

func TestAnUnknownZoneFailsEveryChangeInOneCall(t *testing.T) {
	f := newFake(t)
	z := zone()
	z.ID = "ffff"
	var changes []providers.Change
	for i := range 8 {
		changes = append(changes, create(record("www", "A", fmt.Sprintf("54.1.2.%d", i))))
	}
	for _, r := range f.account().Apply(t.Context(), z, changes) {
		if providers.KindOf(r.Err) != providers.KindNotFound {
			t.Errorf("%v", r.Err)
		}
	}
	if len(f.calls) != 1 {
		t.Fatalf("calls %v", f.calls)
	}
}

func TestNoChangesMakeNoCalls(t *testing.T) {
	f := newFake(t)
	if r := f.account().Apply(t.Context(), zone(), nil); len(r) != 0 || len(f.calls) != 0 {
		t.Fatalf("%v %v", r, f.calls)
	}
}

func TestARecordWhoseOwnerStandsInAMarkerRecordCanBeDeleted(t *testing.T) {
	f := newFake(t)
	q := owner("i-0cd")
	f.a("www", "54.1.2.4")
	f.add(object{"name": "i-0cd._rollcall.www", "type": "TXT", "content": `"` + marker(t, q.For("A", "54.1.2.4")) + `"`})
	a := f.account()
	before, err := a.Lookup(t.Context(), zone(), "www.example.com", "A")
	if err != nil || len(before) != 1 || len(before[0].Owners) != 1 {
		t.Fatal(before, err)
	}
	mustApply(t, a, deletion(before[0]))
	if len(f.records) != 1 {
		t.Fatalf("%d records", len(f.records))
	}
}
