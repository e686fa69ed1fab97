package providertest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
)

// DNS is an account of a DNS adapter with a zone that CheckDNS writes to, below the name "check" and the service "_check".
type DNS struct {
	Account providers.WritableDNS
	Writes  *Writes // of Account
	// Another opens the same account as another process does. Its writes are not counted.
	Another func() providers.WritableDNS
	Zone    string         // name of the zone
	Unknown providers.Zone // a zone that the server does not have
	Joins   int            // number of writers that join one name at once; 0 leaves that out
	Lax     bool           // the server takes what a real one refuses, or the other way round, as moto does with batches
}

// CheckDNS checks what every adapter of a DNS provider must do against a server. Where providers differ, it follows the
// Traits of the zone.
func CheckDNS(t *testing.T, d DNS) {
	t.Helper()
	zone, err := providers.FindZone(t.Context(), d.Account, d.Zone, providers.ZoneChoice{}, "")
	if err != nil || zone.Name != d.Zone || zone.ID == "" || len(zone.NameServers) == 0 || zone.Private || zone.ReadOnly || zone.Traits.Title == "" {
		t.Fatalf("zone %+v, error %v", zone, err)
	}
	c := &dnsCheck{DNS: d, zone: zone, comments: zone.Traits.Markers == providers.MarkerInComment}
	if !c.comments && zone.Traits.Markers != providers.MarkerInBatch {
		t.Fatalf("no place for owner markers: %+v", zone.Traits)
	}
	before := c.records(t)
	for _, one := range []struct {
		says   string
		run    func(t *testing.T)
		strict bool // skipped if the server is lax
	}{
		{"values of every type come back as they were written, each once, and go", c.everyType, false},
		{"a lookup returns the records of one name and type", c.lookups, false},
		{"a value and its owner marker come and go together", c.comeAndGo, false},
		{"a value has one TTL, which is that of its set where there are sets", c.ttls, false},
		{"adding what is there is done already, or a conflict if it belongs to another", c.addTwice, false},
		{"a value without an owner is adopted by an update", c.adopt, true},
		{"a delete or update of what is not as it was read is a conflict and writes nothing", c.stale, false},
		{"what is not there any more is never updated", c.missing, false},
		{"an update changes TTL, value and marker in place", c.updateInPlace, false},
		{"a quiesced marker outlives its value, and the return takes it away", c.quiesced, true},
		{"a marker without a value is deleted like any record", c.orphan, false},
		{"what can never work is refused before it is sent", c.invalid, false},
		{"one change that is refused does not hold up the others", c.oneBad, true},
		{"more changes than one batch holds are all made", c.manyChanges, false},
		{"a set that is full says so, and keeps its values", c.fullSet, false},
		{"the lost answer of an add is looked up, and that of a delete is uncertain", c.lostAnswer, false},
		{"a writer between read and write loses nothing and is not overwritten", c.between, true},
		{"all that join one name at once are in it", c.joins, false},
		{"a zone that the server does not have is no empty zone", c.unknown, false},
		{"a call whose context has ended learns nothing and writes nothing", c.cancelled, false},
	} {
		t.Run(one.says, func(t *testing.T) {
			if one.strict && d.Lax {
				t.Skip("this server does not judge a batch as a whole")
			}
			one.run(t)
		})
	}
	if after := c.records(t); len(after) != len(before) {
		t.Errorf("%d records are left of %d", len(after), len(before))
	}
}

// dnsCheck is one run of CheckDNS.
type dnsCheck struct {
	DNS
	zone     providers.Zone
	comments bool // owner markers are comments
}

// registered is the time in the markers.
var registered = time.Unix(1_770_000_000, 0).UTC()

func ownerOf(instance string) providers.Owner {
	return providers.Owner{Fleet: "7f3a9c1e", Cloud: "aabbccddee", Instance: instance, Registered: registered}
}

// record returns a record below the check's part of the zone, with a marker for each owner.
func (c *dnsCheck) record(t *testing.T, label, typ, value string, owners ...providers.Owner) providers.Record {
	t.Helper()
	r := providers.Record{Zone: c.zone.Name, Name: label + "." + c.zone.Name, Type: typ, TTL: 77, Value: value}
	for _, o := range owners {
		owned, err := r.WithOwner(c.zone.Traits.Markers, o)
		if err != nil {
			t.Fatal(err)
		}
		r = owned
	}
	return r
}

