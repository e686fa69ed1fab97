package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// The journal of a team is a chain of objects in a store, numbered from 1. Each holds the entries of one batch, or their
// outcomes, in the form of a line of the file: with its number, the hash of the object before and its own. An object is
// created only if its number is free, so two writers never have one number. This machine keeps three things beside it:
//
//   - the mirror, a file of all objects read so far, which is shown while the store does not answer;
//   - one outbox for each writer, in which a batch is on disk before it is sent to the store, and until it is there;
//   - nothing that other machines need.

// TeamOptions describe the journal of a team.
type TeamOptions struct {
	Path  string // of the mirror; other files are beside it
	Store providers.Store
	Who   string // user@host
	Clock providers.Clock
	// Signer signs what is written; nil for no signatures.
	Signer Signer
	// Copies are the mirrors of other folders of this machine, some of which may be of the same store under another name.
	// IsSame reports whether a place is the store's; it may be nil.
	Copies []string
	IsSame func(place string) bool
	// Stop, once closed, ends waits for the store, but for those of End. It may be nil.
	Stop <-chan struct{}
	// KeepsWaiting reports whether what waits on this machine is not sent now, as in a run that only reads; nil for never.
	KeepsWaiting func() bool
}

const (
	// teamFormat is the format of objects. A reader that does not know the format of an object writes nothing any more.
	teamFormat = 1
	// teamPatience limits how long one call of the store takes.
	teamPatience = 12 * time.Second
	// awayPause is how long a store that did not answer is not asked again.
	awayPause = 5 * time.Second
	// sideBySide is the number of objects that are read at once.
	sideBySide = 16
	objects    = "journal/"
)

// batch is the content of an object.
type batch struct {
	Format int    `json:"format"`
	ID     string `json:"id"`
	// Away means that the store was away when the batch was written, Carried that it comes from the journal of a machine
	// from before there was a team.
	Away     bool      `json:"away,omitempty"`
	Carried  bool      `json:"carried,omitempty"`
	Entries  []Entry   `json:"entries,omitempty"`
	Outcomes []Outcome `json:"outcomes,omitempty"`

	store string          // id of the store that it was written for; empty if that was not known
	text  json.RawMessage // as a later release has written it; nil if this one knows all of it

	Signature *signature `json:"signature,omitempty"`
}

// team is what a shared journal has besides a Journal. It is guarded by the journal's mutex.
type team struct {
	store   providers.Store
	keeps   func() bool // nil for never; see TeamOptions
	who     string
	listed  bool // the store was listed, so that gaps are known
	away    error
	awayAt  time.Time
	asked   bool           // the operator let changes be journalled here until the store is back
	pending []batch        // in the outbox, and not in the chain
	dropped map[string]int // number of entries of batches that were given up, whose writes may still arrive
	damaged bool           // the mirror is not what was written, and the store was not asked for it yet
	seen    *[]read        // collects what is read from the store, if there is no mirror; may be nil
	newer   error          // the chain has an object of a later format
	lost    error          // the store does not have the chain that this machine has read
	id      string         // of the store; empty until it was read
	alive   string         // version of the writer's object, if there is one
	aliveAt time.Time
	copies  []string // mirrors that may be of the same store
	isSame  func(place string) bool
	stop    chan struct{}    // closed by Close
	mirror  int64            // size of the mirror as read
	inFile  uint64           // number of the last object in the mirror
	changed map[Changed]bool // by other writers
	notices []string
	noticed map[string]bool // notices that are given once

	identified bool // the store has this id
	signer     Signer
	unsigned   bool  // the operator let changes be journalled without a signature
	signErr    error // of the last try to sign an outcome
	signErrAt  time.Time
	proofs     *proofs // of a reader that checks signatures

	closedWriters map[string]bool // writers of other machines whose objects say that they have ended

	comparedAt time.Time // when the store was last asked for what this machine has read
}

