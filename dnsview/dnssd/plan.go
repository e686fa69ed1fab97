package dnssd

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"rollcall/dnsview"
	"rollcall/providers"
)

// The TTLs of new records in seconds, where nothing else says one: of nodes, which
// come and go, and of what belongs to an incarnation.
const (
	nodeTTL        = 60
	incarnationTTL = 300
)

// Getter reads single names afresh.
type Getter interface {
	Lookup(ctx context.Context, zone providers.Zone, name, typ string) ([]providers.Record, error)
}

// Zone is one zone as far as it was read for a plan.
type Zone struct {
	Zone    providers.Zone
	Fleet   string
	Now     time.Time
	Records []providers.Record // owners attached

	asked []string // names that were read
}

// Read adds the records of some names, of every type, to what is known of the zone.
func (z *Zone) Read(ctx context.Context, g Getter, names ...string) error {
	got := make([][]providers.Record, len(names))
	eg, ctx := errgroup.WithContext(ctx)
	eg.SetLimit(atOnce)
	for i, n := range names {
		eg.Go(func() (err error) {
			got[i], err = g.Lookup(ctx, z.Zone, n, "")
			return err
		})
	}
	if err := eg.Wait(); err != nil {
		return err
	}
	for i, n := range names {
		n = providers.CanonicalName(n)
		z.asked = append(z.asked, n)
		z.Records = slices.DeleteFunc(z.Records, func(r providers.Record) bool { return r.Name == n })
		z.Records = append(z.Records, got[i]...)
	}
	return nil
}

// at gives the records of one name and type.
func (z *Zone) at(name, typ string) []*providers.Record {
	var out []*providers.Record
	for i := range z.Records {
		if r := &z.Records[i]; r.Name == name && r.Type == typ {
			out = append(out, r)
		}
	}
	return out
}

// ReadAbove adds what is known of the names between the apex of the zone and some names, where a
// delegation would make what is written there invisible. Names that were read already are not read again.
func (z *Zone) ReadAbove(ctx context.Context, g Getter, names ...string) error {
	var above []string
	for _, n := range names {
		for n, ok := providers.Parent(providers.CanonicalName(n)); ok && n != z.Zone.Name && providers.InZone(n, z.Zone.Name); n, ok = providers.Parent(n) {
			if !slices.Contains(z.asked, n) && !slices.Contains(above, n) {
				above = append(above, n)
			}
		}
	}
	return z.Read(ctx, g, above...)
}

// resolvable refuses names that the servers of the zone would not answer for.
func (z *Zone) resolvable(typ string, names ...string) error {
	cuts := dnsview.CutsOf(z.Zone.Name, z.Records)
	for _, n := range names {
		n = providers.CanonicalName(n)
		if why, ok := cuts.Occluded(n, typ); ok {
			return inTheWay("%s; nothing is written there", why)
		}
		if d := cuts.Glue(n, typ); d != "" {
			return inTheWay("%s is glue of the delegation of %s, and stays as that needs it", dnsview.Clean(n), dnsview.Clean(d))
		}
	}
	return nil
}

// leadsTo finds the PTR record from one name to another.
func (z *Zone) leadsTo(from, to string) *providers.Record {
	for _, r := range z.at(providers.CanonicalName(from), "PTR") {
		if providers.SameName(r.Value, to) {
			return r
		}
	}
	return nil
}

// Made is a plan with what the operator should know of it.
type Made struct {
	Plan  dnsview.Plan
	Notes []string
}

// HostKey stands in the markers of hosts that join by hand, which no cloud
// lists, in the place of a cloud's key: hosts of one name in two zones are two.
func HostKey(fleet, zone string) providers.CloudKey {
	return providers.NewCloudKey("host", fleet, providers.CanonicalName(zone))
}

// HostOwner is the owner of what a host that joins by hand puts into a zone. short is
// its name below the zone.
func (z *Zone) HostOwner(short string) providers.Owner {
	return providers.Owner{
		Fleet: z.Fleet, Cloud: HostKey(z.Fleet, z.Zone.Name), Instance: providers.HostPrefix + short, Registered: z.Now.UTC().Truncate(time.Second),
	}
}

// maker puts a plan together.
type maker struct {
	z    *Zone
	made Made
}

func (z *Zone) plan(verb dnsview.Verb) *maker {
	return &maker{z: z, made: Made{Plan: dnsview.Plan{Verb: verb}}}
}

func (m *maker) note(s string) { m.made.Notes = append(m.made.Notes, s) }

