package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// An API whose reads lag behind its writes reports a record that was just deleted as present, and one that was just
// created as missing. So "already" is believed only if the name servers confirm it, or if a second read confirms it
// after the provider's propagation time.

const (
	confirmPause = time.Second     // between two queries to the name servers
	confirmReads = 5 * time.Second // between two reads of a name
)

// errNotMade means that a change reported as already made is not made.
var errNotMade = errors.New("it is not so")

// errGoneSince means that a value was marked as quiesced, as reported, and that another writer has taken it out since.
var errGoneSince = errors.New("it was so, and is gone since")

// errNotServed means that the name servers contradict an "already" of the API even after the propagation time.
var errNotServed = errors.New("the API says so, and the name servers answer otherwise")

// unconfirmed means that a change was reported as already made, which could not be confirmed.
type unconfirmed struct{ err error }

func (u *unconfirmed) Error() string {
	return "it is said to be so already, and that could not be confirmed: " + u.err.Error()
}

func (u *unconfirmed) Unwrap() error { return u.err }

// applyConfirmed carries out changes and confirms those that are reported as already made. A change that proves not
// made is written only after its guards have passed again, because another writer may have reverted it on purpose. A
// change that cannot be confirmed has an *unconfirmed error. notePutBack is as in providers.WithPutBack, with the index
// of the change.
func (r *run) applyConfirmed(ctx context.Context, t *ZoneTarget, ready []readyChange, changes []providers.Change, notePutBack func(n int, was providers.Record) error) []providers.Result {
	results := make([]providers.Result, len(changes))
	said := slices.Clone(changes)
	apply := func(which []int) (already []int) {
		some := make([]providers.Change, len(which))
		for n, i := range which {
			some[n] = changes[i]
		}
		noting := providers.WithPutBack(ctx, func(n int, was providers.Record) error { return notePutBack(which[n], was) })
		out := providers.Apply(noting, t.DNS, t.Zone, some)
		for n, i := range which {
			results[i] = providers.Result{Err: providers.Errorf(providers.KindUncertain, "change records", "the adapter gave no result")}
			if n < len(out) {
				results[i] = out[n]
			}
			if results[i].Err != nil || !results[i].Already && !results[i].LookedUp {
				continue
			}
			already = append(already, i)
			if changes[i].Op == providers.OpUpdate { // a provider may have fields that it cannot change
				said[i].After = results[i].Record
			}
		}
		return already
	}
	all := make([]int, len(changes))
	for i := range all {
		all[i] = i
	}
	unsure := r.confirmMade(ctx, t, said, apply(all), func(not []int) (already []int) {
		steps := make([]int, len(not))
		for n, i := range not {
			steps[n] = ready[i].step
		}
		var pass []int
		r.forgetAnswers()
		for n, a := range r.askGuards(ctx, steps, nil, false) {
			switch i := not[n]; {
			case a.already:
				already = append(already, i)
			case a.pass:
				changes[i] = a.change
				pass = append(pass, i)
			case results[i].LookedUp: // another writer may have turned it back
				results[i].Err = &unconfirmed{fmt.Errorf("it is not so any more, and must not be made again: %s", failing(a.guards))}
			default:
				results[i] = providers.Result{Err: providers.Errorf(providers.KindConflict, "change records", "it was said to be made already, is not, and must not be made: %s", failing(a.guards))}
			}
		}
		if len(pass) > 0 {
			already = append(already, apply(pass)...)
		}
		return already
	})
	for i, err := range unsure {
		results[i].Err = &unconfirmed{err}
	}
	return results
}

