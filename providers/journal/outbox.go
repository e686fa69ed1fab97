package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"rollcall/providers"
)

// The outbox of a writer is the file whose lock shows that the writer lives. It has a line for each batch, which is
// written again when the batch changes, and a line for each batch that needs it no more.

// outboxLine is one line of an outbox.
type outboxLine struct {
	Batch   *batch `json:"batch,omitempty"`
	Store   string `json:"store,omitempty"`   // id of the store that the batch is for
	Settled string `json:"settled,omitempty"` // id of a batch that is in the chain, or was given up
}

// keep writes a batch to the outbox and waits until it is on disk.
func (j *Journal) keep(c batch) error {
	if err := j.writeOutbox(outboxLine{Batch: &c, Store: j.team.id}, true); err != nil {
		return err
	}
	j.team.pending = replaceBatch(j.team.pending, c)
	return nil
}

func replaceBatch(pending []batch, c batch) []batch {
	if i := slices.IndexFunc(pending, func(p batch) bool { return p.ID == c.ID }); i >= 0 {
		pending[i] = c
		return pending
	}
	return append(pending, c)
}

// settle removes a batch from the outbox. If that is lost, the batch is found in the chain.
func (j *Journal) settle(id string) error {
	t := j.team
	t.pending = slices.DeleteFunc(t.pending, func(p batch) bool { return p.ID == id })
	if len(t.pending) > 0 {
		return j.writeOutbox(outboxLine{Settled: id}, false)
	}
	if err := j.alive.Truncate(0); err != nil {
		return fmt.Errorf("journal: empty %s: %w", j.alive.Name(), err)
	}
	return nil
}

// drop removes a batch whose changes are not made. Its write may have been received all the same.
func (j *Journal) drop(c batch) error {
	j.team.dropped[c.ID] = len(c.Entries)
	return j.settle(c.ID)
}

func (j *Journal) writeOutbox(l outboxLine, sync bool) error {
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	_, err = j.alive.Write(append(text, '\n'))
	if err == nil && sync {
		err = j.alive.Sync()
	}
	if err != nil {
		return fmt.Errorf("journal: write %s: %w", j.alive.Name(), err)
	}
	return nil
}

// readOutbox returns the batches of an outbox that wait, in the order in which they were written.
func readOutbox(f *os.File) ([]batch, error) {
	data, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<40))
	if err != nil {
		return nil, fmt.Errorf("journal: read %s: %w", f.Name(), err)
	}
	var pending []batch
	for text := range bytes.Lines(data) {
		var l outboxLine
		if json.Unmarshal(text, &l) != nil {
			continue // its writer was killed while it wrote, and has made nothing of it
		}
		if l.Batch != nil {
			l.Batch.store = l.Store
			l.Batch.keepText(text)
			pending = replaceBatch(pending, *l.Batch)
		}
		pending = slices.DeleteFunc(pending, func(p batch) bool { return p.ID == l.Settled })
	}
	return pending, nil
}

// sendPending sends what waits in the outbox of this writer, and in those of writers of this machine that have died.
func (j *Journal) sendPending(stop <-chan struct{}) error {
	if err := j.failDropped(); err != nil {
		return err
	}
	if err := j.sendOlder(stop, ""); err != nil {
		return err
	}
	dead, err := j.deadOutboxes()
	for _, f := range dead {
		if err == nil {
			err = j.adopt(stop, f)
		}
		err = errors.Join(err, f.Close())
	}
	return err
}

// sendOlder sends the batches of this writer that wait, up to one of them.
func (j *Journal) sendOlder(stop <-chan struct{}, upTo string) error {
	for len(j.team.pending) > 0 && j.team.pending[0].ID != upTo {
		c := j.team.pending[0]
		if err := j.join(stop, c); err != nil {
			return err
		}
		if err := j.settle(c.ID); err != nil {
			return err
		}
	}
	return nil
}

// join sends a batch that has waited, and notes what others have done meanwhile about the same records.
func (j *Journal) join(stop <-chan struct{}, c batch) error {
	if _, there := j.replay.batches[c.ID]; there {
		return nil
	}
	if c.Away {
		j.team.notices = append(j.team.notices, conflicts(j.replay.entries, c.Entries)...)
	}
	if c.Carried {
		return j.putCarried(stop, c)
	}
	_, err := j.put(stop, c, nil)
	return err
}

// conflicts returns a line for each entry of others that concerns a record of late, and was stored after late was made.
func conflicts(entries, late []Entry) []string {
	var out []string
	for i := range late {
		if late[i].Change == nil {
			continue
		}
		for k := range entries {
			e := &entries[k]
			if e.Change == nil || e.Who == late[i].Who || e.Stored.Before(late[i].Time) || e.State == Failed || e.State == Refused || !sameRecord(e.Change, late[i].Change) {
				continue
			}
			out = append(out, fmt.Sprintf("while the store of the team was away, %s changed what entry %s of %s has changed too: %s; look at the record", late[i].Who, e.ID, e.Who, e.Sentence))
		}
	}
	return out
}

func sameRecord(a, b *providers.Change) bool {
	x, y := a.Record(), b.Record()
	return providers.SameName(x.Zone, y.Zone) && providers.SameName(x.Name, y.Name) && x.Type == y.Type && providers.FoldValue(x.Type, x.Value) == providers.FoldValue(y.Type, y.Value)
}

