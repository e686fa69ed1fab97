package journal

import (
	"time"

	"rollcall/providers"
)

// State is the outcome of an entry.
type State string

// The states of an entry. An entry that stays begun means that its writer was stopped; the journal alone does not show
// whether the change was made.
const (
	Begun   State = "begun"
	Done    State = "done"
	Failed  State = "failed"
	Refused State = "refused"
	Unknown State = "unknown" // looked up afterwards and not found out
)

// The kinds of entry. Readers leave entries of unknown kinds as they are.
const (
	KindChange  = "change"  // a change of DNS
	KindPower   = "power"   // start, stop, reboot or terminate
	KindLaunch  = "launch"  // launch of one instance
	KindProfile = "profile" // creation of an EC2 instance profile
)

// Launch is the launch request of an entry of KindLaunch, without user data and metadata, which can hold secrets.
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
	// Template is the boot template, empty in entries of earlier versions.
	Template string `json:"template,omitempty"`
	// Set are the given values of its variables, without secret ones, whose names are in Withheld. It is nil in entries
	// that do not have them, such as those of earlier versions, and empty if none was given.
	Set      map[string]string `json:"set,omitzero"`
	Withheld []string          `json:"withheld,omitempty"`

	Replaces *Replaces `json:"replaces,omitempty"` // set if the node replaces another
}

// Replaces is the replacement that a launch is part of.
type Replaces struct {
	Old    providers.InstanceRef   `json:"old"`     // the node that the launched one replaces
	Queue  []providers.InstanceRef `json:"queue"`   // the nodes that the plan has yet to replace then, in order
	MaxOut int                     `json:"max_out"` // how many may be out of DNS at a time
	Asked  *Asked                  `json:"asked,omitempty"`
}

// Asked is what a command asked for all nodes that it launches, each as VALUE or CLOUD=VALUE, in place of what the replaced
// ones have.
type Asked struct {
	Template string            `json:"template,omitempty"`
	Image    []string          `json:"image,omitempty"`
	Size     []string          `json:"size,omitempty"`
	Network  []string          `json:"network,omitempty"`
	KeyPair  []string          `json:"key_pair,omitempty"`
	Profile  []string          `json:"profile,omitempty"`
	Set      map[string]string `json:"set,omitempty"` // without secret values
	Withheld []string          `json:"withheld,omitempty"`
}

// Profile is what an entry of KindProfile creates: an instance profile and its role of the same name.
type Profile struct {
	Cloud       string             `json:"cloud"` // the cloud through which the account is reached
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

// Entry is one step of a plan, its author and its outcome.
type Entry struct {
	ID       string                 `json:"id"`  // set by the journal: an increasing decimal number
	Run      string                 `json:"run"` // the same for all entries of one execution of a plan
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
	Reason   string                 `json:"reason,omitempty"` // finding class that the change is a remedy of
	Guards   []Guard                `json:"guards,omitempty"`
	Undoes   string                 `json:"undoes,omitempty"` // id of the entry that this one reverts
	Writer   string                 `json:"writer,omitempty"` // set by the journal: the open journal that began it
	// MayPutBack means that the provider applies the change to the record's id in any state, so a concurrent change may
	// have to be restored.
	MayPutBack bool `json:"may_put_back,omitempty"`
	// Lease is the number of the lease under which a watch wrote the entry by itself; 0 for the entry of a person.
	Lease   uint64   `json:"lease,omitempty"`
	Launch  *Launch  `json:"launch,omitempty"`
	Profile *Profile `json:"profile,omitempty"`

	// The outcome:
	State   State             `json:"state"`
	Ended   time.Time         `json:"ended,omitzero"`
	Result  *providers.Record `json:"result,omitempty"` // the record as the provider returned it
	Already bool              `json:"already,omitempty"`
	Ticket  string            `json:"ticket,omitempty"`
	Error   string            `json:"error,omitempty"`
	Note    string            `json:"note,omitempty"` // e.g. what a later lookup found
	// LookedUp means that State was found by a later lookup, because the answer was lost or the writer was stopped
	// before it came.
	LookedUp bool `json:"looked_up,omitempty"`
	// PutBack is the record that another writer had changed before this entry changed it. It has to be restored, and
	// the entry is open until then.
	PutBack *providers.Record `json:"put_back,omitempty"`

	// Local is the id that the entry had before it was in the journal of the team: it was written while the store was
	// away, or before there was a team.
	Local string `json:"local,omitempty"`
	// Stored is when the store of the team got the entry, by its clock, expressed in the time of this machine; zero
	// without a team.
	Stored time.Time `json:"-"`
	// UndoesLocal is what Undoes was before the entry was in the journal of the team, if that was another id.
	UndoesLocal string `json:"undoes_local,omitempty"`
}

// Age returns how long ago an entry was written: by the clock of the store if there is one, since the clocks of members
// may differ.
func (e *Entry) Age(now time.Time) time.Duration { return now.Sub(e.stored()) }

func (e *Entry) stored() time.Time {
	if !e.Stored.IsZero() {
		return e.Stored
	}
	return e.Time
}

// Late returns how an entry came into the journal of the team, if that was not when it was written, or "".
func (e *Entry) Late() string {
	switch e.Local {
	case "":
		return ""
	case e.ID:
		return "it waits on this machine for the store of the team"
	}
	return "it was written on one machine, without the store of the team, as " + e.Local
}

// Outcome is the outcome of an entry that was begun.
type Outcome struct {
	ID      string            `json:"id"`
	State   State             `json:"state"`
	Time    time.Time         `json:"time"`
	Result  *providers.Record `json:"result,omitempty"`
	Already bool              `json:"already,omitempty"`
	Ticket  string            `json:"ticket,omitempty"`
	Error   string            `json:"error,omitempty"`
	Note    string            `json:"note,omitempty"`
	// Instance is the instance that a launch started. It becomes the Instance of the entry.
	Instance *providers.InstanceRef `json:"instance,omitempty"`

	LookedUp bool              `json:"looked_up,omitempty"`
	PutBack  *providers.Record `json:"put_back,omitempty"`
}

// Cloud returns the name of the entry's cloud, or "" for a DNS change.
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
