package providers

import "fmt"

// Traits are the differences between providers beside their APIs. An adapter declares them, and every Cloud and Zone
// has those of its provider. The zero value is for an unknown provider, and has nothing that a change could depend on.
type Traits struct {
	Title string // as people write it, such as "Route 53"

	// Of its instances, when it runs some.
	InstanceRoles  bool   // they get AWS permissions from a role and need no key on disk
	KeyPairs       bool   // an ssh key is chosen by name at launch; else all of the account's keys log in
	Metadata       bool   // they have metadata beside the user data, which may hold secrets
	UserData       int    // limit of the boot script in bytes; 0 if none is run
	CloudInit      bool   // cloud-init reads the user data, which may be gzipped or a #cloud-config; else it is run as a program
	ScalingGroups  bool   // groups start instances of a launch template by themselves
	IDPattern      string // of instance ids, with * and ? as in AWS policies
	StopReleases   bool   // at a stop an instance loses its public addresses except elastic ones
	ManyByID       int    // number of instances that one call can ask for by id; 0 if each takes a call
	KeepsDeleted   bool   // it answers of a deleted instance that it is gone, so that "not found" proves nothing
	FindsNewAtOnce bool   // an instance is found by its id right after its launch; else it may be reported missing for a while

	// Of its zones, when it hosts some.
	Access      Access           // how write access to a zone is limited
	TTLs        *TTLRange        // nil if every DNS TTL is allowed
	Proxies     bool             // the provider can answer with its own addresses instead of a record's; see CanProxy
	Flattens    bool             // it may answer for a CNAME with the addresses of the target
	Markers     MarkerPlace      // place of a record's owner marker
	Sets        *RecordSetLimits // nil if each value is a record of its own; else values of one name, type and routing are a set with one TTL, changed as a whole
	Quota       int              // limit of records, or of sets if there are any, in a zone; 0 if unknown
	QuotaRaised bool             // the provider may have raised the quota of a zone on request
	ListsSOA    bool             // every list of a zone has the SOA record
}

// MarkerPlace is the place of a record's owner marker.
type MarkerPlace string

// The places of markers. The empty one is a TXT record beside the record, of which no more is known.
const (
	MarkerInComment MarkerPlace = "comment" // of the record itself, which then can have no other comment
	MarkerInBatch   MarkerPlace = "batch"   // a TXT record beside the record, changed in the same atomic step
)

// RecordSetLimits are a provider's limits of record sets. A change of a set deletes the old one and creates the new one
// in one batch, so both count.
type RecordSetLimits struct {
	Values      int   // of one set
	BatchValues int   // of all sets of a batch
	BatchChars  int   // of all their values
	Weight      int64 // of a weighted set
}

// TTLRange holds the TTLs in seconds that records may have. Auto is one more, for a TTL that the provider chooses.
// Least is the lowest that some zones allow, and Min the lowest that all zones allow; of a zone whose plan is known, both are
// the lowest there.
type TTLRange struct{ Least, Min, Max, Auto uint32 }

// Holds reports whether a record may have the TTL in some zone.
func (t *TTLRange) Holds(ttl uint32) bool {
	return t == nil || ttl == t.Auto || ttl >= t.Least && ttl <= t.Max
}

// String returns the range for a sentence about the seconds that a record may have.
func (t *TTLRange) String() string {
	return fmt.Sprintf("%d to %d seconds, or %d for auto", t.Least, t.Max, t.Auto)
}

// Access is how write access to a zone is limited.
type Access string

// The kinds of access. The empty one means that nodes do not write to the zone.
const (
	AccessIAM   Access = "IAM"   // by an AWS policy, for names and types
	AccessToken Access = "token" // by an API token, for a whole zone
)

// CanProxy reports whether the provider can answer instead of records of a type.
func (t *Traits) CanProxy(typ string) bool {
	return t.Proxies && (typ == "A" || typ == "AAAA" || typ == "CNAME")
}
