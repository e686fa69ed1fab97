// Package guard decides whether a change may run, from what was read just before it. It is pure: apply gathers the
// Evidence. It imports dnsview, services, the index and providers, and no plans.
//
// Read Mode and ModeOf, Evidence, then Check and the guards in the order in which it evaluates them.
package guard
