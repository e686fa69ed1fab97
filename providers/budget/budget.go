// Package budget holds the rate budget of one account at one provider: how many
// calls rollcall allows itself, and until when the provider wants none at all.
// All adapters of one account share one budget.
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

// The tries and pauses of Retry.
const (
	tries      = 3
	firstPause = 200 * time.Millisecond // upper bound of the first pause; it doubles
	patience   = 40 * time.Second       // how long all tries of one call may take together, with the pauses between them
)

// MaxBlock is the longest block that a header can bring about.
const MaxBlock = time.Hour

// Retrying says that a call has failed and is made again, or that it waits before it is made.
type Retrying struct {
	Account string
	Try     int // that failed, from 1; 0 when the call was not made yet
	Tries   int // at most
	Took    time.Duration
	Pause   time.Duration // until the next
	Err     error         // why
}

// errNotSent marks failures that happened before a request left this process.
var errNotSent = errors.New("the request was not sent")

// NotSent reports whether err says for certain that the request never reached
// the provider: the budget refused it, or no connection could be made. A write
// that failed so has not happened.
func NotSent(err error) bool {
	if errors.Is(err, errNotSent) {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// Account is the budget of one account: a token bucket, a block that the
// provider asked for, and counters. It is safe for concurrent use.
type Account struct {
	name    string
	limiter *rate.Limiter
	clock   providers.Clock
	notify  func(Retrying)

	mu        sync.Mutex
	blocked   time.Time
	calls     int64
	good      int64
	refused   int64
	throttles int64
	failures  int64
	held      int64
}

// Option changes how an Account is made.
type Option func(*Account)

// WithClock makes the account read the time and wait by a clock.
func WithClock(c providers.Clock) Option { return func(a *Account) { a.clock = c } }

// WithNotify has f called before each pause between two tries, and before each longer pause that the
// provider or the budget asks for. f is called concurrently and must not block.
func WithNotify(f func(Retrying)) Option {
	return func(a *Account) {
		if f != nil {
			a.notify = f
		}
	}
}

// New makes the budget of the account name: perSecond calls a second, and burst
// at once after a rest. A perSecond of zero or less sets no limit.
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

// Wait takes one call from the budget. It waits until the bucket has one and
// until a block that the provider asked for has ended. When the deadline of ctx
// lies before that moment it fails at once with KindThrottled and a RetryAfter.
// Whatever it returns, NotSent is true for it.
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
		r := a.limiter.ReserveN(now, 1)
		d = r.DelayFrom(now)
		if d > 0 {
			if err := a.pause(ctx, now, d, "the rate budget is used up"); err != nil {
				r.CancelAt(now)
				return err
			}
			// A block can have begun during the pause; the call is paid for.
			if left := a.blockLeft(a.clock.Now()); left > 0 {
				if err := a.pause(ctx, a.clock.Now(), left, "the provider asked to wait"); err != nil {
					return err
				}
			}
		}
		if err := ctx.Err(); err != nil {
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

// longPause is a pause before a call that is worth a word.
const longPause = time.Second

func (a *Account) refuse(kind providers.Kind, after time.Duration, err error) error {
	if kind == providers.KindThrottled {
		a.mu.Lock()
		a.held++
		a.mu.Unlock()
	}
	return &providers.Error{Kind: kind, Source: a.name, RetryAfter: after, Err: fmt.Errorf("%w: %w", errNotSent, err)}
}

func (a *Account) blockLeft(now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.blocked.Sub(now)
}

// Block keeps all calls back for d from now: the provider asked for it. A
// shorter block never ends a longer one, and none is longer than MaxBlock.
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

// Left is the number of calls that the budget allows right now; -1 without a limit.
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

// State is what is known of an account's budget at one moment.
type State struct {
	Left         int       // calls allowed right now; -1 without a limit
	BlockedUntil time.Time // zero when there is no block
	Calls        int64     // calls made so far; those under way are in none of the numbers below
	Good         int64     // answers below 400
	Refused      int64     // other answers of 4xx
	Throttles    int64     // answers that said: too many
	Failures     int64     // calls without an answer, and answers of 5xx
	Held         int64     // calls that this budget did not let go out
}

// State returns the budget as it stands.
func (a *Account) State() State {
	left, now := a.Left(), a.clock.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	s := State{Left: left, Calls: a.calls, Good: a.good, Refused: a.refused, Throttles: a.throttles, Failures: a.failures, Held: a.held}
	if a.blocked.After(now) {
		s.BlockedUntil = a.blocked
	}
	return s
}

// patienceEnd is the key of the moment, by the account's clock, at which all tries of a call have had their time.
type patienceEnd struct{}

// Retry runs op until it succeeds, fails for good, or the tries are used up. It
// is for reads and for calls that can be repeated without harm. Only throttled
// and unreachable are tried again, after full jitter, or after as long as the
// provider asked for; and only when that moment lies before the end of ctx. All
// tries together take no longer than patience. The error is that of the last try.
func (a *Account) Retry(ctx context.Context, op func(context.Context) error) error {
	end := a.clock.Now().Add(patience)
	ctx, cancel := context.WithCancel(context.WithValue(ctx, patienceEnd{}, end))
	defer cancel()
	defer time.AfterFunc(patience, cancel).Stop()
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
