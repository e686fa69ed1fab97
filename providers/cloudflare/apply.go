package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cloudflare/cloudflare-go/v6/dns"
	"github.com/cloudflare/cloudflare-go/v6/option"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// Sizes of the calls of Apply.
const (
	batchLimit  = 200 // changes in one batch: what the smallest plan of Cloudflare allows
	getEachUpTo = 10  // records that are read again one by one; more are read by listing the zone
	resendLimit = 1   // how often adds are sent again after a lost reply
	batchType   = "application/json"
)

const opApply = "change records of "

// item is one change on its way: its place in the results, and what is sent.
type item struct {
	i    int
	op   providers.Op
	id   string         // delete, update
	body map[string]any // create, update
	want providers.Record
}

// Apply carries out changes in batches. Cloudflare executes a batch in one
// transaction: all of it or nothing. It has no compare-and-swap, so each record
// that a change starts from is read again just before, and a change whose
// Before is not that reading in every field, the time of the last change
// included, is KindConflict. Between this reading and the batch, some
// milliseconds later, another writer can still come in; nothing in the API closes that
// gap. A delete names the record's id, so it can never hit another value.
//
// A batch that is refused is split until the changes that are to blame stand
// alone; all others are made. After a lost reply adds are looked for and sent
// again, updates are looked for, deletes are KindUncertain.
func (a *Account) Apply(ctx context.Context, zone providers.Zone, changes []providers.Change) []providers.Result {
	results := make([]providers.Result, len(changes))
	id, err := a.zoneID(ctx, &zone)
	if err != nil {
		for i := range results {
			results[i].Err = err
		}
		return results
	}
	zone.ID, zone.Name = id, providers.CanonicalName(zone.Name)
	w := &writer{account: a, zone: zone, op: opApply + zone.Name, changes: changes, results: results}
	items := w.prepare(ctx)
	for len(items) > 0 {
		n := min(len(items), batchLimit)
		w.send(ctx, items[:n], 0)
		items = items[n:]
	}
	return results
}

// writer is one Apply under way.
type writer struct {
	account *Account
	zone    providers.Zone
	op      string
	changes []providers.Change
	results []providers.Result
}

func (w *writer) refuse(i int, kind providers.Kind, err error) {
	w.results[i].Err = &providers.Error{Kind: kind, Source: w.account.name, Op: w.op, Err: fmt.Errorf("%s: %w", describe(&w.changes[i]), err)}
}

func describe(c *providers.Change) string {
	r := c.Record()
	return string(c.Op) + " " + clean(r.Name) + " " + clean(r.Type) + " " + clean(r.Value)
}

// prepare checks every change against what the zone holds now, and gives those
// that have something to send.
func (w *writer) prepare(ctx context.Context) []item {
	current, err := w.current(ctx)
	var items []item
	for i := range w.changes {
		c := &w.changes[i]
		switch c.Op {
		case providers.OpCreate:
			body, bodyErr := postBody(&c.After, w.zone.Name)
			if bodyErr != nil {
				w.refuse(i, providers.KindInvalid, bodyErr)
				continue
			}
			items = append(items, item{i: i, op: c.Op, body: body, want: c.After})
		case providers.OpDelete, providers.OpUpdate:
			if c.Before.ID == "" {
				w.refuse(i, providers.KindInvalid, errors.New("the record that it starts from has no id"))
				continue
			}
			if err != nil {
				w.results[i].Err = err
				continue
			}
			if it, ok := w.compare(ctx, i, current[c.Before.ID]); ok {
				items = append(items, it)
			}
		default:
			w.refuse(i, providers.KindInvalid, fmt.Errorf("unknown operation %q", c.Op))
		}
	}
	return items
}

// current reads the records again that deletes and updates start from. A
// record that is not there any more is not in the map.
func (w *writer) current(ctx context.Context) (map[string]*providers.Record, error) {
	wanted := map[string]bool{}
	for i := range w.changes {
		if id := w.changes[i].Before.ID; w.changes[i].Op != providers.OpCreate && id != "" {
			wanted[id] = true
		}
	}
	out := make(map[string]*providers.Record, len(wanted))
	if len(wanted) > getEachUpTo {
		_, err := w.account.recordPages(ctx, &w.zone, nil, func(page []providers.Record) {
			for i := range page {
				if wanted[page[i].ID] {
					out[page[i].ID] = &page[i]
				}
			}
		})
		return out, err
	}
	for id := range wanted {
		r, err := w.account.get(ctx, &w.zone, id)
		if hasCode(err, codeNoRecord) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out[id] = r
	}
	return out, nil
}

