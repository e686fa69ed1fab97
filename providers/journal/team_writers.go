package journal

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"rollcall/providers"
)

// A writer of another machine is alive while it renews an object of its own in the store. It does so while it has open
// entries, or works on nodes.

const (
	renewEvery = time.Minute
	// deadAfter is how long a writer of another machine may be silent.
	deadAfter = 3*renewEvery + 30*time.Second
	// SilentAfter is how long a writer of another machine may be silent before its open entries are looked up.
	SilentAfter = deadAfter
)

func writerKey(writer string) string { return "writers/" + writer }

// Writer returns the name of this writer in its entries, or "" before the first.
func (j *Journal) Writer() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.writer
}

func newBatchID() string { return rand.Text() }

// registerTeamWriter makes the outbox of this writer, and before it begins something its object in the store.
func (j *Journal) registerTeamWriter(begins bool) error {
	if j.writer == "" {
		if err := j.withLock(j.registerWriter); err != nil {
			return err
		}
	}
	t := j.team
	if !begins || j.isAway() && j.clock.Now().Sub(t.awayAt).Abs() < awayPause {
		return nil
	}
	if t.aliveAt.IsZero() {
		go j.renewWhileOpen()
	}
	if t.aliveAt.IsZero() || j.clock.Now().Sub(t.aliveAt).Abs() > renewEvery {
		ctx, cancel := j.waiting(j.stop)
		defer cancel()
		if err := j.renew(ctx); err != nil && isAbsence(err) {
			j.noteAnswer(err) // the entry will say so
		}
	}
	return nil
}

// renew writes the writer's object.
func (j *Journal) renew(ctx context.Context) error {
	t := j.team
	t.aliveAt = j.clock.Now()
	data, err := json.Marshal(struct {
		Format int       `json:"format"`
		Who    string    `json:"who"`
		At     time.Time `json:"at"`
	}{teamFormat, t.who, t.aliveAt.UTC()})
	if err != nil {
		return err
	}
	key := writerKey(j.writer)
	version := t.alive
	t.alive = ""
	if version == "" {
		version, err = t.store.PutIfAbsent(ctx, key, data)
	} else {
		version, err = t.store.PutIfMatch(ctx, key, data, version)
	}
	if k := providers.KindOf(err); k == providers.KindConflict || k == providers.KindUncertain { // an answer was lost
		var o providers.Object
		if o, err = t.store.Get(ctx, key); err == nil {
			version = o.Version
		}
	}
	if err == nil {
		t.alive = version
	}
	return err
}

// renewWhileOpen renews the writer's object until the journal is closed.
func (j *Journal) renewWhileOpen() {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-j.team.stop:
			return
		case <-tick.C:
		}
		j.mu.Lock()
		if !j.closed && !j.isAway() && j.hasOpen() {
			ctx, cancel := j.waiting(j.stop)
			_ = j.renew(ctx) // it is tried again in a minute
			cancel()
		}
		j.mu.Unlock()
	}
}

// hasOpen reports whether this writer has open entries, or works on nodes.
func (j *Journal) hasOpen() bool {
	for i := range j.replay.entries {
		if e := &j.replay.entries[i]; e.Writer == j.writer && e.State == Begun {
			return true
		}
	}
	return len(j.working) > 0
}

// teamWriterAlive reports whether a writer is still running, on this machine or another.
func (j *Journal) teamWriterAlive(writer string) (alive bool, err error) {
	f, err := openOwn(filepath.Join(j.writersPath(), writer), os.O_RDWR)
	if err == nil {
		free, err := tryLockFile(f)
		return !free, errors.Join(err, f.Close()) // its outbox is sent when the store is read the next time
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	o, err := j.get(j.stop, writerKey(writer))
	if providers.KindOf(err) == providers.KindNotFound {
		return false, nil
	}
	if err != nil {
		j.noteAnswer(err)
		return false, err
	}
	now := o.Asked
	if now.IsZero() {
		now = j.clock.Now()
	}
	return now.Sub(o.Modified) < deadAfter, nil
}

// closeTeam closes the files. What waits in the outbox stays for the next rollcall.
func (j *Journal) closeTeam() error {
	close(j.team.stop)
	var err error
	switch {
	case j.alive == nil:
	case len(j.team.pending) > 0:
		err = j.alive.Close()
	default:
		if j.team.alive != "" && !j.isAway() {
			ctx, cancel := context.WithTimeout(context.Background(), teamPatience/4)
			_ = j.team.store.Delete(ctx, writerKey(j.writer)) // otherwise it grows old
			cancel()
		}
		err = j.removeWriter()
	}
	for _, f := range []*os.File{j.file, j.lock} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}

// ReadMirror returns the entries of a team's journal that this machine has read, without asking the store.
func ReadMirror(path string, stop <-chan struct{}) ([]Entry, error) {
	j := &Journal{path: path, stop: stop, team: &team{store: noStore{}, stop: make(chan struct{})}}
	var err error
	if j.file, err = openOwn(path, os.O_RDWR); err != nil {
		return nil, err
	}
	defer func() { _ = j.closeTeam() }() // it was only read
	if j.lock, err = openOwn(path+".lock", os.O_RDWR); err != nil {
		return nil, err
	}
	err = j.readMirror()
	return j.replay.entries, err
}

// noStore is the store of a journal that only reads its mirror.
type noStore struct{ providers.Store }

func (noStore) Name() string { return "" }

// Verify reads the whole journal of a team from the store and returns its entries and what is wrong with it. It leaves
// signatures unchecked; see VerifyBy.
func (j *Journal) Verify() ([]Entry, []Problem, error) {
	entries, problems, _, err := j.VerifyBy(nil)
	return entries, problems, err
}
