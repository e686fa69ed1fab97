// Package journal writes every change down before it is made. A journal is a
// file of JSON lines that is only ever appended to, chained by SHA-256 and
// locked, so that several rollcalls can share it.
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

// State says what became of one entry.
type State string

// The states of an entry. An entry that was begun and never ended says that
// the writer was stopped in between: whether it happened is not known from the
// journal alone.
const (
	Begun   State = "begun"
	Done    State = "done"
	Failed  State = "failed"
	Refused State = "refused"
	Unknown State = "unknown" // it was looked for afterwards and could not be found out
)

// The kinds of entry. A reader leaves entries of a kind that it does not know as they are.
const (
	KindChange  = "change"  // a change of DNS
	KindPower   = "power"   // start, stop, reboot or terminate
	KindLaunch  = "launch"  // one instance is asked for
	KindProfile = "profile" // an EC2 instance profile is created
)

// Launch is what an entry of KindLaunch asks a cloud for. User data and metadata are left out: they can hold secrets.
type Launch struct {
	Cloud   string             `json:"cloud"`
	Key     providers.CloudKey `json:"key,omitempty"`
	ID      string             `json:"id"`    // launch id
	Index   int                `json:"index"` // see providers.LaunchRequest
	Name    string             `json:"name"`
	Service string             `json:"service,omitempty"`
	Image   string             `json:"image"`
	Size    string             `json:"size"`
	Network string             `json:"network,omitempty"`
	KeyPair string             `json:"key_pair,omitempty"`
	Profile string             `json:"profile,omitempty"`
}

// Profile is what an entry of KindProfile creates: an instance profile and its role, of one name.
type Profile struct {
	Cloud       string             `json:"cloud"` // through which the account is reached
	Key         providers.CloudKey `json:"key,omitempty"`
	Account     string             `json:"account"`
	Name        string             `json:"name"`
	Description string             `json:"description,omitempty"`
	Trust       string             `json:"trust"`  // in JSON
	Policy      string             `json:"policy"` // in JSON
}

// Guard is the state of one guard when an entry was written.
type Guard struct {
	Guard string `json:"guard"`
	Pass  bool   `json:"pass"`
	Why   string `json:"why,omitempty"`
	Typed string `json:"typed,omitempty"` // what a person typed to answer it
}

// Entry is one step of a plan: what is to be done, by whom, and what became of it.
type Entry struct {
	ID       string                 `json:"id"`  // given by the journal: a decimal number that grows
	Run      string                 `json:"run"` // one for all entries of one plan that was carried out
	Time     time.Time              `json:"time"`
	Who      string                 `json:"who"` // user@host
	Verb     string                 `json:"verb"`
	Title    string                 `json:"title,omitempty"`
	Checksum string                 `json:"plan,omitempty"` // checksum of the plan
	Step     int                    `json:"step"`
	Kind     string                 `json:"kind"`     // KindChange, KindPower, KindLaunch, KindProfile
	Sentence string                 `json:"sentence"` // for a person
	Zone     string                 `json:"zone,omitempty"`
	Change   *providers.Change      `json:"change,omitempty"` // before and after in full
	Action   string                 `json:"action,omitempty"` // power
	Instance *providers.InstanceRef `json:"instance,omitempty"`
	Reason   string                 `json:"reason,omitempty"` // finding class that asked for it
	Guards   []Guard                `json:"guards,omitempty"`
	Undoes   string                 `json:"undoes,omitempty"` // id of the entry that this one takes back
	Writer   string                 `json:"writer,omitempty"` // given by the journal: which open journal began it
	// MayPutBack says that the provider carries the change out on whatever has the record's id by
	// then, so that what another writer made of it may have to be put back.
	MayPutBack bool     `json:"may_put_back,omitempty"`
	Launch     *Launch  `json:"launch,omitempty"`
	Profile    *Profile `json:"profile,omitempty"`

	// What became of it.
	State   State             `json:"state"`
	Ended   time.Time         `json:"ended,omitzero"`
	Result  *providers.Record `json:"result,omitempty"` // the record as the provider has it now
	Already bool              `json:"already,omitempty"`
	Ticket  string            `json:"ticket,omitempty"`
	Error   string            `json:"error,omitempty"`
	Note    string            `json:"note,omitempty"` // e.g. what was found when it was looked for
	// LookedUp says that State is not what the provider answered but what was found
	// afterwards: the answer was lost, or the writer stopped before it came.
	LookedUp bool `json:"looked_up,omitempty"`
	// PutBack is what another writer had made of the record that the change was carried out on, as it has to
	// be in the zone again. The entry is open until it is.
	PutBack *providers.Record `json:"put_back,omitempty"`
}

