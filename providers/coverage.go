package providers

import "time"

// CoverageState is how much of a source one read saw.
type CoverageState string

// The states of a coverage. The empty state means that the source was never read. No read ends as stale: Coverage.At
// returns it for a complete read that has grown too old.
const (
	CoverageNone     CoverageState = ""
	CoverageComplete CoverageState = "complete"
	CoveragePartial  CoverageState = "partial"
	CoverageFailed   CoverageState = "failed"
	CoverageStale    CoverageState = "stale"
)

// Coverage is what every listing of an adapter returns at its end: how much the read saw, and when.
type Coverage struct {
	State    CoverageState
	Key      CloudKey  // the cloud that answered, asked within this read; empty for zones
	Account  string    // the account that answered
	Rows     int       // rows that arrived
	Expected int       // rows that the API says exist; -1 when it does not say
	Started  time.Time // start of the read; the rows are at least as old
	Finished time.Time
	// Skew is how far the source's clock is ahead of this machine's, by the Date header of its answers. It is zero when
	// there is no such header or when the time in transit explains the difference.
	Skew time.Duration
	Err  error // why the state is not complete; nil when it is
}

// At returns the state at now. A complete read that started more than maxAge before now is stale; with a maxAge of zero
// or less every complete read is.
func (c Coverage) At(now time.Time, maxAge time.Duration) CoverageState {
	if c.State == CoverageComplete && maxAge > 0 && now.Sub(c.Started) > maxAge {
		return CoverageStale
	}
	return c.State
}

// Complete reports whether the read saw everything.
func (c Coverage) Complete() bool { return c.State == CoverageComplete }

// Age returns the time since the read began; zero if there was none.
func (c Coverage) Age(now time.Time) time.Duration {
	if c.Started.IsZero() {
		return 0
	}
	return now.Sub(c.Started)
}

// Local converts the time at from the source's clock to this machine's clock as of the start of the read. The result
// has the monotonic reading of Started, so later adjustments of this machine's clock do not change its age.
func (c Coverage) Local(at time.Time) time.Time {
	at = at.Add(-c.Skew)
	if c.Started.IsZero() {
		return at
	}
	return c.Started.Add(at.Sub(c.Started.Round(0)))
}

// Failed returns the coverage of a read from started to finished that saw nothing but err.
func Failed(started, finished time.Time, err error) Coverage {
	return Coverage{State: CoverageFailed, Expected: -1, Started: started, Finished: finished, Err: err}
}
