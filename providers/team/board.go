package team

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"rollcall/providers"
	"rollcall/providers/textfile"
)

// The annotations of a team are one object, which each writer replaces if it is still what the writer has read: a reader
// needs one call, and of writers at once all are kept. This machine keeps two things beside it:
//
//   - a copy of what was read last, which holds while the store does not answer;
//   - a file for each write that did not reach the store, until it is there.

const (
	format   = 1
	boardKey = "annotations/all"
	// patience limits how long one read or write takes.
	patience = 12 * time.Second
	// largestObject is the largest object that is kept and parsed, in bytes.
	largestObject = 16 << 20
	// maxLost is how many answers to writes may be lost in a row.
	maxLost = 4
)

// Board is the snoozes and notes of a team. It is safe for concurrent use, by several processes too.
type Board struct {
	store  providers.Store
	clock  providers.Clock
	folder string

	mu      sync.Mutex
	doc     *document
	version string // of the object that doc was in; empty if it is the copy
	waiting []Annotation
	away    error
	gen     int
}

// OpenBoard returns the board with what this machine has read of it before, which it keeps in a folder. It does not ask
// the store.
func OpenBoard(s providers.Store, folder string, clock providers.Clock) (*Board, error) {
	b := &Board{store: s, clock: clock, folder: folder, doc: &document{Format: format}}
	data, err := textfile.Read(b.copyPath(), largestObject)
	if err == nil {
		if d, err := parseDocument(data); err == nil {
			b.doc = d
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the copy of the team's snoozes and notes: %w", err)
	}
	_, err = b.readWaiting()
	return b, err
}

func (b *Board) copyPath() string      { return filepath.Join(b.folder, "annotations.json") }
func (b *Board) waitingFolder() string { return WaitingFolder(b.folder) }

// WaitingFolder returns the folder of what waits for the store of a board that keeps its copy in a folder. Each file is
// one write, and can be moved to that of another board of the same store.
func WaitingFolder(folder string) string { return filepath.Join(folder, "annotations-waiting") }

// Annotations returns what was read last, with what waits on this machine, and a number that changes with it.
func (b *Board) Annotations() (list []Annotation, generation int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := document{Annotations: slices.Clone(b.doc.Annotations)}
	d.merge(slices.Clone(b.waiting), false)
	return d.Annotations, b.gen
}

// Away returns why the store could not be read or written the last time, or nil, and how many annotations wait on this
// machine until it can.
func (b *Board) Away() (waiting int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting), b.away
}

// Sync reads the object if it has changed, and writes to it what waits on this machine. That is one call, or two.
func (b *Board) Sync(ctx context.Context) error {
	files, err := b.readWaiting()
	if err != nil {
		return err
	}
	var waiting []Annotation
	for _, f := range files {
		waiting = append(waiting, f.list...)
	}
	if err := b.put(ctx, waiting, false); err != nil {
		return err
	}
	for _, f := range files {
		if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove what the team has now: %w", err)
		}
	}
	_, err = b.readWaiting()
	return err
}

// Read reads the object if it has changed. What waits on this machine stays there. That is one call.
func (b *Board) Read(ctx context.Context) error {
	if _, err := b.readWaiting(); err != nil {
		return err
	}
	return b.put(ctx, nil, false)
}

// Write adds annotations. If the store is away, they are kept on this machine until Sync reaches it, and kept is true.
// An error means that they are nowhere.
func (b *Board) Write(ctx context.Context, list ...Annotation) (kept bool, err error) {
	list = slices.Clone(list)
	err = b.put(ctx, list, true)
	if err == nil || providers.KindOf(err) == providers.KindInvalid || providers.KindOf(err) == "" {
		return false, err
	}
	if err := os.MkdirAll(b.waitingFolder(), 0o700); err != nil {
		return false, fmt.Errorf("keep it until the store of the team is back: %w", err)
	}
	err = textfile.Write(filepath.Join(b.waitingFolder(), rand.Text()+".json"), func(f *os.File) error {
		return errors.Join(json.NewEncoder(f).Encode(list), f.Sync())
	})
	if err != nil {
		return false, fmt.Errorf("keep it until the store of the team is back: %w", err)
	}
	_, err = b.readWaiting()
	return true, err
}

// CarryIn adds annotations of one machine from before there was a team and returns how many hold now that did not
// before. Those of the team that are later stay.
func (b *Board) CarryIn(ctx context.Context, list []Annotation) (n int, err error) {
	latest := document{}
	latest.merge(slices.Clone(list), true) // in the order of the file
	latest.Annotations = slices.DeleteFunc(latest.Annotations, func(a Annotation) bool {
		end := a.endsAt()
		return !end.IsZero() && !end.After(b.clock.Now())
	})
	err = b.put(ctx, latest.Annotations, false)
	if err != nil {
		return 0, err
	}
	now, _ := b.Annotations()
	for i := range latest.Annotations {
		if slices.ContainsFunc(now, func(a Annotation) bool {
			return a.about() == latest.Annotations[i].about() && a.Time.Equal(latest.Annotations[i].Time)
		}) {
			n++
		}
	}
	return n, nil
}

