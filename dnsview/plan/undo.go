package plan

import (
	"slices"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Done is one step that was carried out, as the journal knows it: what an undo is made from.
type Done struct {
	Entry    string // id of the journal entry
	Sentence string
	Zone     string
	Change   *providers.Change
	Result   *providers.Record // the record as the provider had it after the change, when known
	Action   PowerAction
	Instance providers.InstanceRef
	// Stayed is the owner marker that stayed behind when what this step restored was removed: it takes its place
	// again when the step is taken back. A step of an earlier release does not say so itself.
	Stayed *providers.Owner
	Reason dnsview.Class // finding that the step was the remedy of, or empty
}

// Undo plans to take back what was done, last first: what was deleted is
// restored with its marker exactly, what was created is deleted, what was
// changed is changed back. A termination cannot be taken back, which Skipped says.
// The view may be nil.
func Undo(v *dnsview.View, done ...Done) Plan { return planUndo(v, index.VerbUndo, "Undo", done) }

// Redo plans to make again what an undo took back: it takes back the undo.
func Redo(v *dnsview.View, done ...Done) Plan { return planUndo(v, index.VerbRedo, "Redo", done) }

func planUndo(v *dnsview.View, verb index.Verb, what string, done []Done) Plan {
	b := newBuilder(v, verb)
	for _, d := range slices.Backward(done) {
		switch {
		case d.Change != nil:
			b.undoChange(d)
		case d.Action == PowerStart, d.Action == PowerStop:
			back := map[PowerAction]PowerAction{PowerStart: PowerStop, PowerStop: PowerStart}[d.Action]
			b.add(Step{Kind: StepPower, Action: back, Instance: d.Instance, Undoes: d.Entry, Sentence: title(string(back)) + " " + index.Clean(d.Instance.Name) + " (" + index.ShortID(d.Instance.ID) + ") again"})
		default:
			b.skip("cannot be taken back: " + d.Sentence)
		}
	}
	return b.end(what + " " + index.Plural(len(b.plan.Steps), "change", "changes"))
}

func (b *builder) undoChange(d Done) {
	var c providers.Change
	var sentence string
	made := d.Change.After
	if d.Result != nil {
		made = *d.Result
	}
	switch d.Change.Op {
	case providers.OpDelete:
		after := d.Change.Before
		after.ID = "" // the provider gives a new one
		c = providers.Change{Op: providers.OpCreate, After: after}
		if o, ok := d.Change.After.Owner(); ok {
			if text, err := o.Encode(); err == nil {
				c.Before = MarkerRecord(&after, text) // it comes in the place of this marker, which a redo puts back
			}
		}
		sentence = "Restore " + after.Label()
		if o, ok := after.Owner(); ok {
			sentence += " with its marker"
			gone := d.Reason == dnsview.Dead || d.Reason == dnsview.Dangling
			if b.v != nil {
				i := b.v.Instance(o.Cloud, o.Instance)
				gone = i == nil || i.State.Dead()
			}
			if gone {
				sentence += "; its owner " + index.ShortID(o.Instance) + " is gone, so it will lead to nobody again"
			}
		}
	case providers.OpCreate:
		c = providers.Change{Op: providers.OpDelete, Before: made}
		sentence = "Delete " + made.Label() + " again"
		o, ok := index.OwnerInMarker(&d.Change.Before)
		if !ok && d.Stayed != nil {
			o, ok = *d.Stayed, true
		}
		if ok {
			c.After = made // it came in the place of this marker, which takes its place in turn
			c.After.Owners = []providers.Owner{o}
			sentence += ", and remember that it was taken out"
		}
	default:
		after := d.Change.Before
		c = providers.Change{Op: providers.OpUpdate, Before: made, After: after}
		sentence = "Change " + made.Label() + " back to " + index.Clean(after.Value)
		if made.Value == after.Value {
			sentence = "Change " + made.Label() + " back to what it was"
		}
	}
	s := Step{Kind: StepChange, Zone: d.Zone, Change: &c, Sentence: sentence, Undoes: d.Entry, Instance: d.Instance}
	// What was done to one record, or to one that leads to the other, was done in this order
	// for a reason. What has nothing to do with it goes ahead though this one is refused.
	for n := range b.plan.Steps {
		if p := &b.plan.Steps[n]; p.Change != nil && inOrder(p.Change, &c) {
			s.Needs = append(s.Needs, p.ID)
		}
	}
	b.add(s)
}

// inOrder reports whether the order of two changes matters.
func inOrder(a, b *providers.Change) bool {
	for _, r := range []*providers.Record{&a.Before, &a.After} {
		for _, o := range []*providers.Record{&b.Before, &b.After} {
			if r.Name != "" && o.Name != "" && (dependsOn(r, o) || dependsOn(o, r)) {
				return true
			}
		}
	}
	return false
}

// dependsOn reports whether a record is, marks, belongs to or leads to another.
func dependsOn(r, to *providers.Record) bool {
	if _, name, ok := providers.SplitMarkerName(r.Name); ok && r.IsMarker() && name == to.Name {
		return true
	}
	switch {
	case r.Name == to.Name && r.Type == to.Type && providers.FoldValue(r.Type, r.Value) == providers.FoldValue(to.Type, to.Value):
		return true
	case r.Type == "SRV" && r.Name == to.Name && to.Type == "TXT":
		return true // an incarnation has its TXT for as long as it has nodes
	case r.Type == "SRV":
		srv, ok := providers.ParseSRV(r.Value)
		return ok && srv.Target == to.Name
	case r.Type == "PTR", r.Type == "CNAME":
		return providers.FoldValue(r.Type, r.Value) == to.Name
	}
	return false
}
