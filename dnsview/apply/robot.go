package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rollcall/providers"
	"rollcall/providers/journal"
)

// Robot says that no person carries out the plans of an engine, but the holder of a lease. Then nothing is typed, no name
// is emptied, and the threshold holds from the first owned record on.
type Robot struct {
	// Lease reads the lease again and returns its number, or why it is not held. It is called before each batch.
	Lease func(ctx context.Context) (uint64, error)
	// Held reports whether the lease is still held, without I/O. It is asked right before a batch is written.
	Held func() bool
	// PerHour is the most values that robots of the whole team remove in an hour.
	PerHour int
}

// ErrPerHour means that robots of the team have removed as many values as they may in an hour.
var ErrPerHour = errors.New("the most for an hour is reached")

var errLease = errors.New("the lease of the team's reader is not held any more")

// lease sets the number of the lease in entries of a robot, and returns the check that no entry of a newer lease is there, the lease is
// held, and the most for an hour is not exceeded; none for a person.
func (r *run) lease(ctx context.Context, entries []journal.Entry) (entryCheck, error) {
	b := r.engine.o.Robot
	if b == nil {
		return allOf(), nil
	}
	if !r.isTeam() {
		return nil, errors.New("a watch changes DNS only with the journal of a team")
	}
	number, err := b.Lease(ctx)
	if err != nil {
		return nil, err
	}
	if err := MissingForRobots(r.engine.o.Journal, r.engine.o.Now()); err != nil {
		return nil, err
	}
	removes := 0
	for i := range entries {
		entries[i].Lease = number
		if removesValue(&entries[i]) {
			removes++
		}
	}
	return func(before []journal.Entry) error {
		for i := range before {
			if before[i].Lease > number {
				return fmt.Errorf("%w: entry %s was written under the newer lease %d", errLease, before[i].ID, before[i].Lease)
			}
		}
		if n := RemovedByRobots(before, r.engine.o.Now()); n+removes > b.PerHour {
			return fmt.Errorf("%w: watches have removed %d of %d, and this batch removes %d", ErrPerHour, n, b.PerHour, removes)
		}
		if !b.Held() {
			return errLease
		}
		return nil
	}, nil
}

func removesValue(e *journal.Entry) bool {
	return e.Change != nil && e.Change.Op == providers.OpDelete && !e.Change.Before.IsMarker()
}

// MissingForRobots returns why RemovedByRobots may return too few, or nil: the journal has lost entries of the last hour.
func MissingForRobots(j *journal.Journal, now time.Time) error {
	if err := j.Missing(now.Add(-time.Hour)); err != nil {
		return fmt.Errorf("it is not known what watches have removed in the last hour, since the journal has lost entries of it: %w", err)
	}
	return nil
}

// RemovedByRobots returns how many values robots of the team have removed in the last hour, or may have.
func RemovedByRobots(entries []journal.Entry, now time.Time) int {
	n := 0
	for i := range entries {
		e := &entries[i]
		if e.Lease > 0 && removesValue(e) && e.State != journal.Failed && e.State != journal.Refused && !e.Already && e.Age(now) <= time.Hour {
			n++
		}
	}
	return n
}
