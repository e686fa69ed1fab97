package index

// GuardID names one guard of a destructive change.
type GuardID string

// The guards, in the order in which they are checked (design section 5).
const (
	GuardCoverage  GuardID = "coverage"  // 1: every cloud complete and fresh
	GuardOwner     GuardID = "owner"     // 2: the marker names this fleet and an instance
	GuardInstance  GuardID = "instance"  // 3: fetched by id just now, and gone
	GuardAddress   GuardID = "address"   // 4: the address is in no inventory and on no allow-list
	GuardUnchanged GuardID = "unchanged" // 5: the record was read again and is what the plan saw
	GuardGrace     GuardID = "grace"     // 6: the marker is older than the creation grace
	GuardMinimum   GuardID = "minimum"   // 7: what is removed is not alive, or enough stay; an empty name is typed
	GuardThreshold GuardID = "threshold" // 8: not too much at once
	GuardJournal   GuardID = "journal"   // 9: the journal entry is on disk
	GuardAccepted  GuardID = "accepted"  // the provider takes the change
	GuardWritable  GuardID = "writable"  // the zone takes changes, and its servers answer for the name
	GuardPower     GuardID = "power"     // 10: the cloud will carry out a power step
	GuardDNS       GuardID = "dns"       // 10: DNS does not lead to an instance any more that is stopped or terminated
)

// GuardResult is the state of one guard for one change.
type GuardResult struct {
	Guard GuardID `json:"guard"` // its name
	Pass  bool    `json:"pass"`  // whether it holds
	// NoEvidence says that the guard fails because nothing is known, not
	// because what is known speaks against the change.
	NoEvidence bool   `json:"no_evidence,omitempty"`
	Why        string `json:"why"`               // one sentence
	Satisfy    string `json:"satisfy,omitempty"` // what would satisfy it
	// Confirm is the text that a person must type to answer this guard; empty when
	// no typing can.
	Confirm string `json:"confirm,omitempty"`
	// Notices are what an operator should read before the change although the guard passes. Why contains them too.
	Notices []string `json:"-"`
}
