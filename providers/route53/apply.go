package route53

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsr53 "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"rollcall/providers"
	"rollcall/providers/awsapi"
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
	// maxIdle limits the retries after throttling, and those of requests that were not sent.
	maxIdle = 4
	// nameReads is the largest number of names that are read one by one before a batch. For more names the whole zone
	// is read if that takes fewer calls.
	nameReads = 8
)

// Apply carries out changes as compare-and-swap. It reads the record sets of the changes, compares each Before with
// them, and submits one batch that deletes each set exactly as read and creates it as wanted, markers included.
//
//   - A create into an existing record set keeps the set's TTL and policy, which the result reports. A TTL of
//     zero in a new set becomes 300 seconds. An existing value with the same owner is Already; with another
//     owner, or unmarked where the change has one, it is KindConflict.
//   - A delete or update is KindConflict if its Before differs from the zone, or if another writer changed the
//     sets meanwhile. The markers of owners in the After of a delete stay.
//   - An update of TTL or weight changes the whole record set.
//   - Creates are retried after a conflict, throttling or a lost reply. Deletes and updates whose reply was lost
//     are KindUncertain.
//   - If a batch is refused because of one bad change, the others are still carried out.
func (a *Account) Apply(ctx context.Context, zone providers.Zone, changes []providers.Change) []providers.Result {
	r := &run{a: a, zone: zone, changes: slices.Clone(changes), results: make([]providers.Result, len(changes)), lost: map[int]bool{}, own: map[key]sharedFields{}}
	var pending []int
	for i := range r.changes {
		if err := r.prepare(&r.changes[i]); err != nil {
			r.failed(i, err)
			continue
		}
		pending = append(pending, i)
	}
	if len(pending) > 0 {
		unlock, err := a.lock(ctx, zone.ID)
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
func (a *Account) lock(ctx context.Context, zoneID string) (unlock func(), err error) {
	a.mu.Lock()
	l := a.locks[zoneID]
	if l == nil {
		l = make(chan struct{}, 1)
		a.locks[zoneID] = l
	}
	a.mu.Unlock()
	select {
	case l <- struct{}{}:
		return func() { <-l }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type run struct {
	a       *Account
	zone    providers.Zone
	changes []providers.Change
	results []providers.Result
	lost    map[int]bool         // changes whose reply was lost; they may have been made
	own     map[key]sharedFields // set-wide fields that this run changed
	took    time.Duration        // duration of the last try, reading and writing
}

// sharedFields are the fields that all values of a record set share.
type sharedFields struct {
	ttl    uint32
	weight int64
}

// prepare makes a change canonical and rejects it if it can never succeed.
func (r *run) prepare(c *providers.Change) error {
	if r.zone.ID == "" {
		return invalid("the zone %s has no id", r.zone.Name)
	}
	sides := []*providers.Record{&c.Before, &c.After}
	switch c.Op {
	case providers.OpCreate:
		sides = sides[1:]
	case providers.OpDelete:
		sides = sides[:1]
	case providers.OpUpdate:
	default:
		return invalid("the operation %q is not known", c.Op)
	}
	for _, s := range sides {
		s.Zone, s.Name, s.Type = providers.CanonicalName(r.zone.Name), providers.CanonicalName(s.Name), strings.ToUpper(s.Type)
		s.Value = providers.CanonicalValue(s.Type, s.Value)
		if !providers.InZone(s.Name, r.zone.Name) {
			return invalid("%s does not lie in the zone %s", s.Name, r.zone.Name)
		}
		if s.Alias {
			return invalid("%s is an alias record, which is read-only here", s)
		}
	}
	if c.Op == providers.OpDelete {
		return nil
	}
	return checkRecord(&c.After)
}

func checkRecord(r *providers.Record) error {
	bad := false
	switch r.Type {
	case "A", "AAAA":
		addr, err := netip.ParseAddr(r.Value)
		bad = err != nil || addr.Zone() != "" || addr.Is4() != (r.Type == "A")
	case "SRV":
		_, ok := providers.ParseSRV(r.Value)
		bad = !ok
	case "TXT":
		_, ok := providers.ParseTXT(r.Value)
		bad = !ok
	case "MX":
		f := strings.Fields(r.Value)
		bad = len(f) != 2
		if !bad {
			_, err := strconv.ParseUint(f[0], 10, 16)
			bad = err != nil
		}
	}
	if bad || r.Value == "" {
		return invalid("%q is not a value of a record of type %s", r.Value, r.Type)
	}
	if r.TTL > 1<<31-1 {
		return invalid("a TTL of %d seconds is more than DNS allows", r.TTL) // RFC 2181 section 8
	}
	return nil
}

// commit carries out the changes with these indexes in as few batches as the limits allow.
func (r *run) commit(ctx context.Context, pending []int) {
	conflicts, idle := 0, 0
	for len(pending) > 0 {
		began := r.a.now()
		read, err := r.load(ctx, pending)
		if err != nil {
			r.failAll(pending, err)
			return
		}
		w := newWorkingCopy(providers.CanonicalName(r.zone.Name), read, r.own)
		in, later, touched := r.plan(w, pending)
		if len(in) == 0 {
			pending = later
			continue
		}
		if left, held := r.commitSwaps(ctx, w, in, later); held {
			pending = left
			continue
		}
		b := batch(w.sets, w.order)
		ticket, err := "", error(nil)
		if len(b.Changes) > 0 { // an earlier batch may have made these changes already
			ticket, err = r.send(ctx, b)
		}
		r.took = r.a.now().Sub(began)
		if err == nil {
			for _, i := range in {
				r.done(i, w, ticket, false)
			}
			r.remember(w)
			pending, conflicts, idle = later, 0, 0
			continue
		}
		again, wait := r.refused(ctx, in, touched, read, err, &conflicts, &idle)
		pending = append(again, later...)
		slices.Sort(pending)
		if wait > 0 && len(pending) > 0 && r.a.s.Sleep(ctx, wait) != nil {
			r.failAll(pending, &providers.Error{Kind: providers.KindUnreachable, Err: ctx.Err()})
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

func fieldsOf(s *types.ResourceRecordSet) sharedFields {
	return sharedFields{ttl: uint32(aws.ToInt64(s.TTL)), weight: aws.ToInt64(s.Weight)}
}

// plan applies the changes to the working copy. It returns the changes in the batch, and those that have to wait for a
// later one because it is full. All other changes have their result.
func (r *run) plan(w *workingCopy, pending []int) (in, later []int, touched map[int][]key) {
	touched = map[int][]key{}
	full := map[string]bool{} // names whose remaining changes must wait to keep their order
	for _, i := range pending {
		c := &r.changes[i]
		name := subject(c.Record().Name)
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
func (r *run) load(ctx context.Context, which []int) (map[string]map[key]*types.ResourceRecordSet, error) {
	out := map[string]map[key]*types.ResourceRecordSet{}
	for _, i := range which {
		out[subject(r.changes[i].Record().Name)] = nil
	}
	if len(out) > nameReads {
		_, count, err := r.a.zone(ctx, r.zone.ID)
		if err != nil {
			return nil, err
		}
		if count/setPage < int64(len(out)) {
			all, err := r.a.zoneSets(ctx, opApply, r.zone.ID, count)
			if err == nil {
				for name := range out {
					out[name] = all[name]
				}
				return out, nil
			}
			if providers.KindOf(err) != providers.KindIncomplete { // after a wrong count the names are read one by one
				return nil, err
			}
		}
	}
	for name := range out {
		sets, err := r.a.name(ctx, opApply, r.zone.ID, name)
		if err != nil {
			return nil, err
		}
		out[name] = sets
	}
	return out, nil
}

func (r *run) send(ctx context.Context, b *types.ChangeBatch) (ticket string, err error) {
	err = r.a.s.Write(ctx, opApply, func(ctx context.Context) error {
		out, err := r.a.api.ChangeResourceRecordSets(ctx, &awsr53.ChangeResourceRecordSetsInput{HostedZoneId: aws.String(r.zone.ID), ChangeBatch: b})
		if err == nil && out.ChangeInfo != nil {
			ticket = strings.TrimPrefix(aws.ToString(out.ChangeInfo.Id), "/change/")
		}
		return err
	})
	return ticket, withMessages(err)
}

// withMessages adds the reasons that Route 53 returned for a refused batch to the error's text.
func withMessages(err error) error {
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		return err
	}
	if bad, ok := errors.AsType[*types.InvalidChangeBatch](err); ok && len(bad.Messages) > 0 {
		e.Err = &batchError{text: awsapi.Clean(strings.Join(bad.Messages, "; ")), err: e.Err}
	}
	return err
}

type batchError struct {
	text string
	err  error
}

func (e *batchError) Error() string { return e.text }
func (e *batchError) Unwrap() error { return e.err }

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
	k := key{name: want.Name, typ: want.Type, id: want.SetID}
	if s := w.sets[k]; s != nil {
		if set := s.wanted(); set != nil {
			if i := w.find(k, want.Value); i >= 0 {
				r := rows(w.zone, set)[i]
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
	switch e.Kind {
	case providers.KindUnreachable, providers.KindThrottled, providers.KindIncomplete, providers.KindAuth, providers.KindOther:
		if r.lost[i] {
			e.Kind = providers.KindUncertain
		}
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
