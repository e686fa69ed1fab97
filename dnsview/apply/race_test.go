//go:build race

package apply_test

// oneOf is of how many points at which a process can die one is taken: under the
// race detector a process takes long to start.
const oneOf = 4

// operations is how many operations the writers carry out together. Under the race detector each takes five times as long.
const operations = 1_000
