package cloudflare

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"rollcall/providers"
)

// lagging answers the first reads of names as if no record had been made yet, and batches and later reads by what is
// called with their number, from 1. What returns false leaves the answer to the fake.
func lagging(f *fake, lag int, batch, read func(w http.ResponseWriter, n int) bool) {
	batches, reads := 0, 0
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		switch {
		case strings.HasSuffix(r.URL.Path, "/batch"):
			batches++
			f.lose = batches == 1
			return batch != nil && batch(w, batches)
		case r.URL.Query().Has("name.exact"):
			if reads++; reads <= lag {
				f.page(w, r, nil, f.perPage)
				return true
			}
			return read != nil && read(w, reads)
		}
		return false
	}
}

func someCreates(n int) []providers.Change {
	var out []providers.Change
	for i := range n {
		out = append(out, create(record("www", "A", fmt.Sprintf("54.1.2.%d", i), owner(fmt.Sprintf("i-%d", i)))))
	}
	return out
}

func TestACreateWhoseReplyWasLostIsUncertainIfItsResendIsRefusedForAReasonThatSaysNothingOfTheFirst(t *testing.T) {
	refuse := func(status, code int) func(http.ResponseWriter, int) bool {
		return func(w http.ResponseWriter, n int) bool {
			if n > 1 {
				failure(w, status, code, "no")
			}
			return n > 1
		}
	}
	for name, tc := range map[string]struct {
		batch, read func(http.ResponseWriter, int) bool
	}{
		"throttled":                  {batch: refuse(429, 971)},
		"a token that was taken":     {batch: refuse(403, 10000)},
		"a 401":                      {batch: refuse(401, 0)},
		"the quota is reached":       {batch: refuse(400, 81045)},
		"there, and the read fails":  {read: refuse(429, 971)},
		"there, and not to be shown": {batch: refuse(400, 81058), read: func(w http.ResponseWriter, _ int) bool { success(w, []object{}); return true }},
	} {
		for _, n := range []int{1, 3} {
			f := newFake(t)
			lagging(f, n, tc.batch, tc.read)
			for i, r := range f.account().Apply(t.Context(), zone(), someCreates(n)) {
				if providers.KindOf(r.Err) != providers.KindUncertain {
					t.Errorf("%s, change %d of %d: %+v", name, i+1, n, r)
				}
			}
		}
	}
}

func TestACreateWhoseFirstSendArrivedIsTheCallsOwnWrite(t *testing.T) {
	for _, n := range []int{1, 3} {
		f := newFake(t)
		lagging(f, n, nil, nil)
		for i, r := range f.account().Apply(t.Context(), zone(), someCreates(n)) {
			if r.Err != nil || r.Already || !r.LookedUp || r.Record.ID == "" || len(f.batches) < 2 || len(f.records) != n {
				t.Errorf("change %d of %d: %+v after %d batches, %d records", i+1, n, r, len(f.batches), len(f.records))
			}
		}
	}
}

func TestAValueThatWasTakenOutOfDNSIsNotTheLiveOneThatIsCreated(t *testing.T) {
	live, out := owner("i-0ab"), owner("i-0ab")
	out.Quiesced = true
	for _, tc := range []struct{ there, want providers.Owner }{{live, out}, {out, live}} {
		f := newFake(t)
		f.a("www", "54.1.2.3", object{"comment": marker(t, tc.there)})
		r := f.account().Apply(t.Context(), zone(), []providers.Change{create(record("www", "A", "54.1.2.3", tc.want))})[0]
		if providers.KindOf(r.Err) != providers.KindConflict {
			t.Errorf("%+v", r)
		}
	}
}