// Outcome says what became of an entry that was begun.
type Outcome struct {
	ID      string            `json:"id"`
	State   State             `json:"state"`
	Time    time.Time         `json:"time"`
	Result  *providers.Record `json:"result,omitempty"`
	Already bool              `json:"already,omitempty"`
	Ticket  string            `json:"ticket,omitempty"`
	Error   string            `json:"error,omitempty"`
	Note    string            `json:"note,omitempty"`
	// Instance is what a launch has started; it becomes the Instance of the entry.
	Instance *providers.InstanceRef `json:"instance,omitempty"`

	LookedUp bool              `json:"looked_up,omitempty"`
	PutBack  *providers.Record `json:"put_back,omitempty"`
}

// Cloud returns the name of the cloud that the entry is about; empty for a change of DNS.
func (e *Entry) Cloud() string {
	switch {
	case e.Change != nil:
		return ""
	case e.Launch != nil:
		return e.Launch.Cloud
	case e.Profile != nil:
		return e.Profile.Cloud
	case e.Instance != nil:
		return e.Instance.Cloud
	}
	return ""
}

// Problem is a place where the journal is not what was written.
type Problem struct {
	Line int    // number of the line, from 1; 0 for the file as a whole
	Why  string // one line
	Side string // file that the damaged tail was set aside in, or empty
}

// Journal is an open journal. It is safe for concurrent use, by several
// goroutines and by several processes.
type Journal struct {
	path  string
	clock providers.Clock
	stop  <-chan struct{} // closed when no one waits for the lock any more; may be nil

	mu     sync.Mutex
	file   *os.File
	lock   *os.File
	book   book
	closed bool
	held   error     // of the last wait for the lock that was in vain
	heldAt time.Time // when it ended

	writer string   // who this journal is to others, once it has begun something
	alive  *os.File // whose lock says that it lives
}

// Open opens the journal at path, and makes it and its folder when they are
// not there. A damaged tail is set aside into a side file, which Problems
// reports. Entries bear the time of clock. Once stop, which may be nil, is closed, no method waits for a lock that another
// process holds, but for End, which says what was done already. No lock is waited for longer than 10 s.
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

// Path is where the journal lies.
func (j *Journal) Path() string { return j.path }

// Begin writes entries in state begun and returns them with their ids once
// they are on disk (fsync).
func (j *Journal) Begin(entries ...Entry) ([]Entry, error) { return j.enter(Begun, entries) }

// Refuse writes entries in state refused.
func (j *Journal) Refuse(entries ...Entry) ([]Entry, error) { return j.enter(Refused, entries) }

