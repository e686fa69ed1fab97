// Package dnsview finds where what the clouds run and what DNS hands out disagree. It is pure: no I/O, no clock of its
// own, no goroutines. It imports providers, the index, services and the names of dnssd; plans for what it finds are made above it,
// in package plan, and checked in package guard.
//
// Read Inspect, then View and Finding.
package dnsview
