package journal

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

// laterBatch returns a batch as a later release writes it, with keys that this one does not know, signed by ana.
func laterBatch(t *testing.T, id string, n int, ana *testKey) []byte {
	t.Helper()
	e := by("ana@ops-1", n)
	e.Time, e.State = at, Done
	raw, err := json.Marshal(&batch{Format: teamFormat, ID: id, Entries: []Entry{e}})
	if err != nil {
		t.Fatal(err)
	}
	raw = bytes.Replace(raw, []byte(`{"format"`), []byte(`{"since_a_later_release":"\u003cx\u003e","signature":{"who":"ana@ops-1"},"format"`), 1)
	raw = bytes.Replace(raw, []byte(`"who":"ana@ops-1","verb"`), []byte(`"shade":7.50,"who":"ana@ops-1","verb"`), 1)
	text, err := signedText(raw)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := ana.Sign(text, "")
	if err != nil {
		t.Fatal(err)
	}
	armor, err := json.Marshal(sig)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Replace(raw, []byte(`"signature":{"who":"ana@ops-1"}`), []byte(`"signature":{"who":"ana@ops-1","sshsig":`+string(armor)+`}`), 1)
}

// wantLaterKeys checks that an object of the journal has the keys of laterBatch.
func wantLaterKeys(t *testing.T, s *providertest.Store, number uint64) {
	t.Helper()
	o, err := s.Get(t.Context(), objectKey(number))
	for _, key := range []string{`"since_a_later_release":`, `"shade":7.50`} {
		if err != nil || !bytes.Contains(o.Data, []byte(key)) {
			t.Errorf("object %d lacks %s: %s, %v", number, key, o.Data, err)
		}
	}
}

func TestKeysOfALaterReleaseStayInTheChainAndInWhatIsSentForIt(t *testing.T) {
	t.Parallel()
	s := teamStore()
	ana := newKey(t, 1)
	a := signing(t, s, "ana@ops-1", ana)
	raw := append(append([]byte(`{"batch":`), laterBatch(t, "LATER", 1, ana)...), '}')
	l := line{Seq: 1, Body: bytes.Replace(raw, []byte(`"id":"","run"`), []byte(`"id":"1","run"`), 1)}
	l.Hash = hashOf(l.Seq, l.Prev, l.Body)
	data, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	s.Replace(objectKey(1), data)
	_ = all(t, a.Journal)
	mirror, err := os.ReadFile(a.path)
	if err != nil || !bytes.Contains(mirror, []byte("since_a_later_release")) {
		t.Errorf("the mirror lacks the key: %v", err)
	}
	a.clock.Advance(time.Second)
	if es := mustBegin(t, a, by("ana@ops-1", 2)); es[0].Who != "ana@ops-1" {
		t.Errorf("%+v", es)
	}
	waits := append(append([]byte(`{"batch":`), laterBatch(t, "LATER-2", 3, ana)...), "}\n"...)
	if err := os.WriteFile(filepath.Join(a.writersPath(), "dead"), waits, 0o600); err != nil {
		t.Fatal(err)
	}
	_ = all(t, a.Journal)
	wantLaterKeys(t, s, 1)
	wantLaterKeys(t, s, 3)
	problems, found := proved(t, s, listOf(t, map[string]*testKey{"ana": ana}))
	if len(problems) > 0 || len(found.Entries) != 3 {
		t.Errorf("%+v, %+v", problems, found)
	}
	for id, p := range found.Entries {
		if p.Key == "" {
			t.Errorf("entry %s is not proved", id)
		}
	}
}

func TestWhatWaitsInALaterFormatIsLeftToThatRelease(t *testing.T) {
	t.Parallel()
	s := teamStore()
	a := newMember(t, s)
	begin(t, a.Journal, 1)
	file := filepath.Join(a.writersPath(), "dead")
	if err := os.WriteFile(file, []byte(`{"batch":{"format":2,"id":"X","plan":{}}}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if es := all(t, a.Journal); len(es) != 1 {
		t.Errorf("%+v", es)
	}
	if n := strings.Join(a.Notices(), "\n"); !strings.Contains(n, file+" was written by a later release") {
		t.Errorf("notices: %q", n)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
	begin(t, a.Journal, 2) // it keeps nothing else back
}

func TestAStoreWhoseIDIsInALaterFormatIsNotWritten(t *testing.T) {
	t.Parallel()
	s := teamStore()
	a := newMember(t, s)
	s.Replace(storeKey, []byte(`{"format":2,"id":"X"}`))
	_, err := a.Begin(entry(1))
	if providers.KindOf(err) != providers.KindInvalid || !strings.Contains(err.Error(), "later release") {
		t.Errorf("%v", err)
	}
}
