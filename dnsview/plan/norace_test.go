//go:build !race

package plan_test

// crowd is how many hosts join and leave at once.
const crowd = 200
