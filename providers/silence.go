package providers

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Silence bounds a read by how long it brings nothing, and not by its size: the context ends when
// Heard was not called for a whole limit. Its deadline is the end of the limit that runs, so that
// a caller that is about to wait longer than that can give up at once. Heard is safe for concurrent use.
type Silence struct {
	context.Context
	limit  time.Duration
	cancel context.CancelFunc
	timer  *time.Timer

	mu    sync.Mutex
	until time.Time
	over  bool
}

// WithSilence returns a context that ends with ctx, or once limit passed without a call of Heard. Stop
// has to be called when the read has ended.
func WithSilence(ctx context.Context, limit time.Duration) *Silence {
	s := &Silence{limit: limit, until: time.Now().Add(limit)}
	s.Context, s.cancel = context.WithCancel(ctx)
	s.timer = time.AfterFunc(limit, s.end)
	return s
}

// end ends the context, unless something was heard in the meantime.
func (s *Silence) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left := time.Until(s.until); left > 0 {
		s.timer.Reset(left)
		return
	}
	s.over = true
	s.cancel()
}

// Heard says that a part of the answer has come.
func (s *Silence) Heard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = time.Now().Add(s.limit)
}

// Stop ends the context and its timer.
func (s *Silence) Stop() {
	s.timer.Stop()
	s.cancel()
}

// Over reports whether the limit has passed in silence.
func (s *Silence) Over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// Deadline implements context.Context.
func (s *Silence) Deadline() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d, ok := s.Context.Deadline(); ok && d.Before(s.until) {
		return d, true
	}
	return s.until, true
}

// Why returns the coverage of a read that Silence has ended, with the reason; any other
// coverage is returned as it is.
func (s *Silence) Why(source, op string, c Coverage) Coverage {
	if s.Over() && !c.Complete() && KindOf(c.Err) == KindUnreachable {
		c.Err = &Error{Kind: KindUnreachable, Source: source, Op: op, Err: fmt.Errorf("nothing came for %s, after %d rows", s.limit, c.Rows)}
	}
	return c
}
