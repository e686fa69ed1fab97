package team_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/store"
	"rollcall/providers/team"
)

var at = time.Date(2026, time.November, 29, 12, 0, 0, 0, time.UTC)

func board(t *testing.T, s providers.Store, clock *providertest.Clock) *team.Board {
	t.Helper()
	b, err := team.OpenBoard(s, t.TempDir(), clock.Clock)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func snooze(finding, who string, when time.Time) team.Annotation {
	return team.Annotation{Time: when, Who: who, Finding: finding, Until: when.Add(2 * time.Hour), Text: "known", Evidence: "e"}
}

// write writes an annotation, which must reach the store or be kept.
func write(t *testing.T, b *team.Board, kept bool, list ...team.Annotation) {
	t.Helper()
	if k, err := b.Write(t.Context(), list...); err != nil || k != kept {
		t.Fatalf("kept %v, %v", k, err)
	}
}

// listed returns what holds at a board after it was read, as about: who.
func listed(t *testing.T, b *team.Board) map[string]string {
	t.Helper()
	if err := b.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	return held(b)
}

func held(b *team.Board) map[string]string {
	out := map[string]string{}
	list, _ := b.Annotations()
	for _, a := range list {
		out[a.Finding+a.Subject] = a.Who + " " + a.Text
	}
	return out
}

func away(providertest.StoreCall) providertest.StoreFault {
	return providertest.StoreFault{Before: providertest.Away()}
}

func TestFiftyWritersAtOnceLoseNoSnoozeAndNoNote(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, open := range map[string]func() providers.Store{
		"in memory": func() providers.Store { return nil },
		"folder":    func() providers.Store { return store.NewFolder(folder) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := providertest.NewClock(at)
			s := open()
			if s == nil {
				s = providertest.NewStore(clock.Clock)
			}
			const writers = 50
			var all sync.WaitGroup
			for i := range writers {
				b, err := team.OpenBoard(s, t.TempDir(), providers.Clock{Time: clock.Now})
				if err != nil {
					t.Fatal(err)
				}
				all.Go(func() {
					who := fmt.Sprintf("w%d", i)
					for _, a := range []team.Annotation{snooze("dead|"+who, who, at), {Time: at, Who: who, Subject: who, Text: "a note"}} {
						kept, err := b.Write(t.Context(), a)
						for range 20 { // on a busy machine the others may have been faster until its patience ended
							if err == nil && kept {
								kept = b.Sync(t.Context()) != nil
							}
						}
						if err != nil || kept {
							t.Errorf("%s: kept %v, %v", who, kept, err)
						}
					}
				})
			}
			all.Wait()
			if got := listed(t, board(t, s, clock)); len(got) != 2*writers {
				t.Errorf("%d snoozes and notes of %d", len(got), 2*writers)
			}
		})
	}
}

func TestTheLaterOfTwoAboutTheSameHoldsAndAnEndIsAnEnd(t *testing.T) {
	t.Parallel()
	clock := providertest.NewClock(at)
	s := providertest.NewStore(clock.Clock)
	a, b := board(t, s, clock), board(t, s, clock)
	write(t, a, false, snooze("dead|x", "ana", at.Add(time.Hour))) // whose clock is wrong
	write(t, b, false, team.Annotation{Time: at, Who: "ben", Finding: "dead|x"})
	if got := listed(t, a); got["dead|x"] != "ben " {
		t.Errorf("after the end of the other: %v", got)
	}
	write(t, b, false, team.Annotation{Time: at, Who: "ben", Subject: "www/A/192.0.2.1", Text: "first"})
	write(t, a, false, team.Annotation{Time: at, Who: "ana", Subject: "www/A/192.0.2.1", Text: "second"})
	if got := listed(t, b); got["www/A/192.0.2.1"] != "ana second" {
		t.Errorf("%v", got)
	}
}

func TestWhileTheStoreIsAwayTheLastReadHoldsAndWhatIsNewJoinsLater(t *testing.T) {
	t.Parallel()
	clock := providertest.NewClock(at)
	s := providertest.NewStore(clock.Clock)
	folder := t.TempDir()
	a, err := team.OpenBoard(s, folder, clock.Clock)
	if err != nil {
		t.Fatal(err)
	}
	b := board(t, s, clock)
	write(t, b, false, snooze("dead|x", "ben", at))
	_ = listed(t, a)
	s.Fail(away)
	write(t, a, true, snooze("dead|y", "ana", at.Add(time.Minute)))
	if err := a.Sync(t.Context()); err == nil {
		t.Error("the store is away, and that is no error")
	}
	if a, err = team.OpenBoard(s, folder, clock.Clock); err != nil { // after a start
		t.Fatal(err)
	}
	if got := held(a); got["dead|x"] != "ben known" || got["dead|y"] != "ana known" {
		t.Errorf("away: %v", got)
	}
	if n, err := a.Away(); n != 1 || err != nil { // it was not asked yet
		t.Errorf("%d wait, %v", n, err)
	}
	s.Fail(nil)
	write(t, b, false, snooze("dead|z", "ben", at.Add(2*time.Minute)), team.Annotation{Time: at.Add(3 * time.Minute), Who: "ben", Finding: "dead|y"})
	if got := listed(t, a); got["dead|x"] != "ben known" || got["dead|y"] != "ben " || got["dead|z"] != "ben known" {
		t.Errorf("back: %v", got) // what ben did about y was later
	}
	if n, err := a.Away(); n != 0 || err != nil {
		t.Errorf("%d wait, %v", n, err)
	}
	s.Fail(away)
	write(t, a, true, team.Annotation{Time: at.Add(time.Hour), Who: "ana", Subject: "i-1", Text: "kept"})
	s.Fail(nil)
	if _ = listed(t, a); listed(t, b)["i-1"] != "ana kept" {
		t.Errorf("what waited did not join: %v", listed(t, b))
	}
}

