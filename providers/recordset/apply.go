package recordset

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"rollcall/providers"
)

const (
	opApply = "change records"
	// maxTries limits the retries of a batch of creates after conflicts. With full jitter up to maxPause, two hundred
	// writers of one record set finish well before.
	maxTries   = 60
	firstPause = 100 * time.Millisecond // upper bound of the first pause; later ones double
	maxPause   = 10 * time.Second
	// pauseFactor is how many times the duration of a try a pause may last, since many writers slow down each try.
	pauseFactor = 64
	// maxIdle limits the retries of requests that were not sent.
	maxIdle = 4
	// patience is how long creates are retried while the account throttles. What removes or changes a value was allowed by
	// evidence that gets older meanwhile, so that it has less.
	patience       = time.Minute
	patienceOthers = 20 * time.Second
)

// Writer carries out the changes of one account. Its fields are set before it is used. It is safe for concurrent use.
type Writer struct {
	Spelling
	Limits Limits
	Clock  providers.Clock

	mu    sync.Mutex
	locks map[string]chan struct{} // zone id -> the right to write there
}

// Apply carries out changes as compare-and-swap. It reads the record sets of the changes, compares each Before with
// them, and sends batches that replace each set exactly as read by the wanted one, markers included.
//
//   - A create into an existing record set keeps the set's TTL and policy, which the result reports. An
//     existing value with the same owner is Already; with another owner, or unmarked where the change has one, it is
//     KindConflict.
//   - A create is KindConflict if a marker says that its owner's value was taken out of DNS, unless its Before is that
//     marker, in whose place it comes.
//   - A delete or update is KindConflict if its Before differs from the zone, or if another writer changed the
//     sets meanwhile. The markers of owners in the After of a delete stay.
//   - An update of TTL or weight changes the whole record set.
//   - Creates are retried after a conflict, throttling or a lost reply. Deletes and updates whose reply was lost
//     are KindUncertain.
//   - If a batch is refused because of one bad change, the others are still carried out.
func (w *Writer) Apply(ctx context.Context, p Provider, zone providers.Zone, changes []providers.Change) []providers.Result {
	r := &run{w: w, p: p, zone: zone, changes: slices.Clone(changes), results: make([]providers.Result, len(changes)), lost: map[int]bool{}, own: map[Key]sharedFields{}}
	var pending []int
	for i := range r.changes {
		if err := r.prepare(&r.changes[i]); err != nil {
			r.failed(i, err)
			continue
		}
		pending = append(pending, i)
	}
	if len(pending) > 0 {
		unlock, err := w.lock(ctx, zone.ID)
		if err != nil {
			r.failAll(pending, &providers.Error{Kind: providers.KindUnreachable, Err: err})
			return r.results
		}
		defer unlock()
		r.commit(ctx, pending)
	}
	return r.results
}

