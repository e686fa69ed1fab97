//go:build !race

package cli

// crowd is how many hosts join and leave, each a process of its own.
const crowd = 200
