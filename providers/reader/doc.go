// Package reader lets one rollcall read the sources for a whole team. Of all watchers, one holds the Lease; it publishes
// the rows of each source with a Publisher, and the others show them, which a Subscriber reads, while they are fresh.
//
// No two machines' clocks are compared: ages are those by the clock of the store, or were measured on one machine. Of
// rollcall the package imports providers only; what rows look like is not known here.
package reader
