package index

// Passed returns the result of a guard that holds.
func Passed(g GuardID, why string) GuardResult {
	return GuardResult{Guard: g, Pass: true, Why: why}
}

// Failed returns the result of a guard that what is known speaks against.
func Failed(g GuardID, why, satisfy string) GuardResult {
	return GuardResult{Guard: g, Why: why, Satisfy: satisfy}
}

// Unproven returns the result of a guard that fails because nothing is known.
func Unproven(g GuardID, why, satisfy string) GuardResult {
	return GuardResult{Guard: g, NoEvidence: true, Why: why, Satisfy: satisfy}
}