func TestALostAnswerNeitherLosesNorOverwrites(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]providertest.StoreFault{
		"carried out": {After: providertest.Lost()}, "not carried out": {Before: providertest.Lost()}, "another writes now": {Before: &providers.Error{Kind: providers.KindConflict}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := providertest.NewClock(at)
			s := providertest.NewStore(clock.Clock)
			a, b := board(t, s, clock), board(t, s, clock)
			write(t, b, false, snooze("dead|x", "ben", at))
			hit := false
			s.Fail(func(c providertest.StoreCall) providertest.StoreFault {
				if c.Op != "replace" || hit {
					return providertest.StoreFault{}
				}
				hit = true
				return f
			})
			write(t, a, false, snooze("dead|y", "ana", at))
			if got := listed(t, b); !hit || got["dead|x"] != "ben known" || got["dead|y"] != "ana known" || len(got) != 2 {
				t.Errorf("hit %v: %v", hit, got)
			}
		})
	}
}

func TestAnOlderMemberKeepsFieldsThatItDoesNotKnowAndLeavesALaterFormatAlone(t *testing.T) {
	t.Parallel()
	clock := providertest.NewClock(at)
	s := providertest.NewStore(clock.Clock)
	s.Replace("annotations/all", []byte(`{"format":1,"colour":"blue","annotations":[{"time":"2026-11-29T12:00:00Z","who":"zoe","subject":"i-1","text":"x","links":["a"]}]}`))
	a := board(t, s, clock)
	write(t, a, false, snooze("dead|y", "ana", at))
	o, err := s.Get(t.Context(), "annotations/all")
	if err != nil || !strings.Contains(string(o.Data), `"colour":"blue"`) || !strings.Contains(string(o.Data), `"links":["a"]`) || !strings.Contains(string(o.Data), "dead|y") {
		t.Errorf("%s, %v", o.Data, err)
	}
	for _, text := range []string{`{"format":2,"annotations":[]}`, "<html>", `{"annotations":{}}`, `{}`} {
		s.Replace("annotations/all", []byte(text))
		if kept, err := a.Write(t.Context(), snooze("dead|z", "ana", at)); kept || providers.KindOf(err) != providers.KindInvalid || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: kept %v, %v", text, kept, err)
		}
		if o, _ := s.Get(t.Context(), "annotations/all"); string(o.Data) != text {
			t.Errorf("%s was replaced", text)
		}
		if got := held(a); got["dead|y"] != "ana known" {
			t.Errorf("what was read before does not hold: %v", got)
		}
	}
}

func TestWhatIsOverIsDroppedOnlyWhenNoMemberCanBringItBack(t *testing.T) {
	t.Parallel()
	clock := providertest.NewClock(at)
	s := providertest.NewStore(clock.Clock)
	a := board(t, s, clock)
	write(t, a, false, snooze("dead|x", "ana", at), team.Annotation{Time: at, Who: "ana", Finding: "dead|y"}, team.Annotation{Time: at, Who: "ana", Subject: "i-1", Text: "stays"})
	clock.Advance(30 * 24 * time.Hour)
	write(t, a, false, snooze("dead|z", "ana", clock.Now()))
	if got := listed(t, a); len(got) != 4 {
		t.Errorf("%v", got)
	}
	clock.Advance(2 * 24 * time.Hour)
	write(t, a, false, team.Annotation{Time: clock.Now(), Who: "ana", Finding: "dead|w"})
	if got := listed(t, a); len(got) != 3 || got["i-1"] != "ana stays" {
		t.Errorf("%v", got)
	}
}

func TestCarriedInAreThoseThatHoldAndNotOverLaterOnesOfTheTeam(t *testing.T) {
	t.Parallel()
	clock := providertest.NewClock(at)
	s := providertest.NewStore(clock.Clock)
	a := board(t, s, clock)
	write(t, a, false, snooze("dead|x", "ben", at))
	own := []team.Annotation{
		snooze("dead|x", "ana", at.Add(-time.Hour)), snooze("dead|y", "ana", at.Add(-time.Hour)), snooze("dead|ended", "ana", at.Add(-time.Hour)),
		{Time: at.Add(-time.Minute), Who: "ana", Finding: "dead|ended"},
		snooze("dead|over", "ana", at.Add(-3*time.Hour)),
		{Time: at, Who: "ana", Subject: "i-1", Text: "note"},
	}
	for range 2 { // a join that was stopped is done again
		n, err := a.CarryIn(t.Context(), own)
		if got := listed(t, a); n != 2 || err != nil || len(got) != 3 || got["dead|x"] != "ben known" || got["dead|y"] != "ana known" || got["i-1"] != "ana note" {
			t.Errorf("%d, %v: %v", n, err, got)
		}
	}
}

func TestWhatCannotBeKeptEitherIsAnError(t *testing.T) {
	t.Parallel()
	clock := providertest.NewClock(at)
	s := providertest.NewStore(clock.Clock)
	folder := t.TempDir()
	b, err := team.OpenBoard(s, folder, clock.Clock)
	if err != nil {
		t.Fatal(err)
	}
	s.Fail(away)
	if err := os.WriteFile(folder+"/annotations-waiting", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if kept, err := b.Write(context.Background(), snooze("dead|x", "ana", at)); kept || err == nil {
		t.Errorf("kept %v, %v", kept, err)
	}
}
