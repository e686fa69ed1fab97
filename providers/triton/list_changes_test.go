package triton

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"

	"rollcall/providers"
)

// changingList is a fake whose list changes before some of its answers, and notes what it held.
type changingList struct {
	*fake
	asked   int
	before  map[int]func()
	moments [][]string
}

func newChangingList(t *testing.T, n int) *changingList {
	l := &changingList{fake: newFake(t, n)}
	l.fake.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/ops/machines" {
			return false
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if change := l.before[l.asked]; change != nil {
			change()
			l.note()
		}
		l.asked++
		return false
	}
	return l
}

func (l *changingList) note() {
	var now []string
	for _, m := range l.machines {
		now = append(now, m["id"].(string))
	}
	l.moments = append(l.moments, now)
}

// remove and add change the list at a place; l.mu is held.
func (l *changingList) remove(at int) {
	if len(l.machines) > 0 {
		at %= len(l.machines)
		l.machines = append(l.machines[:at:at], l.machines[at+1:]...)
	}
}

func (l *changingList) add(at, id int) {
	at %= len(l.machines) + 1
	l.machines = slices.Insert(slices.Clone(l.machines), at, map[string]any{"id": uuid(id), "state": "running", "ips": []string{}})
}

// read reads the list while the changes happen.
func (l *changingList) read(t *testing.T, before map[int]func()) ([]string, providers.Coverage) {
	l.mu.Lock()
	l.before, l.asked, l.moments = before, 0, nil
	l.note()
	l.mu.Unlock()
	rows, cov := all(t, l.cloud())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.before = nil
	var ids []string
	for i := range rows {
		ids = append(ids, rows[i].ID)
	}
	if cov.Complete() {
		for _, id := range l.moments[0] {
			if !slices.ContainsFunc(l.moments, func(m []string) bool { return !slices.Contains(m, id) }) && !slices.Contains(ids, id) {
				t.Fatalf("%s was there all the time, and is not in a list that is called complete", id)
			}
		}
		for _, id := range ids {
			if !slices.ContainsFunc(l.moments, func(m []string) bool { return slices.Contains(m, id) }) {
				t.Fatalf("%s is listed, and was never there", id)
			}
		}
		if len(l.moments) <= 3 && !slices.ContainsFunc(l.moments, func(m []string) bool { return slices.Equal(m, ids) }) {
			t.Fatalf("a list of %d machines is called complete, and was never what the cloud had", len(ids))
		}
	}
	return ids, cov
}

func TestAMachineThatGoesFromTheFirstPageAndOneThatComesAtTheEndHideNoOther(t *testing.T) {
	for asked := range 7 {
		l := newChangingList(t, 2500)
		l.maxLimit = 500
		if _, cov := l.read(t, map[int]func(){asked: func() { l.remove(3); l.add(2499, 9000) }}); !cov.Complete() {
			t.Errorf("changed before answer %d: %v", asked, cov.Err)
		}
	}
}

func TestAListThatGrowsWhileItIsReadIsReadAgain(t *testing.T) {
	for _, at := range []int{0, 1200, 2500} {
		for asked := range 5 {
			l := newChangingList(t, 2500)
			if _, cov := l.read(t, map[int]func(){asked: func() { l.add(at, 9000) }}); !cov.Complete() {
				t.Errorf("grew at %d before answer %d: %v", at, asked, cov.Err)
			}
		}
	}
}

func TestWhatIsCalledACompleteListIsTheCloudsWhateverChangesMeanwhile(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		l := newChangingList(t, rng.IntN(60))
		l.maxLimit = 2 + rng.IntN(9)
		before := map[int]func(){}
		for range rng.IntN(5) {
			at, add := rng.IntN(80), rng.IntN(2) == 0
			before[rng.IntN(20)] = func() {
				if add {
					l.add(at, 10_000+rng.IntN(1<<20))
				} else {
					l.remove(at)
				}
			}
		}
		if _, cov := l.read(t, before); len(before) == 0 && !cov.Complete() {
			t.Fatalf("round %d: nothing changed, and the list is %s: %v", round, cov.State, cov.Err)
		}
	}
}
