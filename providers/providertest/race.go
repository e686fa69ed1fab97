//go:build race

package providertest

// RaceDetector reports whether the race detector is on, under which everything takes five to ten times as long.
const RaceDetector = true
