package journal

import (
	"errors"
	"strings"
	"testing"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

func nodeRef(name string) providers.InstanceRef {
	return providers.InstanceRef{Cloud: "aws-use1", Key: "k1", ID: "i-" + name, Name: name}
}

// eachJournal calls f with two journals of one machine, as two processes open them: of a file, and of a team.
func eachJournal(t *testing.T, f func(t *testing.T, one, two *Journal)) {
	t.Run("file", func(t *testing.T) {
		path := file(t)
		f(t, open(t, path), open(t, path))
	})
	t.Run("team", func(t *testing.T) {
		s, path := providertest.NewStore(providers.Clock{}), file(t)
		member := func() *Journal {
			j, err := OpenTeam(TeamOptions{Path: path, Store: s, Who: "ops@desk"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = j.Close() })
			return j
		}
		f(t, member(), member())
	})
}

// drained has a journal take a node out of DNS.
func drained(t *testing.T, j *Journal, name string) {
	t.Helper()
	es, err := j.Begin(stepsOf("r1", "drain", name, took(providers.OpDelete, ""))...)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.End(Outcome{ID: es[0].ID, State: Done}); err != nil {
		t.Fatal(err)
	}
}

func wantUnfinished(t *testing.T, j *Journal, want int) {
	t.Helper()
	if got, err := j.UnfinishedDrains(); err != nil || len(got) != want {
		t.Errorf("%d are unfinished, want %d: %+v %v", len(got), want, got, err)
	}
}

func TestADrainThatIsStoppedInAProcessThatLivesOnIsUnfinishedAtOnce(t *testing.T) {
	eachJournal(t, func(t *testing.T, one, two *Journal) {
		w, err := one.BeginWork("ops@desk", nodeRef("www-01"))
		if err != nil {
			t.Fatal(err)
		}
		drained(t, one, "www-01")
		for _, j := range []*Journal{one, two} {
			wantUnfinished(t, j, 0)
		}
		if err := w.End(); err != nil {
			t.Fatal(err)
		}
		for _, j := range []*Journal{one, two} {
			wantUnfinished(t, j, 1)
		}
	})
}

func TestAnUnfinishedDrainIsTakenByOneRunAndOfferedToNoOther(t *testing.T) {
	eachJournal(t, func(t *testing.T, one, two *Journal) {
		drained(t, one, "www-01")
		if err := one.Close(); err != nil {
			t.Fatal(err)
		}
		wantUnfinished(t, two, 1)
		w, err := two.BeginWork("ops@desk", nodeRef("www-02"), nodeRef("www-01"))
		if err != nil {
			t.Fatal(err)
		}
		wantUnfinished(t, two, 0)
		_, err = two.BeginWork("bob@desk", nodeRef("www-03"), nodeRef("www-01"))
		if _, ok := errors.AsType[*WorkedOnError](err); !ok || !strings.Contains(err.Error(), "ops@desk (process ") || !strings.Contains(err.Error(), "works on www-01 now") {
			t.Errorf("%v", err)
		}
		if err := w.End(); err != nil {
			t.Fatal(err)
		}
		for range 2 { // what was refused has kept nothing, nor has what has ended
			again, err := two.BeginWork("bob@desk", nodeRef("www-03"), nodeRef("www-01"))
			if err != nil {
				t.Fatal(err)
			}
			if err := again.End(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
