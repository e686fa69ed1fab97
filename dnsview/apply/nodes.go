package apply

import (
	"context"
	"fmt"
	"slices"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// NodeReport is a node that a run has left half way: some of its steps were done, and a later one was not.
type NodeReport struct {
	Instance providers.InstanceRef
	State    string // by its cloud, e.g. "running"; "not known" if the query failed
	DNS      string // "out of DNS", "partly out of DNS", "in DNS" or "in DNS again"
	Back     string // the command that restores it, if it is not in DNS again
	Text     string // all of it in one sentence
}

// reportNodes reports the nodes that a run has left half way, also in the journal at the step that was not done.
func (r *run) reportNodes(ctx context.Context) {
	for i := range r.report.Steps {
		s := &r.report.Steps[i]
		ref := s.Step.Instance
		if ref.ID == "" || slices.ContainsFunc(r.report.Nodes, func(n NodeReport) bool { return sameInstance(n.Instance, ref) }) {
			continue
		}
		if n, ok := r.nodeNow(ctx, ref); ok {
			r.report.Nodes = append(r.report.Nodes, n)
			r.noteSkipped(n)
		}
	}
}

// noteSkipped records a power step that a run did not reach in the journal, beside the steps before it. An error is
// ignored, because the report has the same information.
func (r *run) noteSkipped(n NodeReport) {
	for i := range r.report.Steps {
		s := &r.report.Steps[i]
		if s.Step.Kind != plan.StepPower || s.State != StepSkipped || !sameInstance(s.Step.Instance, n.Instance) || r.engine.o.Journal == nil {
			continue
		}
		e := r.entry(i)
		e.Note = joinSentences(s.Why, n.Text)
		if written, err := r.engine.o.Journal.Refuse(e); err == nil {
			s.Entry = written[0].ID
		}
	}
}

// halfWay returns the sentence about a node that is left half way, or "".
func (r *run) halfWay(ctx context.Context, ref providers.InstanceRef) string {
	n, _ := r.nodeNow(ctx, ref)
	return n.Text
}

// nodeNow returns the state of a node that was at least partly removed from DNS, by this run or before, and of which a
// step of this run was not done. ok is false for any other node, and for a terminated one.
func (r *run) nodeNow(ctx context.Context, ref providers.InstanceRef) (n NodeReport, ok bool) {
	if v := r.plan.Verb; ref.ID == "" || !r.drains() && v != index.VerbQuiesce {
		return n, false
	}
	values, gone, marked, undone := 0, 0, false, false
	var removed []providers.Record
	for i := range r.report.Steps {
		s := &r.report.Steps[i]
		if !sameInstance(s.Step.Instance, ref) {
			continue
		}
		undone = undone || s.State != StepDone
		c := s.Step.Change
		if c == nil || c.Record().Type == "" {
			continue
		}
		rec := c.Record()
		switch {
		case c.Op == providers.OpDelete && !rec.IsMarker():
			values++
			if s.State == StepDone || s.State == StepUnknown {
				gone++
				removed = append(removed, rec)
			}
		case c.Op != providers.OpDelete && s.State == StepDone:
			marked = true // the note that it was removed on purpose is already written
		}
	}
	switch {
	case !undone:
		return n, false
	case values == 0 && r.drains() && r.wasOutOfDNS(ref), values > 0 && gone == values:
		n.DNS = "out of DNS"
	case gone > 0:
		n.DNS = "partly out of DNS"
	case marked:
		n.DNS = "in DNS, and marked as taken out"
	default:
		return n, false
	}
	n.Instance, n.State = ref, r.stateNow(ctx, ref)
	if n.State == string(providers.StateTerminated) {
		return NodeReport{}, false
	}
	name := index.Clean(ref.ID)
	if ref.Name != "" {
		name = index.Clean(ref.Name) + " (" + name + ")"
	}
	if back := r.putBackByOthers(ctx, removed); back != nil {
		n.DNS = "in DNS again"
		n.Text = name + " is " + n.State + " and in DNS again: another writer has made " + back.Label() + " meanwhile"
		return n, true
	}
	if n.State == string(providers.StateTerminating) {
		n.Text = name + " is " + n.State + " and " + n.DNS + " now: it cannot be put back"
		return n, true
	}
	n.Back = "rollcall return " + index.Clean(ref.ID)
	n.Text = name + " is " + n.State + " and " + n.DNS + " now; to put it back: " + n.Back
	if n.State == stateUnknown {
		n.Text = name + " is " + n.DNS + " now, and its cloud does not say whether it runs; to put it back: " + n.Back
	}
	return n, true
}

// putBackByOthers returns one of the records that this run removed and that is there again, or nil.
func (r *run) putBackByOthers(ctx context.Context, removed []providers.Record) *providers.Record {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.engine.o.Timeout)
	defer cancel()
	for i := range removed {
		rec := &removed[i]
		found, err := r.lookUp(ctx, rec.Zone, rec.Name, rec.Type)
		c := providers.Change{Op: providers.OpCreate, After: *rec}
		c.After.ID = ""
		if _, n := index.Find(found, &c); err == nil && n > 0 {
			return rec
		}
	}
	return nil
}

// drains reports whether the plan drains nodes.
func (r *run) drains() bool {
	return r.plan.Verb == index.VerbDrain || r.plan.Verb == index.VerbReplace
}

// stateUnknown is the state of an instance whose query failed.
const stateUnknown = "not known"

// stateNow returns the state of an instance, even if the run was stopped.
func (r *run) stateNow(ctx context.Context, ref providers.InstanceRef) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.engine.o.Timeout)
	defer cancel()
	switch state, gone, err := r.engine.stateOf(ctx, ref); {
	case err != nil:
		return stateUnknown
	case gone:
		return string(providers.StateTerminated)
	default:
		return index.Clean(string(state))
	}
}

// stateOf queries the cloud for the state of an instance, or whether it no longer exists.
func (e *Engine) stateOf(ctx context.Context, ref providers.InstanceRef) (state providers.InstanceState, gone bool, err error) {
	l, err := e.lookUpInstance(ctx, ref.Cloud, ref.ID)
	switch {
	case err != nil:
		return "", false, err
	case l.Key != ref.Key:
		return "", false, fmt.Errorf("the credentials of %s belong to another account than the instance", ref.Cloud)
	case l.Err != nil:
		return "", false, l.Err
	case l.Instance == nil:
		return "", true, nil
	}
	return l.Instance.State, false, nil
}

// wasOutOfDNS reports whether a drain found a node already removed from DNS, so that its plan only removes markers.
func (r *run) wasOutOfDNS(ref providers.InstanceRef) bool {
	return slices.ContainsFunc(r.plan.Steps, func(s plan.Step) bool {
		if !sameInstance(s.Instance, ref) || s.Change == nil || s.Change.Op != providers.OpDelete {
			return false
		}
		rec := s.Change.Record()
		return rec.IsMarker()
	})
}

func sameInstance(a, b providers.InstanceRef) bool { return a.Key == b.Key && a.ID == b.ID }

// joinSentences joins two sentences.
func joinSentences(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
