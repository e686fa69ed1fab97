package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

// step fails the nth call of the store.
func step(n int, f providertest.StoreFault) func(providertest.StoreCall) providertest.StoreFault {
	var mu sync.Mutex
	return func(providertest.StoreCall) providertest.StoreFault {
		mu.Lock()
		defer mu.Unlock()
		if n--; n == -1 {
			return f
		}
		return providertest.StoreFault{}
	}
}

func TestALostReplyAtAnyCallNeitherLosesNorRepeatsAnEntry(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]providertest.StoreFault{
		"carried out": {After: providertest.Lost()}, "not carried out": {Before: providertest.Lost()}, "away": {Before: providertest.Away()},
		"another writes now": {Before: &providers.Error{Kind: providers.KindConflict}},
	} {
		for n := range 12 {
			t.Run(fmt.Sprintf("%s, call %d", name, n), func(t *testing.T) {
				t.Parallel()
				s := teamStore()
				begin(t, newMember(t, s).Journal, 7)
				a := newMember(t, s)
				s.Fail(step(n, f))
				begun := 0
				for range 3 {
					es, err := a.Begin(entry(1))
					a.clock.Advance(awayPause + time.Second)
					if _, away := errors.AsType[*AwayError](err); away {
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					begun++
					if err := a.End(Outcome{ID: es[0].ID, State: Done}); err != nil {
						t.Fatal(err)
					}
					a.clock.Advance(awayPause + time.Second)
				}
				if begun < 2 {
					t.Errorf("%d of 3 entries were begun", begun)
				}
				all(t, a.Journal)
				done := 0
				for _, e := range verified(t, s)[1:] {
					switch e.State {
					case Done:
						done++
					case Failed: // it was in the store, and its writer had no answer
					default:
						t.Errorf("entry %s is %s", e.ID, e.State)
					}
				}
				if done != begun {
					t.Errorf("%d entries are done, and %d were begun", done, begun)
				}
			})
		}
	}
}

func TestAMemberThatIsKilledAtAnyCallLosesNothing(t *testing.T) {
	t.Parallel()
	for _, f := range []providertest.StoreFault{{Before: providertest.Away()}, {After: providertest.Lost()}} {
		for n := range 12 {
			t.Run(fmt.Sprintf("call %d, carried out %t", n, f.After != nil), func(t *testing.T) {
				t.Parallel()
				s := teamStore()
				a := newMember(t, s)
				dead := false
				hit := step(n, f)
				s.Fail(func(c providertest.StoreCall) providertest.StoreFault {
					if got := hit(c); dead || got != (providertest.StoreFault{}) {
						if dead {
							return providertest.StoreFault{Before: providertest.Away()}
						}
						dead = true // from here on nothing of it reaches the store
						return got
					}
					return providertest.StoreFault{}
				})
				made := map[string]bool{} // what was changed
				for i := range 3 {
					es, err := a.Begin(entry(i))
					if err != nil {
						break
					}
					made[fmt.Sprintf("192.0.2.%d", i)] = true
					_ = a.End(Outcome{ID: es[0].ID, State: Done})
					if dead {
						break
					}
				}
				a.crash()
				s.Fail(nil)
				a.open(t, s)
				abandoned, err := a.Abandoned(0)
				if err != nil {
					t.Fatal(err)
				}
				got := map[string]int{}
				for _, e := range verified(t, s) {
					value := e.Change.Before.Value
					got[value]++
					if e.State == Begun && !slices.ContainsFunc(abandoned, func(x Entry) bool { return x.ID == e.ID }) {
						t.Errorf("entry %s stays open, and is not looked up", e.ID)
					}
					if made[value] && e.State != Done {
						t.Errorf("%s was changed and its outcome was on disk, and the journal says %s", value, e.State)
					}
				}
				for value := range made {
					if got[value] != 1 {
						t.Errorf("%s was changed, and has %d entries", value, got[value])
					}
				}
				if files, _ := os.ReadDir(a.writersPath()); len(files) > 1 {
					t.Errorf("outboxes are left: %v", files)
				}
			})
		}
	}
}

func TestDamageInTheStoreIsFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		says   string
		damage func(t *testing.T, s *providertest.Store)
		known  bool // also by a member that has read the journal before
		want   string
	}{
		{"an object is gone", func(t *testing.T, s *providertest.Store) { _ = s.Delete(t.Context(), objectKey(2)) }, false, "lacks the objects 2 to 2"},
		{"an object is changed", func(t *testing.T, s *providertest.Store) {
			o, _ := s.Get(t.Context(), objectKey(2))
			s.Replace(objectKey(2), []byte(strings.Replace(string(o.Data), "192.0.2.2", "192.0.2.9", 1)))
		}, false, "object 2 of the team's journal is not what was written"},
		{"an object is no JSON", func(_ *testing.T, s *providertest.Store) { s.Replace(objectKey(3), []byte("<html>\n")) }, true, "object 3 of the team's journal is not"},
		{"the end is gone", func(t *testing.T, s *providertest.Store) { _ = s.Delete(t.Context(), objectKey(3)) }, true, "lacks object 3, which this machine has read"},
	} {
		t.Run(c.says, func(t *testing.T) {
			t.Parallel()
			s := teamStore()
			a := newMember(t, s)
			for n := range 3 {
				begin(t, a.Journal, n+1)
			}
			a.crash()
			c.damage(t, s)
			fresh := newMember(t, s)
			if c.known {
				fresh = a
				fresh.open(t, s)
			}
			if es := all(t, fresh.Journal); len(es) < 2 {
				t.Errorf("%d entries", len(es))
			}
			if ps := fresh.Problems(); len(ps) != 1 || !strings.Contains(ps[0].Why, c.want) {
				t.Errorf("problems: %+v", ps)
			}
			switch es, err := fresh.Begin(entry(8)); { // the damage does not stop the team
			case c.says == "the end is gone":
				if err == nil {
					t.Error("a number that this machine has read is written again")
				}
			case err != nil || es[0].ID == "1":
				t.Errorf("%+v, %v", es, err)
			}
			if _, ps, _, err := fresh.Verify(nil); err != nil || len(ps) != 1 {
				t.Errorf("verify: %+v, %v", ps, err)
			}
		})
	}
}

func TestAnObjectOfALaterFormatEndsWritingAndKeepsReading(t *testing.T) {
	t.Parallel()
	s := teamStore()
	a, later := newMember(t, s), newMember(t, s)
	begin(t, a.Journal, 1)
	_ = all(t, later.Journal)
	data, err := later.encode(&batch{Format: teamFormat + 1, ID: "later", Entries: []Entry{{ID: "2"}}})
	if err != nil {
		t.Fatal(err)
	}
	s.Replace(objectKey(2), data)
	if err := a.Unread(); err != nil {
		t.Errorf("before it was read: %v", err)
	}
	if es := all(t, a.Journal); len(es) != 1 || !strings.Contains(fmt.Sprint(a.Unread()), "read object 2") {
		t.Errorf("%+v, %v", es, a.Unread())
	}
	_, err = a.Begin(entry(2))
	if providers.KindOf(err) != providers.KindInvalid || !strings.Contains(err.Error(), "later release") {
		t.Errorf("begin: %v", err)
	}
}

func TestAFieldOfALaterReleaseStaysInTheChain(t *testing.T) {
	t.Parallel()
	s := teamStore()
	a := newMember(t, s)
	raw := []byte(`{"batch":{"format":1,"id":"x","colour":"red","entries":[{"id":"1","kind":"paint","who":"eve@there","state":"done","shade":7}]}}`)
	l := line{Seq: 1, Body: raw}
	l.Hash = hashOf(l.Seq, l.Prev, raw)
	data, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	s.Replace(objectKey(1), data)
	begin(t, a.Journal, 1)
	if es := verified(t, s); len(es) != 2 || es[0].Kind != "paint" {
		t.Errorf("%+v", es)
	}
}