// lock admits one Apply per zone at a time. Two in one process would make each other's batches fail.
func (w *Writer) lock(ctx context.Context, zoneID string) (unlock func(), err error) {
	w.mu.Lock()
	l := w.locks[zoneID]
	if l == nil {
		if w.locks == nil {
			w.locks = map[string]chan struct{}{}
		}
		l = make(chan struct{}, 1)
		w.locks[zoneID] = l
	}
	w.mu.Unlock()
	select {
	case l <- struct{}{}:
		return func() { <-l }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

type run struct {
	w       *Writer
	p       Provider
	zone    providers.Zone
	changes []providers.Change
	results []providers.Result
	lost    map[int]bool         // changes whose reply was lost; they may have been made
	own     map[Key]sharedFields // set-wide fields that this run changed
	took    time.Duration        // duration of the last try, reading and writing

	throttles int       // throttled calls since the last batch that was made
	patient   time.Time // when the retries after them end
}

// commit carries out the changes with these indexes in as few batches as the limits allow.
func (r *run) commit(ctx context.Context, pending []int) {
	conflicts, idle := 0, 0
	for len(pending) > 0 {
		began := r.w.Clock.Now()
		read, err := r.load(ctx, pending)
		if providers.KindOf(err) == providers.KindThrottled {
			again, wait := r.throttled(ctx, pending, err)
			if pending = again; r.w.Clock.Sleep(ctx, wait) != nil {
				r.failAll(pending, err)
				return
			}
			continue
		}
		if err != nil {
			r.failAll(pending, err)
			return
		}
		w := r.newWorkingCopy(read)
		in, later, touched := r.plan(w, pending)
		if len(in) == 0 {
			pending = later
			continue
		}
		if left, held := r.commitSwaps(ctx, w, in, later); held {
			pending = left
			continue
		}
		b := w.batch()
		ticket, err := "", error(nil)
		if len(b) > 0 { // an earlier batch may have made these changes already
			ticket, err = r.p.Send(ctx, b)
		}
		r.took = r.w.Clock.Now().Sub(began)
		if err == nil {
			for _, i := range in {
				r.done(i, w, ticket, false)
			}
			r.remember(w)
			pending, conflicts, idle, r.throttles = later, 0, 0, 0
			continue
		}
		again, wait := r.refused(ctx, in, touched, read, err, &conflicts, &idle)
		pending = append(again, later...)
		slices.Sort(pending)
		if wait > 0 && len(pending) > 0 && r.w.Clock.Sleep(ctx, wait) != nil {
			if providers.KindOf(err) != providers.KindThrottled {
				err = &providers.Error{Kind: providers.KindUnreachable, Err: context.Cause(ctx)}
			}
			r.failAll(pending, err)
			return
		}
	}
}

// remember records the sets whose shared fields this batch changed, so that later batches of the same call do not
// mistake them for another writer's changes.
func (r *run) remember(w *workingCopy) {
	for _, k := range w.order {
		s := w.sets[k]
		if s.orig == nil || len(s.values) == 0 {
			continue
		}
		was, is := fieldsOf(s.orig), fieldsOf(&s.next)
		if _, noted := r.own[k]; !noted && was != is {
			r.own[k] = was
		}
	}
}

// plan applies the changes to the working copy. It returns the changes in the batch, and those that have to wait for a
// later one because it is full. All other changes have their result.
func (r *run) plan(w *workingCopy, pending []int) (in, later []int, touched map[int][]Key) {
	touched = map[int][]Key{}
	full := map[string]bool{} // names whose remaining changes must wait to keep their order
	for _, i := range pending {
		c := &r.changes[i]
		name := Subject(c.Record().Name)
		if full[name] {
			later = append(later, i)
			continue
		}
		keys, already, err := w.try(c)
		switch {
		case errors.Is(err, errNoRoom):
			full[name] = true
			later = append(later, i)
		case err != nil:
			r.failed(i, err)
		case already:
			r.done(i, w, "", true)
		default:
			in = append(in, i)
			touched[i] = keys
		}
	}
	return in, later, touched
}

// load reads the names of the changes.
func (r *run) load(ctx context.Context, which []int) (map[string]Sets, error) {
	var names []string
	for _, i := range which {
		if n := r.subject(i); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return r.p.Load(ctx, names)
}

// done sets the result of a change, with the record from the working copy.
func (r *run) done(i int, w *workingCopy, ticket string, already bool) {
	res := providers.Result{Already: already && !r.lost[i], LookedUp: already && r.lost[i], Ticket: ticket}
	if c := &r.changes[i]; c.Op != providers.OpDelete {
		res.Record = w.record(&c.After)
	}
	r.results[i] = res
}

// record returns a record from the working copy, with owners attached.
func (w *workingCopy) record(want *providers.Record) providers.Record {
	k := keyOf(want)
	if s := w.sets[k]; s != nil {
		if set := s.wanted(); set != nil {
			if i := w.find(k, want.Value); i >= 0 {
				r := w.spell.Rows(w.zone, set)[i]
				r.Owners = w.owners(&r)
				return r
			}
		}
	}
	return *want
}

func (r *run) failed(i int, err error) {
	e := providers.Error{Kind: providers.KindOther, Err: err}
	if known, ok := errors.AsType[*providers.Error](err); ok {
		e = *known
	}
	e.Source, e.Op = r.zone.Name, opApply
	if r.lost[i] && e.Kind.Inconclusive() {
		e.Kind = providers.KindUncertain
	}
	r.results[i] = providers.Result{Err: &e}
}

func (r *run) failAll(which []int, err error) {
	for _, i := range which {
		r.failed(i, err)
	}
}

func ref(c *providers.Change) string {
	rec := c.Record()
	return rec.Name + " " + rec.Type
}

func jitter(bound time.Duration) time.Duration { return rand.N(max(1, bound)) }