// confirmMade confirms changes that are reported as already made. It queries the name servers repeatedly, and the zone
// every few seconds. It passes those that prove not made to again, which returns those that are still reported as made.
// A read after the propagation time that says the same is believed. It returns an error for each unconfirmed change.
func (r *run) confirmMade(ctx context.Context, t *ZoneTarget, changes []providers.Change, open []int, again func(not []int) []int) map[int]error {
	e := r.engine
	unsure := map[int]error{}
	entries, _ := r.entries() // with an unreadable journal the changes were refused before
	began := e.o.Now()
	deadline, readAt := began.Add(providers.Propagation), began.Add(confirmReads)
	for announced := false; ; announced = true {
		not, unknown := r.notOnWire(ctx, t, changes, open, entries)
		last := !e.o.Now().Before(deadline)
		var contradicted []int // by the name servers, until the end
		if last {
			not, unknown, contradicted = nil, slices.Concat(not, unknown), not
		}
		due := last || !e.o.Now().Before(readAt)
		if due {
			readAt = e.o.Now().Add(confirmReads)
			unknown = slices.DeleteFunc(unknown, func(i int) bool {
				err := r.readAgain(ctx, t, &changes[i])
				switch {
				case errors.Is(err, errGoneSince):
					return true
				case errors.Is(err, errNotMade):
					not = append(not, i)
				case last && err != nil:
					unsure[i] = err
				case slices.Contains(contradicted, i):
					unsure[i] = errNotServed
				}
				return last || errors.Is(err, errNotMade)
			})
		}
		if len(not)+len(unknown) == 0 {
			return unsure
		}
		if !announced {
			r.emit(Event{Kind: EventWire, Text: fmt.Sprintf("%s of %s said to be made already: making sure of it, for up to %s", providers.CountOf(len(not)+len(unknown), "change"), index.Clean(t.Zone.Name), seconds(deadline.Sub(e.o.Now())))})
		}
		if !last {
			if err := e.o.Sleep(ctx, confirmPause); err != nil {
				for _, i := range slices.Concat(not, unknown) {
					unsure[i] = errors.New("the run was stopped before that")
				}
				return unsure
			}
		}
		if open = unknown; due && again != nil {
			// What lagging reads cannot explain was reverted by another writer, possibly on purpose.
			explained := slices.DeleteFunc(slices.Clone(not), func(i int) bool { return r.opposite(t, &changes[i], entries) == nil })
			not = slices.DeleteFunc(not, func(i int) bool { return slices.Contains(explained, i) })
			if len(explained) > 0 {
				not = append(not, again(explained)...)
			}
		}
		if last {
			for _, i := range not {
				unsure[i] = errNotMade
			}
			return unsure
		}
		open = slices.Concat(open, not)
	}
}

// notOnWire asks the name servers about changes, and returns those that are not made and those that are undecided.
func (r *run) notOnWire(ctx context.Context, t *ZoneTarget, changes []providers.Change, open []int, entries []journal.Entry) (not, unknown []int) {
	states := make([]index.Outcome, len(open))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for n, i := range open {
		g.Go(func() error {
			states[n] = r.madeOnWire(ctx, t, &changes[i], entries)
			return nil
		})
	}
	_ = g.Wait() // a failed query is an outcome
	for n, i := range open {
		switch states[n] {
		case index.Made:
		case index.NotMade:
			not = append(not, i)
		default:
			unknown = append(unknown, i)
		}
	}
	return not, unknown
}

// madeOnWire asks the name servers whether a change is made. It is undecided for a proxied name, for a change that
// they do not show, and for one whose opposite this journal has just made and that may still be propagating.
func (r *run) madeOnWire(ctx context.Context, t *ZoneTarget, c *providers.Change, entries []journal.Entry) index.Outcome {
	rec := c.Record()
	if rec.Proxied || c.After.Proxied || keepsValue(c) {
		return index.CannotTell
	}
	if r.mayBePropagating(ctx, t, c, entries) {
		return index.CannotTell
	}
	k := index.SetKeyOf(&rec)
	k.Zone = t.Zone.Name
	switch s := r.onWire(ctx, k, wanted([]providers.Change{*c}), &rec); {
	case len(s.contradicting) > 0:
		return index.NotMade
	case s.agreeing > 0:
		return index.Made
	}
	return index.CannotTell
}

// keepsValue reports whether a change is an update that name servers do not show, as that of a marker.
func keepsValue(c *providers.Change) bool {
	return c.Op == providers.OpUpdate && providers.FoldValue(c.Before.Type, c.Before.Value) == providers.FoldValue(c.After.Type, c.After.Value)
}

