package plan

import (
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// StepKind is the kind of a step.
type StepKind string

// The kinds of step.
const (
	StepChange StepKind = "change" // one DNS change
	StepWait   StepKind = "wait"   // let resolvers forget
	StepPower  StepKind = "power"  // start, stop, reboot or terminate an instance
	StepLaunch StepKind = "launch" // launch a node, until it is healthy, registered and on the wire
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
	Sentence string                `json:"sentence"`          // for a person: what this step does
	Zone     string                `json:"zone,omitempty"`    // change
	Change   *providers.Change     `json:"change,omitempty"`  // change
	Wait     time.Duration         `json:"wait,omitempty"`    // wait: how long after the last removal
	Until    time.Time             `json:"until,omitzero"`    // wait: not to end before; zero if Wait alone counts
	Lingers  bool                  `json:"lingers,omitempty"` // wait: for open connections too; see index.Service.Linger
	Action   PowerAction           `json:"action,omitempty"`  // power
	Launch   *Launch               `json:"launch,omitempty"`  // launch
	Instance providers.InstanceRef `json:"instance,omitzero"`
	// Reason is the class of the finding that the step resolves, e.g. dead; empty for an operator's own request.
	Reason dnsview.Class `json:"reason,omitempty"`
	// Strands are SRV values of other owners, and aliases, that would lead nowhere once the step has deleted the last address of
	// their target. The operator must then type the name.
	Strands []string `json:"strands,omitempty"`
	// Undoes is the id of the journal entry that this step reverts, or empty.
	Undoes string `json:"undoes,omitempty"`
	// Needs lists the ids of steps that must have succeeded before this one runs.
	Needs []int `json:"needs,omitempty"`
}

// Launch is the node that a launch step starts, without its boot script and without secret values.
type Launch struct {
	Cloud    string             `json:"cloud"`
	Key      providers.CloudKey `json:"key"`
	Service  string             `json:"service"`
	Template string             `json:"template"`
	ID       string             `json:"id"`     // launch id, under which nothing is launched twice
	Name     string             `json:"name"`   // of the node
	Prefix   string             `json:"prefix"` // start of the node's name
	Image    string             `json:"image"`
	Size     string             `json:"size"`
	Network  string             `json:"network,omitempty"`
	KeyPair  string             `json:"key_pair,omitempty"`
	Profile  string             `json:"profile,omitempty"`
	Set      map[string]string  `json:"set,omitempty"` // given values of the template's variables, without secret ones
	// Unrecorded means that the journal does not have the values with which the replaced node was launched: the others are
	// those of the config.
	Unrecorded bool `json:"unrecorded,omitempty"`
	// Assumed means that it is not known from which template the replaced node was launched: this is the service's default.
	Assumed bool `json:"assumed,omitempty"`
	// Started is the instance that an earlier run launched under ID, or empty.
	Started string `json:"started,omitempty"`

	Old    providers.InstanceRef   `json:"replaces"` // the node in whose place it comes
	Queue  []providers.InstanceRef `json:"queue"`    // the nodes that the plan replaces from this group on, in order
	MaxOut int                     `json:"max_out"`  // how many may be out of DNS at a time
}

// Plan is a list of steps for one verb. It can be shown, journalled and undone.
type Plan struct {
	Verb      index.Verb `json:"verb"`
	Title     string     `json:"title"` // one line for a person
	Steps     []Step     `json:"steps"`
	Evacuated *Evacuated `json:"evacuated,omitempty"` // of an evacuation
	// Skipped lists what was requested and is not planned, with the reasons.
	Skipped []string `json:"skipped,omitempty"`

	listed int    // how many of Skipped are what the verb only lists, such as what an evacuation does not move
	again  string // text of Confirm for a plan that evacuates a cloud by a redo, or by the undo of a return
}

// Undone returns how much of what was requested is not planned: what is skipped, but for what the verb only lists.
func (p *Plan) Undone() int { return len(p.Skipped) - p.listed }
