package budget

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Skew measures how far a server's clock is ahead of this machine's, by the Date header of its answers (RFC 9110
// section 6.6.1). It is safe for concurrent use.
type Skew struct {
	outer   *Skew // measures the same answers, or nil
	mu      sync.Mutex
	ahead   time.Duration
	within  time.Duration // uncertainty of ahead
	measure bool          // at least one answer had a Date
}

type skewKey struct{}

// WithSkew returns a context and a Skew that measures every answer received through a Transport with this context. A
// Skew that ctx already has measures them too.
func WithSkew(ctx context.Context) (context.Context, *Skew) {
	s := &Skew{}
	s.outer, _ = ctx.Value(skewKey{}).(*Skew)
	return context.WithValue(ctx, skewKey{}, s), s
}

// Ahead returns the skew by the fastest answer. It is zero if no answer had a Date, or if the time in transit explains
// the difference.
func (s *Skew) Ahead() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.measure || s.ahead.Abs() <= s.within {
		return 0
	}
	return s.ahead.Round(time.Second)
}

// observe measures one answer from the times of request and answer by this machine's clock. Answers from a cache are
// ignored.
func (s *Skew) observe(h http.Header, sent, answered time.Time) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil || cached(h) {
		return
	}
	took := max(0, answered.Sub(sent))
	// A Date has whole seconds, so the true time is half a second later, plus or minus half a second.
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
