// Package recordset carries out changes at providers that hold the values of one name and type as a set, take changes of
// several sets in one atomic step, and refuse it if a set is not as it was read. Owner markers are TXT sets below the
// name, and change in the same step. The adapters of such providers implement Provider. The package imports only
// providers.
package recordset

import (
	"cmp"
	"context"
	"slices"

	"rollcall/providers"
)

// Provider is one zone of an account, for one call of Writer.Apply.
type Provider interface {
	// Load reads the sets of names and of the markers below them, grouped by the name that they are about; see Subject.
	Load(ctx context.Context, names []string) (map[string]Sets, error)
	// New returns an empty set for a record with its TTL and routing policy. The error says what the provider cannot hold.
	New(r *providers.Record) (*Set, error)
	// Send makes all swaps, or none if a set is not as its Before. ticket is the provider's id of the change.
	Send(ctx context.Context, swaps []Swap) (ticket string, err error)
	// Refusal classifies an error of Send whose kind does not say enough.
	Refusal(err error) Refusal
	// Cost returns how much of a batch a swap takes.
	Cost(s *Swap) Size
}

// Refusal is why a provider refused a batch.
type Refusal int

// The reasons of a refusal.
const (
	Other Refusal = iota // not because of a change: the same batch would be refused again
	Busy                 // an earlier change is in progress
	Bad                  // a set is not as it was read, or a change is bad
	Raced                // a set is not as it was read
)

// Limits are what one batch and one set may hold.
type Limits struct {
	Size            // of a batch
	Values   int    // of a set
	SetChars int    // cost of a set that grows; 0 for that of a batch
	Batch    string // the size of a batch in words, such as "a batch takes 1000 values"
}

// Size is the cost of a batch: values, and their characters or bytes. Old and new values count.
type Size struct{ Elements, Chars int }

func (z Size) plus(o Size) Size  { return Size{z.Elements + o.Elements, z.Chars + o.Chars} }
func (z Size) minus(o Size) Size { return Size{z.Elements - o.Elements, z.Chars - o.Chars} }
func (z Size) fits(limits Limits) bool {
	return z.Elements <= limits.Elements && z.Chars <= limits.Chars
}

// Key identifies a record set within its zone.
type Key struct {
	Name string // canonical
	Type string
	ID   string // set identifier, empty for a simple record
}

// Compare orders keys by name, type and set identifier.
func Compare(a, b Key) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID))
}

// Set is a record set.
type Set struct {
	Key
	TTL      uint32
	Weight   *int64   // nil if it is not weighted
	Policy   string   // see providers.Record
	Values   []string // in the provider's spelling
	ReadOnly bool     // it is an alias or belongs to a traffic policy
	Alias    string   // the target of an alias, canonical
	// Native is the set in the provider's own form: as read, or the form of a new one without values.
	Native any
}

// Sets are record sets of one zone.
type Sets map[Key]*Set

// Swap replaces one set by another in a batch. Before is nil if there must be none, After if none is wanted. A set that
// stands in a batch unchanged must be as it was read.
type Swap struct {
	Key
	Before, After *Set
}

// Spelling is how a provider spells values.
type Spelling struct {
	Read      func(typ, value string) string      // returns the canonical form of a value of the provider
	Write     func(r *providers.Record) string    // returns a record's value as the provider spells it
	ParseTXT  func(value string) ([]string, bool) // as providers.ParseTXT
	FormatTXT func(parts []string) string         // as providers.FormatTXT
}

// Rows returns one record per value of a set, or one for an alias.
func (p *Spelling) Rows(zone string, s *Set) []providers.Record {
	base := providers.Record{Zone: zone, Name: s.Name, Type: s.Type, SetID: s.ID, TTL: s.TTL, Policy: s.Policy}
	if s.Weight != nil {
		base.Weight = *s.Weight
	}
	if s.Alias != "" {
		base.Alias, base.Value = true, s.Alias
		return []providers.Record{base}
	}
	out := make([]providers.Record, 0, max(1, len(s.Values)))
	for _, wire := range s.Values {
		r := base
		r.Value = p.Read(s.Type, wire)
		if p.Write(&r) != wire {
			r.Raw = wire
		}
		out = append(out, r)
	}
	if len(out) == 0 && s.ReadOnly { // a set of a traffic policy may come without values
		out = append(out, base)
	}
	return out
}

// Records returns the rows of record sets in a fixed order, with owners attached.
func (p *Spelling) Records(zone string, sets Sets) []providers.Record {
	keys := make([]Key, 0, len(sets))
	for k := range sets {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, Compare)
	var all []providers.Record
	for _, k := range keys {
		all = append(all, p.Rows(zone, sets[k])...)
	}
	providers.AttachOwners(all)
	return all
}

// Subject returns the name that a set is about: for a marker, the name that it marks.
func Subject(name string) string {
	if _, marked, ok := providers.SplitMarkerName(name); ok {
		return marked
	}
	return name
}
