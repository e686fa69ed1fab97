// Package journal records every change before it is made. A journal is an append-only file of JSON lines, chained by
// SHA-256 and locked, so that several rollcalls can share it.
package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"rollcall/providers"
)

// Problem is a place where the journal differs from what was written.
type Problem struct {
	Line int    // number of the line, from 1; 0 for the file as a whole
	Why  string // one line
	Side string // file that holds the damaged tail, or empty
}

// Journal is an open journal: a file of this machine, or what the members of a team share. It is safe for concurrent use
// by goroutines and by processes.
type Journal struct {
	team  *team // nil for a file
	path  string
	clock providers.Clock
	stop  <-chan struct{} // closed when methods must not wait for the lock any more; may be nil

	mu        sync.Mutex
	file      *os.File
	lock      *os.File
	replay    replay
	closed    bool
	lockErr   error     // of the last failed wait for the lock
	lockErrAt time.Time // when that wait ended

	writer string   // id of this journal as a writer, once it has begun an entry
	alive  *os.File // file whose lock shows that this writer lives

	working map[nodeKey]bool // nodes that runs of this journal work on; see BeginWork
}

// Open opens the journal at path and creates it and its folder if missing. It moves a damaged tail into a side file,
// which Problems reports. Entries get the time of clock. Once stop is closed, methods no longer wait for a lock of
// another process; stop may be nil. End still waits, since its changes are made. No wait for a lock exceeds 10 s.
func Open(path string, clock providers.Clock, stop <-chan struct{}) (*Journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	_, statErr := os.Stat(path)
	file, err := openOwn(path, os.O_RDWR|os.O_CREATE|os.O_APPEND)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	lock, err := openOwn(path+".lock", os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("journal: %w", err), file.Close())
	}
	j := &Journal{path: path, clock: clock, stop: stop, file: file, lock: lock}
	if errors.Is(statErr, os.ErrNotExist) {
		if err := syncFolder(filepath.Dir(path)); err != nil {
			return nil, errors.Join(fmt.Errorf("journal: %w", err), j.Close())
		}
	}
	if err := j.locked(func() error { return nil }); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Path returns the path of the journal.
func (j *Journal) Path() string { return j.path }

// Begin writes entries in state begun. It returns them with their ids once they are on disk (fsync).
func (j *Journal) Begin(entries ...Entry) ([]Entry, error) { return j.write(Begun, nil, entries) }

// BeginIf is Begin if check, called with all entries that stand before the new ones, returns nil. No entry of another
// writer comes between. Otherwise nothing is written and BeginIf returns the error of check. check may be called several
// times.
func (j *Journal) BeginIf(check func(before []Entry) error, entries ...Entry) ([]Entry, error) {
	return j.write(Begun, check, entries)
}

// Refuse writes entries in state refused.
func (j *Journal) Refuse(entries ...Entry) ([]Entry, error) { return j.write(Refused, nil, entries) }

func (j *Journal) write(state State, check func([]Entry) error, entries []Entry) ([]Entry, error) {
	if j.team != nil {
		return j.writeTeam(state, check, entries)
	}
	out := slices.Clone(entries)
	err := j.locked(func() error {
		var lines []body
		if check != nil {
			if err := check(j.replay.entries); err != nil {
				return err
			}
		}
		if state == Begun {
			if err := j.registerWriter(); err != nil {
				return err
			}
		}
		for i := range out {
			out[i].Writer = j.writer
			out[i].ID = strconv.FormatUint(j.replay.lastID+uint64(i)+1, 10)
			out[i].State = state
			if out[i].Time.IsZero() {
				out[i].Time = j.clock.Now()
			}
			lines = append(lines, body{Entry: &out[i]})
		}
		return j.append(lines)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// End writes the outcomes of entries that were begun.
func (j *Journal) End(outcomes ...Outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	if j.team != nil {
		return j.endTeam(outcomes)
	}
	return j.lockedUntil(nil, func() error { return j.appendEnds(outcomes) })
}

// appendEnds appends outcomes to the file.
func (j *Journal) appendEnds(outcomes []Outcome) error {
	var lines []body
	for _, o := range outcomes {
		if o.Time.IsZero() {
			o.Time = j.clock.Now()
		}
		lines = append(lines, body{Outcome: &o})
	}
	return j.append(lines)
}

// NotePutBack records what has to be restored for an entry that was begun. It returns once that is on disk. The entry
// stays begun.
func (j *Journal) NotePutBack(id string, was providers.Record) error {
	return j.End(Outcome{ID: id, State: Begun, PutBack: &was})
}

// Entries returns all entries of all processes, oldest first.
func (j *Journal) Entries() ([]Entry, error) {
	var out []Entry
	err := j.locked(func() error {
		out = j.allEntries()
		return nil
	})
	return out, err
}

// Problems returns what is wrong with the file, in line order.
func (j *Journal) Problems() []Problem {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.team != nil {
		out := slices.Clone(j.replay.problems)
		if j.team.damaged {
			out = append(out, Problem{Why: "the copy of the team's journal on this machine, " + j.path + ", is damaged; it is read again when its store answers"})
		}
		if j.team.lost != nil {
			out = append(out, Problem{Why: j.team.lost.Error()})
		}
		return out
	}
	return append(slices.Clone(j.replay.problems), damagedTails(j.path, j.replay.problems)...)
}

// Check returns why an entry of an author cannot be written now, or nil. It writes none. See AwayError and UnsignedError.
func (j *Journal) Check(who string) error {
	return j.locked(func() error {
		if err := checkRoom(j.path); err != nil {
			return err
		}
		if j.team == nil {
			return nil
		}
		if err := j.team.writable(); err != nil || j.team.away != nil {
			return err
		}
		return j.team.checkSigner(who)
	})
}

// checkRoom returns why a few entries could not be written beside path, such as a full disk.
func checkRoom(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".room-*")
	if err != nil {
		return fmt.Errorf("the journal cannot be written: %w", err)
	}
	_, err = f.Write(make([]byte, 16<<10))
	if err = errors.Join(err, f.Close(), os.Remove(f.Name())); err != nil {
		return fmt.Errorf("the journal cannot be written: %w", err)
	}
	return nil
}

// Close closes the file.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return nil
	}
	j.closed = true
	if j.team != nil {
		return j.closeTeam()
	}
	return errors.Join(j.removeWriter(), j.file.Close(), j.lock.Close())
}

