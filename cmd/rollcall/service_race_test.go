//go:build race

package main

// crowd is how many hosts join and leave, each a process of its own. Under the race
// detector each takes five times as long.
const crowd = 200
