package journal

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

// wantOffered checks how many drains a member sees as unfinished, and whether they have ended in order.
func wantOffered(t *testing.T, m *member, want int, ended bool) {
	t.Helper()
	got, err := m.UnfinishedDrains()
	if err != nil || len(got) != want || slices.ContainsFunc(got, func(u Unfinished) bool { return u.Ended != ended }) {
		t.Errorf("%d are unfinished, want %d, ended in order %t: %+v %v", len(got), want, ended, got, err)
	}
}

// draining has a member take a node out of DNS in a run that works on it.
func draining(t *testing.T, m *member, name string) *Work {
	t.Helper()
	w, err := m.BeginWork("me@here", nodeRef(name))
	if err != nil {
		t.Fatal(err)
	}
	drained(t, m.Journal, name)
	return w
}

func TestARunOfAnotherMachineThatIsStoppedInOrderIsFreeAtOnceAndAKilledOneLater(t *testing.T) {
	t.Parallel()
	clock := providertest.NewClock(at.Add(5 * time.Hour)) // of the store
	for _, c := range []struct {
		name  string
		stops func(t *testing.T, a *member, w *Work)
		free  bool
	}{
		{"by a key in a console that stays open", func(t *testing.T, _ *member, w *Work) {
			if err := w.End(); err != nil {
				t.Error(err)
			}
		}, true},
		{"by the end of its process", func(t *testing.T, a *member, w *Work) {
			if err := w.End(); err != nil {
				t.Error(err)
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		}, true},
		{"by the end of its process, which did not wait for it", func(t *testing.T, a *member, w *Work) {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
			_ = w.End()
		}, true},
		{"by kill -9", func(_ *testing.T, a *member, _ *Work) { a.crash() }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := providertest.NewStore(clock.Clock)
			a, b := newMember(t, s), newMember(t, s)
			w := draining(t, a, "www-01")
			clock.Advance(time.Minute)
			wantOffered(t, b, 0, false)
			if _, elsewhere, err := b.WorkedOn(nodeRef("www-01"), nodeRef("www-02")); err != nil || len(elsewhere) != 1 || !strings.Contains(elsewhere[0].Error(), "works on www-01 now") {
				t.Errorf("%v %v", elsewhere, err)
			}
			c.stops(t, a, w)
			if !c.free {
				wantOffered(t, b, 0, false)
				clock.Advance(deadAfter)
				b.clock.Advance(deadAfter)
			}
			wantOffered(t, b, 1, c.free)
			if here, elsewhere, err := b.WorkedOn(nodeRef("www-01")); err != nil || len(here)+len(elsewhere) > 0 {
				t.Errorf("%v %v %v", here, elsewhere, err)
			}
		})
	}
}

func TestASecondRunOfAConsoleOnANodeTakesBackThatTheFirstHasEnded(t *testing.T) {
	t.Parallel()
	s := teamStore()
	a, b := newMember(t, s), newMember(t, s)
	if err := draining(t, a, "www-01").End(); err != nil {
		t.Fatal(err)
	}
	wantOffered(t, b, 1, true)
	w, err := a.BeginWork("me@here", nodeRef("www-01"))
	if err != nil {
		t.Fatal(err)
	}
	wantOffered(t, b, 0, false)
	if err := w.End(); err != nil {
		t.Fatal(err)
	}
	wantOffered(t, b, 1, true)
}

func TestAWriterOfAnEarlierReleaseThatNamesNoNodesIsAliveAsLongAsItIsNotSilent(t *testing.T) {
	t.Parallel()
	s := teamStore()
	a, b := newMember(t, s), newMember(t, s)
	w := draining(t, a, "www-01")
	o, err := s.Get(t.Context(), writerKey(a.writer))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutIfMatch(t.Context(), writerKey(a.writer), []byte(`{"format":1,"who":"me@here","at":"2026-11-30T12:00:00Z"}`), o.Version); err != nil {
		t.Fatal(err)
	}
	wantOffered(t, b, 0, false)
	_ = w.End()
}

func TestWhoWorksOnANodeOnThisMachineIsKnownWithoutAClaim(t *testing.T) {
	eachJournal(t, func(t *testing.T, one, two *Journal) {
		w, err := one.BeginWork("ops@desk", nodeRef("www-01"))
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range []*Journal{one, two} {
			here, elsewhere, err := j.WorkedOn(nodeRef("www-02"), nodeRef("www-01"))
			if err != nil || len(here) != 1 || len(elsewhere) > 0 || !strings.Contains(here[0].Error(), "ops@desk (process ") || !strings.Contains(here[0].Error(), "works on www-01 now") {
				t.Errorf("%v %v %v", here, elsewhere, err)
			}
		}
		if err := w.End(); err != nil {
			t.Fatal(err)
		}
		if here, _, err := two.WorkedOn(nodeRef("www-01")); err != nil || len(here) > 0 {
			t.Errorf("%v %v", here, err)
		}
		if w, err = two.BeginWork("ops@desk", nodeRef("www-01")); err != nil { // asking has claimed nothing
			t.Fatal(err)
		}
		_ = w.End()
	})
}

func TestTheObjectOfAWriterThatHasEndedGoesWithTheLastDrainThatItLeft(t *testing.T) {
	t.Parallel()
	s := teamStore()
	a, b, looks := newMember(t, s), newMember(t, s), newMember(t, s)
	w, other := draining(t, a, "www-01"), draining(t, a, "www-02")
	writer := writerKey(a.writer)
	for _, end := range []func() error{w.End, other.End, a.Close} {
		if err := end(); err != nil {
			t.Fatal(err)
		}
	}
	want := func(there bool) {
		t.Helper()
		if _, err := s.Get(t.Context(), writer); (err == nil) != there || err != nil && providers.KindOf(err) != providers.KindNotFound {
			t.Errorf("%v, want it there: %t", err, there)
		}
	}
	wantOffered(t, b, 2, true)
	wantOffered(t, looks, 2, true)
	terminate := func(name string) {
		t.Helper()
		work, err := b.BeginWork("me@there", nodeRef(name))
		if err != nil {
			t.Fatal(err)
		}
		began, err := b.Begin(stepsOf("r2", "drain", name, ended(""))...)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Journal.End(Outcome{ID: began[0].ID, State: Done}); err != nil {
			t.Fatal(err)
		}
		if err := work.End(); err != nil {
			t.Fatal(err)
		}
	}
	terminate("www-01")
	wantOffered(t, b, 1, true)
	want(true)
	terminate("www-02")
	wantOffered(t, looks, 0, false)
	if err := looks.Close(); err != nil {
		t.Fatal(err)
	}
	want(true) // that one only reads
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	want(false)
	if keys := s.Keys(); slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, "writers/") }) {
		t.Error(keys)
	}
}