func add(r providers.Record) providers.Change {
	return providers.Change{Op: providers.OpCreate, After: r}
}

func drop(r providers.Record) providers.Change {
	return providers.Change{Op: providers.OpDelete, Before: r}
}

func alter(before, after providers.Record) providers.Change {
	return providers.Change{Op: providers.OpUpdate, Before: before, After: after}
}

// records lists the zone, which must be complete and have each value once.
func (c *dnsCheck) records(t *testing.T) []providers.Record {
	t.Helper()
	var all []providers.Record
	cov := c.Account.Records(t.Context(), c.zone, func(p []providers.Record) { all = append(all, p...) })
	if !cov.Complete() || cov.Err != nil || cov.Rows != len(all) || len(all) == 0 || cov.Started.IsZero() || cov.Finished.Before(cov.Started) {
		t.Fatalf("coverage %+v with %d rows", cov, len(all))
	}
	providers.AttachOwners(all)
	seen := map[providers.Identity]bool{}
	for i := range all {
		if r := &all[i]; seen[r.Identity()] || r.Zone != c.zone.Name {
			t.Errorf("%s is listed twice, or in the zone %q", r, r.Zone)
		}
		seen[all[i].Identity()] = true
	}
	return all
}

// lookup returns the records of a name as another process reads them.
func (c *dnsCheck) lookup(t *testing.T, label, typ string) []providers.Record {
	t.Helper()
	rows, err := c.Another().Lookup(t.Context(), c.zone, label+"."+c.zone.Name, typ)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// values returns the values of the A records of a name, sorted.
func (c *dnsCheck) values(t *testing.T, label string) (out []string) {
	t.Helper()
	for _, r := range c.lookup(t, label, "A") {
		out = append(out, r.Value)
	}
	slices.Sort(out)
	return out
}

// made applies changes, which must all succeed.
func (c *dnsCheck) made(t *testing.T, changes ...providers.Change) []providers.Result {
	t.Helper()
	return done(t, c.Account.Apply(t.Context(), c.zone, changes), changes)
}

// elsewhere applies changes in another process. It may be called from another goroutine.
func (c *dnsCheck) elsewhere(t *testing.T, changes ...providers.Change) {
	for i, r := range c.Another().Apply(context.WithoutCancel(t.Context()), c.zone, changes) {
		if r.Err != nil {
			t.Errorf("another writer: %s: %v", changes[i].Op, r.Err)
		}
	}
}

func done(t *testing.T, results []providers.Result, changes []providers.Change) []providers.Result {
	t.Helper()
	for i, r := range results {
		if r.Err != nil {
			rec := changes[i].Record()
			t.Fatalf("%s %s: %v", changes[i].Op, &rec, r.Err)
		}
	}
	return results
}

// refused applies one change, which must fail with one of the kinds.
func (c *dnsCheck) refused(t *testing.T, change providers.Change, kinds ...providers.Kind) {
	t.Helper()
	r := c.Account.Apply(t.Context(), c.zone, []providers.Change{change})[0]
	if !slices.Contains(kinds, providers.KindOf(r.Err)) {
		t.Fatalf("the %s of %+v: kind %q, want %q (error: %v)", change.Op, change.Record(), providers.KindOf(r.Err), kinds, r.Err)
	}
}

// empty deletes the records of names, and the markers below them.
func (c *dnsCheck) empty(t *testing.T, labels ...string) {
	t.Helper()
	var changes []providers.Change
	for _, r := range c.records(t) {
		if slices.ContainsFunc(labels, func(l string) bool { return r.Name == l+"."+c.zone.Name }) && !r.IsMarker() {
			changes = append(changes, drop(r))
		}
	}
	c.made(t, changes...)
	for _, r := range c.records(t) {
		if _, name, ok := providers.SplitMarkerName(r.Name); ok && slices.Contains(labels, strings.TrimSuffix(name, "."+c.zone.Name)) {
			t.Errorf("the marker %s is left behind", &r)
		}
	}
}

// bare returns a record without what the provider adds to it.
func bare(r providers.Record) providers.Record {
	r.ID, r.Comment, r.Policy, r.Raw, r.MarkerTTL = "", "", "", "", 0
	r.Modified, r.Commented = time.Time{}, time.Time{}
	return r
}

// sameAs reports whether two readings agree in what was written.
func sameAs(a, b providers.Record) bool {
	a, b = bare(a), bare(b)
	return a.Equal(&b)
}
