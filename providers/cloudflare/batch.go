package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/cloudflare/cloudflare-go/v6/dns"
	"github.com/cloudflare/cloudflare-go/v6/option"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// send carries out items in one batch, or in smaller ones if they are too many or it is refused.
func (w *writer) send(ctx context.Context, items []item) {
	if len(items) > batchLimit {
		w.sendParts(ctx, items, batchLimit)
		return
	}
	reply, err := w.batch(ctx, items)
	if err == nil {
		w.recordResults(ctx, items, reply)
		return
	}
	switch k := providers.KindOf(err); {
	case k.MayHaveHappened() && !budget.NotSent(err):
		w.recoverLost(ctx, items, err)
	case hasCode(err, codeRoute, codeRouteID): // the zone itself does not exist
		w.failAll(items, err)
	case (k == providers.KindInvalid || k == providers.KindConflict || k == providers.KindNotFound || k == providers.KindLimit) && len(items) > 1:
		if hasCode(err, codeIdentical, codeExists) {
			if left := w.withoutDuplicates(ctx, items); len(left) < len(items) {
				if len(left) > 0 {
					w.send(ctx, left)
				}
				return
			}
		}
		w.sendParts(ctx, items, len(items)/2)
	case len(items) == 1:
		w.recordRefusal(ctx, items[0], err)
	default: // not made, and no single change is the cause: credentials, throttling, no connection
		w.failAll(items, err)
	}
}

func (w *writer) failAll(items []item, err error) {
	for _, it := range items {
		w.fail(it, err)
	}
}

// fail sets the error of a change. That of a change that was sent before with a lost reply is KindUncertain, unless err
// says that it was not made then either.
func (w *writer) fail(it item, err error) {
	if k := providers.KindOf(err); it.lost && (k.Inconclusive() || k == providers.KindLimit || hasCode(err, codeIdentical, codeExists)) {
		w.refuse(it.i, providers.KindUncertain, fmt.Errorf("the reply was lost, and it was sent again: %w", err))
		return
	}
	w.results[it.i].Err = err
}

// withoutDuplicates sets the results of those creates of a refused batch whose values exist already, and returns the
// other items. A whole service that registers again then costs one read per name instead of two calls per node.
func (w *writer) withoutDuplicates(ctx context.Context, items []item) []item {
	type key struct{ name, typ string }
	there := map[key][]providers.Record{}
	var left []item
	for _, it := range items {
		k := key{providers.CanonicalName(it.want.Name), it.want.Type}
		if it.op != providers.OpCreate {
			left = append(left, it)
			continue
		}
		rows, ok := there[k]
		if !ok {
			var err error
			if rows, err = w.account.named(ctx, &w.zone, k.name, k.typ); err != nil {
				w.fail(it, err)
				continue
			}
			there[k] = rows
		}
		if i := indexValue(rows, &it.want); i >= 0 {
			w.present(it, &rows[i])
			continue
		}
		left = append(left, it)
	}
	return left
}

// recordRefusal sets the result of a change that was refused alone.
func (w *writer) recordRefusal(ctx context.Context, it item, err error) {
	switch {
	case it.op == providers.OpCreate && hasCode(err, codeIdentical, codeExists):
		w.duplicate(ctx, it, err)
	case it.op == providers.OpDelete && hasCode(err, codeNoRecord):
		w.recordMissing(ctx, it.i)
	case hasCode(err, codeNoRecord):
		w.refuse(it.i, providers.KindConflict, errors.New("the record is not there any more"))
	default:
		w.fail(it, err)
	}
}

// duplicate sets the result of a create whose value exists already: done if the owner is the same, else a conflict.
func (w *writer) duplicate(ctx context.Context, it item, cause error) {
	there, err := w.sameValue(ctx, &it.want)
	switch {
	case err != nil:
		w.fail(it, err)
	case there == nil:
		w.fail(it, cause)
	default:
		w.present(it, there)
	}
}

func (w *writer) present(it item, there *providers.Record) {
	if !there.SameOwners(&it.want) {
		w.refuse(it.i, providers.KindConflict, fmt.Errorf("the value is there already, with the comment %q", providers.Brief(there.Comment)))
		return
	}
	w.results[it.i] = providers.Result{Record: *there, Already: !it.lost, LookedUp: it.lost}
}

// recoverLost sets the results of changes whose reply was lost.
func (w *writer) recoverLost(ctx context.Context, items []item, cause error) {
	var again []item
	for _, it := range items {
		var there *providers.Record
		var err error
		switch it.op {
		case providers.OpCreate:
			there, err = w.sameValue(ctx, &it.want)
			if err == nil && (there != nil || !it.lost) {
				it.lost = true
				if there != nil {
					w.present(it, there)
				} else {
					again = append(again, it)
				}
				continue
			}
		case providers.OpUpdate:
			there, err = w.account.get(ctx, &w.zone, it.id)
			if err == nil {
				if left, diffErr := patchBody(there, &it.want); diffErr != nil || len(left) > 0 {
					there = nil
				}
			}
		}
		if err != nil || there == nil {
			w.refuse(it.i, providers.KindUncertain, fmt.Errorf("the reply was lost: %w", cause))
			continue
		}
		w.results[it.i] = providers.Result{Record: *there, LookedUp: true}
	}
	if len(again) > 0 {
		w.send(ctx, again)
	}
}

