package journal

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"rollcall/providers"
)

// A run that terminates nodes holds a lock on a file for each of them. The system releases it when the process dies, and the
// run releases it when it ends, so a run that was stopped in a process that lives on is not taken for one that goes on.

// Work is the work of a run of this machine on nodes, which it alone terminates. Its methods are safe for concurrent use.
type Work struct {
	j     *Journal
	nodes []nodeKey
	once  sync.Once
	files []*os.File
	err   error
}

// workPath returns the file whose lock shows that a run of this machine works on a node.
func (j *Journal) workPath(n nodeKey) string {
	sum := sha256.Sum256([]byte(string(n.cloud) + "\x00" + n.id))
	return filepath.Join(j.path+".work", hex.EncodeToString(sum[:16]))
}

// BeginWork claims nodes for a run of this machine. A *WorkedOnError means that another run, which goes on,
// has claimed one of them. The claim ends with Work.End, or when the process dies.
func (j *Journal) BeginWork(who string, refs ...providers.InstanceRef) (*Work, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return nil, errors.New("journal: it is closed")
	}
	if err := os.MkdirAll(j.path+".work", 0o700); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	w := &Work{j: j}
	err := j.withLock(func() error {
		for _, ref := range refs {
			n := keyOf(ref)
			f, err := lockWork(j.workPath(n), ref)
			if err != nil {
				return err
			}
			w.files, w.nodes = append(w.files, f), append(w.nodes, n)
			text := fmt.Sprintf("%s (process %d)", who, os.Getpid())
			if err := f.Truncate(0); err != nil {
				return fmt.Errorf("journal: %w", err)
			}
			if _, err := f.WriteAt([]byte(text), 0); err != nil {
				return fmt.Errorf("journal: write %s: %w", f.Name(), err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	if j.working == nil {
		j.working = map[nodeKey]bool{}
	}
	for _, n := range w.nodes {
		j.working[n] = true
	}
	j.sayWork()
	return w, nil
}

// lockWork opens and locks the file of a node. A file that its holder has removed meanwhile does not count.
func lockWork(path string, ref providers.InstanceRef) (*os.File, error) {
	for {
		f, err := openOwn(path, os.O_RDWR|os.O_CREATE)
		if err != nil {
			return nil, fmt.Errorf("journal: %w", err)
		}
		free, err := tryLockFile(f)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("journal: lock %s: %w", path, err), f.Close())
		}
		if !free {
			return nil, errors.Join(workTaken(f, ref), f.Close())
		}
		mine, err := f.Stat()
		if now, statErr := os.Stat(path); err == nil && statErr == nil && os.SameFile(mine, now) {
			return f, nil
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
}

// WorkedOnError means that another run of this machine works on a node.
type WorkedOnError struct {
	Who  string // and its process
	Node providers.InstanceRef
}

func (e *WorkedOnError) Error() string {
	return fmt.Sprintf("%s works on %s now", cmp.Or(e.Who, "another run"), providers.Clean(cmp.Or(e.Node.Name, e.Node.ID)))
}

func workTaken(f *os.File, ref providers.InstanceRef) *WorkedOnError {
	by, _ := io.ReadAll(io.NewSectionReader(f, 0, 256)) // it is only named
	return &WorkedOnError{Who: providers.Clean(string(by)), Node: ref}
}

// WorkedOn returns who works on some nodes now: here, runs of this machine, this process among them, which alone may end those nodes; and in a
// team the members of other machines whose unfinished drain or replacement of a node goes on. A team's store is asked as by UnderWay.
func (j *Journal) WorkedOn(refs ...providers.InstanceRef) (here, elsewhere []*WorkedOnError, err error) {
	err = j.withOwnLock(func() error {
		for _, ref := range refs {
			by, err := j.workerOn(ref)
			if err != nil {
				return err
			}
			if by != nil {
				here = append(here, by)
			}
		}
		return nil
	})
	if err != nil || j.Team() == "" {
		return here, nil, err
	}
	err = j.locked(func() error {
		if j.isAway() {
			return nil // which writers live cannot be asked
		}
		for _, u := range unfinished(j.replay.entries) {
			if !slices.ContainsFunc(refs, func(ref providers.InstanceRef) bool { return keyOf(ref) == keyOf(u.Instance) }) || j.isOfThisMachine(u.Writer) {
				continue
			}
			on, err := j.goesOn(&u)
			if err != nil {
				return err
			}
			if on {
				elsewhere = append(elsewhere, &WorkedOnError{Who: u.Who, Node: u.Instance})
			}
		}
		return nil
	})
	return here, elsewhere, err
}

// withOwnLock calls f with the lock of BeginWork.
func (j *Journal) withOwnLock(f func() error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return errors.New("journal: it is closed")
	}
	return j.withLock(f)
}

// workerOn returns which run of this machine works on a node, or nil. The caller holds the lock of BeginWork.
func (j *Journal) workerOn(ref providers.InstanceRef) (*WorkedOnError, error) {
	f, err := openOwn(j.workPath(keyOf(ref)), os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	free, err := tryLockFile(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("journal: lock %s: %w", f.Name(), err), f.Close())
	}
	if free {
		return nil, f.Close()
	}
	return workTaken(f, ref), f.Close()
}

// End ends the work: other runs may claim its nodes.
func (w *Work) End() error {
	w.once.Do(func() {
		w.j.mu.Lock()
		defer w.j.mu.Unlock()
		for _, n := range w.nodes {
			delete(w.j.working, n)
		}
		w.err = w.close()
		if !w.j.closed {
			w.j.sayWork()
		}
	})
	return w.err
}

func (w *Work) close() (err error) {
	for _, f := range w.files {
		err = errors.Join(err, os.Remove(f.Name()), f.Close()) // removed while it is locked
	}
	return err
}

// isWorkedOn reports whether a run of this machine works on a node. The caller holds the lock of BeginWork.
func (j *Journal) isWorkedOn(ref providers.InstanceRef) (bool, error) {
	if j.working[keyOf(ref)] {
		return true, nil
	}
	by, err := j.workerOn(ref)
	return by != nil, err
}

// goesOn reports whether the run of an unfinished drain goes on: one of this machine as long as it, or another one,
// works on the node, one of another machine as long as its writer lives and has not said that it ended, which is set in u.
func (j *Journal) goesOn(u *Unfinished) (on bool, err error) {
	ask := func() error {
		on, err = j.isWorkedOn(u.Instance)
		return err
	}
	if j.team == nil {
		err := ask()
		return on, err
	}
	if err := j.withLock(ask); err != nil || on || j.isOfThisMachine(u.Writer) {
		return on, err
	}
	w, err := j.writerState(u.Writer)
	u.Ended = err == nil && w.hasEnded(keyOf(u.Instance), u.Stored)
	return err == nil && !w.silent && !u.Ended, err
}

// isOfThisMachine reports whether a writer is this one, or has its outbox here. One without an outbox may be of this machine too,
// and has died then.
func (j *Journal) isOfThisMachine(writer string) bool {
	if writer == "" || writer != filepath.Base(writer) {
		return true // written by a rollcall that did not record a writer
	}
	if writer == j.writer {
		return true
	}
	_, err := os.Stat(filepath.Join(j.writersPath(), writer))
	return err == nil
}
