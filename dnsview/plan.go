package dnsview

import (
	"time"

	"rollcall/providers"
)

// StepKind says what one step of a plan does.
type StepKind string

// The kinds of step.
const (
	StepChange StepKind = "change" // one DNS change
	StepWait   StepKind = "wait"   // let resolvers forget
	StepPower  StepKind = "power"  // start, stop, reboot or terminate an instance
)

// PowerAction is what a power step does to an instance.
type PowerAction = providers.PowerAction

// The power actions.
const (
	PowerStart     = providers.PowerStart
	PowerStop      = providers.PowerStop
	PowerReboot    = providers.PowerReboot
	PowerTerminate = providers.PowerTerminate
)

// Step is one step of a plan, as plain data.
type Step struct {
	ID       int                   `json:"id"`
	Kind     StepKind              `json:"kind"`
	Sentence string                `json:"sentence"`         // for a person: what this step does
	Zone     string                `json:"zone,omitempty"`   // change
	Change   *providers.Change     `json:"change,omitempty"` // change
	Wait     time.Duration         `json:"wait,omitempty"`   // wait
	Action   PowerAction           `json:"action,omitempty"` // power
	Instance providers.InstanceRef `json:"instance,omitzero"`
	// Reason is the finding class that asked for the step, e.g. dead; empty for
	// an operator's own wish.
	Reason Class `json:"reason,omitempty"`
	// Strands names the SRV values of others that would lead nowhere once the step has removed the last address
	// of their target: a person has to type the name.
	Strands []string `json:"strands,omitempty"`
	// Undoes is the id of the journal entry that this step takes back, or empty.
	Undoes string `json:"undoes,omitempty"`
	// Needs lists the ids of steps that must have succeeded before this one runs.
	Needs []int `json:"needs,omitempty"`
}

// Verb says what the operator asked for. Guards depend on it.
type Verb string

// The verbs of plans.
const (
	VerbDeregister Verb = "deregister" // delete dead entries
	VerbRegister   Verb = "register"
	VerbQuiesce    Verb = "quiesce"
	VerbReturn     Verb = "return"
	VerbDrain      Verb = "drain" // out of DNS, wait, terminate
	VerbRetarget   Verb = "retarget"
	VerbUpdate     Verb = "update"
	VerbAdopt      Verb = "adopt"
	VerbUndo       Verb = "undo"
	VerbRedo       Verb = "redo" // make again what an undo took back
	VerbPower      Verb = "power"
	VerbCreate     Verb = "create" // the PTR and TXT of an incarnation
	VerbRetire     Verb = "retire" // take them back
	VerbJoin       Verb = "join"   // a host by hand
	VerbLeave      Verb = "leave"
	VerbBalance    Verb = "balance" // change priority or weight
)

// TakesBack reports whether the verb takes back what the journal knows.
func (v Verb) TakesBack() bool { return v == VerbUndo || v == VerbRedo }

// Plan is a list of steps with the verb that they serve. It can be shown,
// journalled and undone.
type Plan struct {
	Verb  Verb   `json:"verb"`
	Title string `json:"title"` // one line for a person
	Steps []Step `json:"steps"`
	// Skipped says what the plan leaves alone that was asked for, and why.
	Skipped []string `json:"skipped,omitempty"`
}

// GuardID names one guard of a destructive change.
type GuardID string

// The guards, in the order in which they are checked (design section 5).
const (
	GuardCoverage  GuardID = "coverage"  // 1: every cloud complete and fresh
	GuardOwner     GuardID = "owner"     // 2: the marker names this fleet and an instance
	GuardInstance  GuardID = "instance"  // 3: fetched by id just now, and gone
	GuardAddress   GuardID = "address"   // 4: the address is in no inventory and on no allow-list
	GuardUnchanged GuardID = "unchanged" // 5: the record was read again and is what the plan saw
	GuardGrace     GuardID = "grace"     // 6: the marker is older than the creation grace
	GuardMinimum   GuardID = "minimum"   // 7: what is removed is not alive, or enough stay; an empty name is typed
	GuardThreshold GuardID = "threshold" // 8: not too much at once
	GuardJournal   GuardID = "journal"   // 9: the journal entry is on disk
	GuardAccepted  GuardID = "accepted"  // the provider takes the change
	GuardWritable  GuardID = "writable"  // the zone takes changes, and its servers answer for the name
	GuardPower     GuardID = "power"     // 10: the cloud will carry out a power step
	GuardDNS       GuardID = "dns"       // 10: DNS does not lead to an instance any more that is stopped or terminated
)

// GuardResult is the state of one guard for one change.
type GuardResult struct {
	Guard GuardID `json:"guard"`
	Pass  bool    `json:"pass"`
	// NoEvidence says that the guard fails because nothing is known, not
	// because what is known speaks against the change.
	NoEvidence bool   `json:"no_evidence,omitempty"`
	Why        string `json:"why"`               // one sentence
	Satisfy    string `json:"satisfy,omitempty"` // what would satisfy it
	// Confirm is the text that a person must type to answer this guard; empty when
	// no typing can.
	Confirm string `json:"confirm,omitempty"`
}
