package journal

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

// member is one machine of a team.
type member struct {
	*Journal
	clock  *providertest.Clock
	path   string
	who    string // "" for me@here
	signer Signer
}

func newMember(t *testing.T, s providers.Store) *member {
	t.Helper()
	m := &member{clock: providertest.NewClock(at), path: filepath.Join(t.TempDir(), "state", "team-journal")}
	m.open(t, s)
	return m
}

// open opens the journal, again if the last one was crashed.
func (m *member) open(t *testing.T, s providers.Store) {
	t.Helper()
	j, err := OpenTeam(TeamOptions{Path: m.path, Store: s, Who: cmp.Or(m.who, "me@here"), Signer: m.signer, Clock: m.clock.Clock})
	if err != nil {
		t.Fatal(err)
	}
	m.Journal = j
	t.Cleanup(func() { _ = j.Close() })
}

// crash ends a member as kill -9 does: its locks are released, and nothing else happens.
func (m *member) crash() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	close(m.team.stop)
	for _, f := range []*os.File{m.alive, m.file, m.lock} {
		if f != nil {
			_ = f.Close()
		}
	}
}

func teamStore() *providertest.Store {
	return providertest.NewStore(providertest.NewClock(at.Add(time.Hour)).Clock) // its clock is another one
}

func all(t *testing.T, j *Journal) []Entry {
	t.Helper()
	es, err := j.Entries()
	if err != nil {
		t.Fatal(err)
	}
	return es
}

// verified checks that the chain in the store is whole, and that each number is there once.
func verified(t *testing.T, s providers.Store) []Entry {
	t.Helper()
	es, problems, _, err := newMember(t, s).Verify(nil)
	if err != nil || len(problems) > 0 {
		t.Fatalf("problems %+v, %v", problems, err)
	}
	for i := range es {
		if es[i].ID != strconv.Itoa(i+1) {
			t.Fatalf("entry %d has the number %s", i+1, es[i].ID)
		}
	}
	return es
}