// get reads one record by its id.
func (a *Account) get(ctx context.Context, zone *providers.Zone, id string) (*providers.Record, error) {
	op := "read record " + clean(id) + " of " + zone.Name
	var q dns.RecordGetParams
	set(&q.ZoneID.Value, &q.ZoneID.Present, zone.ID)
	env, err := a.read(ctx, op, func(ctx context.Context, opts ...option.RequestOption) error {
		_, err := a.records.Get(ctx, id, q, opts...)
		return err
	})
	if err != nil {
		return nil, err
	}
	var wire wireRecord
	if err := json.Unmarshal(env.Result, &wire); err != nil || wire.ID != id {
		return nil, a.incomplete(op, "the answer is not about this record")
	}
	r, err := wire.decode(zone.Name)
	if err != nil {
		return nil, a.incomplete(op, "%w", err)
	}
	return &r, nil
}

// compare holds a delete or an update against the present reading of its
// record, nil when there is none. It reports whether there is something to send.
func (w *writer) compare(ctx context.Context, i int, now *providers.Record) (item, bool) {
	c := &w.changes[i]
	if now == nil {
		w.missing(ctx, i)
		return item{}, false
	}
	same := sameRow(&c.Before, now)
	if c.Op == providers.OpDelete {
		if !same {
			w.refuse(i, providers.KindConflict, errors.New(difference(&c.Before, now)))
			return item{}, false
		}
		return item{i: i, op: c.Op, id: c.Before.ID}, true
	}
	want, err := target(&c.Before, &c.After, w.zone.Name)
	if err != nil {
		w.refuse(i, providers.KindInvalid, err)
		return item{}, false
	}
	body, err := patchBody(now, want)
	switch {
	case err != nil:
		w.refuse(i, providers.KindInvalid, err)
	case len(body) == 0:
		w.results[i] = providers.Result{Record: *now, Already: true}
	case !same:
		w.refuse(i, providers.KindConflict, errors.New(difference(&c.Before, now)))
	default: // now is what was read: the body holds what the update changes, and no more
		body["id"] = c.Before.ID
		return item{i: i, op: c.Op, id: c.Before.ID, body: body, want: *want}, true
	}
	return item{}, false
}

// missing settles a change whose record is not there any more. A delete is
// done then, unless the same value stands there again as another object.
func (w *writer) missing(ctx context.Context, i int) {
	c := &w.changes[i]
	if c.Op == providers.OpUpdate {
		w.refuse(i, providers.KindConflict, errors.New("the record is not there any more"))
		return
	}
	again, err := w.sameValue(ctx, &c.Before)
	switch {
	case err != nil:
		w.results[i].Err = err
	case again != nil:
		w.refuse(i, providers.KindConflict, errors.New("the record was made anew since it was read"))
	default:
		w.results[i].Already = true
	}
}

// sameValue looks for the record of the same name, type and value; nil when there is none.
func (w *writer) sameValue(ctx context.Context, r *providers.Record) (*providers.Record, error) {
	rows, err := w.account.named(ctx, &w.zone, providers.CanonicalName(r.Name), r.Type)
	if err != nil {
		return nil, err
	}
	if i := indexValue(rows, r); i >= 0 {
		return &rows[i], nil
	}
	return nil, nil
}

func indexValue(rows []providers.Record, r *providers.Record) int {
	want := providers.FoldValue(r.Type, r.Value)
	return slices.IndexFunc(rows, func(have providers.Record) bool { return providers.FoldValue(r.Type, have.Value) == want })
}

// send carries out items in one batch, and in smaller ones when it is refused.
func (w *writer) send(ctx context.Context, items []item, resent int) {
	reply, err := w.batch(ctx, items)
	if err == nil {
		err = w.settle(items, reply)
	}
	if err == nil {
		return
	}
	switch k := providers.KindOf(err); {
	case k == providers.KindIncomplete || (k == providers.KindUnreachable || k == providers.KindOther) && !budget.NotSent(err):
		w.lost(ctx, items, resent, err)
	case hasCode(err, codeRoute, codeRouteID): // the zone itself is unknown
		w.all(items, err)
	case (k == providers.KindInvalid || k == providers.KindConflict || k == providers.KindNotFound || k == providers.KindLimit) && len(items) > 1:
		if hasCode(err, codeIdentical, codeExists) {
			if left := w.withoutDuplicates(ctx, items); len(left) < len(items) {
				if len(left) > 0 {
					w.send(ctx, left, resent)
				}
				return
			}
		}
		half := len(items) / 2
		w.send(ctx, items[:half], resent)
		w.send(ctx, items[half:], resent)
	case len(items) == 1:
		w.blame(ctx, items[0], err)
	default: // not done, and not to blame on one of them: credentials, a throttle, no connection
		w.all(items, err)
	}
}

func (w *writer) all(items []item, err error) {
	for _, it := range items {
		w.results[it.i].Err = err
	}
}

