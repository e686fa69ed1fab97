package providers

import (
	"context"
	"time"
)

// Clock is where code reads the time and waits, so that a simulated world and a test can have a time of their own. The
// zero Clock is that of this machine. A Clock is safe for concurrent use when its functions are.
type Clock struct {
	Time func() time.Time                                 // nil for time.Now
	Wait func(ctx context.Context, d time.Duration) error // nil for a timer
}

// Now returns the time.
func (c Clock) Now() time.Time {
	if c.Time == nil {
		return time.Now()
	}
	return c.Time()
}

// Sleep returns when d is over, or with the error of ctx when that ends first.
func (c Clock) Sleep(ctx context.Context, d time.Duration) error {
	if c.Wait == nil {
		return Sleep(ctx, d)
	}
	return c.Wait(ctx, d)
}

// Sleep waits by the clock of this machine, as Clock.Sleep does.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
	return ctx.Err()
}
