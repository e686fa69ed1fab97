package journal

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"rollcall/providers"
	"rollcall/providers/textfile"
)

// A store has an id, an object that its first writer creates. This machine keeps it beside the mirror, and each line of
// an outbox has it: what was written for one store is never sent to another one, where its numbers would mean other
// entries.

const (
	storeKey = "fleet/store"
	// storeFormat is the format of that object.
	storeFormat = 1
	// storeFileSize is the most that is read of the file beside the mirror, in bytes.
	storeFileSize = 1 << 16
)

type storeObject struct {
	Format int    `json:"format"`
	ID     string `json:"id"`
}

// storeFile is what this machine keeps of a store.
type storeFile struct {
	Store string `json:"store"`        // its place
	ID    string `json:"id,omitempty"` // empty until it was read
}

func storeFilePath(mirror string) string { return mirror + ".store" }

func readStoreFile(mirror string) (f storeFile, err error) {
	data, err := textfile.Read(storeFilePath(mirror), storeFileSize)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &f)
	}
	if err != nil {
		return f, fmt.Errorf("journal: read %s, which says whose copy is beside it: %w", storeFilePath(mirror), err)
	}
	return f, nil
}

// StoreID returns the id of the store of the mirror at a path, or "" if it was never read.
func StoreID(mirror string) (string, error) {
	f, err := readStoreFile(mirror)
	return f.ID, err
}

// noteStore writes the file that says of which store the mirror is.
func (j *Journal) noteStore() error {
	if j.path == "" {
		return nil // only the store is read
	}
	if err := os.MkdirAll(filepath.Dir(j.path), 0o700); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	err := textfile.Write(storeFilePath(j.path), func(f *os.File) error {
		return errors.Join(json.NewEncoder(f).Encode(storeFile{j.team.store.Name(), j.team.id}), f.Sync())
	})
	if err != nil {
		return fmt.Errorf("journal: note the store of %s: %w", j.path, err)
	}
	return nil
}

// identify compares the id of the store with the one that this machine knows, and returns as lost that it is another store,
// or nil. If the store has none and write is set, it creates it.
func (j *Journal) identify(stop <-chan struct{}, write bool) (lost, err error) {
	t := j.team
	if t.identified {
		return nil, nil
	}
	o, err := j.get(stop, storeKey)
	if providers.KindOf(err) == providers.KindNotFound {
		switch {
		case t.id != "" && j.replay.seq == 0:
			return j.otherChain("read its id", "it has no object "+storeKey+", which this machine has read there"), nil
		case !write:
			return nil, nil
		}
		if o.Data, err = json.Marshal(storeObject{storeFormat, cmp.Or(t.id, rand.Text())}); err != nil {
			return nil, err
		}
		ctx, cancel := j.waiting(stop)
		defer cancel()
		_, err = t.store.PutIfAbsent(ctx, storeKey, o.Data)
		if k := providers.KindOf(err); k == providers.KindConflict || k == providers.KindUncertain {
			if is, getErr := j.get(stop, storeKey); getErr == nil {
				o, err = is, nil
			}
		}
	}
	if err != nil {
		return nil, err
	}
	var has storeObject
	why := ""
	switch err := json.Unmarshal(o.Data, &has); {
	case err == nil && has.Format > storeFormat:
		why = fmt.Sprintf("its object %s was written by a later release in a form that this one does not know: install that release; until then nothing is changed from here", storeKey)
	case err != nil || has.ID == "":
		why = fmt.Sprintf("its object %s is damaged: restore it", storeKey)
	}
	if why != "" {
		return nil, &providers.Error{Kind: providers.KindInvalid, Source: "team store " + t.store.Name(), Op: "read its id", Err: errors.New(why)}
	}
	if t.id != "" && t.id != has.ID {
		return j.otherChain("compare its id", "it is another store than the one that this machine has read there"), nil
	}
	if t.id == "" {
		t.id = has.ID
		if err := j.noteStore(); err != nil {
			return nil, err
		}
	}
	t.identified = true
	return nil, nil
}

// LostError means that the store of a team does not have the chain that this machine has read. Nothing was written.
type LostError struct{ Err error }

func (e *LostError) Error() string { return e.Err.Error() }

// Unwrap returns the cause, of kind providers.KindInvalid.
func (e *LostError) Unwrap() error { return e.Err }

// otherChain returns why nothing is changed while the store does not have what this machine has read.
func (j *Journal) otherChain(op, what string) error {
	return &LostError{&providers.Error{
		Kind: providers.KindInvalid, Source: "team store " + j.team.store.Name(), Op: op,
		Err: fmt.Errorf("%s; restore its objects, or, if the journal was begun anew on purpose, run rollcall team set-aside; until then nothing is changed from here (what this machine has read is in %s)", what, j.path),
	}}
}

// isForeign reports whether a batch of an outbox was written for another store than this one.
func (t *team) isForeign(c *batch) bool { return c.store != "" && c.store != t.id }

// Waiting is what waits on this machine for a store that is not there.
type Waiting struct {
	Store    string // its place; empty if it is not known
	ID       string // empty if it was never read
	Entries  int
	Outcomes int // of entries that the store has
	Alive    int // writers that are still running, whose entries are not counted
}

// WaitingAt returns what rollcalls that have ended have left for a store in the outboxes beside the mirror at path. It
// changes nothing. Once stop is closed it no longer waits for a lock of another process.
func WaitingAt(path string, stop <-chan struct{}) (w Waiting, err error) {
	f, err := readStoreFile(path)
	if err != nil {
		return w, err
	}
	w.Store, w.ID = f.Store, f.ID
	return w, outboxesBeside(path, stop, func(f *os.File, alive bool) error {
		if alive {
			w.Alive++
			return f.Close()
		}
		pending, err := readOutbox(f)
		for _, c := range pending {
			w.Entries += len(c.Entries)
			w.Outcomes += len(c.Outcomes)
		}
		return errors.Join(err, f.Close())
	})
}
