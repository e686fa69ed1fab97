package app

import (
	"fmt"
	"sync"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/providers/budget"
)

// How long a call must take or wait before its repetition is reported.
const (
	minReportedPause = time.Second
	minReportedTry   = 3 * time.Second
	reportRetryEvery = 5 * time.Second // for one account, whose callers wait concurrently
)

// retries makes the lines that report repeated calls. It is safe for concurrent use.
type retries struct {
	mu           sync.Mutex
	lastReported map[string]time.Time // by account
}

// text returns the line for a repeated call, or "" if it is not worth one.
func (t *retries) text(r budget.Retrying, now time.Time) string {
	if r.Pause < minReportedPause && r.Took < minReportedTry {
		return ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if at, ok := t.lastReported[r.Account]; ok && now.Sub(at) < reportRetryEvery {
		return ""
	}
	if t.lastReported == nil {
		t.lastReported = map[string]time.Time{}
	}
	t.lastReported[r.Account] = now
	pause := r.Pause.Round(100 * time.Millisecond)
	if r.Try == 0 {
		return fmt.Sprintf("%s: %s; going on in %s", r.Account, words.Clean(r.Err.Error()), pause)
	}
	return fmt.Sprintf("%s; that was try %d of %d and took %s, the next is in %s", words.Clean(r.Err.Error()), r.Try, r.Tries, r.Took.Round(100*time.Millisecond), pause)
}

// retrying reports repeated calls, unless the session is silent.
func (s *Session) retrying(r budget.Retrying) {
	if line := s.retries.text(r, s.Program.Now()); line != "" {
		s.Report("rollcall: %s", line)
	}
}

// Retrying returns a function that reports repeated calls outside a session.
func (a *Program) Retrying() func(budget.Retrying) {
	t := &retries{}
	return func(r budget.Retrying) {
		if line := t.text(r, a.Now()); line != "" {
			a.Logf("rollcall: %s", line)
		}
	}
}
