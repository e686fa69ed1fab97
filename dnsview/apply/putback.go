package apply

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// mayPutBack reports whether a change names its record by the provider's id, so that it is applied to the record in any
// state.
func mayPutBack(c *providers.Change) bool { return c.Op != providers.OpCreate && c.Before.ID != "" }

// notTakenOver returns nil if no other machine has the address of a deleted record. It is checked when the answer with
// the deleted record was lost: a node with that address may have taken over the record between the last read and the
// delete, and would now be missing from DNS.
func (e *Engine) notTakenOver(ctx context.Context, t *ZoneTarget, c *providers.Change) error {
	if c.Op != providers.OpDelete {
		return nil
	}
	addrs, err := leadsTo(ctx, t, &c.Before)
	if err != nil {
		return fmt.Errorf("whose it was when it went cannot be told: %w", err)
	}
	own, _ := c.Before.Owner()
	names := e.cloudNames()
	if len(addrs) == 0 || len(names) == 0 {
		return nil
	}
	s := e.o.Sources.Recent(ctx, 0, names...)
	for i := range s.Clouds {
		v := &s.Clouds[i]
		if !slices.Contains(names, v.Cloud.Name) {
			continue
		}
		if !v.Coverage.Complete() {
			return fmt.Errorf("whose it was when it went cannot be told: the answer was lost, and %s does not say which node has the address: %w", v.Cloud.Name, orNotComplete(v.Coverage.Err))
		}
		for n := range v.Instances {
			if x := &v.Instances[n]; !x.State.Dead() && x.ID != own.Instance && slices.ContainsFunc(addrs, x.HasAddress) {
				return takenOver(x.ID, v.Cloud.Name)
			}
		}
		for n := range v.Addresses {
			if x := &v.Addresses[n]; x.Instance != "" && x.Instance != own.Instance && slices.Contains(addrs, x.IP) {
				return takenOver(x.Instance, v.Cloud.Name)
			}
		}
	}
	return nil
}

func takenOver(id, cloud string) error {
	return fmt.Errorf("the answer that says what was deleted was lost, and %s in %s has the address: it may have made the record its own just before. Look at the name, and register %s if it is missing", id, cloud, id)
}

// leadsTo returns the addresses that a record leads to.
func leadsTo(ctx context.Context, t *ZoneTarget, r *providers.Record) (out []netip.Addr, err error) {
	if a, ok := r.Addr(); ok {
		return []netip.Addr{a}, nil
	}
	srv, ok := providers.ParseSRV(r.Value)
	if r.Type != "SRV" || !ok || !providers.InZone(srv.Target, t.Zone.Name) {
		return nil, nil
	}
	found, err := t.DNS.Lookup(ctx, t.Zone, srv.Target, "")
	for i := range found {
		if a, ok := found[i].Addr(); ok {
			out = append(out, a)
		}
	}
	return out, err
}

// putBack is the outcome of restoring a record.
type putBack struct {
	now *providers.Record
	err error // it was not restored, and is retried later
	why string
}

// putBack restores what a stopped rollcall has overwritten and noted in the journal. A value that any writer has
// restored counts as done.
func (e *Engine) putBack(ctx context.Context, t *ZoneTarget, en *journal.Entry) *putBack {
	ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
	defer cancel()
	was := en.PutBack
	found, err := t.DNS.Lookup(ctx, t.Zone, was.Name, was.Type)
	if err != nil {
		return &putBack{err: err}
	}
	back := providers.Change{Op: providers.OpCreate, After: *was}
	if en.Change.Op == providers.OpUpdate {
		at := slices.IndexFunc(found, func(r providers.Record) bool { return r.ID == was.ID })
		if at < 0 || !updatedBy(&found[at], en.Change) {
			return &putBack{why: "it is not as the change has left it any more, so it was left alone"}
		}
		back = providers.Change{Op: providers.OpUpdate, Before: found[at], After: *was}
	} else if r, n := index.Find(found, &back); n > 0 {
		return &putBack{now: r, why: "the value is there again"}
	}
	res := providers.Result{Err: errors.New("the adapter gave no result")}
	if all := providers.Apply(ctx, t.DNS, t.Zone, []providers.Change{back}); len(all) == 1 {
		res = all[0]
	}
	if res.Err != nil {
		return &putBack{err: res.Err}
	}
	return &putBack{now: &res.Record, why: "it was put back now"}
}

// updatedBy reports whether a record still has the fields that an update set.
func updatedBy(now *providers.Record, c *providers.Change) bool {
	b, a := &c.Before, &c.After
	return (b.TTL == a.TTL || now.TTL == a.TTL) && (b.Proxied == a.Proxied || now.Proxied == a.Proxied) &&
		(b.Value == a.Value || providers.FoldValue(now.Type, now.Value) == providers.FoldValue(a.Type, a.Value)) &&
		(slices.Equal(b.Owners, a.Owners) || len(a.Owners) == len(now.Owners) && (len(a.Owners) == 0 || now.Owners[0].Bare() == a.Owners[0].Bare()))
}

// journalOutcome returns the outcome of the entry: the change is not made, and what it had overwritten is restored.
func (p *putBack) journalOutcome(o journal.Outcome) journal.Outcome {
	o.State, o.Result = journal.Failed, nil
	o.Error = "another writer changed the record between its last reading and the change"
	o.Note = "what it was is put back: " + p.why
	if p.err != nil {
		o.State = journal.Unknown
		o.Note = "what it was COULD NOT BE PUT BACK, and is tried again: " + index.Clean(p.err.Error())
	}
	return o
}
