package providers

import (
	"fmt"
	"time"
)

// Limits of how far clocks may differ.
const (
	// MaxSkew is how far the clock of a source may differ from this machine's.
	MaxSkew = time.Minute
	// sameSkew is the largest distance between two measurements of one clock difference that count as equal.
	sameSkew = 10 * time.Second
	// maxSteady is the largest difference that is believed once several reads have measured it: the tolerance of AWS
	// request signatures. A clock that is further off is set wrong.
	maxSteady = 15 * time.Minute
)

// SameSkew reports whether two measurements of a clock's skew agree.
func SameSkew(a, b time.Duration) bool { return (a - b).Abs() <= sameSkew }

// SteadySkew reports whether a clock difference may be believed once several reads have measured it.
func SteadySkew(d time.Duration) bool { return d.Abs() <= maxSteady }

// CheckClocks marks as partial every source of s whose clock differs from this machine's by more than MaxSkew, because
// ages of its markers and launches are unknown then. settled reports whether a source's skew is already known well
// enough. The source's error names the difference, the wrong clock if it can be known, and the remedy. CheckClocks
// writes to s, so s must not be published yet.
func CheckClocks(s *Snapshot, settled func(source string, skew time.Duration) bool) {
	var all []*clock
	for i := range s.Clouds {
		all = append(all, &clock{s.Clouds[i].Cloud.Name, &s.Clouds[i].Coverage})
	}
	for i := range s.Zones {
		all = append(all, &clock{s.Zones[i].Zone.Name, &s.Zones[i].Coverage})
	}
	off, agree, answered := 0, true, 0
	var first time.Duration
	for _, c := range all {
		if c.cov.State != CoverageComplete && c.cov.State != CoveragePartial {
			continue
		}
		answered++
		if c.cov.Skew.Abs() <= MaxSkew {
			continue
		}
		if off++; off == 1 {
			first = c.cov.Skew
		}
		agree = agree && SameSkew(first, c.cov.Skew)
	}
	mine := off > 1 && off == answered && agree
	for _, c := range all {
		if c.cov.State != CoverageComplete || c.cov.Skew.Abs() <= MaxSkew || settled(c.name, c.cov.Skew) {
			continue
		}
		why := fmt.Errorf("its clock is %s this machine's, by the Date of its answers, so how old its records and instances are cannot be said: compare both with a third clock, set the one that is wrong, and read again",
			apart(c.cov.Skew))
		if mine {
			why = fmt.Errorf("the clock of this machine is wrong: it is %s those of all %d sources, by the Date of their answers. Set it (timedatectl set-ntp true), and read again",
				apart(-first), answered)
		}
		c.cov.State, c.cov.Err = CoveragePartial, &Error{Kind: KindIncomplete, Source: c.name, Op: "compare clocks", Err: why}
	}
}

type clock struct {
	name string
	cov  *Coverage
}

// apart returns a clock difference in words, such as "3s ahead of".
func apart(ahead time.Duration) string {
	if ahead < 0 {
		return (-ahead).Round(time.Second).String() + " behind"
	}
	return ahead.Round(time.Second).String() + " ahead of"
}