// OpenTeam opens the journal of a team. It reads the mirror of this machine and does not ask the store.
func OpenTeam(o TeamOptions) (*Journal, error) {
	if err := os.MkdirAll(filepath.Dir(o.Path), 0o700); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	j := &Journal{path: o.Path, clock: o.Clock, stop: o.Stop, team: &team{store: o.Store, keeps: o.KeepsWaiting, who: o.Who, signer: o.Signer, copies: o.Copies, isSame: o.IsSame, dropped: map[string]int{}, changed: map[Changed]bool{}, noticed: map[string]bool{}, closedWriters: map[string]bool{}, stop: make(chan struct{})}}
	var err error
	if j.file, err = openOwn(o.Path, os.O_RDWR|os.O_CREATE|os.O_APPEND); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	if j.lock, err = openOwn(o.Path+".lock", os.O_RDWR|os.O_CREATE); err != nil {
		return nil, errors.Join(fmt.Errorf("journal: %w", err), j.file.Close())
	}
	if err := j.openMirror(); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// openMirror reads what this machine has kept of the store.
func (j *Journal) openMirror() error {
	f, err := readStoreFile(j.path)
	if err != nil {
		return err
	}
	j.team.id = f.ID
	if f.Store != j.team.store.Name() {
		if err := j.noteStore(); err != nil {
			return err
		}
	}
	return j.readMirror()
}

// Team returns the place of the team's store, or "" for the journal of one machine.
func (j *Journal) Team() string {
	if j.team == nil {
		return ""
	}
	return j.team.store.Name()
}

// AwayError means that the store of a team does not answer or refuses to. Nothing was written.
type AwayError struct {
	Store string // its place, which an operator types to have changes journalled on this machine until it is back
	Err   error
}

func (e *AwayError) Error() string {
	return "the store of the team cannot be used now: " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *AwayError) Unwrap() error { return e.Err }

// JournalHere lets changes be journalled on this machine only, until the store answers again. Then they join the
// journal of the team.
func (j *Journal) JournalHere() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.team != nil {
		j.team.asked = true
	}
}

// Away returns why the store of the team could not be asked the last time, or nil.
func (j *Journal) Away() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.team == nil {
		return nil
	}
	return j.team.away
}

// LastObject returns the number of the last object of the team's journal that was read, without asking the store; 0 without
// a team.
func (j *Journal) LastObject() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.replay.seq
}

// Unread returns why entries of the team's journal are missing in what was read: an object is of a later release, of kind
// providers.KindInvalid. It returns nil if none is.
func (j *Journal) Unread() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.team == nil {
		return nil
	}
	return j.team.newer
}

// Lost returns why what was read of the team's journal is not what its store has now, or nil. It does not ask the store.
func (j *Journal) Lost() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.team == nil {
		return nil
	}
	return j.team.lost
}

// Notices returns, once each, lines for an operator about what happened while the store was away.
func (j *Journal) Notices() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.team == nil {
		return nil
	}
	out := j.team.notices
	j.team.notices = nil
	return out
}

// isAway reports whether the store does not answer now. The caller holds the mutex.
func (j *Journal) isAway() bool { return j.team != nil && j.team.away != nil }

// isAbsence reports whether an error says that the store is away, and not that the settings are wrong.
func isAbsence(err error) bool { return providers.KindOf(err) != providers.KindInvalid }

// writable returns why no entry can be written now.
func (t *team) writable() error {
	switch {
	case t.newer != nil:
		return t.newer
	case t.lost != nil:
		return t.lost
	case t.away != nil && !isAbsence(t.away):
		return t.away
	case t.away != nil && !t.asked:
		return &AwayError{Store: t.store.Name(), Err: t.away}
	}
	return nil
}

// keepsWaiting reports whether what waits in outboxes is not sent now.
func (t *team) keepsWaiting() bool { return t.keeps != nil && t.keeps() }

