//go:build race

package cli

// crowd is how many hosts join and leave, each a process of its own. Under the race
// detector, which looks into one process and not between them, each takes five times as long.
const crowd = 40
