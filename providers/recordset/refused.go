package recordset

import (
	"context"
	"reflect"
	"slices"
	"time"

	"rollcall/providers"
)

// refused handles a failed batch. It returns the changes to retry and the pause before that. All others have their
// result.
func (r *run) refused(ctx context.Context, in []int, touched map[int][]Key, read map[string]Sets, err error, conflicts, idle *int) (again []int, wait time.Duration) {
	kind, why := providers.KindOf(err), r.p.Refusal(err)
	switch {
	case kind == providers.KindUncertain:
		for _, i := range in {
			r.lost[i] = true
		}
		return r.retryCreates(in, err, conflicts)
	case kind == providers.KindThrottled: // not made: every change may be retried
		return r.throttled(ctx, in, err)
	case kind == providers.KindUnreachable: // not made either
		if *idle++; *idle >= maxIdle || ctx.Err() != nil {
			r.failAll(in, err)
			return nil, 0
		}
		return in, providers.RetryAfter(err) + jitter(firstPause<<*idle)
	case why == Busy:
		return r.retryCreates(in, err, conflicts)
	case why == Other:
		r.failAll(in, err)
		return nil, 0
	}
	raced := why == Raced
	if raced && r.onlyCreates(in) {
		return r.retryAll(in, err, conflicts, false)
	}
	now, loadErr := r.load(ctx, in)
	if loadErr != nil {
		r.failAll(in, err)
		return nil, 0
	}
	same := true
	for name, sets := range now {
		same = same && reflect.DeepEqual(read[name], sets)
	}
	if !raced && same {
		return r.bisect(ctx, in, err), 0
	}
	var rest []int
	for _, i := range in {
		if r.changes[i].Op != providers.OpCreate && setsDiffer(touched[i], read, now) {
			r.failed(i, conflict("another writer changed %s meanwhile: %w", ref(&r.changes[i]), err))
			continue
		}
		rest = append(rest, i)
	}
	return r.retryAll(rest, err, conflicts, same)
}

// throttled returns the changes of a batch or read that was throttled for another try, and the pause before it, unless
// the time for that is up.
func (r *run) throttled(ctx context.Context, in []int, err error) (again []int, wait time.Duration) {
	now := r.w.Clock.Now()
	if r.throttles++; r.throttles == 1 {
		r.patient = now.Add(patience)
		if !r.onlyCreates(in) {
			r.patient = now.Add(patienceOthers)
		}
	}
	wait = providers.RetryAfter(err) + jitter(min(firstPause<<min(r.throttles, 10), maxPause))
	end, ok := ctx.Deadline()
	if ctx.Err() != nil || now.Add(wait).After(r.patient) || ok && now.Add(wait).After(end) {
		r.failAll(in, err)
		return nil, 0
	}
	return in, wait
}

// retryAll returns the changes for another try and the pause before it, unless the tries are used up. It allows
// fewer tries if the zone is as it was read (same).
func (r *run) retryAll(in []int, err error, conflicts *int, same bool) ([]int, time.Duration) {
	*conflicts++
	if *conflicts < maxTries && (!same || *conflicts < maxIdle) {
		return in, r.backoff(*conflicts)
	}
	for _, i := range in {
		r.failed(i, conflict("given up after %d tries: %w", *conflicts, err))
	}
	return nil, 0
}

func (r *run) onlyCreates(in []int) bool {
	return !slices.ContainsFunc(in, func(i int) bool { return r.changes[i].Op != providers.OpCreate })
}

// retryCreates returns the creates of a batch for another try. All other changes get err.
func (r *run) retryCreates(in []int, err error, tries *int) (again []int, wait time.Duration) {
	*tries++
	for _, i := range in {
		if r.changes[i].Op != providers.OpCreate || *tries >= maxTries {
			r.failed(i, err)
			continue
		}
		again = append(again, i)
	}
	return again, r.backoff(*tries)
}

func (r *run) backoff(try int) time.Duration {
	bound := max(firstPause, r.took) << min(try-1, 10)
	return max(time.Millisecond, jitter(min(bound, max(maxPause, pauseFactor*r.took), time.Minute)))
}

// bisect finds the bad changes of a batch that the provider refused although the zone is as it was read.
func (r *run) bisect(ctx context.Context, in []int, err error) (again []int) {
	first, second := r.split(in)
	if len(first) == 0 {
		for _, i := range in {
			r.failed(i, err)
		}
		return nil
	}
	r.commit(ctx, first)
	return second
}

// setsDiffer reports whether one of the sets differs between two reads.
func setsDiffer(keys []Key, before, now map[string]Sets) bool {
	return slices.ContainsFunc(keys, func(k Key) bool {
		n := Subject(k.Name)
		return !reflect.DeepEqual(before[n][k], now[n][k])
	})
}