// waiting returns a context for calls of the store.
func (j *Journal) waiting(stop <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), teamPatience)
	if stop == nil {
		return ctx, cancel
	}
	go func() {
		select {
		case <-stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// syncTeam reads what other members have written and sends what waits in outboxes. If the store does not answer, the
// journal stays as it was.
func (j *Journal) syncTeam(stop <-chan struct{}) {
	t := j.team
	if err := j.reopenMoved(); err != nil {
		j.noteAnswer(err)
		return
	}
	if t.away != nil && j.clock.Now().Sub(t.awayAt).Abs() < awayPause {
		return
	}
	err := j.readChain(stop)
	if err == nil && t.lost == nil && !t.keepsWaiting() {
		err = j.sendPending(stop)
	}
	j.noteAnswer(err)
}

// noteAnswer records whether the store answered.
func (j *Journal) noteAnswer(err error) {
	t := j.team
	if err == nil {
		if t.away != nil && t.asked {
			t.notices = append(t.notices, "the store of the team answers again, and has what was journalled here meanwhile")
		}
		t.away, t.asked = nil, false
		return
	}
	t.away, t.awayAt = err, j.clock.Now()
}

func objectKey(number uint64) string { return fmt.Sprintf("%s%012d", objects, number) }

// objectNumber returns the number of an object of the chain; ok is false for other keys.
func objectNumber(key string) (number uint64, ok bool) {
	number, err := strconv.ParseUint(strings.TrimPrefix(key, objects), 10, 64)
	return number, err == nil && key == objectKey(number)
}

// readChain reads the objects after the last one that was read, if the store has that one.
func (j *Journal) readChain(stop <-chan struct{}) error {
	if !j.isCompared() {
		if err := j.compareKnown(stop); err != nil || j.team.lost != nil {
			return err
		}
	}
	if !j.team.listed {
		if err := j.readListed(stop); err != nil {
			return err
		}
		j.team.listed = true
	}
	return j.readNext(stop)
}

// get reads one object.
func (j *Journal) get(stop <-chan struct{}, key string) (providers.Object, error) {
	ctx, cancel := j.waiting(stop)
	defer cancel()
	return j.team.store.Get(ctx, key)
}

// readNext reads objects until the store has no more.
func (j *Journal) readNext(stop <-chan struct{}) error {
	var got []read
	var err error
	for {
		var o providers.Object
		o, err = j.get(stop, objectKey(j.replay.seq+1))
		if err != nil {
			break
		}
		got = append(got, j.addObject(o, j.replay.seq+1))
	}
	if providers.KindOf(err) == providers.KindNotFound {
		err = nil
	}
	return errors.Join(err, j.extendMirror(got))
}

// readListed reads the objects that the store lists, side by side. A list can lack objects, so a gap is looked into.
func (j *Journal) readListed(stop <-chan struct{}) error {
	for {
		ctx, cancel := j.waiting(stop)
		keys, err := j.team.store.ListAfter(ctx, objects, objectKey(j.replay.seq), 1000)
		cancel()
		if err != nil {
			return err
		}
		keys = slices.DeleteFunc(keys, func(k string) bool { _, ok := objectNumber(k); return !ok })
		if len(keys) == 0 {
			return nil
		}
		listed, err := budget.SideBySide(context.Background(), len(keys), sideBySide, func(_ context.Context, i int) (providers.Object, error) {
			return j.get(stop, keys[i])
		})
		if err != nil {
			return err
		}
		var got []read
		for i, o := range listed {
			number, _ := objectNumber(keys[i])
			if number > j.replay.seq+1 {
				if err := j.readNext(stop); err != nil { // the list was stale
					return err
				}
			}
			if number <= j.replay.seq {
				continue
			}
			if number > j.replay.seq+1 {
				j.addProblem("the journal of the team lacks the objects %d to %d: they were removed from the store", j.replay.seq+1, number-1)
				j.replay.gap = gap{why: fmt.Sprintf("objects of the team's journal before number %d were removed from its store", number)}
				j.replay.head = "?"
			}
			got = append(got, j.addObject(o, number))
		}
		if err := j.extendMirror(got); err != nil {
			return err
		}
	}
}

// addNotice adds a line for Notices, once.
func (j *Journal) addNotice(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if t := j.team; !t.noticed[line] {
		t.noticed[line] = true
		t.notices = append(t.notices, line)
	}
}

func (j *Journal) addProblem(format string, args ...any) {
	why := fmt.Sprintf(format, args...)
	if !slices.ContainsFunc(j.replay.problems, func(p Problem) bool { return p.Why == why }) {
		j.replay.problems = append(j.replay.problems, Problem{Why: why})
	}
}
