package journal

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/sshkey"
)

// testKey signs as an agent with one key does, unless err is set.
type testKey struct {
	ssh.Signer
	err error
}

func newKey(t *testing.T, seed byte) *testKey {
	t.Helper()
	s, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return &testKey{Signer: s}
}

func (k *testKey) Check(string) error { return k.err }

func (k *testKey) Sign(text []byte, _ string) (string, error) {
	if k.err != nil {
		return "", k.err
	}
	sig, err := sshsig.Sign(bytes.NewReader(text), k.Signer, sshsig.HashSHA512, sshkey.Namespace)
	if err != nil {
		return "", err
	}
	return string(sshsig.Armor(sig)), nil
}

// signing returns a member whose changes are signed.
func signing(t *testing.T, s providers.Store, who string, k *testKey) *member {
	t.Helper()
	m := &member{clock: providertest.NewClock(at), path: filepath.Join(t.TempDir(), "state", "team-journal"), who: who, signer: k}
	m.open(t, s)
	return m
}

func by(who string, n int) Entry {
	e := entry(n)
	e.Who = who
	return e
}

func mustBegin(t *testing.T, m *member, es ...Entry) []Entry {
	t.Helper()
	out, err := m.Begin(es...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// listOf returns a list that allows the keys for users on any host.
func listOf(t *testing.T, keys map[string]*testKey) *sshkey.Allowed {
	t.Helper()
	text := ""
	for user, k := range keys {
		text += user + "@* " + string(ssh.MarshalAuthorizedKey(k.PublicKey()))
	}
	a, err := sshkey.ParseAllowed([]byte(text), "allowed_signers")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func proved(t *testing.T, s providers.Store, p Prover) (problems []Problem, found Proofs) {
	t.Helper()
	_, problems, found, err := newMember(t, s).Verify(p)
	if err != nil {
		t.Fatal(err)
	}
	return problems, found
}

func TestEachEntryOfATeamIsProvedByTheKeyOfItsAuthor(t *testing.T) {
	t.Parallel()
	s := teamStore()
	ana, ben := newKey(t, 1), newKey(t, 2)
	a, b, c := signing(t, s, "ana@ops-1", ana), signing(t, s, "ben@ops-2", ben), newMember(t, s)
	es := mustBegin(t, a, by("ana@ops-1", 1), by("ana@ops-1", 2))
	mustBegin(t, b, by("ben@ops-2", 3))
	mustBegin(t, c, entry(4))
	if err := errors.Join(a.End(Outcome{ID: es[0].ID, State: Done}), c.End(Outcome{ID: "4", State: Done})); err != nil {
		t.Fatal(err)
	}
	problems, found := proved(t, s, listOf(t, map[string]*testKey{"ana": ana, "ben": ben}))
	if len(problems) > 0 || found.Outcomes != 1 {
		t.Errorf("%+v, %+v", problems, found)
	}
	for id, want := range map[string]string{"1": "ana@*", "2": "ana@*", "3": "ben@*", "4": ""} {
		if p, ok := found.Entries[id]; !ok || p.Principals != want || (p.Key == "") != (want == "") {
			t.Errorf("entry %s: %+v", id, p)
		}
	}
	if es := verified(t, s); len(es) != 4 || es[0].State != Done {
		t.Errorf("%+v", es)
	}
	for want, list := range map[string]map[string]*testKey{
		"object 1 of the team's journal is not proved to be by ana@ops-1: the key ed25519 SHA256:": {"ben": ben},
		"is that of ben@* by allowed_signers, and not of ana@ops-1":                                {"ben": ana},
		"object 2 of the team's journal is not proved to be by ben@ops-2: the key ed25519 SHA256:": {"ana": ana},
	} {
		if problems, _ := proved(t, s, listOf(t, list)); !strings.Contains(fmt.Sprint(problems), want) {
			t.Errorf("want %q: %+v", want, problems)
		}
	}
	if problems, found := proved(t, s, new(sshkey.Allowed)); len(problems) > 0 || found.Entries["1"].Key == "" || found.Entries["1"].Principals != "" {
		t.Errorf("without a list: %+v, %+v", problems, found)
	}
}

// rewrite changes the batches of a journal as one who may write to the store can: with hashes that fit.
func rewrite(t *testing.T, s *providertest.Store, change func(number int, batch map[string]any)) {
	t.Helper()
	prev := ""
	for n := 1; ; n++ {
		key := objectKey(uint64(n))
		o, err := s.Get(t.Context(), key)
		if err != nil {
			return
		}
		l := parseObject(o.Data)
		var content map[string]map[string]any
		d := json.NewDecoder(bytes.NewReader(l.Body))
		d.UseNumber()
		if err := d.Decode(&content); err != nil {
			t.Fatal(err)
		}
		was, _ := json.Marshal(content)
		change(n, content["batch"])
		if is, err := json.Marshal(content); err != nil {
			t.Fatal(err)
		} else if !bytes.Equal(was, is) {
			l.Body = is
		}
		if n > 1 {
			l.Prev = prev
		}
		l.Hash = hashOf(l.Seq, l.Prev, l.Body)
		prev = l.Hash
		data, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		s.Replace(key, data)
	}
}

func TestWhatIsForgedInTheStoreIsFoundThoughItsHashesFit(t *testing.T) {
	t.Parallel()
	first := func(b map[string]any) map[string]any { return b["entries"].([]any)[0].(map[string]any) }
	for name, c := range map[string]struct {
		change func(n int, b map[string]any)
		want   string // "" for nothing
	}{
		"nothing": {func(int, map[string]any) {}, ""},
		"a sentence": {func(n int, b map[string]any) {
			if n == 2 {
				first(b)["sentence"] = "Delete another"
			}
		}, "object 2 of the team's journal is not proved to be by ana@ops-1: the signature does not fit what was written"},
		"an outcome": {func(n int, b map[string]any) {
			if n == 3 {
				b["outcomes"].([]any)[0].(map[string]any)["state"] = "failed"
			}
		}, "object 3 of the team's journal is not proved"},
		"who has signed": {func(n int, b map[string]any) {
			if n == 2 {
				b["signature"].(map[string]any)["who"] = "ben@ops-2"
			}
		}, "object 2 of the team's journal is not proved to be by ben@ops-2"},
		"a signature is taken away, and all": {func(n int, b map[string]any) {
			if n == 2 {
				delete(b, "signature")
				first(b)["who"] = "ben@ops-2"
			}
		}, "object 3 of the team's journal was signed by ana@ops-1 after another object 2 than the one that is there"},
		"the number of an entry": {func(n int, b map[string]any) {
			if n == 2 {
				first(b)["id"] = "7"
			}
		}, "after another object 2 than the one that is there"},
		"a key that no release knows": {func(n int, b map[string]any) {
			if n == 4 {
				b["more"] = true
			}
		}, "object 4 of the team's journal is not proved"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := teamStore()
			ana := newKey(t, 1)
			a := signing(t, s, "ana@ops-1", ana)
			begin(t, newMember(t, s).Journal, 9)
			es := mustBegin(t, a, by("ana@ops-1", 1))
			if err := a.End(Outcome{ID: es[0].ID, State: Done}); err != nil {
				t.Fatal(err)
			}
			mustBegin(t, a, by("ana@ops-1", 2))
			rewrite(t, s, c.change)
			problems, _ := proved(t, s, listOf(t, map[string]*testKey{"ana": ana}))
			if text := fmt.Sprint(problems); c.want == "" && len(problems) > 0 || !strings.Contains(text, c.want) {
				t.Errorf("%s", text)
			}
		})
	}
}

func TestASignedBatchThatIsWrittenTwiceAndAnEntryOfAnotherAuthorAreFound(t *testing.T) {
	t.Parallel()
	s := teamStore()
	ana := newKey(t, 1)
	a := signing(t, s, "ana@ops-1", ana)
	mustBegin(t, a, by("ana@ops-1", 1))
	mustBegin(t, a, by("ana@ops-1", 2), by("ben@ops-2", 3))
	o, err := s.Get(t.Context(), objectKey(1))
	if err != nil {
		t.Fatal(err)
	}
	l := parseObject(o.Data)
	l.Seq = 3
	last, err := s.Get(t.Context(), objectKey(2))
	if err != nil {
		t.Fatal(err)
	}
	l.Prev = parseObject(last.Data).Hash
	l.Hash = hashOf(l.Seq, l.Prev, l.Body)
	data, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	s.Replace(objectKey(3), data)
	problems, _ := proved(t, s, listOf(t, map[string]*testKey{"ana": ana}))
	text := fmt.Sprint(problems)
	for _, want := range []string{"object 3 of the team's journal repeats object 1", "entry 3 of the team's journal is said to be by ben@ops-2, and was signed by ana@ops-1"} {
		if !strings.Contains(text, want) {
			t.Errorf("not found: %s\n%s", want, text)
		}
	}
}

func TestWithoutTheKeyAChangeIsRefusedUntilItsAuthorIsTypedAndIsCounted(t *testing.T) {
	t.Parallel()
	s := teamStore()
	ana := newKey(t, 1)
	a := signing(t, s, "ana@ops-1", ana)
	es := mustBegin(t, a, by("ana@ops-1", 1))
	ana.err = errors.New("ssh-agent: it is locked")
	if err := a.End(Outcome{ID: es[0].ID, State: Done}); err != nil { // what was done is recorded
		t.Fatal(err)
	}
	if n := a.Notices(); len(n) != 1 || n[0] != "what was done is in the journal without a signature: it cannot be signed as ana@ops-1: ssh-agent: it is locked" {
		t.Errorf("%q", n)
	}
	for _, err := range []error{a.Check("ana@ops-1"), func() error { _, err := a.Begin(by("ana@ops-1", 2)); return err }()} {
		if u, ok := errors.AsType[*UnsignedError](err); !ok || u.Who != "ana@ops-1" {
			t.Fatalf("%v", err)
		}
	}
	if es := verified(t, s); len(es) != 1 {
		t.Fatalf("%+v", es)
	}
	a.Unsigned()
	if err := a.Check("ana@ops-1"); err != nil {
		t.Error(err)
	}
	mustBegin(t, a, by("ana@ops-1", 2))
	ana.err = nil
	mustBegin(t, a, by("ana@ops-1", 3))
	ana.err = errors.New("gone again")
	if _, err := a.Begin(by("ana@ops-1", 4)); err == nil {
		t.Error("what was typed once holds for good")
	}
	problems, found := proved(t, s, listOf(t, map[string]*testKey{"ana": ana}))
	if len(problems) > 0 || found.Outcomes != 1 || found.Entries["2"].Key != "" || found.Entries["3"].Key == "" {
		t.Errorf("%+v, %+v", problems, found)
	}
}

func TestWhatWaitedForTheStoreIsProvedThoughAProcessWithoutTheKeySendsIt(t *testing.T) {
	t.Parallel()
	s := teamStore()
	ana := newKey(t, 1)
	a := signing(t, s, "ana@ops-1", ana)
	mustBegin(t, a, by("ana@ops-1", 1))
	away := func(providertest.StoreCall) providertest.StoreFault {
		return providertest.StoreFault{Before: providertest.Away()}
	}
	s.Fail(away)
	ana.err = errors.New("no agent")
	_ = all(t, a.Journal)
	if _, err := a.Begin(by("ana@ops-1", 2)); !isAwayError(err) { // one text answers for both
		t.Fatalf("%v", err)
	}
	ana.err = nil
	a.JournalHere()
	es := mustBegin(t, a, by("ana@ops-1", 2))
	undo := by("ana@ops-1", 2)
	undo.Undoes = es[0].ID
	mustBegin(t, a, undo)
	if err := a.End(Outcome{ID: es[0].ID, State: Done}); err != nil {
		t.Fatal(err)
	}
	a.crash()
	s.Fail(nil)
	begin(t, newMember(t, s).Journal, 5)
	a.signer = nil
	a.open(t, s)
	got := all(t, a.Journal)
	if len(got) != 4 || got[3].Undoes != got[2].ID || got[2].Local == "" {
		t.Fatalf("%+v", got)
	}
	problems, found := proved(t, s, listOf(t, map[string]*testKey{"ana": ana}))
	if len(problems) > 0 || found.Outcomes != 0 || found.Entries["3"].Principals != "ana@*" || found.Entries["4"].Principals != "ana@*" {
		t.Errorf("%+v, %+v", problems, found)
	}
	rewrite(t, s, func(n int, b map[string]any) {
		if n == 4 {
			b["entries"].([]any)[0].(map[string]any)["undoes"] = "1"
		}
	})
	if problems, _ := proved(t, s, listOf(t, map[string]*testKey{"ana": ana})); !strings.Contains(fmt.Sprint(problems), "says that it undoes entry 1, which is not the one that was signed") {
		t.Errorf("%+v", problems)
	}
}

func isAwayError(err error) bool {
	_, ok := errors.AsType[*AwayError](err)
	return ok
}
