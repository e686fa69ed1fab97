package apply

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// The pauses of RetryingDNS between two tries: the limit of the first, its growth with each try, and the largest. Of
// several concurrent writers one always succeeds, so longer pauses only save calls. If reading and writing is slow,
// pauses are longer, because calls are then expensive.
const (
	firstPause  = 100 * time.Millisecond
	growth      = 3
	maxPause    = 3 * time.Second
	pauseFactor = 16
	longest     = 10 * time.Second
	// maxTries limits the tries of one change; a deadline usually comes first.
	maxTries = 60
)

// RetryingDNS retries changes of single hosts. When many hosts join and leave one record set at once, their batches
// conflict, replies are lost, and the account's rate is used up. After a failed try RetryingDNS reads the record again.
// If the record is as the change expects it, the change is retried after a pause with jitter. If it is as the change
// makes it, the change is done, and LookedUp if a reply was lost. If it was changed otherwise, the error is a conflict,
// and final. RetryingDNS stops when its context ends.
//
// Use it only for changes that depend on nothing but the record. A delete that depends on the state of a cloud must not
// be retried without querying the cloud.
type RetryingDNS struct {
	DNS providers.RecordGetter // a providers.Changer if it takes changes
	// LockZone, if not nil, waits until no other process of this machine writes to a zone and returns the function to
	// unlock it, so that processes of one machine do not make each other's batches fail.
	LockZone func(ctx context.Context, zone providers.Zone) (end func())
}

// Lookup reads a name. It retries if the account throttles or does not answer.
func (p *RetryingDNS) Lookup(ctx context.Context, zone providers.Zone, name, typ string) ([]providers.Record, error) {
	var rows []providers.Record
	err := p.Ask(ctx, func() (err error) {
		rows, err = p.DNS.Lookup(ctx, zone, name, typ)
		return err
	})
	return rows, err
}

// Records lists a zone if the account can; see providers.RecordLister.
func (p *RetryingDNS) Records(ctx context.Context, zone providers.Zone, page func([]providers.Record)) providers.Coverage {
	if l, ok := p.DNS.(providers.RecordLister); ok {
		return l.Records(ctx, zone, page)
	}
	return providers.Coverage{}
}

// Ask calls question, and repeats it while it fails because the account throttles or does not answer.
func (p *RetryingDNS) Ask(ctx context.Context, question func() error) error {
	for try := 1; ; try++ {
		if err := question(); err == nil || !passes(err) || try >= maxTries || !p.pause(ctx, try, 0, err) {
			return err
		}
	}
}

// passes reports whether another try may succeed after an error.
func passes(err error) bool {
	switch providers.KindOf(err) {
	case providers.KindThrottled, providers.KindUnreachable, providers.KindIncomplete, providers.KindOther:
		return true
	}
	return false
}

// pause waits before another try. It returns false if there is no time left. took is the duration of the last try.
func (p *RetryingDNS) pause(ctx context.Context, try int, took time.Duration, err error) bool {
	bound, most := min(max(firstPause, took), time.Second), min(max(maxPause, pauseFactor*took), longest)
	for range try - 1 {
		bound = min(growth*bound, most)
	}
	d := max(time.Millisecond, rand.N(bound)) + providers.RetryAfter(err)
	if until, ok := ctx.Deadline(); ok && time.Until(until) <= d {
		return false
	}
	return providers.Sleep(ctx, d) == nil
}

// Apply implements providers.Changer.
func (p *RetryingDNS) Apply(ctx context.Context, zone providers.Zone, changes []providers.Change) []providers.Result {
	results := make([]providers.Result, len(changes))
	now := make([]providers.Change, len(changes))
	copy(now, changes)
	sent := make([]bool, len(changes)) // a try may have been carried out
	left := make([]int, len(changes))
	for i := range left {
		left[i] = i
	}
	for try := 1; ; try++ {
		began := time.Now()
		for n, r := range p.once(ctx, zone, now, left) {
			results[left[n]] = r
		}
		took := time.Since(began)
		var again []int
		var last error
		for _, i := range left {
			r := &results[i]
			if r.Err == nil {
				r.Already = r.Already && !sent[i]
				continue
			}
			kind, open := providers.KindOf(r.Err), mayStillSucceed(r.Err)
			sent[i] = sent[i] || kind.MayHaveHappened()
			if sent[i] && kind.Inconclusive() && !kind.MayHaveHappened() { // an earlier try may have been made, of which this one says nothing
				r.Err = withKind(r.Err, providers.KindUncertain)
			}
			if !open {
				continue
			}
			if p.reconcile(ctx, zone, &now[i], r, sent[i]) {
				again = append(again, i)
				last = r.Err
			}
		}
		if len(again) == 0 || try >= maxTries || !p.pause(ctx, try, took, last) {
			return results
		}
		left = again
	}
}

func (p *RetryingDNS) once(ctx context.Context, zone providers.Zone, changes []providers.Change, which []int) []providers.Result {
	some := make([]providers.Change, len(which))
	for n, i := range which {
		some[n] = changes[i]
	}
	if p.LockZone != nil {
		defer p.LockZone(ctx, zone)()
	}
	out := providers.Apply(ctx, p.DNS, zone, some)
	for len(out) < len(some) {
		out = append(out, providers.Result{Err: providers.Errorf(providers.KindUncertain, "change records", "the adapter gave no result")})
	}
	return out[:len(some)]
}

// mayStillSucceed reports whether a failed change may still succeed.
func mayStillSucceed(err error) bool {
	return passes(err) || providers.KindOf(err) == providers.KindUncertain || providers.KindOf(err) == providers.KindConflict
}

// reconcile looks up the outcome of a change. It reports whether to retry; otherwise r has the outcome.
func (p *RetryingDNS) reconcile(ctx context.Context, zone providers.Zone, c *providers.Change, r *providers.Result, sent bool) bool {
	rec := c.Record()
	rows, err := p.Lookup(ctx, zone, rec.Name, rec.Type)
	if err != nil {
		return false // r keeps its error; the caller looks up the outcome
	}
	if c.Op != providers.OpCreate {
		if found, n := index.Find(rows, c); n == 1 && index.Difference(&c.Before, found) == "" {
			c.Before = *found
			return true
		} else if n == 0 && c.Op == providers.OpDelete && marked(ctx, p.Lookup, zone, c) == nil {
			*r = providers.Result{Already: !sent, LookedUp: sent, Ticket: r.Ticket}
			return false
		}
	}
	if c.Op == providers.OpDelete {
		r.Err = withKind(r.Err, providers.KindConflict) // another writer preceded it
		return false
	}
	made := providers.Change{Op: providers.OpCreate, After: c.After}
	made.After.ID = ""
	found, n := index.Find(rows, &made)
	switch {
	case n == 0 && c.Op == providers.OpCreate:
		return true
	case n > 0 && found.SameOwners(&c.After):
		*r = providers.Result{Record: *found, Already: !sent, LookedUp: sent, Ticket: r.Ticket}
	default:
		r.Err = withKind(r.Err, providers.KindConflict) // another writer preceded it
	}
	return false
}

// withKind returns an error of a provider with another kind.
func withKind(err error, kind providers.Kind) error {
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		return err
	}
	c := *e
	c.Kind = kind
	return &c
}
