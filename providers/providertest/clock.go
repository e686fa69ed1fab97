// Package providertest holds what tests of several packages put in the place of a clock, a cloud and a zone. It imports
// providers only.
package providertest

import (
	"context"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"rollcall/providers"
)

// Clock is a clock that goes on when code waits on it, or when a test moves it, and at its speed beside that. It is safe
// for concurrent use.
type Clock struct {
	providers.Clock // what the code under test is given
	speed           time.Duration
	since           time.Time // what at was at, by the clock of this machine

	mu sync.Mutex
	at time.Time
}

// NewClock makes a clock that stands at a time until code waits on it.
func NewClock(at time.Time) *Clock { return NewFastClock(at, 0) }

// NewFastClock makes a clock that goes speed times as fast as that of this machine. A wait on it takes as much less time.
func NewFastClock(at time.Time, speed time.Duration) *Clock {
	c := &Clock{at: at, speed: speed, since: time.Now()}
	c.Clock = providers.Clock{Time: c.read, Wait: c.wait}
	return c
}

func (c *Clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at.Add(time.Since(c.since) * c.speed)
}

// Advance moves the clock, backwards too.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Set sets the clock.
func (c *Clock) Set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// Jump sets the clock by d, in whole seconds, as an operator sets the clock of a machine: the monotonic reading of its
// times stays.
func (c *Clock) Jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.at
	// A time with a monotonic reading keeps its wall clock in the first word: thirty bits of nanoseconds and, above them, the seconds.
	*(*uint64)(unsafe.Pointer(&c.at)) += uint64(d/time.Second) << 30
	if c.at.Sub(before) != 0 || c.at.Round(0).Sub(before.Round(0)) != d {
		panic(fmt.Sprintf("a jump by %s led from %s to %s", d, before, c.at))
	}
}

func (c *Clock) wait(ctx context.Context, d time.Duration) error {
	if c.speed > 0 {
		return providers.Sleep(ctx, d/c.speed)
	}
	if ctx.Err() == nil {
		c.Advance(d)
	}
	return ctx.Err()
}
