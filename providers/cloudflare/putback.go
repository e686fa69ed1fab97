package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"rollcall/providers"
)

// putBackTimeout limits how long Apply tries to restore records, even after its context has ended.
const putBackTimeout = 30 * time.Second

// overwritten is a change of a record that another writer had changed since it was read.
type overwritten struct {
	item item
	now  providers.Record // for an update: the record as the change left it
	was  providers.Record // the record as the other writer had left it
}

// fields are the fields that a change or another writer can alter, in the order in which messages name them.
var fields = []struct {
	what string
	of   func(*providers.Record) string
	copy func(to, from *providers.Record)
}{
	{"name", func(r *providers.Record) string { return providers.CanonicalName(r.Name) }, func(to, from *providers.Record) { to.Name = from.Name }},
	{"type", func(r *providers.Record) string { return r.Type }, func(to, from *providers.Record) { to.Type = from.Type }},
	{"value", func(r *providers.Record) string { return providers.FoldValue(r.Type, r.Value) }, func(to, from *providers.Record) { to.Value = from.Value }},
	{"TTL", func(r *providers.Record) string { return fmt.Sprint(ttlOf(r)) }, func(to, from *providers.Record) { to.TTL, to.AutoTTL = from.TTL, from.AutoTTL }},
	{"proxied", func(r *providers.Record) string { return fmt.Sprint(r.Proxied) }, func(to, from *providers.Record) { to.Proxied = from.Proxied }},
	{"comment", func(r *providers.Record) string { return r.Comment }, func(to, from *providers.Record) { to.Comment, to.Owners = from.Comment, from.Owners }},
	{"tags or settings", func(r *providers.Record) string { return r.Policy }, func(to, from *providers.Record) { to.Policy = from.Policy }},
}

// verifyDelete compares a deleted record with the one to delete. The result is nil if they are equal.
func (w *writer) verifyDelete(it item, wire *wireRecord) (*overwritten, error) {
	before := &w.changes[it.i].Before
	was, err := wire.decode(w.zone.Name)
	if err != nil {
		return nil, w.account.incomplete(w.op, "the answer does not say what was deleted: %w", err)
	}
	keepOmitted(wire, &was, before)
	for _, f := range fields {
		if f.of(before) != f.of(&was) {
			return &overwritten{item: it, was: was}, nil
		}
	}
	return nil, nil
}

// verifyUpdate compares an updated record with the wanted one. A field that differs but was not sent was changed by
// another writer.
func (w *writer) verifyUpdate(it item, wire *wireRecord, now *providers.Record) (*overwritten, error) {
	before := &w.changes[it.i].Before
	keepOmitted(wire, now, &it.want)
	was, changed := *now, false
	var unlike error
	for _, f := range fields {
		sent := f.of(before) != f.of(&it.want)
		switch differs := f.of(now) != f.of(&it.want); {
		case sent && differs: // another writer's change may explain it, as proxied does for a TTL; else the answer is wrong
			f.copy(&was, before)
			unlike = w.account.incomplete(w.op, "the answer has the %s %q, and %q was sent", f.what, providers.Brief(f.of(now)), providers.Brief(f.of(&it.want)))
		case sent:
			f.copy(&was, before)
		case differs:
			changed = true
		}
	}
	if !changed {
		return nil, unlike
	}
	return &overwritten{item: it, now: *now, was: was}, nil
}

// keepOmitted copies tags and settings of known to r if the answer omits them.
func keepOmitted(wire *wireRecord, r, known *providers.Record) {
	if wire.Tags == nil && wire.Settings == nil && r.Policy == "" {
		r.Policy = known.Policy
	}
}

// putBack restores records as another writer had left them: it creates a deleted record again, with a new id, and
// updates an updated one back. Each change gets KindConflict, or KindUncertain if its record could not be restored.
// putBack continues after ctx has ended.
func (w *writer) putBack(ctx context.Context, list []overwritten) {
	if len(list) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), putBackTimeout)
	defer cancel()
	back := make([]providers.Change, len(list))
	notes := make([]error, len(list))
	for n := range list {
		o := &list[n]
		back[n] = providers.Change{Op: providers.OpCreate, After: o.was}
		if o.item.op == providers.OpUpdate {
			back[n] = providers.Change{Op: providers.OpUpdate, Before: o.now, After: o.was}
		}
		if !w.isRestore { // its changes are not those of the context
			notes[n] = providers.NotePutBack(ctx, o.item.i, o.was)
		}
	}
	restore := &writer{account: w.account, zone: w.zone, op: w.op, changes: back, results: make([]providers.Result, len(back)), isRestore: true}
	if w.isRestore { // another writer keeps changing the record: its last version stays, and is reported
		for n := range restore.results {
			restore.refuse(n, providers.KindConflict, errors.New("it is changed again and again"))
		}
	} else {
		restore.carryOut(ctx)
	}
	for n := range list {
		w.reportPutBack(&list[n], restore.results[n].Err, notes[n])
	}
}

func (w *writer) reportPutBack(o *overwritten, err, noteErr error) {
	change, again := "deleted", "it is put back"
	if o.item.op == providers.OpUpdate {
		change, again = "updated", "what it was is put back"
	}
	kind := providers.KindConflict
	switch providers.KindOf(err) {
	case "":
	case providers.KindConflict: // another writer has changed it since, and that version stays
		again = "it is not put back: " + err.Error()
	default:
		kind, again = providers.KindUncertain, "IT COULD NOT BE PUT BACK, put it back by hand: "+err.Error()
	}
	if noteErr != nil {
		again += "; the journal could not be told of it: " + noteErr.Error()
	}
	before := &w.changes[o.item.i].Before
	var apart []string
	for _, f := range fields {
		if a, b := f.of(before), f.of(&o.was); a != b {
			apart = append(apart, fmt.Sprintf("its %s was %q when it was read, and %q when it was %s", f.what, providers.Brief(a), providers.Brief(b), change))
		}
	}
	w.refuse(o.item.i, kind, fmt.Errorf("another writer changed it in between: %s; %s", strings.Join(apart, ", "), again))
	was := o.was
	w.results[o.item.i].PutBack = &was
}
