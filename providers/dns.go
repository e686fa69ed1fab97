package providers

import (
	"context"
	"errors"
)

// The small interfaces of a DNS account. Every method is safe for concurrent
// use. Errors are *Error.
type (
	// ZoneLister lists the zones that the credentials can see.
	ZoneLister interface {
		Zones(ctx context.Context, page func([]Zone)) Coverage
	}

	// RecordLister lists all records of a zone, one row per value, marker
	// records included. Owners are not yet attached on Route 53, where a
	// marker is a record of its own: see AttachOwners.
	RecordLister interface {
		Records(ctx context.Context, zone Zone, page func([]Record)) Coverage
	}

	// RecordGetter reads one name afresh: every record of that name whose type is
	// typ (any type when typ is empty), with owners attached. An empty result
	// with a nil error is the provider's word that there is none.
	RecordGetter interface {
		Lookup(ctx context.Context, zone Zone, name, typ string) ([]Record, error)
	}

	// RecordFinder asks for one record by the provider's own id. Not every DNS account has it.
	// HasRecord reports whether there is a record of that id with the name, type and value of r. False with a
	// nil error is the provider's word that there is none.
	RecordFinder interface {
		HasRecord(ctx context.Context, zone Zone, r Record) (bool, error)
	}

	// Changer carries out changes in one zone. It returns one result for each
	// change, in order. It groups changes into as few calls as the provider
	// allows. A change whose Before is not what the zone holds is
	// KindConflict and nothing of it is done; the adapter itself looks again
	// and retries only changes that add. A lost reply is KindUncertain: the
	// caller looks.
	Changer interface {
		Apply(ctx context.Context, zone Zone, changes []Change) []Result
	}

	// Propagator says how far a change has got. Not every DNS account has it.
	// Propagated reports whether the change that a Result.Ticket names has
	// reached every name server of the provider. KindAuth says that the
	// credentials may not ask, KindNotFound that the provider does not know the change.
	Propagator interface {
		Propagated(ctx context.Context, ticket string) (bool, error)
	}

	// DNS is a DNS account, as an adapter returns it. One that takes changes is a Changer too; the zones of another
	// one are ReadOnly.
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
	ID          string // the provider's id, e.g. Z0123 or 32 hex digits
	Provider    Provider
	Account     string   // the account that holds it, when the API says so
	NameServers []string // as the provider says; canonical names
	Private     bool     // no public name server answers for it: a private zone of Route 53, an internal one of Cloudflare
	Pending     bool     // Cloudflare: not yet delegated
	ReadOnly    bool     `json:",omitempty"` // the account lists it, and takes no changes
}

// Apply carries changes out in a zone of an account that is a Changer. Of any other account it returns KindInvalid for each.
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

// The operations. Update changes fields of one record in place (TTL, value,
// proxied, owner marker); it is never delete and create with a gap between.
const (
	OpCreate Op = "create"
	OpDelete Op = "delete"
	OpUpdate Op = "update"
)

// Change is one change of one record, as plain data. The owner marker belongs
// to the record: a create writes After.Owners, a delete takes back the markers
// that name the record, and an update moves them, in the same atomic step
// where the provider has one.
type Change struct {
	Op     Op     `json:"op"`
	Before Record `json:"before,omitzero"` // delete, update: exactly what was read; create: the marker in whose place it comes, if any
	After  Record `json:"after,omitzero"`  // create, update; delete: with owners whose markers stay, if any
}

// Record is the record that the change is about: After for a create, else Before.
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
	// Already is set when the zone was in the wanted state before the call.
	Already bool
	// Ticket is the provider's id of the change (Route 53 change id), for the journal.
	Ticket string
	// PutBack is what another writer had made of the record between its last reading and the
	// change, where the provider has no compare-and-swap. Err is KindConflict when it is in the zone
	// again, else it says why not.
	PutBack *Record
}
