package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

var at = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, path string) *Journal {
	t.Helper()
	j, err := Open(path, providertest.NewClock(at).Clock, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func file(t *testing.T) string { return filepath.Join(t.TempDir(), "state", "journal.jsonl") }

func entry(n int) Entry {
	r := providers.Record{
		Zone: "scalability.expert", Name: "www.scalability.expert", Type: "A", TTL: 60, Value: fmt.Sprintf("192.0.2.%d", n), ID: "x<&>", Comment: "rollcall1 …",
		Owners: []providers.Owner{{Fleet: "f", Cloud: "k", Instance: "i-1", Registered: at}}, Modified: at,
	}
	return Entry{Run: "r1", Who: "me@here", Verb: "deregister", Kind: "change", Sentence: "Delete it", Zone: r.Zone, Change: &providers.Change{Op: providers.OpDelete, Before: r}}
}

func begin(t *testing.T, j *Journal, n ...int) []Entry {
	t.Helper()
	var es []Entry
	for _, i := range n {
		es = append(es, entry(i))
	}
	out, err := j.Begin(es...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAnEntryComesBackInFullWithWhatBecameOfIt(t *testing.T) {
	path := file(t)
	j := open(t, path)
	es := begin(t, j, 1, 2, 3)
	if es[0].ID != "1" || es[2].ID != "3" || es[0].State != Begun {
		t.Fatalf("entries: %+v", es)
	}
	res := entry(9).Change.Before
	if err := j.End(Outcome{ID: "1", State: Done, Result: &res, Ticket: "C1", Note: "n"}, Outcome{ID: "2", State: Failed, Error: "no"}); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Refuse(entry(4)); err != nil {
		t.Fatal(err)
	}
	for _, k := range []*Journal{j, open(t, path)} {
		got, err := k.Entries()
		if err != nil || len(k.Problems()) != 0 {
			t.Fatal(err, k.Problems())
		}
		if len(got) != 4 || got[0].State != Done || got[0].Ticket != "C1" || got[1].State != Failed || got[1].Error != "no" || got[2].State != Begun || got[3].State != Refused || got[3].ID != "4" {
			t.Fatalf("entries: %+v", got)
		}
		want := entry(1).Change.Before
		if b := got[0].Change.Before; !b.Equal(&want) || b.Owners[0] != want.Owners[0] {
			t.Errorf("before: %+v, want %+v", b, want)
		}
		if !got[0].Result.Equal(&res) {
			t.Errorf("result: %+v", got[0].Result)
		}
	}
}

func TestAJournalThatIsNotThereIsEmpty(t *testing.T) {
	es, ps, err := Read(file(t), nil)
	if err != nil || len(es) != 0 || len(ps) != 0 {
		t.Fatal(es, ps, err)
	}
}

func TestOnlyItsOwnerCanReadAJournal(t *testing.T) {
	j := open(t, file(t))
	info, err := os.Stat(j.Path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info.Mode(), err)
	}
}

func TestATailThatWasCutOffIsSetAsideAndTold(t *testing.T) {
	path := file(t)
	j := open(t, path)
	begin(t, j, 1, 2)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 1; cut < len(data)/2; cut += 97 {
		sub := filepath.Join(t.TempDir(), "journal.jsonl")
		if err := os.WriteFile(sub, data[:len(data)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		k := open(t, sub)
		es, err := k.Entries()
		ps := k.Problems()
		if err != nil || len(es) != 1 || len(ps) != 1 || ps[0].Side == "" {
			t.Fatalf("cut %d: %d entries, problems %+v, %v", cut, len(es), ps, err)
		}
		side, err := os.ReadFile(ps[0].Side)
		first := data[:bytes.IndexByte(data, '\n')+1]
		if err != nil || !bytes.Equal(append(bytes.Clone(first), side...), data[:len(data)-cut]) {
			t.Fatalf("cut %d: the side file does not hold the tail: %v", cut, err)
		}
		if got := begin(t, k, 3); got[0].ID != "2" {
			t.Fatalf("next id %s", got[0].ID)
		}
		again := open(t, sub)
		if es, err := again.Entries(); err != nil || len(es) != 2 || len(again.Problems()) != 1 || again.Problems()[0].Side != ps[0].Side {
			t.Fatalf("after mending: %d entries, %v, %v", len(es), again.Problems(), err)
		}
		if _, problems, err := Read(sub, nil); err != nil || len(problems) != 1 || problems[0].Side != ps[0].Side {
			t.Fatalf("what was set aside is told once only: %v, %v", problems, err)
		}
		if err := os.Remove(ps[0].Side); err != nil {
			t.Fatal(err)
		}
		if problems := again.Problems(); len(problems) != 0 {
			t.Fatalf("once the file is gone: %v", problems)
		}
	}
}

func TestALineThatWasChangedIsToldAndNothingBehindItIsLost(t *testing.T) {
	path := file(t)
	begin(t, open(t, path), 1, 2, 3)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(data, []byte("192.0.2.2"), []byte("192.0.2.7"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	j := open(t, path)
	es, err := j.Entries()
	ps := j.Problems()
	if err != nil || len(es) != 2 || len(ps) != 1 || ps[0].Line != 2 || !strings.Contains(ps[0].Why, "hash") {
		t.Fatalf("%d entries, %+v, %v", len(es), ps, err)
	}
}

func TestALineThatWasTakenOutIsTold(t *testing.T) {
	path := file(t)
	begin(t, open(t, path), 1, 2, 3)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	if err := os.WriteFile(path, append(bytes.Clone(lines[0]), lines[2]...), 0o600); err != nil {
		t.Fatal(err)
	}
	j := open(t, path)
	if ps := j.Problems(); len(ps) != 1 || ps[0].Line != 2 || !strings.Contains(ps[0].Why, "chain is broken") {
		t.Fatalf("%+v", ps)
	}
}

func TestAJournalThatWasCutAtTheEndOfALineIsTold(t *testing.T) {
	path := file(t)
	begin(t, open(t, path), 1, 2, 3)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	if err := os.WriteFile(path, append(bytes.Clone(lines[0]), lines[1]...), 0o600); err != nil {
		t.Fatal(err)
	}
	if es, ps, err := Read(path, nil); err != nil || len(es) != 2 || len(ps) != 1 || !strings.Contains(ps[0].Why, "cut off") {
		t.Fatalf("%d entries, %+v, %v", len(es), ps, err)
	}
	j := open(t, path)
	if ps := j.Problems(); len(ps) != 1 || !strings.Contains(ps[0].Why, "cut off") {
		t.Fatalf("%+v", ps)
	}
	begin(t, j, 4)
	if ps := open(t, path).Problems(); len(ps) != 1 || !strings.Contains(ps[0].Why, "chain is broken") {
		t.Fatalf("the gap is not visible any more: %+v", ps)
	}
}

func TestAJournalThatIsGoneAsAWholeIsTold(t *testing.T) {
	path := file(t)
	begin(t, open(t, path), 1, 2)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if es, ps, err := Read(path, nil); err != nil || len(es) != 0 || len(ps) != 1 || !strings.Contains(ps[0].Why, "ends at number 0, but number 2 was written") {
		t.Fatalf("%v %+v %v", es, ps, err)
	}
}

// The evidence outlives the first entry that follows, and no number is used again.
func TestAJournalThatWasEmptiedOrRemovedAsAWholeIsNotWholeAfterTheNextEntry(t *testing.T) {
	for name, lose := range map[string]func(string) error{"emptied": func(path string) error { return os.Truncate(path, 0) }, "removed": os.Remove} {
		path := file(t)
		begin(t, open(t, path), 1, 2)
		if err := lose(path); err != nil {
			t.Fatal(err)
		}
		j := open(t, path)
		if ps := j.Problems(); len(ps) != 1 || !strings.Contains(ps[0].Why, "ends at number 0, but number 2 was written") {
			t.Errorf("%s: before the entry: %+v", name, ps)
		}
		if es := begin(t, j, 3); es[0].ID != "3" {
			t.Errorf("%s: the number %s is used again", name, es[0].ID)
		}
		if es, ps, err := Read(path, nil); err != nil || len(es) != 1 || len(ps) != 1 || !strings.Contains(ps[0].Why, "chain is broken") {
			t.Errorf("%s: %v %+v %v", name, es, ps, err)
		}
	}
}

func TestAJournalThatIsReplacedWhileOpenIsNotWrittenTo(t *testing.T) {
	path := file(t)
	j := open(t, path)
	begin(t, j, 1)
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Begin(entry(2)); err == nil {
		t.Fatal("an entry went to a file that nobody reads")
	}
}

func TestAJournalThatCannotBeWrittenSaysSo(t *testing.T) {
	j := open(t, file(t))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Begin(entry(1)); err == nil {
		t.Error("Begin on a closed journal")
	}
	if j.Check("ana@ops-1") == nil {
		t.Error("Check on a closed journal")
	}
	if err := os.WriteFile(filepath.Join(t.TempDir(), "f"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(os.DevNull, "journal"), providers.Clock{}, nil); err == nil {
		t.Error("Open below a file")
	}
}

func TestSeveralWritersOfOneProcessLoseNothing(t *testing.T) {
	path := file(t)
	var wg sync.WaitGroup
	for w := range 4 {
		j := open(t, path)
		wg.Go(func() {
			for i := range 10 {
				es, err := j.Begin(entry(w*10 + i))
				if err == nil {
					err = j.End(Outcome{ID: es[0].ID, State: Done})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	checkWhole(t, path, 40)
}

func checkWhole(t *testing.T, path string, n int) {
	t.Helper()
	j := open(t, path)
	es, err := j.Entries()
	if err != nil || len(es) != n || len(j.Problems()) != 0 {
		t.Fatalf("%d entries, %v, %v", len(es), j.Problems(), err)
	}
	seen := map[string]bool{}
	for _, e := range es {
		if seen[e.ID] || e.State != Done {
			t.Fatalf("entry %s twice or not done: %s", e.ID, e.State)
		}
		seen[e.ID] = true
	}
}

const writerEnv = "ROLLCALL_TEST_JOURNAL"

func TestMain(m *testing.M) {
	if path := os.Getenv(writerEnv); path != "" {
		os.Exit(write(path))
	}
	if path := os.Getenv(holderEnv); path != "" {
		hold(path)
	}
	if path := os.Getenv(stopperEnv); path != "" {
		stop(path)
	}
	os.Exit(m.Run())
}

// write is what each process of the next test does.
func write(path string) int {
	j, err := Open(path, providers.Clock{}, nil)
	for i := 0; err == nil && i < 10; i++ {
		var es []Entry
		if es, err = j.Begin(entry(i)); err == nil {
			err = j.End(Outcome{ID: es[0].ID, State: Done})
		}
	}
	if err = errors.Join(err, j.Close()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestSeveralProcessesLoseNothing(t *testing.T) {
	path := file(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			c := exec.Command(os.Args[0])
			c.Env = append(os.Environ(), writerEnv+"="+path)
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wg.Wait()
	checkWhole(t, path, 40)
}
