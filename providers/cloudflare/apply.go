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
)

const (
	batchLimit  = 200 // changes in one batch: the limit of Cloudflare's smallest plan
	getEachUpTo = 10  // records read again one by one; for more the zone is listed
	batchType   = "application/json"
)

const opApply = "change records of "

// item is one change that is sent, with its index in the results.
type item struct {
	i    int
	op   providers.Op
	id   string         // delete, update
	body map[string]any // create, update
	want providers.Record

	lost bool // a create whose reply was lost: it may have been made, and is sent once more
}

// Apply carries out changes in batches, which Cloudflare executes in one transaction each. Cloudflare has no
// compare-and-swap, so each record that a change starts from is read again just before. A change whose Before differs
// from that reading in any field, including the time of the last change, is KindConflict. In the milliseconds between
// reading and batch another writer can still change the record. The batch's answer shows what was deleted and what an
// update left. If that differs from the reading, Apply restores the record as the other writer had left it, and returns
// KindConflict with that record in PutBack; see providers.WithPutBack.
//
// A refused batch is split until the changes that caused it are isolated; all others are made. A delete and a create of
// one name stay in one batch, or the create comes first, and the delete only if that is made. After a lost reply
// creates are looked up and sent again, updates are looked up, and deletes are KindUncertain.
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
	(&writer{account: a, zone: zone, op: opApply + zone.Name, changes: changes, results: results}).carryOut(ctx)
	return results
}

type writer struct {
	account *Account
	zone    providers.Zone
	op      string
	changes []providers.Change
	results []providers.Result

	isRestore bool // it restores what another writer run has overwritten
}

// carryOut carries out the changes and sets the results.
func (w *writer) carryOut(ctx context.Context) {
	if items := w.prepare(ctx); len(items) > 0 {
		w.send(ctx, items)
	}
}

func (w *writer) refuse(i int, kind providers.Kind, err error) {
	w.results[i].Err = &providers.Error{Kind: kind, Source: w.account.name, Op: w.op, Err: fmt.Errorf("%s: %w", describe(&w.changes[i]), err)}
}

func describe(c *providers.Change) string {
	r := c.Record()
	return string(c.Op) + " " + providers.Brief(r.Name) + " " + providers.Brief(r.Type) + " " + providers.Brief(r.Value)
}

// prepare compares every change with the zone and returns those that have to be sent.
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

// current reads the records that deletes and updates start from. Records that no longer exist are not in the map.
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
	op := "read record " + providers.Brief(id) + " of " + zone.Name
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

// HasRecord implements providers.RecordFinder.
func (a *Account) HasRecord(ctx context.Context, zone providers.Zone, r providers.Record) (bool, error) {
	if r.ID == "" {
		return false, &providers.Error{Kind: providers.KindInvalid, Source: a.name, Op: "read a record", Err: errors.New("it has no id")}
	}
	id, err := a.zoneID(ctx, &zone)
	if err != nil {
		return false, err
	}
	zone.ID = id
	now, err := a.get(ctx, &zone, r.ID)
	if hasCode(err, codeNoRecord) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return providers.SameName(now.Name, r.Name) && now.Type == r.Type && providers.FoldValue(now.Type, now.Value) == providers.FoldValue(r.Type, r.Value), nil
}

// compare checks a delete or an update against the current record, which is nil if it does not exist. It reports
// whether the change has to be sent.
func (w *writer) compare(ctx context.Context, i int, now *providers.Record) (item, bool) {
	c := &w.changes[i]
	if now == nil {
		w.recordMissing(ctx, i)
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
	default: // now is as read: the body holds only the fields that the update changes
		body["id"] = c.Before.ID
		return item{i: i, op: c.Op, id: c.Before.ID, body: body, want: *want}, true
	}
	return item{}, false
}

// recordMissing sets the result of a change whose record does not exist. A delete is done, unless the same value exists as
// another object.
func (w *writer) recordMissing(ctx context.Context, i int) {
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

// sameValue returns the record of the same name, type and value, or nil.
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
