// Package dnsview joins what the clouds run with what DNS hands out: it
// indexes a snapshot, finds disagreements, and turns findings and wishes into
// plans. It is pure: no I/O, no clock of its own, no goroutines.
package dnsview