func (j *Journal) enter(state State, entries []Entry) ([]Entry, error) {
	out := slices.Clone(entries)
	err := j.locked(func() error {
		var lines []body
		if state == Begun {
			if err := j.registerWriter(); err != nil {
				return err
			}
		}
		for i := range out {
			out[i].Writer = j.writer
			out[i].ID = strconv.FormatUint(j.book.lastID+uint64(i)+1, 10)
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

// End writes what became of entries that were begun.
func (j *Journal) End(outcomes ...Outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	return j.lockedUntil(nil, func() error {
		var lines []body
		for _, o := range outcomes {
			if o.Time.IsZero() {
				o.Time = j.clock.Now()
			}
			lines = append(lines, body{Outcome: &o})
		}
		return j.append(lines)
	})
}

// NotePutBack writes down what has to be put back for an entry that was begun, which stays so.
// It returns when that is on disk.
func (j *Journal) NotePutBack(id string, was providers.Record) error {
	return j.End(Outcome{ID: id, State: Begun, PutBack: &was})
}

// Entries returns all entries, oldest first, those of other processes included.
func (j *Journal) Entries() ([]Entry, error) {
	var out []Entry
	err := j.locked(func() error {
		out = slices.Clone(j.book.entries)
		return nil
	})
	return out, err
}

// Problems returns what is wrong with the file, in the order of its lines.
func (j *Journal) Problems() []Problem {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append(slices.Clone(j.book.problems), aside(j.path, j.book.problems)...)
}

// Check reports whether the journal can be written to now, without writing an entry.
func (j *Journal) Check() error { return j.locked(func() error { return nil }) }

// Close closes the file.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return nil
	}
	j.closed = true
	return errors.Join(j.leave(), j.file.Close(), j.lock.Close())
}

// locked runs f while no other process writes, with the book brought up to date.
func (j *Journal) locked(f func() error) error { return j.lockedUntil(j.stop, f) }

func (j *Journal) lockedUntil(stop <-chan struct{}, f func() error) error {
	called := time.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return errors.New("journal: it is closed")
	}
	if j.held != nil && stop != nil && called.Before(j.heldAt) {
		return j.held // it was waited for in vain since
	}
	if err := waitFor(stop, j.lock, tryLockFile); err != nil {
		if errors.Is(err, ErrHeld) {
			j.held, j.heldAt = err, time.Now()
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

// catchUp reads what other processes have appended, and mends the tail. The
// lock is held, so no one is in the middle of a write: a line that is not
// whole was cut off by a crash.
func (j *Journal) catchUp() error {
	info, err := j.file.Stat()
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if onDisk, err := os.Stat(j.path); err != nil || !os.SameFile(info, onDisk) {
		return fmt.Errorf("journal: %s was removed or replaced while it was open; start rollcall again", j.path)
	}
	if info.Size() < j.book.size {
		return fmt.Errorf("journal: %s has become shorter while it was open: it was tampered with, or its disk is damaged", j.path)
	}
	if info.Size() == j.book.size {
		return nil
	}
	data := make([]byte, info.Size()-j.book.size)
	if _, err := j.file.ReadAt(data, j.book.size); err != nil {
		return fmt.Errorf("journal: read %s: %w", j.path, err)
	}
	first := j.book.size == 0
	bad := j.book.readLines(data)
	if len(bad) > 0 {
		if err := j.setAside(bad); err != nil {
			return err
		}
	}
	if first {
		j.book.checkHead(j.lock)
	}
	return nil
}

// setAside moves a damaged tail into a side file, and only then cuts it off.
func (j *Journal) setAside(bad []byte) error {
	side := fmt.Sprintf("%s.damaged-%d-%d", j.path, j.clock.Now().Unix(), j.book.size)
	f, err := openOwn(side, os.O_WRONLY|os.O_CREATE|os.O_APPEND)
	if err != nil {
		return fmt.Errorf("journal: set the damaged tail aside: %w", err)
	}
	_, err = f.Write(bad)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("journal: set the damaged tail aside: %w", err)
	}
	if err := errors.Join(syncFolder(filepath.Dir(j.path)), os.Truncate(j.path, j.book.size), j.file.Sync()); err != nil {
		return fmt.Errorf("journal: cut the damaged tail off: %w", err)
	}
	j.book.problems = append(j.book.problems, Problem{Line: j.book.lines + 1, Side: side, Why: fmt.Sprintf("%d bytes at the end are not a whole entry (a write was cut off, or the file was damaged); they were set aside", len(bad))})
	return nil
}

// Read reads a journal without mending it. A journal that is not there is empty. Once stop, which may be nil, is closed, it
// no longer waits for the lock.
func Read(path string, stop <-chan struct{}) ([]Entry, []Problem, error) {
	// No one is in the middle of a write while it is read. Where the note of the last line is
	// not there, or may not be read, the journal itself is all there is to go by.
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
	var b book
	if bad := b.readLines(data); len(bad) > 0 {
		b.problems = append(b.problems, Problem{Line: b.lines + 1, Why: fmt.Sprintf("%d bytes at the end are not a whole entry", len(bad))})
	}
	if lock != nil {
		b.checkHead(lock)
	}
	return b.entries, append(b.problems, aside(path, b.problems)...), nil
}
