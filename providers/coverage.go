package providers

import "time"

// CoverageState says how much of a source one read saw.
type CoverageState string

// The states of a coverage. The empty state means that the source was never
// read. Stale is not the outcome of a read: it is what Coverage.At returns for a
// complete read that has grown too old.
const (
	CoverageNone     CoverageState = ""
	CoverageComplete CoverageState = "complete"
	CoveragePartial  CoverageState = "partial"
	CoverageFailed   CoverageState = "failed"
	CoverageStale    CoverageState = "stale"
)

// Coverage is what an adapter returns at the end of every listing: how much
// the read saw, and when. An adapter never returns a bare list.
type Coverage struct {
	State    CoverageState
	Key      CloudKey  // the cloud that answered, asked in this very read; empty for zones
	Account  string    // the account that answered
	Rows     int       // rows that arrived
	Expected int       // rows that the API says it has; -1 when it does not say
	Started  time.Time // when the read began: what is shown is at least as old as this
	Finished time.Time
	// Skew is how far the clock of the source is ahead of this machine's, by the Date of its answers; zero
	// when they say nothing, or nothing that the time on the way does not explain.
	Skew time.Duration
	Err  error // why the state is not complete; nil when it is
}

// At returns the state as seen at now. A complete read whose start lies more
// than maxAge before now is stale; with a maxAge of zero or less no read is.
func (c Coverage) At(now time.Time, maxAge time.Duration) CoverageState {
	if c.State == CoverageComplete && maxAge > 0 && now.Sub(c.Started) > maxAge {
		return CoverageStale
	}
	return c.State
}

// Complete reports whether the read saw everything.
func (c Coverage) Complete() bool { return c.State == CoverageComplete }

// Age is the time since the read began; zero when it never did.
func (c Coverage) Age(now time.Time) time.Duration {
	if c.Started.IsZero() {
		return 0
	}
	return now.Sub(c.Started)
}

// Local returns the time at, which the source's clock says, by the clock of this machine as it was when the read
// began. It has the monotonic reading of Started, so that how long ago it was does not change when this machine's clock is set after the read.
func (c Coverage) Local(at time.Time) time.Time {
	at = at.Add(-c.Skew)
	if c.Started.IsZero() {
		return at
	}
	return c.Started.Add(at.Sub(c.Started.Round(0)))
}

// Failed is the coverage of a read that began at started and saw nothing but err.
func Failed(started, finished time.Time, err error) Coverage {
	return Coverage{State: CoverageFailed, Expected: -1, Started: started, Finished: finished, Err: err}
}