// put reads the object and replaces it with one that has the annotations, until no other writer comes between.
func (b *Board) put(ctx context.Context, list []Annotation, latest bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := b.putUntil(ctx, list, latest)
	b.mu.Lock()
	defer b.mu.Unlock()
	if (b.away == nil) != (err == nil) {
		b.gen++
	}
	b.away = err
	return err
}

func (b *Board) putUntil(ctx context.Context, list []Annotation, latest bool) error {
	pause := 4 * time.Millisecond
	for lost := 0; ; {
		o, unchanged, err := b.get(ctx, len(list) == 0)
		if unchanged {
			return nil
		}
		absent := providers.KindOf(err) == providers.KindNotFound
		if err != nil && !absent {
			return err
		}
		d, err := parseDocument(o.Data)
		if err != nil {
			return &providers.Error{Kind: providers.KindInvalid, Source: "team store " + b.store.Name(), Op: "read snoozes and notes", Err: err}
		}
		// After a lost answer one of this writer may be there already, and a later one of another writer too.
		changed := d.merge(list, latest && lost == 0)
		data, version := o.Data, o.Version
		if changed {
			d.prune(b.clock.Now())
			data, err = d.text()
			switch {
			case err != nil:
			case len(data) > largestObject:
				return &providers.Error{Kind: providers.KindInvalid, Source: "team store " + b.store.Name(), Op: "write snoozes and notes", Err: errors.New("there are too many: remove notes that are not needed")}
			case absent:
				version, err = b.store.PutIfAbsent(ctx, boardKey, data)
			default:
				version, err = b.store.PutIfMatch(ctx, boardKey, data, o.Version)
			}
		}
		switch providers.KindOf(err) {
		case providers.KindConflict, providers.KindNotFound:
		case providers.KindUncertain:
			if lost++; lost == maxLost {
				return err
			}
		default:
			if err == nil {
				err = b.note(d, data, version)
			}
			return err
		}
		if waitErr := b.clock.Sleep(ctx, mathrand.N(pause)); waitErr != nil { // the more writers lose, the longer they wait
			return cmp.Or(err, waitErr)
		}
		pause = min(2*pause, 300*time.Millisecond)
	}
}

// get reads the object. With ifChanged it may report instead that the object is the one that was read last.
func (b *Board) get(ctx context.Context, ifChanged bool) (o providers.Object, unchanged bool, err error) {
	b.mu.Lock()
	version := b.version
	b.mu.Unlock()
	if !ifChanged || version == "" {
		o, err = b.store.Get(ctx, boardKey)
		return o, false, err
	}
	o, err = b.store.GetChanged(ctx, boardKey, version)
	return o, err == nil && o.Version == version, err
}

// note remembers what the object has, and keeps a copy if it is new.
func (b *Board) note(d *document, data []byte, version string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.version = version
	before, _ := b.doc.text()
	now, _ := d.text()
	b.doc = d
	if string(before) == string(now) {
		return nil
	}
	b.gen++
	err := os.MkdirAll(b.folder, 0o700)
	if err == nil {
		err = textfile.Write(b.copyPath(), func(f *os.File) error { _, err := f.Write(data); return err })
	}
	if err != nil {
		return fmt.Errorf("keep a copy of the team's snoozes and notes: %w", err)
	}
	return nil
}

// waitingFile is a write that did not reach the store.
type waitingFile struct {
	path string
	list []Annotation
}

// readWaiting reads what waits on this machine.
func (b *Board) readWaiting() ([]waitingFile, error) {
	entries, err := os.ReadDir(b.waitingFolder())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read what waits for the store of the team: %w", err)
	}
	var files []waitingFile
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".json" {
			continue
		}
		f := waitingFile{path: filepath.Join(b.waitingFolder(), e.Name())}
		data, err := textfile.Read(f.path, largestObject)
		if errors.Is(err, fs.ErrNotExist) {
			continue // another rollcall has sent it
		}
		if err == nil {
			err = json.Unmarshal(data, &f.list)
		}
		if err != nil {
			return nil, fmt.Errorf("read %s, which waits for the store of the team: %w", f.path, err)
		}
		files = append(files, f)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	was := len(b.waiting)
	b.waiting = nil
	for _, f := range files {
		b.waiting = append(b.waiting, f.list...)
	}
	if was != len(b.waiting) {
		b.gen++
	}
	return files, nil
}
