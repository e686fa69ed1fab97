//go:build race

package apply_test

// raceDetector says that everything takes five to ten times as long.
const raceDetector = true
