package providers

import "time"

// Snapshot is an immutable picture of all sources. After publication it, and all that it points at, is read-only.
type Snapshot struct {
	Seq    uint64 // increases with every snapshot of one fleet
	Taken  time.Time
	Clouds []CloudView // in config order, followed by those that left it
	Zones  []ZoneView  // in config order
	// Forgotten are the keys of clouds that left the config and no longer count.
	Forgotten []CloudKey
	// Beginning says that the rows are the first few of an earlier run, and that the others are being loaded. Nothing can
	// be found in them.
	Beginning bool
}

// CloudView is the state of one cloud.
type CloudView struct {
	Cloud        Cloud
	From         string // where the credentials come from, such as "profile prod"; never a secret
	Production   bool
	Unconfigured bool     // no longer in the config; counts as failed; see UnconfiguredClouds
	Coverage     Coverage // of the last finished read; its Key is the key that was asked
	// Instances are the rows of the last good read; after a failed or short read they are that older read's, and
	// RowsFrom is its age. During a first read they are the pages received so far.
	Instances  []Instance
	Addresses  []Address
	RowsFrom   time.Time         // start of the read that the rows come from
	Earlier    bool              // the rows are those of an earlier run
	ReadBy     string            // the member of the team that has read and published the rows, which are for display only; empty for own reads
	StoreErr   error             // why newer rows of ReadBy could not be read from the team's store; nil if the last look at it succeeded
	Left       int               // rows to show that a snapshot of the beginning leaves out
	Lookups    map[string]Lookup // answers for single ids that markers name and the list left out; read with Lookup
	Reading    bool              // a read is under way
	RetryAt    time.Time         // next try of a failed source; zero if unknown
	BudgetLeft int               // calls that the account's budget allows now; -1 if unknown
}

// Lookup returns the answer about one instance, and false if there is none.
func (v *CloudView) Lookup(id string) (Lookup, bool) {
	l, ok := v.Lookups[id]
	return l.By(&v.Cloud.Traits), ok
}

// ZoneView is the state of one zone.
type ZoneView struct {
	Zone            Zone
	From            string // as in CloudView
	Coverage        Coverage
	Records         []Record // owners attached
	RowsFrom        time.Time
	Earlier         bool      // as in CloudView
	ReadBy          string    // as in CloudView
	StoreErr        error     // as in CloudView
	Left            int       // as in CloudView
	Since           time.Time // start of the first reading that Appeared compares, by the provider's clock
	HasCompleteRead bool      // Records include a complete reading
	// Appeared holds the markers that an earlier complete reading lacked, with the time of their first reading by the
	// provider's clock. It is nil if there was no earlier reading.
	Appeared   map[MarkerKey]time.Time
	Former     []Former // what earlier readings showed and resolvers may still hold
	Reading    bool
	RetryAt    time.Time
	BudgetLeft int
}

// Outdated reports whether the rows are not those of the last read, because it failed or was partial, or because the rows
// are those of an earlier run.
func (v *CloudView) Outdated() bool { return v.Earlier || v.Coverage.after(v.RowsFrom) }

// Outdated is that of a CloudView.
func (v *ZoneView) Outdated() bool { return v.Earlier || v.Coverage.after(v.RowsFrom) }

// after reports whether a read that was not complete began after the one that rows come from.
func (c *Coverage) after(from time.Time) bool {
	return c.State != CoverageNone && !c.Complete() && !from.IsZero() && from.Before(c.Started)
}

// ShareRows reports whether the rows of two views are one slice, or none. A read that brings the rows of the one before
// it shares them, so views that share rows show the same.
func ShareRows[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
