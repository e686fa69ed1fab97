package app

import (
	"fmt"
	"sync"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/providers/budget"
)

// How long a call must take, or wait, before it is reported that it is made again.
const (
	minReportedPause = time.Second
	minReportedTry   = 3 * time.Second
	reportRetryEvery = 5 * time.Second // for one account: its callers wait side by side
)

// retries makes the lines that report calls which fail and are made again. It is safe for concurrent use.
type retries struct {
	mu           sync.Mutex
	lastReported map[string]time.Time // by account
}

// text returns the line for a call that is made again, or nothing when it is not worth one.
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

// retrying reports calls that are made again, unless someone else says what goes on.
func (s *Session) retrying(r budget.Retrying) {
	if line := s.retries.text(r, s.Program.Now()); line != "" {
		s.Tell("rollcall: %s", line)
	}
}

// Retrying is the same for what no session is open for.
func (a *Program) Retrying() func(budget.Retrying) {
	t := &retries{}
	return func(r budget.Retrying) {
		if line := t.text(r, a.Now()); line != "" {
			a.Say("rollcall: %s", line)
		}
	}
}
