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

// A writer is one open journal that has begun something. For as long as it lives it holds a lock
// on a file of its own, which the system releases when the process dies for any
// reason. A process id would not do: another process could have it by then.

// writersPath is the folder of those files.
func (j *Journal) writersPath() string { return j.path + ".writers" }

// registerWriter makes the writer known before its first entry. The journal's lock is
// held, as it is by a reader that looks for writers that are gone.
func (j *Journal) registerWriter() error {
	if j.writer != "" {
		return nil
	}
	if err := os.MkdirAll(j.writersPath(), 0o700); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	j.sweep()
	var id [6]byte
	_, _ = rand.Read(id[:]) // never fails
	name := hex.EncodeToString(id[:])
	f, err := os.OpenFile(filepath.Join(j.writersPath(), name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
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

// sweepAt is from how many files of writers on those of the dead are looked for: who was killed
// with nothing begun leaves a file that no one would ask for.
const sweepAt = 50

func (j *Journal) sweep() {
	files, err := os.ReadDir(j.writersPath())
	if err != nil || len(files) < sweepAt {
		return
	}
	for _, f := range files {
		_, _ = j.writerAlive(f.Name()) // it removes that of a dead writer; one that it cannot ask stays
	}
}

// leave takes the writer back when the journal is closed.
func (j *Journal) leave() error {
	if j.alive == nil {
		return nil
	}
	err := errors.Join(os.Remove(j.alive.Name()), j.alive.Close())
	j.alive = nil
	return err
}

// writerAlive reports whether a writer is still there. The journal's lock is held.
func (j *Journal) writerAlive(writer string) (bool, error) {
	switch {
	case writer == "", writer != filepath.Base(writer):
		return false, nil // of a rollcall that did not say who it was
	case writer == j.writer:
		return true, nil
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

// Abandoned returns, oldest first, the entries that a process began which is gone, so that it will not
// write their outcome. An entry whose outcome was looked for since, and is unknown, is
// returned again until recheck has passed since that time.
func (j *Journal) Abandoned(recheck time.Duration) ([]Entry, error) {
	var out []Entry
	err := j.locked(func() error {
		known := map[string]bool{}
		for i := range j.book.entries {
			e := &j.book.entries[i]
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

// RecordOutcomes writes the outcomes of abandoned entries, and returns the entries that it has written. It writes nothing
// about an entry that another process has settled meanwhile.
func (j *Journal) RecordOutcomes(outcomes ...Outcome) (written []Entry, err error) {
	err = j.locked(func() error {
		var lines []body
		var ids []string
		for _, o := range outcomes {
			i, ok := j.book.at[o.ID]
			if !ok || j.book.entries[i].State != Begun && j.book.entries[i].State != Unknown {
				continue
			}
			if o.Time.IsZero() {
				o.Time = j.clock.Now()
			}
			lines = append(lines, body{Outcome: &o})
			ids = append(ids, o.ID)
		}
		if len(lines) == 0 {
			return nil
		}
		if err := j.append(lines); err != nil {
			return err
		}
		for _, id := range ids {
			written = append(written, j.book.entries[j.book.at[id]])
		}
		return nil
	})
	return written, err
}

// aside reports damaged tails that were set aside, now or long ago, for as long as their files lie there.
func aside(path string, told []Problem) []Problem {
	names, err := filepath.Glob(strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path) + ".damaged-*")
	if err != nil {
		return nil
	}
	slices.Sort(names)
	var out []Problem
	for _, name := range names {
		if slices.ContainsFunc(told, func(p Problem) bool { return p.Side == name }) {
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
