package journal

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

const stopperEnv = "ROLLCALL_TEST_JOURNAL_STOPPER"

// stop begins an entry, says so, and waits to be killed.
func stop(path string) {
	j, err := Open(path, providers.Clock{}, nil)
	if err == nil {
		_, err = j.Begin(entry(7))
	}
	fmt.Println(err)
	_, _ = io.Copy(io.Discard, os.Stdin) // ends when the test does, unless it is killed before
	os.Exit(1)
}

// begun starts a process that begins an entry and then does nothing.
func begun(t *testing.T, path string) (kill func()) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), stopperEnv+"="+path)
	return providertest.StartProgram(t, c, "<nil>")
}

func abandoned(t *testing.T, j *Journal) []string {
	t.Helper()
	es, err := j.Abandoned(0)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, e := range es {
		ids = append(ids, e.ID)
	}
	return ids
}

func TestAnEntryIsAbandonedOnceItsProcessIsKilledAndNotBefore(t *testing.T) {
	path := file(t)
	one, two := begun(t, path), begun(t, path)
	j := open(t, path)
	begin(t, j, 3)
	if got := abandoned(t, j); len(got) != 0 {
		t.Fatalf("all live, and abandoned are %v", got)
	}
	one()
	if got := abandoned(t, j); !slices.Equal(got, []string{"1"}) {
		t.Fatalf("abandoned: %v", got)
	}
	two()
	if got := abandoned(t, open(t, path)); !slices.Equal(got, []string{"1", "2"}) {
		t.Fatalf("abandoned: %v", got)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if got := abandoned(t, open(t, path)); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Fatalf("a writer that left without a word: %v", got)
	}
	if left, err := os.ReadDir(path + ".writers"); err != nil || len(left) != 0 {
		t.Errorf("%d writers are said to be there, %v", len(left), err)
	}
}

func TestFilesOfDeadWritersDoNotPileUp(t *testing.T) {
	path := file(t)
	live := open(t, path)
	begin(t, live, 1)
	for n := range maxWriterFiles {
		if err := os.WriteFile(filepath.Join(path+".writers", fmt.Sprintf("%012x", n)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	j := open(t, path)
	begin(t, j, 2)
	left, err := os.ReadDir(path + ".writers")
	if err != nil || len(left) != 2 {
		t.Errorf("%d files, %v", len(left), err)
	}
	if got := abandoned(t, open(t, path)); len(got) != 0 {
		t.Errorf("abandoned: %v", got)
	}
}

func TestAnEntryOfNoWriterIsAbandoned(t *testing.T) {
	path := file(t)
	j := open(t, path)
	for _, w := range []string{"", "../journal.jsonl", "0123456789ab"} {
		if alive, err := j.writerAlive(w); alive || err != nil {
			t.Errorf("%q: %v, %v", w, alive, err)
		}
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestWhatWasAbandonedIsSettledOnce(t *testing.T) {
	path := file(t)
	begun(t, path)()
	a, b := open(t, path), open(t, path)
	if got := abandoned(t, a); len(got) != 1 {
		t.Fatalf("abandoned: %v", got)
	}
	w, err := a.RecordOutcomes(Outcome{ID: "1", State: Done, LookedUp: true, Note: "it was looked up"})
	if err != nil || len(w) != 1 || w[0].State != Done || !w[0].LookedUp || w[0].Change == nil {
		t.Fatalf("%+v, %v", w, err)
	}
	if w, err := b.RecordOutcomes(Outcome{ID: "1", State: Failed}, Outcome{ID: "9", State: Done}); err != nil || len(w) != 0 {
		t.Fatalf("settled twice: %+v, %v", w, err)
	}
	es, ps, err := Read(path, nil)
	if err != nil || len(ps) != 0 || len(es) != 1 || es[0].State != Done || es[0].Note != "it was looked up" {
		t.Fatalf("%+v, %v, %v", es, ps, err)
	}
	if got := abandoned(t, b); len(got) != 0 {
		t.Errorf("abandoned: %v", got)
	}
}

func TestWhatCouldNotBeToldIsGivenAgainForAWhile(t *testing.T) {
	clk := providertest.NewClock(at)
	j, err := Open(file(t), clk.Clock, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	begin(t, j, 1)
	if err := j.End(Outcome{ID: "1", State: Unknown}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		later time.Duration
		want  int
	}{{0, 1}, {59 * time.Minute, 1}, {time.Minute, 0}} {
		clk.Advance(c.later)
		if es, err := j.Abandoned(time.Hour); err != nil || len(es) != c.want {
			t.Errorf("%s later: %d, %v", c.later, len(es), err)
		}
	}
	if w, err := j.RecordOutcomes(Outcome{ID: "1", State: Failed}); err != nil || len(w) != 1 {
		t.Errorf("%v, %v", w, err)
	}
}

func TestAReaderDoesNotSeeHalfAWrite(t *testing.T) {
	path := file(t)
	var wg sync.WaitGroup
	j := open(t, path)
	wg.Go(func() {
		for i := range 50 {
			if _, err := j.Begin(entry(i), entry(i), entry(i)); err != nil {
				t.Error(err)
			}
		}
	})
	for range 50 {
		es, ps, err := Read(path, nil)
		if err != nil || len(ps) != 0 || len(es)%3 != 0 {
			t.Fatalf("%d entries, %v, %v", len(es), ps, err)
		}
	}
	wg.Wait()
}

func TestTheNameOfTheJournalIsNoPattern(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a[b]*?", "journal.jsonl")
	j := open(t, path)
	begin(t, j, 1)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:len(data)-3], 0o600); err != nil {
		t.Fatal(err)
	}
	k := open(t, path)
	side := func(p Problem) bool { return strings.HasPrefix(p.Side, path+".damaged-") }
	if ps := k.Problems(); !slices.ContainsFunc(ps, side) {
		t.Fatalf("%+v", ps)
	}
	if _, ps, err := Read(path, nil); err != nil || !slices.ContainsFunc(ps, side) {
		t.Fatalf("%+v, %v", ps, err)
	}
}
