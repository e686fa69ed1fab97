// Package providers holds the words that every other package shares: clouds,
// instances, zones, records, owner markers, coverage, changes and snapshots,
// and the small interfaces behind which an adapter hides its SDK.
//
// It imports the standard library only and does no I/O.
package providers