// step adds a change and gives its id.
func (m *maker) step(c providers.Change, sentence string, needs ...int) int {
	s := dnsview.Step{ID: len(m.made.Plan.Steps) + 1, Kind: dnsview.StepChange, Zone: m.z.Zone.Name, Change: &c, Sentence: sentence, Needs: needs}
	rec := c.Record()
	if o, ok := rec.Owner(); ok {
		s.Instance = providers.InstanceRef{Key: o.Cloud, ID: o.Instance, Name: strings.TrimPrefix(o.Instance, providers.HostPrefix)}
	}
	m.made.Plan.Steps = append(m.made.Plan.Steps, s)
	return s.ID
}

func (m *maker) end(title string) Made {
	m.made.Plan.Title = title
	m.made.Plan = dnsview.WithoutRefused(m.z.Zone, m.z.Records, m.made.Plan)
	if why := dnsview.WhyZoneNotWritten(&m.z.Zone); why != "" && len(m.made.Plan.Steps) > 0 {
		m.made.Plan.Steps, m.made.Notes = nil, nil
		m.skip(why)
	}
	if len(m.made.Plan.Steps) == 0 {
		m.made.Plan.Title = "Nothing to do"
	}
	return m.made
}

// whole ends a plan that is carried out entirely or not at all: half a node, or half an incarnation, is
// worse than none. It is a Refusal when the provider would refuse a part of it.
func (m *maker) whole(title string) (Made, error) {
	if p := dnsview.WithoutRefused(m.z.Zone, m.z.Records, m.made.Plan); len(p.Steps) < len(m.made.Plan.Steps) {
		return Made{}, invalid("%s", p.Skipped[len(m.made.Plan.Skipped)])
	}
	return m.end(title), nil
}

// create adds a record that belongs to the incarnation.
func (m *maker) create(name, typ, value string, ttl uint32, needs ...int) {
	r := m.z.record(name, typ, value, ttl)
	m.step(providers.Change{Op: providers.OpCreate, After: r}, "Create "+subject(&r), needs...)
}

// ids are the steps so far.
func (m *maker) ids() []int {
	var out []int
	for _, s := range m.made.Plan.Steps {
		out = append(out, s.ID)
	}
	return out
}

// record makes a new record with the TTL of its name, else the one given.
func (z *Zone) record(name, typ, value string, ttl uint32) providers.Record {
	r := providers.Record{Zone: z.Zone.Name, Name: providers.CanonicalName(name), Type: typ, Value: providers.CanonicalValue(typ, value), TTL: ttl}
	if same := z.at(r.Name, typ); len(same) > 0 {
		r.TTL, r.AutoTTL = same[0].TTL, same[0].AutoTTL
	}
	return r
}

// owned gives a record its marker, as the provider of the zone keeps it.
func (z *Zone) owned(r providers.Record, o providers.Owner) (providers.Record, error) {
	if z.Zone.Provider == providers.Cloudflare {
		text, err := o.Bare().Encode()
		if err != nil {
			return r, invalid("%s", err)
		}
		r.Owners, r.Comment = []providers.Owner{o.Bare()}, text
		return r, nil
	}
	if _, err := o.For(r.Type, r.Value).Encode(); err != nil {
		return r, invalid("%s", err)
	}
	r.Owners = []providers.Owner{o.For(r.Type, r.Value)}
	return r, nil
}

// mine reports whether a record belongs to the owner, and to nobody else.
func mine(r *providers.Record, o providers.Owner) bool {
	own, ok := r.Owner()
	return ok && own.Same(o)
}

func whose(r *providers.Record) string {
	switch o, ok := r.Owner(); {
	case ok && o.Host():
		return "belongs to the host " + dnsview.Clean(strings.TrimPrefix(o.Instance, providers.HostPrefix))
	case ok:
		return "belongs to " + dnsview.Clean(o.Instance)
	case len(r.Owners) > 0 || len(r.BadMarkers) > 0:
		return "has markers that do not say clearly whose it is"
	}
	return "has no owner marker"
}

func subject(r *providers.Record) string {
	return dnsview.Clean(r.Name) + " " + r.Type + " " + dnsview.Clean(r.Value)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// inZone refuses a service whose name lies outside the zone.
func (z *Zone) inZone(n Name) error {
	if !providers.InZone(n.Type().String(), z.Zone.Name) {
		return invalid("%s does not lie in the zone %s", n, z.Zone.Name)
	}
	return nil
}
