package apply

import (
	"slices"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// Confirm is what the operator answered.
type Confirm struct {
	// Typed are the texts that a person typed. Each answers exactly one guard:
	// the one whose GuardResult.Confirm it equals.
	Typed []string
	// Checksum is that of the plan which the operator was shown. A plan with another one
	// is refused as a whole. Empty when no one was shown any.
	Checksum string
	// SkipWait ends the wait step that is under way for each value received; nil to wait all out.
	SkipWait <-chan struct{}
}

// EventKind says what an event is about.
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
	StepSkipped StepState = "skipped" // a step that it needs did not succeed, or the run was stopped
)

// StepReport is what became of one step.
type StepReport struct {
	Step    plan.Step
	State   StepState
	Guards  []index.GuardResult
	Why     string            // one line: why it is not done, or what there is to say of it
	Entry   string            // id of the journal entry, when there is one
	Record  *providers.Record // the record as the provider has it now
	Already bool              // nothing had to be done
	Wire    string            // one line: what the authoritative servers answer; empty when not asked
	Err     error
}

// Report is what became of a plan.
type Report struct {
	Run     string // id of this run in the journal; empty for a check
	Plan    plan.Plan
	Started time.Time
	Ended   time.Time
	Sources []index.Basis // the coverage that the guards rested on
	Steps   []StepReport  // one for each step of the plan, in its order
	// Nodes are the nodes that a run has left half way, as they are now.
	Nodes []NodeReport
	// Notes say what clouds and DNS providers could not be asked, each once however many steps it concerns.
	Notes []string
}

// Ask is a typed confirmation that would let refused steps pass.
type Ask struct {
	Guard index.GuardID
	Text  string // what is to be typed
	Why   string
	Steps []int
}

// OK reports whether every step is done (or, for a check, ready).
func (r *Report) OK() bool { return r.Count(StepDone)+r.Count(StepReady) == len(r.Steps) }

// Count returns the number of steps in one state.
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
// of steps whose every failing guard can be answered by typing.
func (r *Report) Asks() []Ask {
	var out []Ask
	for i := range r.Steps {
		s := &r.Steps[i]
		if s.State != StepRefused || slices.ContainsFunc(s.Guards, func(g index.GuardResult) bool { return !g.Pass && g.Confirm == "" }) {
			continue
		}
		for _, g := range s.Guards {
			if g.Pass {
				continue
			}
			at := slices.IndexFunc(out, func(a Ask) bool { return a.Guard == g.Guard && a.Text == g.Confirm })
			if at < 0 {
				out = append(out, Ask{Guard: g.Guard, Text: g.Confirm, Why: g.Why})
				at = len(out) - 1
			}
			out[at].Steps = append(out[at].Steps, s.Step.ID)
		}
	}
	return out
}
