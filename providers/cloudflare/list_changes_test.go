package cloudflare

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"rollcall/providers"
)

// changingZone is a fake whose records change before some pages are answered, and that notes what it held.
type changingZone struct {
	*fake
	asked   int
	changes map[int]func()
	moments [][]string
}

func newChangingZone(t *testing.T, records int) *changingZone {
	z := &changingZone{fake: newFake(t)}
	z.perPage = 5
	for i := range records {
		z.a("www", fmt.Sprintf("54.1.%d.%d", i/250, i%250))
	}
	z.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/dns_records") {
			return false
		}
		z.mu.Lock()
		defer z.mu.Unlock()
		if change := z.changes[z.asked]; change != nil {
			change()
			z.note()
		}
		z.asked++
		return false
	}
	return z
}

func (z *changingZone) note() {
	var now []string
	for _, r := range z.records {
		now = append(now, r["id"].(string))
	}
	z.moments = append(z.moments, now)
}

// remove and add change the zone at a place; z.mu is held.
func (z *changingZone) remove(at int) {
	if len(z.records) > 0 {
		at %= len(z.records)
		z.records = append(z.records[:at:at], z.records[at+1:]...)
	}
}

func (z *changingZone) add(at, id int) {
	at %= len(z.records) + 1
	z.records = slices.Insert(slices.Clone(z.records), at, object{"id": fmt.Sprintf("%032d", id), "name": "new." + zoneName, "type": "A", "content": "54.2.2.2", "ttl": 60})
}

// read reads the zone while the changes happen.
func (z *changingZone) read(t *testing.T, a *Account, changes map[int]func()) providers.Coverage {
	z.mu.Lock()
	z.changes, z.asked, z.moments = changes, 0, nil
	z.note()
	z.mu.Unlock()
	rows, cov := all(t, a)
	z.mu.Lock()
	defer z.mu.Unlock()
	z.changes = nil
	if !cov.Complete() {
		return cov
	}
	var ids []string
	for i := range rows {
		ids = append(ids, rows[i].ID)
	}
	for _, id := range z.moments[0] {
		if !slices.ContainsFunc(z.moments, func(m []string) bool { return !slices.Contains(m, id) }) && !slices.Contains(ids, id) {
			t.Fatalf("%s was there all the time, and is not in a zone that is called complete", id)
		}
	}
	for _, id := range ids {
		if !slices.ContainsFunc(z.moments, func(m []string) bool { return slices.Contains(m, id) }) {
			t.Fatalf("%s is listed, and was never there", id)
		}
	}
	if len(z.moments) <= 3 && !slices.ContainsFunc(z.moments, func(m []string) bool { return slices.Equal(m, ids) }) {
		t.Fatalf("%d records are called a complete zone, and never were the zone", len(ids))
	}
	return cov
}

func TestARecordThatGoesFromTheFirstPageAndOneThatComesAtTheEndHideNoOther(t *testing.T) {
	for asked := range 9 {
		z := newChangingZone(t, 23)
		if cov := z.read(t, z.account(), map[int]func(){asked: func() { z.remove(2); z.add(22, 9000) }}); !cov.Complete() {
			t.Errorf("changed before page %d: %v", asked, cov.Err)
		}
	}
}

func TestAZoneThatGrowsWhileItIsReadIsReadAgain(t *testing.T) {
	for _, at := range []int{0, 11, 23} {
		for asked := range 9 {
			z := newChangingZone(t, 23)
			if cov := z.read(t, z.account(), map[int]func(){asked: func() { z.add(at, 9000) }}); !cov.Complete() {
				t.Errorf("grew at %d before page %d: %v", at, asked, cov.Err)
			}
		}
	}
}

func TestAZoneThatGrowsDuringEveryReadIsPartial(t *testing.T) {
	z, changes := newChangingZone(t, 23), map[int]func(){}
	for i := range 100 {
		changes[i] = func() { z.add(0, 9000+i) }
	}
	if cov := z.read(t, z.account(), changes); cov.State != providers.CoveragePartial {
		t.Fatalf("%s %v", cov.State, cov.Err)
	}
}

func TestWhatIsCalledACompleteZoneIsTheZoneWhateverChangesMeanwhile(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 150 {
		z := newChangingZone(t, rng.IntN(40))
		z.perPage = 3 + rng.IntN(9)
		a := z.account()
		for range 2 {
			changes := map[int]func(){}
			for range rng.IntN(5) {
				at, add, id := rng.IntN(80), rng.IntN(2) == 0, 10_000+rng.IntN(1<<20)
				changes[rng.IntN(20)] = func() {
					if add {
						z.add(at, id)
					} else {
						z.remove(at)
					}
				}
			}
			if cov := z.read(t, a, changes); len(changes) == 0 && !cov.Complete() {
				t.Fatalf("round %d: nothing changed, and the zone is %s: %v", round, cov.State, cov.Err)
			}
		}
	}
}

func TestAnAPIWhoseSmallPagesHaveAnotherOrderIsReadTwiceAndMustShowTheSameRows(t *testing.T) {
	for _, refuse := range []bool{false, true} {
		z := newChangingZone(t, 23)
		z.perPage = 9
		z.before = func(w http.ResponseWriter, r *http.Request) bool {
			if per := r.URL.Query().Get("per_page"); per == "5000" || !strings.HasSuffix(r.URL.Path, "/dns_records") {
				return false
			}
			if refuse {
				failure(w, http.StatusBadRequest, 9999, "per_page is out of range")
				return true
			}
			z.mu.Lock()
			defer z.mu.Unlock()
			rows := slices.Clone(z.records)
			slices.Reverse(rows)
			z.page(w, r, rows, z.perPage)
			return true
		}
		a := z.account()
		z.calls = nil
		if cov := z.read(t, a, nil); !cov.Complete() || len(z.calls) < 10 {
			t.Errorf("refused: %v: %d calls, %v", refuse, len(z.calls), cov.Err)
		}
	}
}

func TestPagesAfterTheFirstAreReadSideBySide(t *testing.T) {
	z := newChangingZone(t, 23)
	under, all4 := 0, make(chan struct{}) // four pages and the four borders of all
	z.before = nil
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") != "1" || r.URL.Query().Get("per_page") != "5000" {
			z.mu.Lock()
			if under++; under == 8 {
				close(all4)
			}
			z.mu.Unlock()
			select {
			case <-all4:
			case <-r.Context().Done():
			}
		}
		z.fake.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	if rows, cov := all(t, z.account(func(c *Config) { c.BaseURL = srv.URL + "/client/v4" })); !cov.Complete() || len(rows) != 23 {
		t.Fatalf("%d rows, %v", len(rows), cov.Err)
	}
}
