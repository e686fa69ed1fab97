// Package budget holds the rate budget of an account at a provider: how many calls rollcall allows itself, and until
// when the provider wants none. All adapters of an account share one budget.
package budget

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"rollcall/providers"
)

// Tries and pauses of Retry.
const (
	tries      = 3
	firstPause = 200 * time.Millisecond // upper bound of the first pause; later ones double
	patience   = 40 * time.Second       // longest time of all tries of one call together, including pauses
)

// MaxBlock is the longest block that a header can cause.
const MaxBlock = time.Hour

// Retrying reports that a failed call will be repeated, or that a call has to wait.
type Retrying struct {
	Account string
	Try     int // number of the failed try, from 1; 0 if the call was not made yet
	Tries   int // at most
	Took    time.Duration
	Pause   time.Duration // until the next try
	Err     error         // reason of the pause
}

// errNotSent marks errors of requests that never left this process.
var errNotSent = errors.New("the request was not sent")

// NotSent reports whether err shows that the request never reached the provider: the budget refused it, or no
// connection could be made. Such a write has not happened.
func NotSent(err error) bool {
	if errors.Is(err, errNotSent) {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// Account is the budget of one account: a token bucket, a block requested by the provider, and counters. It is safe for
// concurrent use.
type Account struct {
	name    string
	limiter *rate.Limiter
	clock   providers.Clock
	notify  func(Retrying)
	called  func(Call) // nil if no one wants to know

	mu        sync.Mutex
	listings  *rate.Limiter // limits calls of listings further; nil if nothing is reserved
	blocked   time.Time
	calls     int64
	good      int64
	refused   int64
	throttles int64
	failures  int64
	withheld  int64
}

// Option configures an Account.
type Option func(*Account)

// WithClock sets the clock by which the account reads the time and waits.
func WithClock(c providers.Clock) Option { return func(a *Account) { a.clock = c } }

// WithNotify sets a function that is called before each pause between two tries, and before each longer pause that the
// provider or the budget requires. f is called concurrently and must not block.
func WithNotify(f func(Retrying)) Option {
	return func(a *Account) {
		if f != nil {
			a.notify = f
		}
	}
}

// New returns the budget of the account name: perSecond calls a second, and burst at once after a rest. A perSecond of
// zero or less sets no limit.
func New(name string, perSecond float64, burst int, opts ...Option) *Account {
	limit := rate.Limit(perSecond)
	if perSecond <= 0 {
		limit = rate.Inf
	}
	a := &Account{name: name, limiter: rate.NewLimiter(limit, max(1, burst)), notify: func(Retrying) {}}
	for _, o := range opts {
		o(a)
	}
	return a
}

// Name returns the name of the account.
func (a *Account) Name() string { return a.name }

// listing is the context key of calls that belong to the listing of a source.
type listing struct{}

// ForListing marks the calls made with the context as those of a listing. See Reserve.
func ForListing(ctx context.Context) context.Context { return context.WithValue(ctx, listing{}, true) }

// Reserve keeps so many calls of the burst, and half of the rate, for calls that belong to no listing, such as changes
// and their lookups. Only the first Reserve of an account counts.
func (a *Account) Reserve(calls int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if limit := a.limiter.Limit(); a.listings == nil && limit != rate.Inf {
		a.listings = rate.NewLimiter(limit/2, max(1, a.limiter.Burst()-calls))
	}
}

// reservations are the calls taken from the buckets for one call.
type reservations []*rate.Reservation

func (a *Account) reserve(ctx context.Context, now time.Time) (taken reservations, wait time.Duration) {
	taken = reservations{a.limiter.ReserveN(now, 1)}
	a.mu.Lock()
	listings := a.listings
	a.mu.Unlock()
	if listings != nil && ctx.Value(listing{}) != nil {
		taken = append(taken, listings.ReserveN(now, 1))
	}
	for _, r := range taken {
		wait = max(wait, r.DelayFrom(now))
	}
	return taken, wait
}

func (r reservations) cancel(now time.Time) {
	for _, one := range r {
		one.CancelAt(now)
	}
}

// Wait takes one call from the budget. It waits for the bucket and for the end of a block. If the deadline of ctx is
// earlier, it fails at once with KindThrottled and a RetryAfter. NotSent is true for all of its errors.
func (a *Account) Wait(ctx context.Context) error {
	for {
		now := a.clock.Now()
		d := a.blockLeft(now)
		if d > 0 {
			if err := a.pause(ctx, now, d, "the provider asked to wait"); err != nil {
				return err
			}
			continue
		}
		var taken reservations
		if taken, d = a.reserve(ctx, now); d > 0 {
			if err := a.pause(ctx, now, d, "the rate budget is used up"); err != nil {
				taken.cancel(now)
				return err
			}
			// A block may have begun during the pause. The call is already taken from the bucket.
			if left := a.blockLeft(a.clock.Now()); left > 0 {
				if err := a.pause(ctx, a.clock.Now(), left, "the provider asked to wait"); err != nil {
					return err
				}
			}
		}
		if err := context.Cause(ctx); err != nil {
			return a.refuse(providers.KindUnreachable, 0, err)
		}
		a.mu.Lock()
		a.calls++
		a.mu.Unlock()
		return nil
	}
}

func (a *Account) pause(ctx context.Context, now time.Time, d time.Duration, why string) error {
	deadline, bounded := ctx.Deadline()
	end, patient := ctx.Value(patienceEnd{}).(time.Time)
	if bounded && deadline.Sub(now) < d || patient && end.Sub(now) < d {
		return a.refuse(providers.KindThrottled, d, fmt.Errorf("%s, %s more", why, d.Round(time.Millisecond)))
	}
	if d >= longPause {
		a.notify(Retrying{Account: a.name, Tries: tries, Pause: d, Err: errors.New(why)})
	}
	if err := a.clock.Sleep(ctx, d); err != nil {
		return a.refuse(providers.KindUnreachable, 0, err)
	}
	return nil
}

// longPause is the shortest pause before a call that is reported.
const longPause = time.Second

func (a *Account) refuse(kind providers.Kind, after time.Duration, err error) error {
	if kind == providers.KindThrottled {
		a.mu.Lock()
		a.withheld++
		a.mu.Unlock()
	}
	return &providers.Error{Kind: kind, Source: a.name, RetryAfter: after, Err: fmt.Errorf("%w: %w", errNotSent, err)}
}

func (a *Account) blockLeft(now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.blocked.Sub(now)
}

// Block delays all calls for d from now, as the provider asked. It never shortens an existing block, and is at most
// MaxBlock.
func (a *Account) Block(d time.Duration) {
	if d <= 0 {
		return
	}
	until := a.clock.Now().Add(min(d, MaxBlock))
	a.mu.Lock()
	defer a.mu.Unlock()
	if until.After(a.blocked) {
		a.blocked = until
	}
}

// Left returns the number of calls that the budget allows now; -1 without a limit.
func (a *Account) Left() int {
	now := a.clock.Now()
	if a.blockLeft(now) > 0 {
		return 0
	}
	if a.limiter.Limit() == rate.Inf {
		return -1
	}
	return max(0, int(a.limiter.TokensAt(now)))
}

// State is a budget's state at one moment.
type State struct {
	Left         int       // calls allowed now; -1 without a limit
	BlockedUntil time.Time // zero without a block
	Calls        int64     // calls made; calls under way are in none of the counters below
	Good         int64     // answers below 400
	Refused      int64     // other answers of 4xx
	Throttles    int64     // answers that report too many requests
	Failures     int64     // calls without an answer, and 5xx answers
	Withheld     int64     // calls that this budget refused
}

// State returns the current state of the budget.
func (a *Account) State() State {
	left, now := a.Left(), a.clock.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	s := State{Left: left, Calls: a.calls, Good: a.good, Refused: a.refused, Throttles: a.throttles, Failures: a.failures, Withheld: a.withheld}
	if a.blocked.After(now) {
		s.BlockedUntil = a.blocked
	}
	return s
}

// patienceEnd is the context key of the time, by the account's clock, at which all tries of a call must have ended.
type patienceEnd struct{}

// ownLimit is the context key of calls that limit themselves.
type ownLimit struct{}

// WithOwnLimit marks calls that take as long as parts of a large request or answer pass: Retry begins no try of them after
// its patience, but does not end one that is under way. Such a call ends by itself when nothing passes.
func WithOwnLimit(ctx context.Context) context.Context {
	return context.WithValue(ctx, ownLimit{}, true)
}

// Retry runs op until it succeeds, fails permanently, or the tries are used up. It is for reads and for calls that can
// be repeated without harm. It repeats only throttled and unreachable errors, after full jitter or after the pause that
// the provider asked for, and only if that ends before ctx. All tries together take at most patience; see WithOwnLimit. It
// returns the error of the last try.
func (a *Account) Retry(ctx context.Context, op func(context.Context) error) error {
	end := a.clock.Now().Add(patience)
	ctx, cancel := context.WithCancel(context.WithValue(ctx, patienceEnd{}, end))
	defer cancel()
	if ctx.Value(ownLimit{}) == nil {
		defer time.AfterFunc(patience, cancel).Stop()
	}
	bound := firstPause
	for try := 1; ; try++ {
		tried := a.clock.Now()
		err := op(ctx)
		if err == nil || try >= tries || ctx.Err() != nil {
			return err
		}
		if k := providers.KindOf(err); k != providers.KindThrottled && k != providers.KindUnreachable {
			return err
		}
		pause := rand.N(bound) + providers.RetryAfter(err)
		if deadline, ok := ctx.Deadline(); ok && deadline.Sub(a.clock.Now()) <= pause || end.Sub(a.clock.Now()) <= pause {
			return err
		}
		a.notify(Retrying{Account: a.name, Try: try, Tries: tries, Took: a.clock.Now().Sub(tried), Pause: pause, Err: err})
		if a.clock.Sleep(ctx, pause) != nil {
			return err
		}
		bound *= 2
	}
}
