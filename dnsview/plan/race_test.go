//go:build race

package plan_test

// crowd is how many hosts join and leave at once. Under the race detector a host
// takes five times as long, and each try of a host as much again for every other one.
const crowd = 40
