package apply_test

import "os"

// Some suites try a great many moments, orders of writers and faults. Each run takes a part of them:
//
//	go test      all kill points, 10,000 operations of the writers, one corruption of four, all incidents
//	make test    one kill point of four, 1,000 operations, one corruption of 24, all incidents without the race detector,
//	             and a few of each kind of these with it: another moment of the same step meets the same code
//	make soak    everything, with the race detector
var (
	soak = os.Getenv("ROLLCALL_SOAK") != ""
	few  = raceDetector && !soak
	some = few || os.Getenv("ROLLCALL_SOME") != ""
)

// inPart reports whether this run takes the nth of what make test tries. With the race detector it takes one of so many.
func inPart(n, oneOf int) bool { return !few || n%oneOf == 0 }

// pointsOneOf is of how many points at which a process can die one is taken. Every write is.
func pointsOneOf() int {
	if some {
		return 4
	}
	return 1
}

// corruptionsOneOf is of how many corruptions of answers one is played.
func corruptionsOneOf() int {
	switch {
	case soak:
		return 1
	case some:
		return 24
	}
	return 4
}

// operations is how many operations the writers carry out together.
func operations() int {
	switch {
	case few:
		return 250
	case some:
		return 1_000
	}
	return 10_000
}
