//go:build race

package apply_test

import "os"

// oneOf is of how many points at which a process can die one is taken: under the
// race detector a process takes long to start. make soak takes all.
var oneOf = thinned(4, 1)

// operations is how many operations the writers carry out together. Under the race detector each takes five times
// as long; make soak takes the time.
var operations = thinned(1_000, 10_000)

// corruptedOneOf is of how many corruptions of answers one is played.
var corruptedOneOf = thinned(24, 1)

func thinned(few, all int) int {
	if os.Getenv("ROLLCALL_SOAK") != "" {
		return all
	}
	return few
}
