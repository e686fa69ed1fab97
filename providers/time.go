package providers

import (
	"context"
	"time"
)

// Clock is the time that code reads and waits by, so that a simulation or a test can replace it. The zero Clock is that
// of this machine. A Clock is safe for concurrent use if its functions are.
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

// Sleep waits for d. It returns the error of ctx if ctx ends first.
func (c Clock) Sleep(ctx context.Context, d time.Duration) error {
	if c.Wait == nil {
		return Sleep(ctx, d)
	}
	return c.Wait(ctx, d)
}

// Sleep is Clock.Sleep by the clock of this machine.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
	return context.Cause(ctx)
}