// opposite returns the last change of the record in the journal if it is the opposite of c and younger than twice the
// propagation time, so that lagging reads explain why c is reported as made. Otherwise it returns nil.
func (r *run) opposite(t *ZoneTarget, c *providers.Change, entries []journal.Entry) *journal.Entry {
	want := wanted([]providers.Change{*c})
	rec := c.Record()
	var last *journal.Entry
	for n := range entries {
		en := &entries[n]
		if en.Change == nil || en.State != journal.Done || en.Already || keepsValue(en.Change) {
			continue
		}
		if of := en.Change.Record(); of.Name != rec.Name || of.Type != rec.Type || !providers.SameName(of.Zone, t.Zone.Name) {
			continue
		}
		for v, there := range wanted([]providers.Change{*en.Change}) {
			if w, about := want[v]; about {
				if last = nil; w != there {
					last = en
				}
			}
		}
	}
	if last == nil || r.engine.o.Now().Sub(last.Ended) >= 2*providers.Propagation {
		return nil
	}
	return last
}

// mayBePropagating reports whether the opposite of a change was just made here and may not have reached the name
// servers.
func (r *run) mayBePropagating(ctx context.Context, t *ZoneTarget, c *providers.Change, entries []journal.Entry) bool {
	last := r.opposite(t, c, entries)
	if last == nil || r.engine.o.Now().Sub(last.Ended) >= providers.Propagation {
		return false
	}
	p, ok := t.DNS.(providers.Propagator)
	if !ok || last.Ticket == "" {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, r.engine.o.Timeout)
	defer cancel()
	reached, err := p.Propagated(ctx, last.Ticket)
	return err != nil || !reached
}

// readAgain reads the name of a change again. It returns errNotMade if the change is not made, and errGoneSince if it was
// and its value is gone since.
func (r *run) readAgain(ctx context.Context, t *ZoneTarget, c *providers.Change) error {
	rec := c.Record()
	ctx, cancel := context.WithTimeout(ctx, r.engine.o.Timeout)
	defer cancel()
	found, err := t.DNS.Lookup(ctx, t.Zone, rec.Name, rec.Type)
	if err != nil {
		return err
	}
	_, n := index.Find(found, c)
	switch c.Op {
	case providers.OpCreate:
		if n == 0 {
			return errNotMade
		}
	case providers.OpDelete:
		if n > 0 {
			return errNotMade
		}
	default:
		switch _, v, why := index.OutcomeOf(found, c); {
		case v == index.Made:
		case v == index.NotMade:
			return errNotMade
		case n == 0 && index.IsQuiesced(&c.After) && absent(t, r.engine.listOnce(ctx, t), c) == nil:
			return errGoneSince
		default:
			return fmt.Errorf("it was read again, and %s", why)
		}
	}
	return nil
}

// endAlready ends steps of one zone that have nothing to do, after confirming this. A step that proves to have
// something to do is carried out.
func (r *run) endAlready(ctx context.Context, zone string, steps []int) {
	changes := make([]providers.Change, len(steps))
	open := make([]int, len(steps))
	for n, i := range steps {
		changes[n], open[n] = *r.rebase(r.plan.Steps[i].Change, false), n
	}
	unsure := r.confirmMade(ctx, r.engine.zone(zone), changes, open, func(not []int) (already []int) {
		place := map[int]int{}
		some := make([]int, len(not))
		for k, n := range not {
			some[k], place[steps[n]] = steps[n], n
		}
		r.forgetAnswers()
		ready, still := r.guarded(ctx, some, nil)
		r.commit(ctx, zone, ready)
		for _, i := range still {
			already = append(already, place[i])
		}
		return already
	})
	for n, i := range steps {
		s := &r.report.Steps[i]
		switch {
		case s.State != "": // carried out, or refused
		case unsure[n] != nil:
			r.end(i, StepUnknown, (&unconfirmed{unsure[n]}).Error())
		default:
			s.Already = true
			why := "it was not there any more"
			if s.Step.Change.Op == providers.OpUpdate {
				why = "it was so already"
			}
			r.end(i, StepDone, why+r.byWhom(s.Step.Change))
		}
	}
}
