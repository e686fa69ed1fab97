// Package launch starts the nodes of a rendered launch in one or several clouds, each exactly once, and follows every
// node until it runs and is registered.
package launch

import (
	"context"
	"time"

	"rollcall/providers"
)

// Compute is the part of a cloud that a launch needs.
type Compute interface {
	providers.Launcher
	providers.InstanceGetter
}

// Cloud is one cloud that nodes can be launched in.
type Cloud struct {
	Name    string           // name from the config
	Traits  providers.Traits // of the provider
	Compute Compute
}

// Spec describes a whole launch, as plain data.
type Spec struct {
	ID         string            // launch id, see NewID; nodes of one id are never launched twice
	Fleet      string            // fleet id, a tag of every node; may be empty
	Service    string            // service name, a tag of every node; may be empty
	Template   string            // name of the boot template, for the record
	Given      map[string]string // given values of the template's variables, for the record; may hold secrets, never logged
	NamePrefix string            // node names are <prefix>-<four digits of the id>-<number>
	Tags       map[string]string // additional tags of every node
	Nodes      []Target          // one entry per cloud
	// Console means that the console registers the nodes, by Options.Register, instead of the nodes themselves.
	Console bool
}

// Target describes the nodes to launch in one cloud.
type Target struct {
	Cloud    string // name of the cloud
	Count    int
	Image    string
	Size     string
	Network  string
	KeyPair  string
	Profile  string
	UserData []byte
	Metadata map[string]string // Triton only; may hold secrets, never logged
}

// Problems lists everything that is wrong with a spec, one line each.
type Problems []string

// Stage is the progress of a node.
type Stage string

// The stages of a node, in order. StageFailed and StageUnknown can follow any of them.
const (
	StageWaiting    Stage = "waiting"    // not requested yet
	StageLaunching  Stage = "launching"  // requested from the cloud
	StagePending    Stage = "pending"    // accepted by the cloud, not running yet
	StageRunning    Stage = "running"    // runs, but is not in DNS yet
	StageBooting    Stage = "booting"    // runs, and its system is coming up; skipped if that is not known
	StageHealthy    Stage = "healthy"    // runs, and its health check passes; skipped if that is not known
	StageRegistered Stage = "registered" // in DNS: done
	StageFailed     Stage = "failed"     // see Node.Err
	StageUnknown    Stage = "unknown"    // the cloud may have started it; a retry requests it again with the same id
)

// Up reports whether a node in this stage runs but is not in DNS yet.
func (s Stage) Up() bool { return s == StageRunning || s == StageBooting || s == StageHealthy }

// BootState is the boot progress of a running node, as shown by its console log or by a health check made from here.
type BootState struct {
	Stage   Stage  // StageBooting or StageHealthy; empty if unknown
	Message string // what keeps the node from being registered, in the node's words; may be empty
	Ended   bool   // its boot script has ended, by the console log
	Failed  bool   // its boot script failed, by the console log
}

// Node is one node of a launch and its progress.
type Node struct {
	Cloud    string             `json:"cloud"`
	Index    int                `json:"index"` // number within launch and cloud, see providers.LaunchRequest
	Name     string             `json:"name"`
	Stage    Stage              `json:"stage"`
	Instance providers.Instance `json:"instance,omitzero"` // as last seen; zero until the cloud has accepted the node
	Message  string             `json:"message,omitempty"` // one line for a person
	Err      error              `json:"-"`
	Since    time.Time          `json:"since,omitzero"` // when it entered its stage
}

// Done reports whether the node is registered.
func (n *Node) Done() bool { return n.Stage == StageRegistered }

// Report is the outcome of a launch, node by node in the order of the plan.
type Report struct {
	Spec     Spec
	Nodes    []Node
	Problems Problems // why the spec was refused; nothing was started then
}

// Journal records launches before they are made, and their outcomes. It is safe for concurrent use.
type Journal interface {
	// Begin returns when the launch of a node is recorded on disk. If it fails, the node is not requested.
	Begin(ctx context.Context, n Node, req providers.LaunchRequest) (entry string, err error)
	// End records the outcome of an entry.
	End(entry string, o Outcome) error
}

// Outcome is the outcome of requesting one node.
type Outcome struct {
	Instance providers.Instance // zero if Err is set
	Err      error
	Lost     bool // the answer was lost, so the cloud may have started the node
}

// Options configure how a launch is followed. The zero value of every field is usable.
type Options struct {
	// Registered reports whether a running node is in DNS. If it is nil, a node is done when it runs.
	Registered func(ctx context.Context, n Node) (bool, error)
	// Register registers a running node in DNS if Spec.Console is set. It must be idempotent, because it is called
	// again after a temporary error.
	Register func(ctx context.Context, n Node) error
	// KeptOut returns why a running node stays out of DNS until an operator decides otherwise, or "". Its launch ends then. It may
	// be nil, and is called often.
	KeptOut func(ctx context.Context, n Node) string
	// Note returns a remark about a registered node, or "". It may be nil.
	Note func(n Node) string
	// Boot returns the boot state of a running node. An error of kind providers.KindInvalid or KindAuth means that it
	// will never be known and Boot is not called again; any other error means that it is unknown now. It may be nil.
	Boot func(ctx context.Context, n Node) (BootState, error)
	// Journal records every launch of a node. If it is nil, nothing is recorded.
	Journal Journal
	// Earlier returns the id of the instance that an earlier try of the launch started for a node, or "". Such a node
	// is not requested again. It may be nil.
	Earlier func(n Node) string
	// AcceptedOnly ends the launch of a node once its cloud has accepted it.
	AcceptedOnly bool
	Clock        providers.Clock

	Concurrency     int           // concurrent nodes in one cloud; default 8
	Tries           int           // launch calls per node; default 4
	LaunchTimeout   time.Duration // for all launch calls of one node, plus one pause that the cloud asks for; default 45 s
	Poll            time.Duration // interval of polling a node; grows to four times that; default 2 s
	RunTimeout      time.Duration // from launch to running; default 10 min
	RegisterTimeout time.Duration // from running to registered; default 10 min
}
