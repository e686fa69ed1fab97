package journal

import (
	"strings"
	"sync"
	"testing"

	"rollcall/providers"
)

func TestOfTwoThatLookedAtThePlaceOfANodeOneLaunchesInIt(t *testing.T) {
	shared := teamStore()
	path := file(t)
	for name, two := range map[string][2]*Journal{
		"file": {open(t, path), open(t, path)},
		"team": {newMember(t, shared).Journal, newMember(t, shared).Journal},
	} {
		entry := stepsOf("r1", "replace", "a", replacing("a", "", "", "a"))[0]
		old := entry.Launch.Replaces.Old
		entry.Instance = nil
		var places [2]*Place
		for i, j := range two {
			p, last, err := j.Place(old)
			if err != nil || last != nil {
				t.Fatalf("%s: %+v, %v", name, last, err)
			}
			places[i] = p
		}
		var all sync.WaitGroup
		var errs [2]error
		var written [2]Entry
		for i := range places {
			all.Go(func() { written[i], errs[i] = places[i].Begin(entry) })
		}
		all.Wait()
		won, lost := 0, 1
		if errs[0] != nil {
			won, lost = 1, 0
		}
		if errs[won] != nil || providers.KindOf(errs[lost]) != providers.KindConflict || !strings.Contains(errs[lost].Error(), "ops@desk launches another node in the place of a already, as journal entry "+written[won].ID+" says") {
			t.Fatalf("%s: %v", name, errs)
		}
		if entries, err := two[lost].Entries(); err != nil || len(entries) != 1 {
			t.Errorf("%s: %+v, %v", name, entries, err)
		}
		// While the winner launches, the place is taken.
		if _, _, err := two[lost].Place(old); providers.KindOf(err) != providers.KindConflict {
			t.Errorf("%s: %v", name, err)
		}
		if err := two[won].End(Outcome{ID: written[won].ID, State: Failed}); err != nil {
			t.Fatal(err)
		}
		p, last, err := two[lost].Place(old)
		if err != nil || last != nil {
			t.Fatalf("%s: %+v, %v", name, last, err)
		}
		for range 2 { // a second try of its own is not that of another
			if _, err := p.Begin(entry); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestTheLaunchOfAProcessThatHasEndedDoesNotHoldThePlace(t *testing.T) {
	path := file(t)
	j := open(t, path)
	entry := stepsOf("r1", "replace", "a", replacing("a", "", "", "a"))[0]
	if _, err := j.Begin(entry); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	p, last, err := open(t, path).Place(entry.Launch.Replaces.Old)
	if err != nil || last == nil || last.Launch.ID != entry.Launch.ID {
		t.Fatalf("%+v, %v", last, err)
	}
	if _, err := p.Begin(entry); err != nil {
		t.Error(err)
	}
}
