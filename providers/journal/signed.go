package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"rollcall/providers"
)

// A batch is signed when it is written to the outbox, not when its object is created, for three reasons. An object is
// created again and again while other writers are first, and each time an agent that asks a person would ask. What
// waited for the store is sent by any rollcall of the machine, perhaps without an agent. And a key answers for what its
// owner wanted, which is known then. The numbers, made later, are not signed; what is signed has the unique id of the batch, so
// that it counts once, and number and hash of the last object that the signer had read, so that nothing up to there can be
// replaced.
//
// The text that is signed is the batch as JSON with its keys in order, without what is made later: for an object of the store
//
//	jq -jcS '.body.batch | del(.signature.sshsig, .entries[]?.id)'
//
// with undoes_local, where there is one, in the place of undoes. A reader keeps keys that it does not know.

// Signer signs texts for an author, if the key may sign for that one.
type Signer interface {
	Check(who string) error // why nothing can be signed for an author now, or nil; no person is asked to confirm
	Sign(text []byte, who string) (signature string, err error)
}

// Prover returns the key by which a text was signed, and the principals for which a list of signers allows that key, which
// are "" without a list. The error says why the signature does not prove that who has written the text.
type Prover interface {
	Prove(text []byte, signature, who string, at time.Time) (key, principals string, err error)
}

// signature is that of a batch.
type signature struct {
	Who    string `json:"who"`
	After  uint64 `json:"after,omitempty"` // number of the last object that the signer had read
	Hash   string `json:"hash,omitempty"`  // and its hash
	SSHSIG string `json:"sshsig,omitempty"`
}

// UnsignedError means that the signature of an entry cannot be had. Nothing was written.
type UnsignedError struct {
	Who string // its author, whose name an operator types to have the change made without a signature
	Err error
}

func (e *UnsignedError) Error() string {
	return "it cannot be signed as " + e.Who + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *UnsignedError) Unwrap() error { return e.Err }

// Unsigned lets changes be journalled without a signature until one can be had again.
func (j *Journal) Unsigned() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.team != nil {
		j.team.unsigned = true
	}
}

// checkSigner returns why an entry of an author cannot be signed now, or nil.
func (t *team) checkSigner(who string) error {
	if t.signer == nil || t.unsigned {
		return nil
	}
	if err := t.signer.Check(who); err != nil {
		return &UnsignedError{Who: who, Err: err}
	}
	return nil
}

// sign signs a batch. If that fails, the batch has no signature.
func (j *Journal) sign(c *batch) error {
	t := j.team
	c.Signature = nil
	if t.signer == nil {
		return nil
	}
	s := &signature{Who: t.who}
	if len(c.Entries) > 0 && !c.Carried {
		s.Who = c.Entries[0].Who
	}
	if b := &j.replay; b.seq > 0 && b.head != "?" {
		s.After, s.Hash = b.seq, b.head
	}
	c.Signature = s
	text, err := textToSign(c)
	if err == nil {
		s.SSHSIG, err = t.signer.Sign(text, s.Who)
	}
	if err != nil {
		c.Signature = nil
		return &UnsignedError{Who: s.Who, Err: err}
	}
	t.unsigned = false
	return nil
}

// signOrSay signs a batch that is written in any case, and notes for an operator if it cannot be signed.
func (j *Journal) signOrSay(c *batch) {
	t := j.team
	err := t.signErr // an agent that does not answer is not asked for each outcome
	if err == nil || j.clock.Now().Sub(t.signErrAt).Abs() > awayPause {
		err = j.sign(c)
		t.signErr, t.signErrAt = err, j.clock.Now()
	}
	if u, ok := errors.AsType[*UnsignedError](err); ok {
		if line := "what was done is in the journal without a signature: " + u.Error(); !slices.Contains(t.notices, line) {
			t.notices = append(t.notices, line)
		}
	}
}

// textToSign returns the text of a batch that is signed.
func textToSign(c *batch) ([]byte, error) {
	utc := *c
	utc.Entries, utc.Outcomes = slices.Clone(c.Entries), slices.Clone(c.Outcomes)
	for i := range utc.Entries {
		utc.Entries[i].Time = utc.Entries[i].Time.UTC()
	}
	for i := range utc.Outcomes {
		utc.Outcomes[i].Time = utc.Outcomes[i].Time.UTC()
	}
	raw, err := json.Marshal(&utc)
	if err != nil {
		return nil, err
	}
	return signedText(raw)
}

