//go:build !race

package apply_test

// oneOf is of how many points at which a process can die one is taken.
const oneOf = 1
