package journal

import (
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

// written returns a store whose journal has entries, and the objects of it.
func written(t *testing.T, values ...int) (s *providertest.Store, objects map[string][]byte) {
	t.Helper()
	s, objects = teamStore(), map[string][]byte{}
	m := newMember(t, s)
	for _, n := range values {
		begin(t, m.Journal, n)
	}
	for number := range values {
		key := objectKey(uint64(number) + 1)
		o, err := s.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		objects[key] = o.Data
	}
	return s, objects
}

func TestNothingIsChangedWhileTheStoreLacksWhatThisMachineHasRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		damage func(t *testing.T, s *providertest.Store)
		want   string
	}{
		"the newest object is removed": {func(t *testing.T, s *providertest.Store) { _ = s.Delete(t.Context(), objectKey(3)) }, "lacks object 3, which this machine has read: the newest objects were removed"},
		"every object is removed": {func(t *testing.T, s *providertest.Store) {
			for n := range 3 {
				_ = s.Delete(t.Context(), objectKey(uint64(n)+1))
			}
		}, "has no object 1, and this machine has read 3 objects"},
		"the newest object is removed and its number taken": {func(t *testing.T, s *providertest.Store) {
			_ = s.Delete(t.Context(), objectKey(3))
			begin(t, newMember(t, s).Journal, 9)
		}, "object 3 is not the one that this machine has read: it was replaced"},
		"it has another journal that is longer": {func(t *testing.T, s *providertest.Store) {
			_, others := written(t, 11, 12, 13, 14)
			for key, data := range others {
				s.Replace(key, data)
			}
		}, "has another journal"},
		"it has another journal that is shorter": {func(t *testing.T, s *providertest.Store) {
			_, others := written(t, 11)
			for n := range 3 {
				_ = s.Delete(t.Context(), objectKey(uint64(n)+1))
			}
			s.Replace(objectKey(1), others[objectKey(1)])
		}, "has another journal"},
	} {
		for _, restart := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s, objects := written(t, 1, 2, 3)
				m := newMember(t, s)
				_ = all(t, m.Journal)
				if restart {
					m.crash()
				}
				c.damage(t, s)
				if restart {
					m.open(t, s)
				}
				m.clock.Advance(time.Minute)
				keys := len(s.Keys())
				refused := func(what string, err error) {
					t.Helper()
					if providers.KindOf(err) != providers.KindInvalid || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "rollcall team set-aside") || !strings.Contains(err.Error(), m.path) || strings.Contains(err.Error(), "\n") {
						t.Errorf("%s: %v", what, err)
						return
					}
					if strings.Contains(name, "another") && strings.Contains(err.Error(), "removed") {
						t.Errorf("%s: what was never there was not removed: %v", what, err)
					}
				}
				_, err := m.Begin(entry(8))
				refused("begin", err)
				refused("check", m.Check("ana@ops-1"))
				if es, err := m.Abandoned(0); err != nil || len(es) > 0 {
					t.Errorf("abandoned: %+v, %v", es, err)
				}
				if es := all(t, m.Journal); len(es) != 3 || es[2].Change.Before.Value != "192.0.2.3" {
					t.Errorf("the journal mixes two: %+v", es)
				}
				if ps := m.Problems(); len(ps) != 1 || !strings.Contains(ps[0].Why, c.want) {
					t.Errorf("problems: %+v", ps)
				}
				if _, ps, _, err := m.Verify(nil); err != nil || len(ps) == 0 || !strings.Contains(ps[len(ps)-1].Why, c.want) {
					t.Errorf("verify: %+v, %v", ps, err)
				}
				if now := len(s.Keys()); now > keys+1 { // the writer's own object
					t.Errorf("something was written: %v", s.Keys())
				}
				_ = s.Delete(t.Context(), objectKey(4))
				for key, data := range objects {
					s.Replace(key, data)
				}
				if es := begin(t, m.Journal, 8); es[0].ID != "4" || len(m.Problems()) > 0 {
					t.Errorf("after it was restored: %+v, %+v", es, m.Problems())
				}
				verified(t, s)
			})
		}
	}
}

func TestAnOutcomeAndWhatWasJournalledHereWaitWhileTheStoreLacksTheChain(t *testing.T) {
	t.Parallel()
	s, objects := written(t, 1, 2)
	m := newMember(t, s)
	es := begin(t, m.Journal, 3)
	o, err := s.Get(t.Context(), objectKey(3))
	if err != nil {
		t.Fatal(err)
	}
	objects[objectKey(3)] = o.Data
	s.Fail(func(providertest.StoreCall) providertest.StoreFault {
		return providertest.StoreFault{Before: providertest.Away()}
	})
	_, _ = m.Begin(entry(4))
	m.JournalHere()
	begin(t, m.Journal, 4)
	if err := m.End(Outcome{ID: es[0].ID, State: Done, Ticket: "T"}); err != nil {
		t.Fatal(err)
	}
	m.crash()
	s.Fail(nil)
	_ = s.Delete(t.Context(), objectKey(3))
	m.open(t, s)
	_ = all(t, m.Journal)
	if _, err := s.Get(t.Context(), objectKey(3)); providers.KindOf(err) != providers.KindNotFound {
		t.Errorf("what waited was sent: %v", err)
	}
	s.Replace(objectKey(3), objects[objectKey(3)])
	m.clock.Advance(time.Minute)
	_ = all(t, m.Journal)
	if got := verified(t, s); len(got) != 4 || got[2].Ticket != "T" || got[3].Change.Before.Value != "192.0.2.4" {
		t.Errorf("%+v", got)
	}
}
