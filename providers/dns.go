package providers

import (
	"context"
	"errors"
)

// The interfaces of a DNS account. Every method is safe for concurrent use and returns errors of type *Error.
type (
	// ZoneLister lists the zones that the credentials can see, each with an ID and with the Traits of the provider. A
	// zone that is missing from a complete list is a mistake in the config. Only KindUnreachable, KindThrottled and
	// KindIncomplete mean that nothing was learned; any other error is shown to be corrected, and config check exits with 2.
	ZoneLister interface {
		Zones(ctx context.Context, page func([]Zone)) Coverage
	}

	// AccountIdentifier identifies the account. AccountID returns the id of the account that the credentials belong to, and
	// asks the provider each time. A DNS account whose zones bear their Account, or that has none, does not implement it.
	AccountIdentifier interface {
		AccountID(ctx context.Context) (string, error)
	}

	// RecordLister lists all records of a zone, one row per value, including marker records. Records calls page from one
	// goroutine at a time, with no rows for an answer whose rows come later. Where a marker is a record of its own,
	// AttachOwners has yet to attach the owners. KindNotFound and KindAuth mean that the zone may have another ID now,
	// so that it is looked up again before the next read.
	RecordLister interface {
		Records(ctx context.Context, zone Zone, page func([]Record)) Coverage
	}

	// RecordExpecter is a RecordLister that reads a zone faster if it knows about what the zone holds. ExpectRecords
	// passes on the rows of an earlier read, in its order and with owners attached; what a later read returns does not
	// depend on them. They are not modified any more, so that an adapter that remembers the same rows of its last read can
	// hold these in their place. Not every DNS account implements it.
	RecordExpecter interface {
		ExpectRecords(zone Zone, rows []Record)
	}

	// RecordGetter reads one name. Lookup returns every record of name whose type is typ (any type when typ is empty),
	// with owners attached. It is not cached. An empty result with a nil error is the provider's statement that there
	// is none.
	RecordGetter interface {
		Lookup(ctx context.Context, zone Zone, name, typ string) ([]Record, error)
	}

	// RecordFinder finds one record by the provider's id. HasRecord reports whether a record with r's id, name, type
	// and value exists. False with a nil error is the provider's statement that it does not. Not every DNS account
	// implements it.
	RecordFinder interface {
		HasRecord(ctx context.Context, zone Zone, r Record) (bool, error)
	}

	// Changer changes one zone. Apply makes the changes in as few calls as the provider allows, and returns one result
	// for each, in order. A change whose Before differs from the zone is KindConflict, and no part of it is made. The
	// adapter reads again and retries by itself only changes that add. A lost reply is KindUncertain, and the caller
	// has to look up whether the change was made.
	Changer interface {
		Apply(ctx context.Context, zone Zone, changes []Change) []Result
	}

	// Propagator follows the propagation of changes. Propagated reports whether the change of a Result.Ticket has
	// reached every name server of the provider. KindAuth means that the credentials may not ask, KindNotFound that the
	// provider does not know the change. Not every DNS account implements it.
	Propagator interface {
		Propagated(ctx context.Context, ticket string) (bool, error)
	}

	// DNS is a DNS account as an adapter returns it: these three methods are all that a provider needs whose zones are only
	// listed, and then they are ReadOnly. One that takes changes is also a Changer, and providertest.CheckDNS is its test.
	//
	//   - A zone that is passed in was found by Zones before, so its ID is not empty. In a Snapshot a zone with an empty ID
	//     was not found yet.
	//   - A listing is complete only if the provider has said that nothing is left: a page that is cut off, a marker that
	//     repeats, or a count that disagrees is KindIncomplete. Everything that the rows must not be older than is in
	//     Coverage.Started, taken before the first request. Without a count Expected is -1. Failed makes the Coverage of an
	//     error before the first row; after it the state is CoveragePartial.
	//   - There is one Record for each value: Zone and Name canonical (CanonicalName), Type in upper case, Value as
	//     SpellValue returns it, ID only if the provider has an id for each value.
	//   - Owner markers in comments (Traits.Markers) are decoded by the adapter into Record.Owners. Those that are TXT
	//     records are rows like any other: Lookup attaches them with AttachOwners, for Records the caller does.
	//   - What a person reads about the account is in adapter.Account, such as where its credentials come from.
	//
	// An account may implement more: ZoneGetter, AccountIdentifier, RecordExpecter, RecordFinder, Propagator,
	// CredentialHolder, and Endpoint() string with the URL of its API. Package zonefile is the smallest example.
	DNS interface {
		ZoneLister
		RecordLister
		RecordGetter
	}

	// WritableDNS is a DNS account that takes changes.
	WritableDNS interface {
		DNS
		Changer
	}
)

// Zone is one DNS zone at one DNS provider.
type Zone struct {
	Name        string // fully qualified, canonical, without the last dot
	ID          string // the provider's id, e.g. Z0123 or 32 hex digits; empty for a zone of the config that was not found yet, and then nothing is read or changed
	Provider    Provider
	Traits      Traits   `json:"-"` // of the provider
	Account     string   // the account that holds it, when the API says so
	NameServers []string // as the provider reports them; canonical names
	Private     bool     // not served by public name servers: a private zone of Route 53, an internal one of Cloudflare
	Pending     bool     // Cloudflare: not yet delegated
	ReadOnly    bool     `json:",omitempty"` // the account lists it but takes no changes
}

// Apply carries out changes in a zone if the account is a Changer. Otherwise it returns KindInvalid for each change.
func Apply(ctx context.Context, account any, zone Zone, changes []Change) []Result {
	if c, ok := account.(Changer); ok {
		return c.Apply(ctx, zone, changes)
	}
	out := make([]Result, len(changes))
	for i := range out {
		out[i].Err = &Error{Kind: KindInvalid, Source: zone.Name, Op: "change records", Err: errors.New("the zone is read-only: its provider lists it and takes no changes")}
	}
	return out
}

// Op is what a change does to one record.
type Op string

// The operations. An update changes fields of a record in place (TTL, value, proxied, owner marker). It is never a
// delete and a create with a gap between them.
const (
	OpCreate Op = "create"
	OpDelete Op = "delete"
	OpUpdate Op = "update"
)

// Change is one change of one record, as plain data. Owner markers belong to the record: a create writes those of
// After.Owners, a delete removes those that name the record, and an update moves them, all in the same atomic step if
// the provider has one.
type Change struct {
	Op     Op     `json:"op"`
	Before Record `json:"before,omitzero"` // delete, update: exactly as read; create: the marker that it replaces, if any
	After  Record `json:"after,omitzero"`  // create, update; delete: owners whose markers stay, if any
}

// Record returns the record that the change is about: After for a create, else Before.
func (c Change) Record() Record {
	if c.Op == OpCreate {
		return c.After
	}
	return c.Before
}

// Result is the outcome of one change.
type Result struct {
	Record Record // the record as the provider has it now (zero for a delete)
	Err    error
	// Already reports that the zone was in the wanted state before the call.
	Already bool
	// LookedUp reports that the answer of the provider was lost and that a read afterwards showed the change made. The
	// caller has to confirm it, because reads may lag behind writes.
	LookedUp bool
	// Ticket is the provider's id of the change (Route 53 change id), for the journal.
	Ticket string
	// PutBack is the record as another writer left it between the last read and the change, if the provider has no
	// compare-and-swap. Err is KindConflict when the record has been restored, else it says why it has not.
	PutBack *Record
}
