package journal

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"rollcall/providers"
)

// A writer of another machine is alive while it renews an object of its own in the store. It does so while it has open
// entries, or works on nodes, which the object names. When the work on them ends in order, the object says so at once; after a kill it
// only grows old.

// writerState is the object of a writer in the store.
type writerState struct {
	Format int       `json:"format"`
	Who    string    `json:"who"`
	At     time.Time `json:"at"`
	// Working are the nodes that its runs work on, as nodeKey.String returns them; nil in objects of earlier releases.
	Working []string `json:"working"`
	Closed  bool     `json:"closed,omitempty"` // it has ended, and has left drains or replacements unfinished

	written time.Time // by the clock of the store, in the time of this machine
	silent  bool      // for longer than a writer that is alive
}

func (k nodeKey) String() string { return string(k.cloud) + " " + k.id }

// hasEnded reports whether the work on a node whose last entry the store got at a time has ended in order.
func (w *writerState) hasEnded(n nodeKey, stored time.Time) bool {
	const skew = 2 * time.Second // times of the store are in seconds
	return w.Closed || w.Working != nil && !slices.Contains(w.Working, n.String()) && !w.written.Add(skew).Before(stored)
}

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
	state := writerState{Format: teamFormat, Who: t.who, At: t.aliveAt.UTC(), Working: []string{}, Closed: j.closed}
	for n := range j.working {
		state.Working = append(state.Working, n.String())
	}
	slices.Sort(state.Working)
	data, err := json.Marshal(state)
	if err != nil {
		return err
	}
	key := writerKey(j.writer)
	version := t.alive
	t.alive = ""
	for range maxStuck {
		if version == "" {
			version, err = t.store.PutIfAbsent(ctx, key, data)
		} else {
			version, err = t.store.PutIfMatch(ctx, key, data, version)
		}
		switch providers.KindOf(err) {
		case "":
			t.alive = version
			return nil
		case providers.KindConflict, providers.KindUncertain, providers.KindNotFound: // an answer was lost, or the object was removed
		default:
			return err
		}
		o, getErr := t.store.Get(ctx, key)
		if getErr != nil && providers.KindOf(getErr) != providers.KindNotFound {
			return err
		}
		if getErr == nil && bytes.Equal(o.Data, data) {
			t.alive = o.Version
			return nil
		}
		version = o.Version // none if there is no object
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
	state, err := j.writerState(writer)
	return err == nil && !state.silent && !state.Closed, err
}

// writerState reads the object of a writer of another machine. Without one, it is silent.
func (j *Journal) writerState(writer string) (writerState, error) {
	w := writerState{silent: true}
	o, err := j.get(j.stop, writerKey(writer))
	if providers.KindOf(err) == providers.KindNotFound {
		return w, nil
	}
	if err != nil {
		j.noteAnswer(err)
		return w, err
	}
	if json.Unmarshal(o.Data, &w) != nil {
		w = writerState{} // its age counts
	}
	if w.Closed {
		j.team.closedWriters[writer] = true
	}
	now := o.Asked
	if now.IsZero() {
		now = j.clock.Now()
	}
	age := max(0, now.Sub(o.Modified))
	w.written, w.silent = j.clock.Now().Add(-age), age >= deadAfter
	return w, nil
}

// removeClosed removes the objects of writers that have ended, once nothing that they left is among the unfinished ones. A
// journal that has written nothing removes nothing.
func (j *Journal) removeClosed(list []Unfinished) {
	t := j.team
	if t == nil || j.writer == "" || j.isAway() || len(t.pending) > 0 {
		return
	}
	for writer := range t.closedWriters {
		if slices.ContainsFunc(list, func(u Unfinished) bool { return u.Writer == writer }) {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), teamPatience/4) // also when the program is about to end
		err := t.store.Delete(ctx, writerKey(writer))
		cancel()
		if err != nil && providers.KindOf(err) != providers.KindNotFound {
			return // it is tried again
		}
		delete(t.closedWriters, writer)
	}
}

// sayWork writes the writer's object, if there is one, since the nodes that it works on have changed.
func (j *Journal) sayWork() {
	if j.team == nil || j.team.aliveAt.IsZero() || j.isAway() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), teamPatience/4) // also when the program is about to end
	defer cancel()
	_ = j.renew(ctx) // otherwise it grows old
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
		list := unfinished(j.replay.entries)
		j.removeClosed(list)
		switch mine := func(u Unfinished) bool { return u.Writer == j.writer }; {
		case j.team.alive == "" || j.isAway():
		case slices.ContainsFunc(list, mine): // they are free at once
			j.working = nil
			j.sayWork()
		default:
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
