package providers

// Traits are how providers differ beside their APIs. An adapter declares them, and every Cloud and Zone has those of its
// provider. The zero value is that of an unknown provider: it has nothing that a change could rest on.
type Traits struct {
	Title string // as people write it, such as "Route 53"

	// Of its instances, when it runs some.
	InstanceRoles  bool   // they get AWS permissions from a role and need no key on disk
	KeyPairs       bool   // an ssh key that is chosen by its name at launch; else those of the account
	Metadata       bool   // they have metadata beside the user data, which may hold secrets
	UserData       int    // bytes that the boot script may have; 0 where none is run
	CloudInit      bool   // cloud-init reads the user data, which may be in gzip and be #cloud-config; else it is run as a program
	ScalingGroups  bool   // groups start instances of one launch template by themselves
	IDPattern      string // of the ids of its instances, with * and ? as policies of AWS have them
	StopReleases   bool   // at a stop an instance loses its public addresses but the elastic ones
	FindsNewAtOnce bool   // an instance is found by its id from the moment of its launch; else it may be said not to be there for a while

	// Of its zones, when it hosts some.
	Access      Access           // how write access to a zone is limited
	TTLs        *TTLRange        // nil if every DNS TTL is allowed
	Proxies     bool             // the provider can answer with its own addresses in place of a record's; see CanProxy
	Flattens    bool             // it may answer for a CNAME with the addresses that this leads to
	Markers     MarkerPlace      // where the owner marker of a record stands
	Sets        *RecordSetLimits // nil where each value is a record of its own; else values of one name, type and routing are a set with one TTL, changed as a whole
	Quota       int              // records that a zone may hold, or sets where it has these; 0 where it is not known
	QuotaRaised bool             // that of a zone may have been raised on request
	ListsSOA    bool             // the SOA record is in every list of a zone
}

// MarkerPlace says where the owner marker of a record stands.
type MarkerPlace string

// The places of markers. The empty one is a TXT record beside the record, and no more is known of it.
const (
	MarkerInComment MarkerPlace = "comment" // of the record itself, which then can have no other
	MarkerInBatch   MarkerPlace = "batch"   // a TXT record beside the record, which is changed in the same atomic step
)

// RecordSetLimits are the most that a provider takes of record sets. A change of a set deletes it as it was and creates it as
// it shall be in one batch, so that both count.
type RecordSetLimits struct {
	Values      int   // of one set
	BatchValues int   // of all sets of a batch
	BatchChars  int   // of all their values
	Weight      int64 // of a weighted set
}

// TTLRange holds the TTLs in seconds that records may have. Auto is one more, for a TTL that the provider chooses. Least is the
// lowest that any zone takes, and Min the lowest that every zone does.
type TTLRange struct{ Least, Min, Max, Auto uint32 }

// Holds reports whether a record of every zone may have the TTL.
func (t *TTLRange) Holds(ttl uint32) bool {
	return t == nil || ttl == t.Auto || ttl >= t.Min && ttl <= t.Max
}

// Access is how write access to a zone is limited.
type Access string

// The kinds of access. The empty one means that nodes do not write to the zone.
const (
	AccessIAM   Access = "IAM"   // by an AWS policy, for names and types
	AccessToken Access = "token" // by an API token, for a whole zone
)

// CanProxy reports whether the provider can answer in place of records of a type.
func (t *Traits) CanProxy(typ string) bool {
	return t.Proxies && (typ == "A" || typ == "AAAA" || typ == "CNAME")
}
