package plan

import (
	"slices"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Done is one step of the journal that was carried out, from which an undo is made.
type Done struct {
	Entry    string // id of the journal entry
	Sentence string
	Zone     string
	Change   *providers.Change
	Result   *providers.Record // the record as the provider had it after the change, when known
	Action   PowerAction
	Instance providers.InstanceRef
	// Stayed is the marker that stayed when the value that this step restored was deleted; an undo of this step
	// restores the marker. Entries of earlier releases do not have it.
	Stayed *providers.Owner
	Reason dnsview.Class // finding that the step was the remedy of, or empty
}

// SetQuiesced sets whether the record that the step made is marked as quiesced now: as it was made, or by a marker beside it, which
// an undo that has stopped half way left. The provider's answer to the step may have shown a marker that is gone.
func (d *Done) SetQuiesced(markers []*providers.Record) {
	r := d.Result
	if r == nil || d.Change == nil || d.Change.Op != providers.OpCreate || len(r.Owners) != 1 {
		return
	}
	made, _ := d.Change.After.Owner()
	now := *r
	now.Owners = slices.Clone(r.Owners)
	now.Owners[0].Quiesced = made.Quiesced
	for _, m := range markers {
		_, name, _ := providers.SplitMarkerName(m.Name)
		if o, ok := index.OwnerInMarker(m); ok && m.Zone == r.Zone && name == r.Name && o.Quiesced && r.OwnedBy(o) && o.Owns(r.Type, r.Value) {
			now.Owners[0].Quiesced, now.MarkerTTL = true, m.TTL
		}
	}
	d.Result = &now
}

// Undo plans to revert steps, last first: deleted records are restored with their markers, created ones are deleted,
// updated ones get their former values. A termination cannot be reverted, which Skipped says. The view may be nil.
func Undo(v *dnsview.View, done ...Done) Plan { return planUndo(v, index.VerbUndo, "Undo", done) }

// Redo plans to repeat what an undo reverted.
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
	p := b.end(what + " " + index.Plural(len(b.plan.Steps), "change", "changes"))
	if cloud := p.evacuatesAgain(); cloud != "" {
		p.again = p.confirmText(cloud)
	}
	return p
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
		after.ID = "" // the provider assigns a new one
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
				sentence += "; its owner " + index.ShortID(o.Instance) + " is gone, so it will again lead to no instance"
			}
		}
	case providers.OpCreate:
		c = providers.Change{Op: providers.OpDelete, Before: made}
		sentence = "Delete " + made.Label()
		o, ok := index.OwnerInMarker(&d.Change.Before)
		if !ok && d.Stayed != nil {
			o, ok = *d.Stayed, true
		}
		if ok || b.plan.Verb == index.VerbRedo {
			sentence += " again"
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
	// Changes of one record, or of records that lead to each other, keep their order. Others do not depend on this one.
	for n := range b.plan.Steps {
		if p := &b.plan.Steps[n]; p.Change != nil && inOrder(p.Change, &c) {
			s.Needs = append(s.Needs, p.ID)
		}
	}
	b.add(s)
}

// inOrder reports whether two changes must be made in their order.
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

// dependsOn reports whether a record is another one, marks it, belongs to it or leads to it.
func dependsOn(r, to *providers.Record) bool {
	if _, name, ok := providers.SplitMarkerName(r.Name); ok && r.IsMarker() && name == to.Name {
		o, read := index.OwnerInMarker(r)
		return !read || o.Owns(to.Type, to.Value)
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
