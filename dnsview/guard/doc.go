// Package guard decides whether a change may run, by what was read just before it. It is pure: what the guards rest on
// is gathered by apply and handed over in Evidence. It imports dnsview, services, the index and providers, and knows no plans.
//
// Read Mode and ModeOf, Evidence, then Check and the guards in the order in which it asks them.
package guard