// batchReply is the result of a batch. Each list is in the order of the request.
type batchReply struct {
	Deletes []wireRecord `json:"deletes"`
	Patches []wireRecord `json:"patches"`
	Posts   []wireRecord `json:"posts"`
}

func (w *writer) batch(ctx context.Context, items []item) (*batchReply, error) {
	body := map[string][]map[string]any{}
	adds := true
	for _, it := range items {
		switch it.op {
		case providers.OpDelete:
			adds = false
			body["deletes"] = append(body["deletes"], map[string]any{"id": it.id})
		case providers.OpUpdate:
			adds = false
			body["patches"] = append(body["patches"], it.body)
		default:
			body["posts"] = append(body["posts"], it.body)
		}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, &providers.Error{Kind: providers.KindInvalid, Source: w.account.name, Op: w.op, Err: err}
	}
	var q dns.RecordBatchParams
	set(&q.ZoneID.Value, &q.ZoneID.Present, w.zone.ID)
	call := func(ctx context.Context, opts ...option.RequestOption) error {
		_, err := w.account.records.Batch(ctx, q, append(opts, option.WithRequestBody(batchType, raw))...)
		return err
	}
	var env *envelope
	if adds {
		env, err = w.addsOnly(ctx, call)
	} else {
		// Deletes and updates do not wait, because their reading would grow old.
		env, err = w.account.once(ctx, w.op, call)
	}
	if err != nil {
		return nil, err
	}
	var reply batchReply
	if err := json.Unmarshal(env.Result, &reply); err != nil {
		return nil, w.account.incomplete(w.op, "an answer that cannot be read: %s", providers.Message(err.Error()))
	}
	return &reply, nil
}

// addsOnly sends a batch of creates, and repeats it if it has certainly not been carried out.
func (w *writer) addsOnly(ctx context.Context, call sdkCall) (*envelope, error) {
	var env *envelope
	var last error
	err := w.account.budget.Retry(ctx, func(ctx context.Context) error {
		env, last = w.account.once(ctx, w.op, call)
		if providers.KindOf(last) == providers.KindThrottled || budget.NotSent(last) {
			return last
		}
		return nil // done, refused permanently, or uncertain
	})
	if err != nil {
		return nil, err
	}
	return env, last
}

// recordResults records the results of an executed batch and restores what it has overwritten. A change that is missing
// from the answer is looked up as after a lost reply.
func (w *writer) recordResults(ctx context.Context, items []item, reply *batchReply) {
	var back []overwritten
	var untold []item
	var why error
	posts := reply.Posts
	for _, it := range items {
		var wire *wireRecord
		switch {
		case it.op == providers.OpDelete:
			wire = withID(reply.Deletes, it.id)
			w.account.nonEmpty.Delete(w.zone.ID) // it may have been the last record
		case it.op == providers.OpUpdate:
			wire = withID(reply.Patches, it.id)
		case len(posts) > 0:
			wire, posts = &posts[0], posts[1:]
		}
		now, o, err := w.resultOf(it, wire)
		switch {
		case err != nil:
			untold, why = append(untold, it), err
		case o != nil:
			back = append(back, *o)
		default:
			w.results[it.i] = providers.Result{Record: now}
		}
	}
	w.putBack(ctx, back)
	if len(untold) > 0 {
		w.recoverLost(ctx, untold, why)
	}
}

// resultOf returns the record that a change left, or what it has overwritten. An answer that lacks the change or is
// about another record is KindIncomplete.
func (w *writer) resultOf(it item, wire *wireRecord) (now providers.Record, o *overwritten, err error) {
	if wire == nil {
		return now, nil, w.account.incomplete(w.op, "the answer leaves changes out")
	}
	if it.op == providers.OpDelete {
		o, err = w.verifyDelete(it, wire)
		return now, o, err
	}
	if now, err = wire.decode(w.zone.Name); err != nil {
		return now, nil, w.account.incomplete(w.op, "%w", err)
	}
	if it.op == providers.OpUpdate {
		o, err = w.verifyUpdate(it, wire, &now)
		return now, o, err
	}
	return now, nil, w.verifyAdd(it, &now)
}

// verifyAdd compares a created record with the wanted one. Only addresses are certain to be spelled the same by the
// API.
func (w *writer) verifyAdd(it item, made *providers.Record) error {
	want, isAddr := it.want.Addr()
	have, _ := made.Addr()
	if !providers.SameName(made.Name, it.want.Name) || made.Type != it.want.Type || isAddr && have != want {
		return w.account.incomplete(w.op, "the answer is about another record")
	}
	return nil
}

func withID(list []wireRecord, id string) *wireRecord {
	if i := slices.IndexFunc(list, func(r wireRecord) bool { return r.ID == id }); i >= 0 {
		return &list[i]
	}
	return nil
}
