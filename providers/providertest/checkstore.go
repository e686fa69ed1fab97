package providertest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/providers"
)

// CheckStore checks what every providers.Store must do. Each call of open returns another client of one store, which
// must be empty.
func CheckStore(t *testing.T, open func(t *testing.T) providers.Store) {
	t.Helper()
	for _, one := range []struct {
		says string
		run  func(t *testing.T, a, b providers.Store)
	}{
		{"what was put is read as it was, with its version and times", storeReads},
		{"what has the version that is known is not read again", storeReadsChanged},
		{"what is not there is not found, and can be deleted", storeMissing},
		{"of many writers that create one object one does", storeCreates},
		{"of many writers that replace one version one does", storeReplaces},
		{"a list is in order, begins after a key and ends at its limit", storeLists},
		{"a list of objects has their versions and times", storeListsObjects},
		{"keys of one prefix are apart from those of a longer name", storePrefixes},
	} {
		t.Run(one.says, func(t *testing.T) { one.run(t, open(t), open(t)) })
	}
}

func storeReads(t *testing.T, a, b providers.Store) {
	for _, data := range [][]byte{{}, []byte("{}"), bytes.Repeat([]byte("a line of \x00\xff bytes\r\n"), 10_000)} {
		key := fmt.Sprintf("reads/%d.json", len(data))
		version, err := a.PutIfAbsent(t.Context(), key, data)
		if err != nil || version == "" {
			t.Fatalf("put: version %q, %v", version, err)
		}
		o, err := b.Get(t.Context(), key)
		if err != nil || !bytes.Equal(o.Data, data) || o.Version != version || o.Key != key {
			t.Fatalf("got %d of %d bytes, version %q after %q, %v", len(o.Data), len(data), o.Version, version, err)
		}
		if age := o.Asked.Sub(o.Modified); age < -2*time.Second || age > time.Minute {
			t.Errorf("modified %s, asked %s", o.Modified, o.Asked)
		}
	}
}

