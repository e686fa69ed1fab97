package providers

import "time"

// Snapshot is one immutable picture of all sources. No one writes to it, or to
// anything it points at, after it was published.
type Snapshot struct {
	Seq    uint64 // grows with every snapshot of one fleet
	Taken  time.Time
	Clouds []CloudView // in config order, and behind them those that departed
	Zones  []ZoneView  // in config order
	// Forgotten are the keys of clouds that left the config and no longer count.
	Forgotten []CloudKey
}

// CloudView is what is known of one cloud.
type CloudView struct {
	Cloud      Cloud
	Production bool
	Departed   bool     // it is not in the config any more, and counts as failed; see Departed
	Coverage   Coverage // of the last read that ended; its Key is the key that was asked
	// Instances are the rows of the last good read; after a failed or short read
	// they are the older rows, and RowsFrom says how old. While a first read is
	// under way they are the pages that have landed so far.
	Instances  []Instance
	Addresses  []Address
	RowsFrom   time.Time         // start of the read that the rows come from
	Lookups    map[string]Lookup // answers of the cloud for single ids that markers name and the list left out
	Reading    bool              // a read is under way
	RetryAt    time.Time         // when a failed source is tried next; zero when not known
	BudgetLeft int               // calls that the account's budget would allow now; -1 when not known
}

// ZoneView is what is known of one zone.
type ZoneView struct {
	Zone     Zone
	Coverage Coverage
	Records  []Record // owners attached
	RowsFrom time.Time
	Since    time.Time // when the first of the readings began that Appeared compares, by the clock of the provider
	Whole    bool      // Records are those of a complete reading, or more
	// Appeared are the markers that an earlier complete reading did not show, with when one did
	// first, by the clock of the provider. It is nil when there was no earlier reading.
	Appeared   map[MarkerKey]time.Time
	Reading    bool
	RetryAt    time.Time
	BudgetLeft int
}
