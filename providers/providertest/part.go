package providertest

import "os"

// Some suites try a great many moments, orders of writers and faults. Each run takes a part of them:
//
//	go test ./...   all, but for the longest of make soak
//	make test       some without the race detector (the variable ROLLCALL_SOME), and of these a few with it: another moment
//	                of the same step meets the same code, and everything takes five to ten times as long
//	make soak       all, with the race detector (the variable ROLLCALL_SOAK)
var (
	// Soak reports whether this is a run of make soak.
	Soak = os.Getenv("ROLLCALL_SOAK") != ""
	few  = RaceDetector && !Soak
	some = os.Getenv("ROLLCALL_SOME") != "" && !Soak
)

// Amount returns how much this run takes of what it could try.
func Amount(all, ofSome, ofFew int) int {
	switch {
	case few:
		return ofFew
	case some:
		return ofSome
	}
	return all
}

// InPart reports whether this run takes the nth of what make test tries. A run that takes few takes one of so many.
func InPart(n, oneOf int) bool { return !few || n%oneOf == 0 }