// failDropped ends entries that are in the chain although they were given up when the answer to their write was lost.
func (j *Journal) failDropped() error {
	var outcomes []Outcome
	for id, n := range j.team.dropped {
		first, there := j.replay.batches[id]
		if !there {
			continue
		}
		delete(j.team.dropped, id)
		for _, e := range j.entriesFrom(first, n) {
			if e.Writer != j.writer || e.State != Begun {
				continue
			}
			outcomes = append(outcomes, Outcome{ID: e.ID, State: Failed, Time: j.clock.Now().UTC(), Error: "it was not begun: the store of the team had not confirmed this entry"})
		}
	}
	if len(outcomes) == 0 {
		return nil
	}
	return j.keep(batch{Format: teamFormat, ID: newBatchID(), Outcomes: outcomes})
}

// adopt sends what a writer that has died has left, and removes its files. The caller has locked f.
func (j *Journal) adopt(stop <-chan struct{}, f *os.File) error {
	pending, err := readOutbox(f)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(pending, func(c batch) bool { return j.team.isForeign(&c) }); i >= 0 {
		j.addNotice("%s waits for another store than %s, and is never sent to this one", f.Name(), j.team.store.Name())
		return nil
	}
	if slices.ContainsFunc(pending, func(c batch) bool { return c.Format > teamFormat }) {
		j.addNotice("%s was written by a later release in a form that this one does not know: run that release, which sends it", f.Name())
		return nil
	}
	for _, c := range pending {
		if err := j.join(stop, c); err != nil {
			return err
		}
	}
	if err := os.Remove(f.Name()); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	ctx, cancel := j.waiting(stop)
	defer cancel()
	return j.team.store.Delete(ctx, writerKey(filepath.Base(f.Name())))
}

// deadOutboxes returns the locked outboxes of writers of this machine that have died, also beside other mirrors of the
// same store: first those that were written first. They must be closed, also with an error.
func (j *Journal) deadOutboxes() (dead []*os.File, err error) {
	collect := func(f *os.File, alive bool) error {
		if !alive {
			dead = append(dead, f)
			return nil
		}
		return f.Close()
	}
	err = j.otherOutboxes(collect)
	for _, path := range j.team.copies {
		if err == nil && j.team.isCopy(path) {
			err = outboxesBeside(path, j.stop, collect)
		}
	}
	written := map[*os.File]time.Time{}
	for _, f := range dead {
		if info, statErr := f.Stat(); statErr == nil {
			written[f] = info.ModTime()
		}
	}
	slices.SortStableFunc(dead, func(a, b *os.File) int { return written[a].Compare(written[b]) })
	return dead, err
}

// isCopy reports whether another mirror of this machine is of the same store. One whose store cannot be read is not.
func (t *team) isCopy(mirror string) bool {
	f, err := readStoreFile(mirror)
	return err == nil && (f.ID != "" && f.ID == t.id && t.identified || f.ID == "" && t.isSame != nil && t.isSame(f.Store))
}

// outboxesBeside calls do with the outbox of each writer beside a mirror.
func outboxesBeside(mirror string, stop <-chan struct{}, do func(f *os.File, alive bool) error) error {
	lock, err := openOwn(mirror+".lock", os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return errors.Join((&Journal{path: mirror, stop: stop, lock: lock, team: &team{}}).otherOutboxes(do), lock.Close())
}

// otherOutboxes calls do with the outbox of each other writer of this machine. Those of writers that have died are
// locked.
func (j *Journal) otherOutboxes(do func(f *os.File, alive bool) error) error {
	files, err := os.ReadDir(j.writersPath())
	if err != nil || len(files) == 0 || len(files) == 1 && files[0].Name() == j.writer {
		return nil // there are none yet
	}
	return j.withLock(func() error { // a new outbox is locked before the lock of the mirror is released
		for _, file := range files {
			if file.Name() == j.writer {
				continue
			}
			f, err := openOwn(filepath.Join(j.writersPath(), file.Name()), os.O_RDWR)
			if err != nil {
				continue // it was removed meanwhile
			}
			free, err := tryLockFile(f)
			if err != nil {
				return errors.Join(err, f.Close())
			}
			if err := do(f, !free); err != nil {
				return err
			}
		}
		return nil
	})
}

// allEntries returns the entries of the chain, and after them those of this machine that are not in it yet.
func (j *Journal) allEntries() []Entry { return j.allEntriesBut("") }

// allEntriesBut is allEntries without those of one batch.
func (j *Journal) allEntriesBut(id string) []Entry {
	if j.team == nil {
		return slices.Clone(j.replay.entries)
	}
	pending := slices.DeleteFunc(slices.Clone(j.team.pending), func(c batch) bool { return c.ID == id })
	if j.isAway() {
		_ = j.otherOutboxes(func(f *os.File, _ bool) error { // what cannot be read is read again
			others, err := readOutbox(f)
			pending = append(pending, slices.DeleteFunc(others, func(c batch) bool { return j.team.isForeign(&c) })...)
			return errors.Join(err, f.Close())
		})
	}
	if len(pending) == 0 {
		return slices.Clone(j.replay.entries)
	}
	with := replay{entries: slices.Clone(j.replay.entries), at: maps.Clone(j.replay.at)}
	for _, c := range pending {
		if _, there := j.replay.batches[c.ID]; there {
			continue
		}
		for _, e := range c.Entries {
			if e.ID != "" || c.Away {
				with.addEntry(e)
			}
		}
		for i := range c.Outcomes {
			with.addOutcome(&c.Outcomes[i])
		}
	}
	return with.entries
}
