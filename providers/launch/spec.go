// Package launch takes a rendered launch to one or several clouds, each node
// exactly once, and follows every node until it runs and is registered.
package launch

import (
	"context"
	"time"

	"rollcall/providers"
)

// UserDataLimit is the most user data that EC2 takes, in raw bytes before
// base64 (EC2 User Guide, "Run commands on your Linux instance at launch").
const UserDataLimit = 16384

// Compute is the part of a cloud that a launch needs.
type Compute interface {
	providers.Launcher
	providers.InstanceGetter
}

// Cloud is one cloud that a launch can go to.
type Cloud struct {
	Name     string // name from the config
	Provider providers.Provider
	Compute  Compute
}

// Spec is a whole launch, as plain data.
type Spec struct {
	ID         string            // launch id, see NewID; the same id never launches a node twice
	Fleet      string            // fleet id, put on every node as a tag; may be empty
	Service    string            // service name, put on every node as a tag; may be empty
	Template   string            // name of the boot template, for the record
	NamePrefix string            // node names are <prefix>-<four digits of the id>-<number>
	Tags       map[string]string // further tags of every node
	Nodes      []Target          // one entry for each cloud
	// Console says that the console registers the nodes, by Options.Register,
	// instead of the nodes themselves.
	Console bool
}

// Target is what is launched in one cloud.
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

// Problems lists everything that is wrong with a spec, one clear line each.
type Problems []string

// Plan is what a valid spec comes to: one request for each node, in order.
type Plan struct {
	Spec  Spec
	Nodes []Node
}

// Stage says how far a node has come.
type Stage string

// The stages of a node, in order; failed and unknown end the way early.
const (
	StageWaiting    Stage = "waiting"    // not asked for yet
	StageLaunching  Stage = "launching"  // the cloud was asked
	StagePending    Stage = "pending"    // the cloud has taken it, it does not run yet
	StageRunning    Stage = "running"    // it runs, and is not in DNS yet
	StageBooting    Stage = "booting"    // as running, and its system is seen to come up; skipped where that is not known
	StageHealthy    Stage = "healthy"    // as running, and its health check is seen to pass; skipped where that is not known
	StageRegistered Stage = "registered" // it is in DNS: done
	StageFailed     Stage = "failed"     // see Node.Err
	StageUnknown    Stage = "unknown"    // the cloud may have taken it; a retry asks again under the same id
)

// Up reports whether a node in this stage runs without being in DNS yet.
func (s Stage) Up() bool { return s == StageRunning || s == StageBooting || s == StageHealthy }

// BootState is what is known of the boot of a running node, by evidence: its
// console log, or a health check made from here.
type BootState struct {
	Stage   Stage  // StageBooting or StageHealthy; empty when it is not known
	Message string // what keeps the node from being registered, in its own words; may be empty
	Ended   bool   // its boot script has run to its end, by the console log
	Failed  bool   // its boot script failed, by the console log
}

// Node is one node of a launch and how far it has come.
type Node struct {
	Cloud    string             `json:"cloud"`
	Index    int                `json:"index"` // number within the launch and cloud, see providers.LaunchRequest
	Name     string             `json:"name"`
	Stage    Stage              `json:"stage"`
	Instance providers.Instance `json:"instance,omitzero"` // as last seen; zero before the cloud has taken it
	Message  string             `json:"message,omitempty"` // one line for a person
	Err      error              `json:"-"`
	Since    time.Time          `json:"since,omitzero"` // when it entered its stage
}

// Done reports whether the node is where it should be.
func (n *Node) Done() bool { return n.Stage == StageRegistered }

// Progress reports one node that has come further, or has not.
type Progress struct {
	Node  Node
	Done  int // nodes registered so far
	Total int
}

// Report is the outcome of a launch, node by node in the order of the plan.
type Report struct {
	Spec     Spec
	Nodes    []Node
	Problems Problems // the spec was refused and nothing was started
	Started  time.Time
	Finished time.Time
}

// Journal writes launches down before they are made, and what became of them. It is safe for
// concurrent use.
type Journal interface {
	// Begin returns once it is on disk that a node is about to be asked for. When it
	// fails, the cloud is not asked.
	Begin(ctx context.Context, n Node, req providers.LaunchRequest) (entry string, err error)
	// End writes what became of an entry that was begun.
	End(entry string, o Outcome) error
}

// Outcome is what became of asking a cloud for one node.
type Outcome struct {
	Instance providers.Instance // zero when Err is set
	Err      error
	Lost     bool // the answer was lost: the cloud may have taken the node
}

// Options are what following a launch needs. The zero value of every field is usable.
type Options struct {
	// Registered reports whether a running node is in DNS. Nil: a node is done
	// as soon as it runs.
	Registered func(ctx context.Context, n Node) (bool, error)
	// Register puts a running node into DNS, when Spec.Console is set. It is
	// called again after an error that may pass, so it must be idempotent.
	Register func(ctx context.Context, n Node) error
	// Note returns what is to be said of a node once it is registered; empty for nothing. May be nil.
	Note func(n Node) string
	// Boot says how far the boot of a running node has come. An error is no
	// answer, and one of providers.KindInvalid or KindAuth says that there will never be one:
	// the node is not asked about again. Nil: no one looks.
	Boot func(ctx context.Context, n Node) (BootState, error)
	// Journal is asked before every launch of a node. Nil: nothing is written down.
	Journal Journal
	// Earlier returns the id of the instance that an earlier try of the launch got for a node, or
	// empty. That node is not asked for again. Nil: there was no earlier try.
	Earlier func(n Node) string
	// TakenOnly ends the way of a node once its cloud has taken it: it is not followed further.
	TakenOnly bool
	Clock     providers.Clock

	Concurrency     int           // nodes under way at a time in one cloud; default 8
	Tries           int           // launch calls for one node; default 4
	LaunchTimeout   time.Duration // for all launch calls for one node together, and one pause that the cloud asks for on top; default 45 s
	Poll            time.Duration // between two looks at a node; grows to four times that; default 2 s
	RunTimeout      time.Duration // from launch to running; default 10 min
	RegisterTimeout time.Duration // from running to registered; default 10 min
}
