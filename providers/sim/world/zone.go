package world

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rollcall/providers"
)

// Zone is one simulated zone. Cloudflare zones have Records, Route 53 zones have Sets; the DNS server sees served sets
// of both.
type Zone struct {
	w *World

	Name        string
	ID          string
	Provider    providers.Provider
	NameServers []string
	Private     bool // Route 53: served in some VPCs only, and by no public name server
	Comment     string
	Reference   string // Route 53: CallerReference
	Created     time.Time

	vpcs    []VPC
	number  int  // for the ids of its changes
	pending bool // not delegated yet according to its provider

	sets     []*Set    // Route 53, sorted by SetLess
	records  []*Record // Cloudflare, in order of creation
	byID     map[string]*Record
	served   map[string]map[string]ServedSet // name, type
	below    map[string]int                  // number of names served at or below each name
	frozen   frozen                          // what name servers without changes serve
	tagQuota int
	plan     string // of Cloudflare; empty for free
	flatten  bool   // every CNAME that is not proxied is flattened (Cloudflare, a zone setting)
	serial   uint32
	changes  map[string]time.Time // Route 53 change id -> time when it is in sync
	nextID   uint64
}

// Set is one Route 53 record set. Names are canonical; values are in the API's presentation format, but with names
// without octal escapes.
type Set struct {
	Name, Type string
	SetID      string
	TTL        uint32
	Values     []string
	Weight     *int64
	Alias      *Alias
	// Extra holds elements that the front only stores (Region, Failover, HealthCheckId, …), by name.
	Extra map[string]string
}

// Alias is the target of a Route 53 alias record.
type Alias struct {
	Zone, Name     string
	EvaluateHealth bool
}

// Record is one Cloudflare DNS record.
type Record struct {
	ID, Name, Type, Content string
	TTL                     uint32 // 1 is auto
	Proxied                 bool
	Priority                *uint16 // MX
	Data                    []byte  // the data object as JSON; nil for types without
	Comment                 string
	Tags                    []string
	Settings                []byte // JSON object, or nil
	Created, Modified       time.Time
	Commented               time.Time // when the comment was last changed
}

// ServedSet is what the name servers answer for one name and type.
type ServedSet struct {
	Type   string
	TTL    uint32
	Values []string // presentation format
	// Follow is a name whose values of this type replace Values: the target of an alias record, or of a flattened
	// CNAME.
	Follow string
	// Routed are the Route 53 sets with set identifiers. An answer is made from one of them, or from all multivalue
	// ones. Values has the values of all.
	Routed []RoutedSet
}

// RoutedSet is one record set with a routing policy.
type RoutedSet struct {
	Values []string
	Follow string // as in ServedSet
	Weight int64
	// Policy is weighted, latency, failover, multivalue or geo. First marks the primary of a failover, Everywhere the
	// default of routing by place.
	Policy            string
	First, Everywhere bool
}

// SetLess is Route 53's order of record sets: by the labels of the name from the right, then type, then set identifier.
// A label is compared with the dot after it, so "a-b" comes before "a" ("ListResourceRecordSets" in the Route 53 API
// Reference).
func SetLess(a, b *Set) int {
	if c := compareNames(a.Name, b.Name); c != 0 {
		return c
	}
	if c := strings.Compare(a.Type, b.Type); c != 0 {
		return c
	}
	return strings.Compare(a.SetID, b.SetID)
}

