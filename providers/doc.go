// Package providers defines the types that every other package shares: clouds, instances, zones, records, owner
// markers, coverage, changes and snapshots, and the small interfaces that an adapter implements on top of its SDK.
//
// It imports only the standard library and does no I/O.
package providers
