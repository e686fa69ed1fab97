package budget

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Skew is how far the clock of a server is ahead of this machine's, by the Date of its answers
// (RFC 9110 section 6.6.1). It is safe for concurrent use.
type Skew struct {
	outer   *Skew // which measures the same answers, or nil
	mu      sync.Mutex
	ahead   time.Duration
	within  time.Duration // how far ahead can be off
	measure bool          // an answer had a date
}

type skewKey struct{}

// WithSkew returns a context of which every answer that arrives through a Transport is measured, also for a Skew
// that the context bears already.
func WithSkew(ctx context.Context) (context.Context, *Skew) {
	s := &Skew{}
	s.outer, _ = ctx.Value(skewKey{}).(*Skew)
	return context.WithValue(ctx, skewKey{}, s), s
}

// Ahead returns the skew by the answer that took the least time; zero when no answer had a date, or
// when the difference is no larger than what the time on the way explains.
func (s *Skew) Ahead() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.measure || s.ahead.Abs() <= s.within {
		return 0
	}
	return s.ahead.Round(time.Second)
}

// observe takes in one answer to a request that was sent at one time and answered at another, by
// this machine's clock. What comes out of a cache says nothing of the present.
func (s *Skew) observe(h http.Header, sent, answered time.Time) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil || cached(h) {
		return
	}
	took := max(0, answered.Sub(sent))
	// A date has whole seconds: what it stands for lies half a second later, give or take as much.
	ahead, within := date.Add(time.Second/2).Sub(sent.Round(0).Add(took/2)), took/2+time.Second
	if s.outer != nil {
		s.outer.observe(h, sent, answered)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.measure || within <= s.within {
		s.ahead, s.within, s.measure = ahead, within, true
	}
}

func cached(h http.Header) bool {
	if age := strings.TrimSpace(h.Get("Age")); age != "" && age != "0" {
		return true
	}
	return strings.Contains(strings.ToLower(h.Get("X-Cache")), "hit") || strings.EqualFold(h.Get("Cf-Cache-Status"), "HIT")
}
