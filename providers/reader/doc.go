// Package reader lets one rollcall read the sources for a whole team: of all watchers, one holds the Lease. No two
// machines' clocks are compared; ages are those by the clock of the store, or were measured on one machine.
//
// Of rollcall the package imports providers only.
package reader