// signedText returns the text of a batch in JSON that was signed.
func signedText(raw []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return nil, err
	}
	if s, ok := m["signature"].(map[string]any); ok {
		delete(s, "sshsig")
	}
	entries, _ := m["entries"].([]any)
	for _, x := range entries {
		e, ok := x.(map[string]any)
		if !ok {
			return nil, errors.New("an entry is no object")
		}
		delete(e, "id")
		if local, ok := e["undoes_local"]; ok {
			e["undoes"] = local
			delete(e, "undoes_local")
		}
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(m)
	return bytes.TrimSuffix(out.Bytes(), []byte{'\n'}), err
}

// Proof is by what an entry of a team's journal is proved.
type Proof struct {
	Key        string // that signed it; "" if it is not signed
	Principals string // for which the list of signers allows the key; "" without a list
}

// Proofs are what Verify finds out about signatures.
type Proofs struct {
	Entries  map[string]Proof // by the id of the entry
	Outcomes int              // that were written without a signature
}

// proofs are what a reader collects that checks signatures. hashes are those of the objects, from the first on.
type proofs struct {
	prover Prover
	found  Proofs
	hashes []string
	of     map[string]uint64 // id of a batch -> its object
}

// check checks the signature of an object, which has been added. raw is the batch in it.
func (p *proofs) check(j *Journal, number uint64, c *batch, raw []byte, at time.Time) {
	for uint64(len(p.hashes)) < number {
		p.hashes = append(p.hashes, "?")
	}
	p.hashes[number-1] = j.replay.head
	first, again := p.of[c.ID]
	p.of[c.ID] = number
	s := c.Signature
	if s == nil {
		p.found.Outcomes += len(c.Outcomes)
		for i := range c.Entries {
			p.found.Entries[c.Entries[i].ID] = Proof{}
		}
		return
	}
	text, err := signedText(raw)
	var proof Proof
	if err == nil {
		proof.Key, proof.Principals, err = p.prover.Prove(text, s.SSHSIG, s.Who, at)
	}
	if err != nil {
		j.addProblem("object %d of the team's journal is not proved to be by %s: %s", number, providers.Clean(s.Who), err)
		return
	}
	if again {
		j.addProblem("object %d of the team's journal repeats object %d, whose signature it has", number, first)
	}
	if s.After >= number || s.After > 0 && p.hashes[s.After-1] != s.Hash {
		j.addProblem("object %d of the team's journal was signed by %s after another object %d than the one that is there: it was replaced", number, providers.Clean(s.Who), s.After)
	}
	for i := range c.Entries {
		e := &c.Entries[i]
		p.found.Entries[e.ID] = proof
		if e.Who != s.Who && !c.Carried {
			j.addProblem("entry %s of the team's journal is said to be by %s, and was signed by %s", e.ID, providers.Clean(e.Who), providers.Clean(s.Who))
		}
		if e.UndoesLocal == "" {
			continue
		}
		if i, ok := j.replay.at[e.UndoesLocal]; !ok || j.replay.entries[i].ID != e.Undoes {
			j.addProblem("entry %s of the team's journal says that it undoes entry %s, which is not the one that was signed", e.ID, e.Undoes)
		}
	}
}

// Verify reads the whole journal of a team from the store and returns its entries and what is wrong with it. It checks each
// signature, unless p is nil. A signature that proves nothing is a problem; an entry without one
// is not.
func (j *Journal) Verify(p Prover) ([]Entry, []Problem, Proofs, error) {
	if j.team == nil {
		return nil, nil, Proofs{}, fmt.Errorf("journal: it is not that of a team")
	}
	k := &Journal{clock: j.clock, team: &team{store: j.team.store}}
	found := &proofs{prover: p, found: Proofs{Entries: map[string]Proof{}}, of: map[string]uint64{}}
	if p != nil {
		k.team.proofs = found
	}
	if err := k.readChain(j.stop); err != nil {
		return nil, nil, Proofs{}, err
	}
	j.mu.Lock()
	lost, _, err := j.lostChain(j.stop)
	j.mu.Unlock()
	if err != nil {
		return nil, nil, Proofs{}, err
	}
	if lost != nil {
		k.addProblem("%s", lost)
	}
	return k.replay.entries, k.replay.problems, found.found, k.team.newer
}
