// Package providertest holds the fake clock, cloud and zone that tests of several packages share, and CheckDNS, which
// every adapter of a DNS provider must pass. It imports only providers.
package providertest

import (
	"context"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"rollcall/providers"
)

// Clock is a clock that advances when code waits on it, when a test moves it, and at its own speed. It is safe for
// concurrent use.
type Clock struct {
	providers.Clock // for the code under test
	speed           time.Duration
	since           time.Time // when at was set, by the clock of this machine

	mu sync.Mutex
	at time.Time
}

// NewClock returns a clock that stays at a time until code waits on it.
func NewClock(at time.Time) *Clock { return NewFastClock(at, 0) }

// NewFastClock returns a clock that runs speed times as fast as this machine's, so waits are shorter by that factor.
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

// Advance moves the clock by d, which may be negative.
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

// Jump sets the clock by d, in whole seconds, as an operator does on a machine: the monotonic reading of its times
// stays.
func (c *Clock) Jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.at
	// The first word of a time with a monotonic reading is its wall clock: thirty bits of nanoseconds, and the seconds
	// above.
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
