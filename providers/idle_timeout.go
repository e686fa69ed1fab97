package providers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// IdleTimeout limits how long a read may receive nothing, whatever its size: its context ends when Received has not
// been called for limit. Its deadline is the end of the current limit, so a caller that would wait longer can give up
// at once. PauseIdleTimeout stops it for a while. All methods are safe for concurrent use.
type IdleTimeout struct {
	context.Context
	limit  time.Duration
	cancel context.CancelFunc
	timer  *time.Timer

	mu     sync.Mutex
	until  time.Time
	paused int // callers of PauseIdleTimeout that have not resumed
	over   bool
}

type idleTimeoutKey struct{}

// Value implements context.Context.
func (s *IdleTimeout) Value(key any) any {
	if key == (idleTimeoutKey{}) {
		return s
	}
	return s.Context.Value(key)
}

// PauseIdleTimeout stops the IdleTimeout that ctx comes from, if it comes from one, until resume is called: for a time in which nothing
// can come, because a person is asked. Then the limit starts anew. resume is called once.
func PauseIdleTimeout(ctx context.Context) (resume func()) {
	s, ok := ctx.Value(idleTimeoutKey{}).(*IdleTimeout)
	if !ok {
		return func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.paused--
		s.until = time.Now().Add(s.limit)
	}
}

// WithIdleTimeout returns a context that ends with ctx, or after limit without a call of Received. The caller must call
// Stop when the read has ended.
func WithIdleTimeout(ctx context.Context, limit time.Duration) *IdleTimeout {
	s := &IdleTimeout{limit: limit, until: time.Now().Add(limit)}
	s.Context, s.cancel = context.WithCancel(ctx)
	s.timer = time.AfterFunc(limit, s.end)
	return s
}

// end ends the context, unless Received was called in the meantime.
func (s *IdleTimeout) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := time.Until(s.until)
	if s.paused > 0 {
		left = s.limit
	}
	if left > 0 {
		s.timer.Reset(left)
		return
	}
	s.over = true
	s.cancel()
}

// Received restarts the limit. It is called when a part of the answer arrives.
func (s *IdleTimeout) Received() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = time.Now().Add(s.limit)
}

// Stop ends the context and releases its timer.
func (s *IdleTimeout) Stop() {
	s.timer.Stop()
	s.cancel()
}

// Expired reports whether the limit has ended the context.
func (s *IdleTimeout) Expired() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// Deadline implements context.Context.
func (s *IdleTimeout) Deadline() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.Context.Deadline()
	if s.paused > 0 || (ok && d.Before(s.until)) {
		return d, ok
	}
	return s.until, true
}

// Why adds the reason to the coverage of a read that the limit ended. It returns any other coverage unchanged.
func (s *IdleTimeout) Why(source, op string, c Coverage) Coverage {
	if k := KindOf(c.Err); s.Expired() && !c.Complete() && (k == KindUnreachable || k == KindIncomplete || k == KindOther) {
		c.Err = &Error{Kind: KindUnreachable, Source: source, Op: op, Err: Silent(fmt.Errorf("nothing came for %s, after %d rows", s.limit, c.Rows))}
	}
	return c
}

// ErrSilent is in the chain of the error of a read that a time limit ended.
var ErrSilent = errors.New("no answer")

// Silent returns an error with the same text that has ErrSilent in its chain.
func Silent(err error) error { return silent{err} }

type silent struct{ error }

func (e silent) Unwrap() error { return e.error }

func (e silent) Is(target error) bool { return target == ErrSilent }
