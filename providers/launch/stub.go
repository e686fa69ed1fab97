package launch

import (
	"context"
	"strings"
)

// NewID makes a launch id of twelve hex digits.
func NewID() string { return "" }

// Error gives the problems, one a line.
func (p Problems) Error() string { return strings.Join(p, "\n") }

// Prepare checks a spec and gives the plan of it. It does no I/O. The error is
// Problems, with one line for each thing that is wrong.
func Prepare(spec Spec, clouds []Cloud) (Plan, error) { return Plan{}, nil }

// Run launches all nodes of the spec side by side and follows each until it is
// registered, has failed or ctx ends. progress is called from one goroutine at
// a time, once for each stage of each node; it may be nil. Running the same
// spec again launches no node twice.
func Run(ctx context.Context, spec Spec, clouds []Cloud, o Options, progress func(Progress)) Report {
	return Report{}
}

// Retry carries on with what a report says is missing, under the same launch
// id: nodes that are registered are left alone, nodes that run are followed
// further, the others are asked for again. A node that came up dead gets a new
// index, since its old one would give the dead instance again.
func Retry(ctx context.Context, r Report, clouds []Cloud, o Options, progress func(Progress)) Report {
	return Report{}
}

// OK reports whether every node is registered.
func (r *Report) OK() bool { return false }

// Lines tells the outcome node by node, for a person.
func (r *Report) Lines() []string { return nil }
