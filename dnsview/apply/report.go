package apply

import (
	"slices"
	"strings"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// Confirm holds the operator's answers.
type Confirm struct {
	// Typed are the texts that a person typed. Each answers the one guard whose GuardResult.Confirm it equals.
	Typed []string
	// Checksum is that of the plan that the operator saw; a different plan is refused as a whole. It is empty if none
	// was shown.
	Checksum string
	// SkipWait ends the current wait step for each value received; nil if waits cannot be skipped.
	SkipWait <-chan struct{}
}

// EventKind is the kind of an event.
type EventKind string

// The kinds of event.
const (
	EventEvidence EventKind = "evidence" // evidence is being gathered; Text names the sources
	EventGuards   EventKind = "guards"   // the guards of a step were evaluated
	EventBegun    EventKind = "begun"    // a step is in the journal and starts now
	EventWaiting  EventKind = "waiting"  // a wait counts down; Left and Total are set
	EventLaunch   EventKind = "launch"   // a node that is launched has come further
	EventWire     EventKind = "wire"     // the authoritative servers were queried
	EventEnded    EventKind = "ended"    // a step ended with State
)

// Event reports progress, as plain data.
type Event struct {
	Kind  EventKind
	Stage string // EventLaunch: what the node is doing, in a word: launching, booting, registering, propagating
	Step  int    // id of the step; 0 for the plan as a whole
	State StepState
	Text  string // one line for a person
	Left  time.Duration
	Total time.Duration
	At    time.Time
}

// StepState is the outcome of a step.
type StepState string

// The states of a step.
const (
	StepReady   StepState = "ready"   // Check: all its guards pass
	StepDone    StepState = "done"    // carried out, or the zone was already in this state
	StepRefused StepState = "refused" // a guard failed
	StepFailed  StepState = "failed"  // the provider refused, or could not be reached
	StepUnknown StepState = "unknown" // it may have happened, and a lookup failed
	StepSkipped StepState = "skipped" // a step that it needs was not done, or the run was stopped
)

// StepReport is the outcome of one step.
type StepReport struct {
	Step    plan.Step
	State   StepState
	Guards  []index.GuardResult
	Why     string            // one line: why it is not done, or a remark
	Entry   string            // id of the journal entry, if there is one
	Record  *providers.Record // the record as the provider returned it
	Already bool              // nothing had to be done
	Wire    string            // one line about the authoritative servers' answers; empty if not queried
	Err     error
}

// WaitsForText reports whether the step is refused only until what its guards ask for is typed.
func (s *StepReport) WaitsForText() bool {
	asks := false
	for i := range s.Guards {
		if g := &s.Guards[i]; !g.Pass && g.Confirm == "" {
			return false
		}
		asks = asks || !s.Guards[i].Pass
	}
	return asks && s.State == StepRefused
}

// Report is the outcome of a plan.
type Report struct {
	Run     string // id of this run in the journal; empty for a check
	Plan    plan.Plan
	Started time.Time
	Ended   time.Time
	Sources []index.Basis // coverage of the evidence
	Steps   []StepReport  // one for each step of the plan, in its order
	// Nodes are the nodes that a run has left half way, in their present state.
	Nodes []NodeReport
	// Notes list what clouds and DNS providers could not be asked, each once for any number of steps.
	Notes []string
}

// Ask is a typed confirmation that would let refused steps pass.
type Ask struct {
	Guard index.GuardID
	Text  string // what has to be typed
	Why   string
	Steps []int
}

// OK reports whether every step is done or, for a check, ready.
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

// Terminated returns the nodes that were terminated.
func (r *Report) Terminated() (out []providers.InstanceRef) {
	for i := range r.Steps {
		if s := &r.Steps[i]; s.State == StepDone && s.Step.Action == plan.PowerTerminate {
			out = append(out, s.Step.Instance)
		}
	}
	return out
}

// Undoable reports whether an undo can take back some of what was done. What was launched or terminated stays so, and so does
// what was changed for a node that is terminated.
func (r *Report) Undoable() bool {
	gone := r.Terminated()
	return slices.ContainsFunc(r.Steps, func(s StepReport) bool {
		if s.State != StepDone || s.Already || slices.ContainsFunc(gone, func(ref providers.InstanceRef) bool {
			return ref.Key == s.Step.Instance.Key && ref.ID == s.Step.Instance.ID
		}) {
			return false
		}
		return s.Step.Kind == plan.StepChange || s.Step.Action == plan.PowerStart || s.Step.Action == plan.PowerStop
	})
}

// Asks returns the typed confirmations that would let refused steps pass, for steps whose failed guards can all be
// answered by typing. The one text of an evacuation is asked for once, with all that it answers.
func (r *Report) Asks() []Ask {
	var out []Ask
	for i := range r.Steps {
		s := &r.Steps[i]
		if !s.WaitsForText() {
			continue
		}
		for _, g := range s.Guards {
			if g.Pass {
				continue
			}
			at := slices.IndexFunc(out, func(a Ask) bool { return a.Text == g.Confirm && (a.Guard == g.Guard || a.Text == r.Plan.Confirm()) })
			switch {
			case at < 0:
				out = append(out, Ask{Guard: g.Guard, Text: g.Confirm, Why: g.Why})
				at = len(out) - 1
			case g.Confirm == r.Plan.Confirm() && !strings.Contains(out[at].Why, g.Why):
				out[at].Why += "; " + g.Why
			}
			out[at].Steps = append(out[at].Steps, s.Step.ID)
		}
	}
	return out
}

// OneText returns the one text that an operator types for a plan: first, if it is not "", and the texts of asks, each once.
func OneText(first string, asks []Ask) string {
	var all []string
	for _, a := range append([]Ask{{Text: first}}, asks...) {
		if a.Text != "" && !slices.Contains(all, a.Text) {
			all = append(all, a.Text)
		}
	}
	return strings.Join(all, " ")
}
