//go:build !race

package route53_test

// raceDetector says that everything takes ten times as long.
const raceDetector = false