// locked reads what other processes have written and runs f while no other process writes.
func (j *Journal) locked(f func() error) error { return j.lockedUntil(j.stop, f) }

func (j *Journal) lockedUntil(stop <-chan struct{}, f func() error) error {
	called := time.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return errors.New("journal: it is closed")
	}
	if j.team != nil {
		j.syncTeam(stop)
		return f()
	}
	if j.lockErr != nil && stop != nil && called.Before(j.lockErrAt) {
		return j.lockErr // this wait has failed meanwhile
	}
	if err := waitFor(stop, j.lock, tryLockFile); err != nil {
		if errors.Is(err, ErrHeld) {
			j.lockErr, j.lockErrAt = err, time.Now()
		}
		return err
	}
	nameHolder(j.lock.Name())
	err := j.catchUp()
	if err == nil {
		err = f()
	}
	if unlockErr := unlockFile(j.lock); unlockErr != nil && err == nil {
		err = fmt.Errorf("journal: unlock %s: %w", j.lock.Name(), unlockErr)
	}
	return err
}

// catchUp reads what other processes have appended and repairs the tail. The caller holds the lock, so an incomplete
// line is the result of a crash, not of a write in progress.
func (j *Journal) catchUp() error {
	info, err := j.file.Stat()
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if onDisk, err := os.Stat(j.path); err != nil || !os.SameFile(info, onDisk) {
		return fmt.Errorf("journal: %s was removed or replaced while it was open; start rollcall again", j.path)
	}
	if info.Size() < j.replay.size {
		return fmt.Errorf("journal: %s has become shorter while it was open: it was tampered with, or its disk is damaged", j.path)
	}
	if info.Size() == j.replay.size {
		if info.Size() == 0 {
			j.replay.checkHead(j.lock)
		}
		return nil
	}
	data := make([]byte, info.Size()-j.replay.size)
	if _, err := j.file.ReadAt(data, j.replay.size); err != nil {
		return fmt.Errorf("journal: read %s: %w", j.path, err)
	}
	first := j.replay.size == 0
	bad := j.replay.readLines(data)
	if len(bad) > 0 {
		if err := j.setAside(bad); err != nil {
			return err
		}
	}
	if first {
		j.replay.checkHead(j.lock)
	}
	return nil
}

// setAside copies a damaged tail into a side file and then cuts it off.
func (j *Journal) setAside(bad []byte) error {
	side := fmt.Sprintf("%s.damaged-%d-%d", j.path, j.clock.Now().Unix(), j.replay.size)
	f, err := openOwn(side, os.O_WRONLY|os.O_CREATE|os.O_APPEND)
	if err != nil {
		return fmt.Errorf("journal: set the damaged tail aside: %w", err)
	}
	_, err = f.Write(bad)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("journal: set the damaged tail aside: %w", err)
	}
	if err := errors.Join(syncFolder(filepath.Dir(j.path)), os.Truncate(j.path, j.replay.size), j.file.Sync()); err != nil {
		return fmt.Errorf("journal: cut the damaged tail off: %w", err)
	}
	j.replay.problems = append(j.replay.problems, Problem{Line: j.replay.lines + 1, Side: side, Why: fmt.Sprintf("%d bytes at the end are not a whole entry (a write was cut off, or the file was damaged); they were set aside", len(bad))})
	return nil
}

// Read reads a journal without repairing it. A missing journal is empty. Once stop is closed, Read no longer waits for
// the lock; stop may be nil.
func Read(path string, stop <-chan struct{}) ([]Entry, []Problem, error) {
	// The lock excludes writes during the read. If the note of the last line is missing or unreadable, the journal is
	// checked without it.
	lock, err := openOwn(path+".lock", os.O_RDONLY)
	if err == nil {
		defer func() { _ = lock.Close() }() // it was only read
		if err := waitFor(stop, lock, tryShareFile); err != nil {
			return nil, nil, err
		}
	}
	var data []byte
	file, err := openOwn(path, os.O_RDONLY)
	if err == nil {
		defer func() { _ = file.Close() }() // it was only read
		data, err = io.ReadAll(file)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, fmt.Errorf("journal: %w", err)
	}
	var b replay
	if bad := b.readLines(data); len(bad) > 0 {
		b.problems = append(b.problems, Problem{Line: b.lines + 1, Why: fmt.Sprintf("%d bytes at the end are not a whole entry", len(bad))})
	}
	if lock != nil {
		b.checkHead(lock)
	}
	return b.entries, append(b.problems, damagedTails(path, b.problems)...), nil
}