// withoutDuplicates settles the adds of a refused batch whose values are there
// already, and gives the other items. A whole service that registers again
// costs a reading for each name then, not two calls for each node.
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
				w.results[it.i].Err = err
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

// blame settles a change that was refused on its own.
func (w *writer) blame(ctx context.Context, it item, err error) {
	switch {
	case it.op == providers.OpCreate && hasCode(err, codeIdentical, codeExists):
		w.duplicate(ctx, it, err)
	case it.op == providers.OpDelete && hasCode(err, codeNoRecord):
		w.missing(ctx, it.i)
	case hasCode(err, codeNoRecord):
		w.refuse(it.i, providers.KindConflict, errors.New("the record is not there any more"))
	default:
		w.results[it.i].Err = err
	}
}

// duplicate settles an add of a value that is there already: done when it has
// the same owner, a conflict when it is somebody else's.
func (w *writer) duplicate(ctx context.Context, it item, cause error) {
	there, err := w.sameValue(ctx, &it.want)
	switch {
	case err != nil:
		w.results[it.i].Err = err
	case there == nil:
		w.results[it.i].Err = cause
	default:
		w.present(it, there)
	}
}

func (w *writer) present(it item, there *providers.Record) {
	if !sameOwner(there, &it.want) {
		w.refuse(it.i, providers.KindConflict, fmt.Errorf("the value is there already, with the comment %q", clean(there.Comment)))
		return
	}
	w.results[it.i] = providers.Result{Record: *there, Already: true}
}

func sameOwner(a, b *providers.Record) bool {
	if len(a.Owners) != len(b.Owners) || len(a.BadMarkers) > 0 {
		return false
	}
	return len(a.Owners) == 0 || a.Owners[0].Same(b.Owners[0])
}

// lost settles changes whose reply did not arrive.
func (w *writer) lost(ctx context.Context, items []item, resent int, cause error) {
	var again []item
	for _, it := range items {
		var there *providers.Record
		var err error
		switch it.op {
		case providers.OpCreate:
			there, err = w.sameValue(ctx, &it.want)
			if err == nil && there == nil && resent < resendLimit {
				again = append(again, it)
				continue
			}
			if err == nil && there != nil && !sameOwner(there, &it.want) {
				w.refuse(it.i, providers.KindConflict, fmt.Errorf("the value is there already, with the comment %q", clean(there.Comment)))
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
		w.results[it.i] = providers.Result{Record: *there}
	}
	if len(again) > 0 {
		w.send(ctx, again, resent+1)
	}
}

// batchReply is the result of a batch; each list is in the order of the request.
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
			body["posts"] = append(body["posts"], maps.Clone(it.body))
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
		// A delete or an update that had to wait would act on a reading that has aged.
		env, err = w.account.once(ctx, w.op, call)
	}
	if err != nil {
		return nil, err
	}
	var reply batchReply
	if err := json.Unmarshal(env.Result, &reply); err != nil {
		return nil, w.account.incomplete(w.op, "an answer that cannot be read: %s", clean(err.Error()))
	}
	return &reply, nil
}

// addsOnly tries a batch of adds again when it has surely not been done.
func (w *writer) addsOnly(ctx context.Context, call sdkCall) (*envelope, error) {
	var env *envelope
	var last error
	err := w.account.budget.Retry(ctx, func(ctx context.Context) error {
		env, last = w.account.once(ctx, w.op, call)
		if providers.KindOf(last) == providers.KindThrottled || budget.NotSent(last) {
			return last
		}
		return nil // done, refused for good, or uncertain
	})
	if err != nil {
		return nil, err
	}
	return env, last
}

// settle reads the results of a batch that was carried out.
func (w *writer) settle(items []item, reply *batchReply) error {
	posts, patches, deletes := reply.Posts, reply.Patches, reply.Deletes
	take := func(list *[]wireRecord) (*wireRecord, error) {
		if len(*list) == 0 {
			return nil, w.account.incomplete(w.op, "the answer leaves changes out")
		}
		first := &(*list)[0]
		*list = (*list)[1:]
		return first, nil
	}
	out := make([]providers.Record, len(items))
	for n, it := range items {
		list := &posts
		switch it.op {
		case providers.OpDelete:
			list = &deletes
		case providers.OpUpdate:
			list = &patches
		}
		wire, err := take(list)
		if err != nil {
			return err
		}
		if it.op == providers.OpDelete {
			continue
		}
		r, err := wire.decode(w.zone.Name)
		if err != nil {
			return w.account.incomplete(w.op, "%w", err)
		}
		if !providers.SameName(r.Name, it.want.Name) || r.Type != it.want.Type || (it.id != "" && it.id != r.ID) {
			return w.account.incomplete(w.op, "the answer is about another record")
		}
		out[n] = r
	}
	for n, it := range items {
		w.results[it.i] = providers.Result{Record: out[n]}
	}
	return nil
}