// compareNames compares canonical names label by label from the right. It does not allocate for names without escapes,
// since it sorts zones of 100,000 sets.
func compareNames(a, b string) int {
	if a == b {
		return 0
	}
	if strings.Contains(a, `\`) || strings.Contains(b, `\`) {
		return slices.CompareFunc(escapedLabels(a), escapedLabels(b), compareLabels)
	}
	for a != "" && b != "" {
		i, j := strings.LastIndexByte(a, '.'), strings.LastIndexByte(b, '.')
		if c := compareLabels(a[i+1:], b[j+1:]); c != 0 {
			return c
		}
		a, b = a[:max(i, 0)], b[:max(j, 0)]
	}
	return len(a) - len(b)
}

// compareLabels compares two labels as if each had a dot after it.
func compareLabels(a, b string) int {
	n := min(len(a), len(b))
	if c := strings.Compare(a[:n], b[:n]); c != 0 || len(a) == len(b) {
		return c
	}
	if len(a) > n {
		return int(a[n]) - '.'
	}
	return '.' - int(b[n])
}

// escapedLabels returns the labels of a name from the right, as written.
func escapedLabels(name string) []string {
	l := providers.SplitName(name)
	for i := range l {
		l[i] = providers.EscapeLabel(l[i])
	}
	slices.Reverse(l)
	return l
}

// Tx is one atomic change of a zone. It is invisible until Update returns nil.
type Tx struct {
	z       *Zone
	sets    []*Set
	ownSets bool // sets is a copy that can be changed in place
	records []*Record
	touched map[string]bool
	now     time.Time
}

// SetPending sets whether the zone is not delegated yet according to its provider.
func (z *Zone) SetPending(pending bool) {
	z.w.lock()
	defer z.w.unlock()
	z.pending = pending
}

// IsPending reports whether the zone is not delegated yet according to its provider.
func (z *Zone) IsPending() bool {
	z.w.lock()
	defer z.w.unlock()
	return z.pending
}

// View calls f to read the zone under the world's lock. f must not keep its argument.
func (z *Zone) View(f func(tx *Tx)) {
	z.w.lock()
	defer z.w.unlock()
	f(z.tx())
}

func (z *Zone) tx() *Tx {
	return &Tx{z: z, sets: z.sets, records: z.records, touched: map[string]bool{}, now: z.w.clock.Now()}
}

// Update changes the zone atomically. If f returns an error, nothing is changed. It returns the id of the change for
// ChangeInSync.
func (z *Zone) Update(f func(tx *Tx) error) (changeID string, err error) {
	z.w.lock()
	defer z.w.unlock()
	tx := z.tx()
	if err := f(tx); err != nil {
		return "", err
	}
	z.nextID++
	id := fmt.Sprintf("C%02d%011dROLLCALL", z.number, z.nextID)
	z.reportChange(id, tx)
	z.sets, z.records = tx.sets, tx.records
	z.byID = nil
	delay := time.Duration(0)
	if z.Provider == providers.Route53 {
		delay = z.w.delays.Propagate
	}
	z.changes[id] = z.w.clock.Now().Add(delay)
	names := tx.touched
	if len(names) == 0 {
		return id, nil
	}
	if delay == 0 {
		z.serve(names)
	} else {
		z.w.after(delay, func() { z.serve(names) })
	}
	return id, nil
}

// ChangeInSync reports whether a change has reached every name server; ok is false for an unknown id. Under Split and
// Lagging a change that the name servers did not have when the fault was set does not reach them.
func (z *Zone) ChangeInSync(id string) (inSync, ok bool) {
	z.w.lock()
	defer z.w.unlock()
	at, ok := z.changes[id]
	if z.frozen.fault != NoFault && z.frozen.fault != "" && at.After(z.frozen.since) {
		return false, ok
	}
	return ok && !z.w.clock.Now().Before(at), ok
}

// Now returns the simulated time.
func (tx *Tx) Now() time.Time { return tx.now }

// Sets returns the record sets in Route 53's order. The caller must not modify them.
func (tx *Tx) Sets() []*Set { return tx.sets }

// Set returns one record set, or nil.
func (tx *Tx) Set(name, typ, setID string) *Set {
	if i, ok := slices.BinarySearchFunc(tx.sets, &Set{Name: name, Type: typ, SetID: setID}, SetLess); ok {
		return tx.sets[i]
	}
	return nil
}

// Put adds a record set, or replaces the one with the same name, type and set identifier.
func (tx *Tx) Put(s *Set) {
	tx.copySets()
	i, ok := slices.BinarySearchFunc(tx.sets, s, SetLess)
	if ok {
		tx.sets[i] = s
	} else {
		tx.sets = slices.Insert(tx.sets, i, s)
	}
	tx.touched[s.Name] = true
}

// Delete removes a record set.
func (tx *Tx) Delete(s *Set) {
	tx.copySets()
	if i, ok := slices.BinarySearchFunc(tx.sets, s, SetLess); ok {
		tx.sets = slices.Delete(tx.sets, i, i+1)
	}
	tx.touched[s.Name] = true
}

// copySets copies the zone's list before the first change of a transaction.
func (tx *Tx) copySets() {
	if !tx.ownSets {
		tx.sets, tx.ownSets = slices.Clone(tx.sets), true
	}
}

// Records returns the Cloudflare records in order of creation. The caller must not modify them.
func (tx *Tx) Records() []*Record { return tx.records }

// Record returns the Cloudflare record with an id, or nil.
func (tx *Tx) Record(id string) *Record {
	if tx.z.byID == nil {
		tx.z.byID = make(map[string]*Record, len(tx.z.records))
		for _, r := range tx.z.records {
			tx.z.byID[r.ID] = r
		}
	}
	if r, ok := tx.z.byID[id]; ok && len(tx.touched) == 0 {
		return r
	}
	for _, r := range tx.records {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// AddRecord adds a Cloudflare record. It sets an empty ID and empty times; the times of a record with an owner marker
// are that of the marker.
func (tx *Tx) AddRecord(r *Record) {
	if r.ID == "" {
		r.ID = strings.ReplaceAll(tx.z.w.uuid(), "-", "")
	}
	if r.Created.IsZero() {
		r.Created = tx.now
		for _, text := range []string{r.Comment, strings.Trim(r.Content, `"`)} {
			if o, err := providers.DecodeOwner(text); err == nil && o.Registered.Before(tx.now) {
				r.Created = o.Registered
			}
		}
	}
	if r.Modified.IsZero() {
		r.Modified = r.Created
	}
	if r.Commented.IsZero() {
		r.Commented = r.Created
	}
	tx.records = append(slices.Clip(tx.records), r)
	tx.touched[r.Name] = true
}

// ReplaceRecord replaces the record with r's id, and records the time if the comment differs.
func (tx *Tx) ReplaceRecord(r *Record) {
	tx.records = slices.Clone(tx.records)
	for i, x := range tx.records {
		if x.ID == r.ID {
			r.Commented = x.Commented
			if r.Comment != x.Comment {
				r.Commented = tx.now
			}
			tx.touched[x.Name] = true
			tx.records[i] = r
		}
	}
	tx.touched[r.Name] = true
}

// RemoveRecord removes the Cloudflare record with an id.
func (tx *Tx) RemoveRecord(id string) {
	tx.records = slices.DeleteFunc(slices.Clone(tx.records), func(x *Record) bool {
		if x.ID == id {
			tx.touched[x.Name] = true
		}
		return x.ID == id
	})
}
