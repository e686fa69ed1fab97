// Package apply carries out a plan: it gathers fresh evidence, asks the
// guards, writes the journal and then takes the steps. Drain and undo are plans
// like any other.
package apply

import (
	"context"
	"net/netip"
	"time"

	"rollcall/dnsview"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// Reader is what apply asks of a cloud before it deletes anything.
type Reader interface {
	providers.Identifier
	providers.InstanceLister
	providers.AddressLister
	providers.InstanceGetter
}

// Zone is what apply asks of a DNS account.
type Zone interface {
	providers.RecordLister
	providers.RecordGetter
	providers.Changer
}

// CloudTarget is one configured cloud. All configured clouds must be given,
// those that could not be set up too, with the reason in Err.
type CloudTarget struct {
	Name   string
	Reader Reader
	Power  providers.Power
	Err    error
}

// ZoneTarget is one zone that may be changed.
type ZoneTarget struct {
	Zone providers.Zone
	DNS  Zone
	Err  error
}

// Wire asks the authoritative servers of a zone what they answer.
type Wire interface {
	// Values gives the values of one name and type as the zone's authoritative servers answer
	// now, in the spelling of providers.CanonicalValue. An error means that they could not be asked.
	Values(ctx context.Context, zone providers.Zone, name, typ string) ([]string, error)
}

// Guards are the settings of the guards.
type Guards struct {
	Age       time.Duration // how old a read may be; default 60 s
	Grace     time.Duration // how old a marker must be; default 10 min
	Threshold float64       // share of a zone's owned records that may go within ten minutes; default 0.30
	From      int           // the threshold holds once the zone has this many owned records; default 10
}

// Options are what an Engine works with.
type Options struct {
	Fleet      string
	Clouds     []CloudTarget
	Zones      []ZoneTarget
	Services   []dnsview.Service
	Allow      []netip.Prefix
	Guards     Guards
	ZoneGuards map[string]Guards // by zone name; zero fields fall back to Guards
	Journal    *journal.Journal
	Who        string // user@host

	// Fresh gives the newest snapshot there is, e.g. the fleet's after a refresh. A source
	// whose read in it is complete and younger than the guard age is not read again. May be nil.
	Fresh func(ctx context.Context) *providers.Snapshot
	Wire  Wire // may be nil
	// WireWait bounds how long a change waits for the authoritative answer; default 15 s.
	WireWait time.Duration
	// Timeout bounds every single read of a source; default 15 s.
	Timeout time.Duration

	Now func() time.Time
	// Sleep waits for d or until ctx ends; nil for a timer.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Engine carries out plans. It is safe for concurrent use.
type Engine struct{ o Options }

// New makes an engine.
func New(o Options) *Engine { return &Engine{o: o} }

// Confirm is what the operator answered.
type Confirm struct {
	// Typed are the texts that a person typed. Each answers exactly one guard:
	// the one whose GuardResult.Confirm it equals.
	Typed []string
	// SkipWait ends the wait step that is under way for each value received; nil to wait all out.
	SkipWait <-chan struct{}
}

// EventKind says what an event tells.
type EventKind string

// The kinds of event.
const (
	EventEvidence EventKind = "evidence" // evidence is being gathered; Text says from where
	EventGuards   EventKind = "guards"   // the guards of a step were asked
	EventBegun    EventKind = "begun"    // a step is in the journal and starts now
	EventWaiting  EventKind = "waiting"  // a wait counts down; Left and Total are set
	EventWire     EventKind = "wire"     // the authoritative servers were asked
	EventEnded    EventKind = "ended"    // a step ended; State says how
)

// Event is one piece of progress, as plain data.
type Event struct {
	Kind  EventKind
	Step  int // id of the step; 0 for the plan as a whole
	State StepState
	Text  string // one line for a person
	Left  time.Duration
	Total time.Duration
	At    time.Time
}

// StepState says what became of a step.
type StepState string

// The states of a step.
const (
	StepReady   StepState = "ready"   // Check: all its guards pass
	StepDone    StepState = "done"    // carried out, or the zone was so already
	StepRefused StepState = "refused" // a guard failed
	StepFailed  StepState = "failed"  // the provider refused, or could not be reached
	StepUnknown StepState = "unknown" // it may have happened, and could not be looked up
	StepSkipped StepState = "skipped" // a step that it needs did not succeed, or the run was stopped, or a wait was cut short
)

// StepReport is what became of one step.
type StepReport struct {
	Step    dnsview.Step
	State   StepState
	Guards  []dnsview.GuardResult
	Why     string            // one line: why it is not done
	Entry   string            // id of the journal entry, when there is one
	Record  *providers.Record // the record as the provider has it now
	Already bool              // nothing had to be done
	Wire    string            // one line: what the authoritative servers answer; empty when not asked
	Err     error
}

// Report is what became of a plan.
type Report struct {
	Run     string // id of this run in the journal; empty for a check
	Plan    dnsview.Plan
	Started time.Time
	Ended   time.Time
	Sources []dnsview.Basis // the coverage that the guards rested on
	Steps   []StepReport    // one for each step of the plan, in its order
}

// Ask is a typed confirmation that would let refused steps pass.
type Ask struct {
	Guard dnsview.GuardID
	Text  string // what is to be typed
	Why   string
	Steps []int
}

// OK reports whether every step is done (or, for a check, ready).
func (r *Report) OK() bool { return r.Count(StepDone)+r.Count(StepReady) == len(r.Steps) }

// Count gives the number of steps in one state.
func (r *Report) Count(s StepState) int {
	n := 0
	for i := range r.Steps {
		if r.Steps[i].State == s {
			n++
		}
	}
	return n
}

// Asks lists the typed confirmations that would let refused steps pass: those
// whose every failing guard can be answered by typing.
func (r *Report) Asks() []Ask { return nil }

// Check gathers fresh evidence and asks the guards of every step. It writes nothing.
func (e *Engine) Check(ctx context.Context, plan dnsview.Plan) *Report { return &Report{Plan: plan} }

// Run carries out a plan. progress may be nil; it is called from one goroutine at a time.
// When ctx ends, no new step begins, and the journal tells the truth about the one under way.
func (e *Engine) Run(ctx context.Context, plan dnsview.Plan, c Confirm, progress func(Event)) *Report {
	return &Report{Plan: plan}
}

// UndoPlan plans to take back a run (by run id), a single entry (by its
// number), or, with an empty id, the last run that changed anything.
func (e *Engine) UndoPlan(id string) (dnsview.Plan, error) { return dnsview.Plan{}, nil }
