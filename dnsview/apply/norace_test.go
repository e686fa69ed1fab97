//go:build !race

package apply_test

// oneOf is of how many points at which a process can die one is taken.
const oneOf = 1

// operations is how many operations the writers carry out together.
const operations = 10_000

// corruptedOneOf is of how many corruptions of answers one is played.
const corruptedOneOf = 4
