package index

import (
	"time"

	"rollcall/providers"
)

// Outcome says what a later reading shows of a change whose outcome is not known.
type Outcome int

// The outcomes.
const (
	CannotTell Outcome = iota
	Made
	NotMade
)

// OutcomeOf returns, by a reading of its name and type, whether a change was made. now
// is the record that it left, when there is one; why says what was found, and ends a
// sentence that begins with "it was looked up, and".
func OutcomeOf(found []providers.Record, c *providers.Change) (now *providers.Record, v Outcome, why string) {
	switch c.Op {
	case providers.OpDelete:
		r, n := Find(found, c)
		switch {
		case n == 0:
			return nil, Made, "is not there any more"
		case c.Before.ID != "" && r.ID != c.Before.ID:
			return nil, Made, "is not there any more: the same value stands there anew" // no id is given twice
		case n == 1 && Difference(&c.Before, r) == "":
			return nil, NotMade, "is there as it was"
		}
		return nil, CannotTell, "what is there is not what was to go: " + howDifferent(&c.Before, r, n)
	case providers.OpCreate:
		r, n := Find(found, c)
		switch {
		case n == 0:
			return nil, NotMade, "is not there"
		case n == 1 && (equalOwners(c.After.Owners, r.Owners) || c.After.Comment != "" && c.After.Comment == r.Comment || c.After.IsMarker()):
			return r, Made, "is there" // a record set keeps its TTL, so that the TTL says nothing
		}
		return nil, CannotTell, "what is there is not what was to come: " + howDifferent(&c.After, r, n)
	default:
		after := c.After
		after.Modified = time.Time{}
		if r, n := Find(found, &providers.Change{Op: providers.OpCreate, After: after}); n == 1 && Difference(&after, r) == "" {
			return r, Made, "is as it was to be"
		}
		r, n := Find(found, c)
		switch {
		case n == 0:
			return nil, CannotTell, "is neither as it was nor as it was to be"
		case n == 1 && Difference(&c.Before, r) == "":
			return nil, NotMade, "is as it was"
		}
		return nil, CannotTell, "is neither as it was nor as it was to be: " + howDifferent(&c.Before, r, n)
	}
}

func howDifferent(want, r *providers.Record, n int) string {
	if n > 1 {
		return "there are several"
	}
	if d := Difference(want, r); d != "" {
		return d
	}
	return "its owner marker is another one now"
}