func TestWhatOneMemberWritesEachOfTheTeamReads(t *testing.T) {
	t.Parallel()
	s := teamStore()
	a, b := newMember(t, s), newMember(t, s)
	es := begin(t, a.Journal, 1, 2)
	if es[0].ID != "1" || es[1].ID != "2" || es[0].State != Begun {
		t.Fatalf("%+v", es)
	}
	if es := begin(t, b.Journal, 3); es[0].ID != "3" {
		t.Fatalf("%+v", es)
	}
	res := entry(9).Change.Before
	if err := a.End(Outcome{ID: "1", State: Done, Result: &res, Ticket: "C1"}, Outcome{ID: "2", State: Failed, Error: "no"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Refuse(entry(4)); err != nil {
		t.Fatal(err)
	}
	for _, j := range []*Journal{a.Journal, b.Journal, newMember(t, s).Journal} {
		got := all(t, j)
		if len(got) != 4 || got[0].State != Done || got[0].Ticket != "C1" || got[1].State != Failed || got[2].State != Begun || got[3].State != Refused {
			t.Fatalf("%+v", got)
		}
		want := entry(1).Change.Before
		if x := got[0].Change.Before; !x.Equal(&want) || !got[0].Result.Equal(&res) {
			t.Errorf("before: %+v, want %+v", x, want)
		}
		if ps := j.Problems(); len(ps) > 0 {
			t.Errorf("problems: %+v", ps)
		}
	}
	verified(t, s)
}

func TestTwoHundredWritersAtOnceGetEachNumberOnceAndLoseNothing(t *testing.T) {
	t.Parallel()
	s := teamStore()
	writers := providertest.Amount(200, 60, 20)
	var wg sync.WaitGroup
	for w := range writers {
		m := newMember(t, s)
		wg.Go(func() {
			e := entry(w % 250)
			e.Run = fmt.Sprintf("r%d", w)
			es, err := m.Begin(e, e)
			if err == nil {
				err = m.End(Outcome{ID: es[0].ID, State: Done, Ticket: e.Run}, Outcome{ID: es[1].ID, State: Failed})
			}
			if err != nil {
				t.Errorf("writer %d: %v", w, err)
			}
		})
	}
	wg.Wait()
	es := verified(t, s)
	seen := map[string]int{}
	for i, e := range es {
		seen[e.Run]++
		if want := []State{Done, Failed}[i%2]; e.State != want || i%2 == 0 && e.Ticket != e.Run {
			t.Errorf("entry %s of %s is %s, %s", e.ID, e.Run, e.State, e.Ticket)
		}
	}
	if len(seen) != writers || len(es) != 2*writers {
		t.Errorf("%d entries of %d writers", len(es), len(seen))
	}
}

func TestWhileTheStoreIsAwayAChangeIsJournalledHereOnceThatIsTyped(t *testing.T) {
	t.Parallel()
	s := teamStore()
	a, b := newMember(t, s), newMember(t, s)
	begin(t, a.Journal, 1)
	_ = all(t, b.Journal)
	s.Fail(func(c providertest.StoreCall) providertest.StoreFault {
		return providertest.StoreFault{Before: providertest.Away()}
	})
	if es := all(t, a.Journal); len(es) != 1 {
		t.Errorf("away, %d entries are shown", len(es))
	}
	_, err := a.Begin(entry(2))
	away, ok := errors.AsType[*AwayError](err)
	if !ok || away.Store != "s3://team/ops" {
		t.Fatalf("begin: %v", err)
	}
	if err := a.Check("ana@ops-1"); err == nil {
		t.Error("it can be written to")
	}
	a.JournalHere()
	if err := a.Check("ana@ops-1"); err != nil {
		t.Error(err)
	}
	es := begin(t, a.Journal, 2, 3)
	if err := a.End(Outcome{ID: es[0].ID, State: Done, Ticket: "T"}); err != nil {
		t.Fatal(err)
	}
	a.clock.Advance(time.Minute)
	es4 := begin(t, a.Journal, 4)
	got := all(t, a.Journal)
	if len(got) != 4 || got[1].State != Done || got[2].State != Begun || got[1].ID != es[0].ID || got[3].Age(a.clock.Now()) > time.Minute {
		t.Fatalf("%+v", got)
	}
	s.Fail(nil)
	other := entry(2)
	other.Who = "bob@there"
	b.clock.Advance(time.Minute)
	if _, err := b.Begin(other); err != nil {
		t.Fatal(err)
	}
	a.clock.Advance(time.Minute)
	_ = all(t, a.Journal)
	if err := a.End(Outcome{ID: es[1].ID, State: Failed}, Outcome{ID: es4[0].ID, State: Done}); err != nil { // by the ids of the outage
		t.Fatal(err)
	}
	got = verified(t, s)
	if len(got) != 5 || got[1].Who != "bob@there" || got[2].State != Done || got[2].Ticket != "T" || got[2].Local != es[0].ID || got[3].State != Failed || got[4].State != Done {
		t.Fatalf("%+v", got)
	}
	notices := strings.Join(a.Notices(), "\n")
	if !strings.Contains(notices, "entry 2 of bob@there") || strings.Count(notices, "bob@there") != 1 {
		t.Errorf("notices: %q", notices)
	}
	if es := begin(t, a.Journal, 5); es[0].ID != "6" {
		t.Errorf("%+v", es)
	}
}

func TestAnEntryThatItsCheckRefusesIsNotCreated(t *testing.T) {
	t.Parallel()
	s := teamStore()
	a, b := newMember(t, s), newMember(t, s)
	_ = all(t, a.Journal)
	begin(t, b.Journal, 1, 2) // a has not seen these
	tooMany := errors.New("too many")
	var seen []int
	_, err := a.BeginIf(func(before []Entry) error {
		if seen = append(seen, len(before)); len(before) > 1 {
			return tooMany
		}
		return nil
	}, entry(3))
	if !errors.Is(err, tooMany) || !slices.Equal(seen, []int{0, 2}) {
		t.Fatalf("%v after checks of %v", err, seen)
	}
	if es := verified(t, s); len(es) != 2 {
		t.Errorf("%+v", es)
	}
	a.crash()
	a.open(t, s)
	_ = all(t, a.Journal)
	if es := verified(t, s); len(es) != 2 {
		t.Errorf("what was refused came later: %+v", es)
	}
}

func TestEntriesOfAnotherMachineAreLookedUpOnceItIsSilent(t *testing.T) {
	t.Parallel()
	clock := providertest.NewClock(at.Add(-24 * time.Hour))
	s := providertest.NewStore(clock.Clock)
	a, b := newMember(t, s), newMember(t, s)
	begin(t, a.Journal, 1)
	clock.Advance(deadAfter - time.Second)
	if es, err := b.Abandoned(0); err != nil || len(es) != 0 {
		t.Fatalf("%+v, %v", es, err)
	}
	clock.Advance(2 * time.Second)
	es, err := b.Abandoned(0)
	if err != nil || len(es) != 1 {
		t.Fatalf("%+v, %v", es, err)
	}
	if written, err := b.RecordOutcomes(Outcome{ID: es[0].ID, State: Done, LookedUp: true}); err != nil || len(written) != 1 {
		t.Fatalf("%+v, %v", written, err)
	}
	if got := all(t, a.Journal); got[0].State != Done || !got[0].LookedUp {
		t.Errorf("%+v", got)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if keys := s.Keys(); slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, "writers/") && !strings.HasSuffix(k, b.writer) }) {
		t.Errorf("a writer that has ended is still there: %v", keys)
	}
}

func TestAgesAreThoseByTheClockOfTheStore(t *testing.T) {
	t.Parallel()
	clock := providertest.NewClock(at.Add(5 * 24 * time.Hour))
	s := providertest.NewStore(clock.Clock)
	a, b := newMember(t, s), newMember(t, s)
	a.clock.Advance(-3 * time.Hour) // a's clock is wrong
	begin(t, a.Journal, 1)
	clock.Advance(4 * time.Minute)
	if e := all(t, b.Journal)[0]; e.Age(b.clock.Now()) != 4*time.Minute {
		t.Errorf("age %s", e.Age(b.clock.Now()))
	}
	b.crash()
	b.open(t, s) // from the mirror
	b.clock.Advance(time.Minute)
	if e := all(t, b.Journal)[0]; e.Age(b.clock.Now()) != 5*time.Minute {
		t.Errorf("age %s after a start", e.Age(b.clock.Now()))
	}
}