func storeReadsChanged(t *testing.T, a, b providers.Store) {
	first, err := a.PutIfAbsent(t.Context(), "changed/x", []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	if o, err := b.GetChanged(t.Context(), "changed/x", first); err != nil || o.Version != first || o.Data != nil {
		t.Errorf("unchanged: %q, version %q after %q, %v", o.Data, o.Version, first, err)
	}
	second, err := a.PutIfMatch(t.Context(), "changed/x", []byte("two"), first)
	if err != nil {
		t.Fatal(err)
	}
	if o, err := b.GetChanged(t.Context(), "changed/x", first); err != nil || o.Version != second || string(o.Data) != "two" || o.Modified.IsZero() {
		t.Errorf("changed: %q, version %q after %q, %v", o.Data, o.Version, second, err)
	}
	if _, err := b.GetChanged(t.Context(), "changed/none", second); providers.KindOf(err) != providers.KindNotFound {
		t.Errorf("none: %v", err)
	}
}

func storeMissing(t *testing.T, a, b providers.Store) {
	if _, err := a.Get(t.Context(), "none/here"); providers.KindOf(err) != providers.KindNotFound {
		t.Errorf("get: %v", err)
	}
	if err := a.Delete(t.Context(), "none/here"); err != nil {
		t.Errorf("delete: %v", err)
	}
	if keys, err := a.ListAfter(t.Context(), "none/", "", 10); err != nil || len(keys) != 0 {
		t.Errorf("list: %v, %v", keys, err)
	}
	_, err := a.PutIfMatch(t.Context(), "none/here", []byte("x"), `"d41d8cd98f00b204e9800998ecf8427e"`)
	if k := providers.KindOf(err); k != providers.KindNotFound && k != providers.KindConflict {
		t.Errorf("replace: %v", err)
	}
	if _, err := a.PutIfAbsent(t.Context(), "none/gone", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(t.Context(), "none/gone"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Get(t.Context(), "none/gone"); providers.KindOf(err) != providers.KindNotFound {
		t.Errorf("get of what was deleted: %v", err)
	}
	if _, err := a.PutIfAbsent(t.Context(), "none/gone", []byte("y")); err != nil {
		t.Errorf("create after the delete: %v", err)
	}
}

func storeListsObjects(t *testing.T, a, b providers.Store) {
	for i := range 3 {
		if _, err := a.PutIfAbsent(t.Context(), fmt.Sprintf("objects/%d", i), []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	list, err := b.ListObjects(t.Context(), "objects/", 2)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d objects, %v", len(list), err)
	}
	for i, o := range list {
		is, err := a.Get(t.Context(), fmt.Sprintf("objects/%d", i))
		if err != nil || o.Key != is.Key || o.Version != is.Version || o.Modified.Sub(is.Modified).Abs() > time.Second || len(o.Data) > 0 {
			t.Errorf("listed as %+v, and read as %+v, %v", o, is, err)
		}
		if age := o.Asked.Sub(o.Modified); age < -2*time.Second || age > time.Minute {
			t.Errorf("modified %s, asked %s", o.Modified, o.Asked)
		}
	}
	if list, err := b.ListObjects(t.Context(), "objects/none/", 10); err != nil || len(list) != 0 {
		t.Errorf("below a prefix without objects: %v, %v", list, err)
	}
}

func storeCreates(t *testing.T, a, b providers.Store) {
	for round := range 5 {
		key := fmt.Sprintf("creates/%d", round)
		one(t, key, a, b, func(s providers.Store, data []byte) (string, error) { return s.PutIfAbsent(t.Context(), key, data) })
	}
}

func storeReplaces(t *testing.T, a, b providers.Store) {
	version, err := a.PutIfAbsent(t.Context(), "replaces", []byte("first"))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		before := version
		version = one(t, "replaces", a, b, func(s providers.Store, data []byte) (string, error) {
			return s.PutIfMatch(t.Context(), "replaces", data, before)
		})
		if _, err := a.PutIfMatch(t.Context(), "replaces", []byte("late"), before); providers.KindOf(err) != providers.KindConflict {
			t.Errorf("a write over a version that has gone: %v", err)
		}
	}
}

// one has ten writers write one key at once, and checks that one of them did. It returns the version.
func one(t *testing.T, key string, a, b providers.Store, put func(s providers.Store, data []byte) (string, error)) string {
	t.Helper()
	versions, errs := make([]string, 10), make([]error, 10)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			versions[i], errs[i] = put([]providers.Store{a, b}[i%2], fmt.Appendf(nil, "%s by %d of %s", key, i, time.Now()))
		})
	}
	all.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won >= 0:
			t.Errorf("writers %d and %d both wrote %s", won, i, key)
		case err == nil:
			won = i
		case providers.KindOf(err) != providers.KindConflict:
			t.Errorf("writer %d of %s: %v", i, key, err)
		}
	}
	if won < 0 {
		t.Fatalf("no writer wrote %s: %v", key, errs)
	}
	o, err := b.Get(t.Context(), key)
	if err != nil || o.Version != versions[won] || !strings.Contains(string(o.Data), fmt.Sprintf("by %d of", won)) {
		t.Fatalf("writer %d wrote version %s of %s, and there is %s, %q, %v", won, versions[won], key, o.Version, o.Data, err)
	}
	return o.Version
}

func storeLists(t *testing.T, a, b providers.Store) {
	var want []string
	for i := range 12 {
		key := fmt.Sprintf("lists/%06d.json", 3*i)
		if _, err := a.PutIfAbsent(t.Context(), key, []byte("x")); err != nil {
			t.Fatal(err)
		}
		want = append(want, key)
	}
	for _, c := range []struct {
		after string
		most  int
		want  []string
	}{
		{"", 100, want}, {"", 5, want[:5]}, {want[4], 100, want[5:]}, {"lists/000004", 3, want[2:5]}, {want[11], 100, nil},
	} {
		if keys, err := b.ListAfter(t.Context(), "lists/", c.after, c.most); err != nil || !slices.Equal(keys, c.want) {
			t.Errorf("after %q at most %d: %v, %v", c.after, c.most, keys, err)
		}
	}
}

func storePrefixes(t *testing.T, a, b providers.Store) {
	for _, key := range []string{"one/a", "one-more/a", "one/b/c", "onex"} {
		if _, err := a.PutIfAbsent(t.Context(), key, []byte(key)); err != nil {
			t.Fatal(err)
		}
	}
	if keys, err := b.ListAfter(t.Context(), "one/", "", 10); err != nil || !slices.Equal(keys, []string{"one/a", "one/b/c"}) {
		t.Errorf("%v, %v", keys, err)
	}
}
