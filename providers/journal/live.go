package journal

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A writer is an open journal that has begun an entry. While it lives it holds a lock on a file of its own, which the
// system releases when the process dies. A process id would not do, because another process can get the same one.

// writersPath returns the folder of the writers' files.
func (j *Journal) writersPath() string { return j.path + ".writers" }

// registerWriter creates the writer's file before its first entry. The caller holds the journal's lock, as does a
// reader that looks for dead writers.
func (j *Journal) registerWriter() error {
	if j.writer != "" {
		return nil
	}
	if err := os.MkdirAll(j.writersPath(), 0o700); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if j.team == nil {
		j.removeDeadWriters()
	}
	var id [6]byte
	_, _ = rand.Read(id[:]) // never fails
	name := hex.EncodeToString(id[:])
	f, err := os.OpenFile(filepath.Join(j.writersPath(), name), os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	mine, err := tryLockFile(f)
	if err != nil || !mine {
		return errors.Join(fmt.Errorf("journal: %s cannot be locked: %w", f.Name(), err), f.Close())
	}
	j.writer, j.alive = name, f
	return nil
}

// maxWriterFiles is the number of writers' files from which those of dead writers are removed. A writer that was killed
// with no open entry leaves a file that is not checked otherwise.
const maxWriterFiles = 50

func (j *Journal) removeDeadWriters() {
	files, err := os.ReadDir(j.writersPath())
	if err != nil || len(files) < maxWriterFiles {
		return
	}
	for _, f := range files {
		_, _ = j.writerAlive(f.Name()) // removes the file of a dead writer; one that cannot be checked stays
	}
}

// removeWriter removes the writer's file when the journal is closed.
func (j *Journal) removeWriter() error {
	if j.alive == nil {
		return nil
	}
	err := errors.Join(os.Remove(j.alive.Name()), j.alive.Close())
	j.alive = nil
	return err
}

// writerAlive reports whether a writer is still running. The caller holds the journal's lock.
func (j *Journal) writerAlive(writer string) (bool, error) {
	switch {
	case writer == "", writer != filepath.Base(writer):
		return false, nil // written by a rollcall that did not record a writer
	case writer == j.writer:
		return true, nil
	}
	if j.team != nil {
		return j.teamWriterAlive(writer)
	}
	f, err := openOwn(filepath.Join(j.writersPath(), writer), os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("journal: %w", err)
	}
	free, err := tryLockFile(f)
	if err != nil {
		err = fmt.Errorf("journal: lock %s: %w", f.Name(), err)
	} else if free {
		err = os.Remove(f.Name())
	}
	return !free, errors.Join(err, f.Close())
}

// Abandoned returns, oldest first, the open entries of processes that have died and so will not record an outcome. An
// entry whose outcome was looked up and is unknown is returned again once recheck has passed since.
func (j *Journal) Abandoned(recheck time.Duration) ([]Entry, error) {
	var out []Entry
	err := j.locked(func() error {
		if j.isAway() || j.team != nil && (j.team.lost != nil || j.team.newer != nil) {
			return nil // which writers live cannot be asked, or what became of the entries cannot be read or written
		}
		known := map[string]bool{}
		for i := range j.replay.entries {
			e := &j.replay.entries[i]
			switch e.State {
			case Begun:
				alive, asked := known[e.Writer]
				if !asked {
					var err error
					if alive, err = j.writerAlive(e.Writer); err != nil {
						return err
					}
					known[e.Writer] = alive
				}
				if !alive {
					out = append(out, *e)
				}
			case Unknown:
				if j.clock.Now().Sub(e.Ended) < recheck {
					out = append(out, *e)
				}
			default:
			}
		}
		return nil
	})
	return out, err
}

// RecordOutcomes writes the outcomes of abandoned entries and returns the entries that it wrote. It skips an entry
// whose outcome another process has recorded meanwhile.
func (j *Journal) RecordOutcomes(outcomes ...Outcome) (written []Entry, err error) {
	err = j.locked(func() error {
		err := errRecorded
		for errors.Is(err, errRecorded) { // each time, fewer are left
			written, err = j.recordOpen(outcomes)
		}
		return err
	})
	return written, err
}

// errRecorded means that another member has recorded the outcome of an entry meanwhile.
var errRecorded = errors.New("journal: another process has recorded an outcome meanwhile")

// recordOpen writes those of outcomes whose entries are open, and returns the entries with them. In the journal of a team it
// returns errRecorded, and writes nothing, if another member has written one of them meanwhile.
func (j *Journal) recordOpen(outcomes []Outcome) ([]Entry, error) {
	open := openEntries(j.allEntries())
	var left []Outcome
	for _, o := range outcomes {
		if open[o.ID] {
			left = append(left, o)
		}
	}
	if len(left) == 0 {
		return nil, nil
	}
	check := func(before []Entry) error {
		open := openEntries(before)
		if slices.ContainsFunc(left, func(o Outcome) bool { return !open[o.ID] }) {
			return errRecorded
		}
		return nil
	}
	var err error
	if j.team != nil {
		err = j.appendOutcomes(j.stop, check, left)
	} else {
		err = j.appendEnds(left)
	}
	if err != nil {
		return nil, err
	}
	var written []Entry
	all := j.allEntries() // with what waits for a store that went away
	for _, o := range left {
		if i := slices.IndexFunc(all, func(e Entry) bool { return e.ID == o.ID || e.Local == o.ID }); i >= 0 {
			written = append(written, all[i])
		}
	}
	return written, nil
}

// openEntries returns the ids of the entries whose outcome is not known.
func openEntries(entries []Entry) map[string]bool {
	open := map[string]bool{}
	for i := range entries {
		if e := &entries[i]; e.open() {
			open[e.ID] = true
			if e.Local != "" {
				open[e.Local] = true
			}
		}
	}
	return open
}

// damagedTails returns a problem for each damaged tail that was ever set aside and whose file exists, without known.
func damagedTails(path string, known []Problem) []Problem {
	names, err := filepath.Glob(strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path) + ".damaged-*")
	if err != nil {
		return nil
	}
	slices.Sort(names)
	var out []Problem
	for _, name := range names {
		if slices.ContainsFunc(known, func(p Problem) bool { return p.Side == name }) {
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			continue
		}
		out = append(out, Problem{Side: name, Why: fmt.Sprintf("%d bytes that were not whole entries were set aside at %s; remove the file once it was looked at", info.Size(), info.ModTime().Format(time.DateTime))})
	}
	return out
}
