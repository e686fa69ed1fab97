package plan

import (
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// The default TTLs of new records in seconds: of nodes, which change often, and of an incarnation.

const (
	nodeTTL        = 60
	incarnationTTL = 300
)

// parallelReads is the number of names that are read concurrently.
const parallelReads = 16

// Getter reads single names.
type Getter interface {
	Lookup(ctx context.Context, zone providers.Zone, name, typ string) ([]providers.Record, error)
}

// Zone is the part of a zone that was read for a plan.
type Zone struct {
	Zone    providers.Zone
	Fleet   string
	Now     time.Time
	Records []providers.Record // owners attached

	asked []string // names that were read
}

// Read adds the records of names, of every type.
func (z *Zone) Read(ctx context.Context, g Getter, names ...string) error {
	got := make([][]providers.Record, len(names))
	eg, ctx := errgroup.WithContext(ctx)
	eg.SetLimit(parallelReads)
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

// recordsAt returns the records of one name and type.
func (z *Zone) recordsAt(name, typ string) []*providers.Record {
	return index.RecordsAt(z.Records, name, typ)
}

// ReadAbove adds the records of the names between the apex of the zone and names, where a delegation would hide what is
// written below it. Names that were read already are not read again.
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

// resolvable returns a refusal for a name that the servers of the zone would not answer for.
func (z *Zone) resolvable(typ string, names ...string) error {
	cuts := index.CutsOf(z.Zone.Name, z.Records)
	for _, n := range names {
		n = providers.CanonicalName(n)
		if why, ok := cuts.Occluded(n, typ); ok {
			return conflict("%s; nothing is written there", why)
		}
		if d := cuts.Glue(n, typ); d != "" {
			return conflict("%s is glue of the delegation of %s, and stays as that needs it", providers.Clean(n), providers.Clean(d))
		}
	}
	return nil
}

// leadsTo returns the PTR record from one name to another, or nil.
func (z *Zone) leadsTo(from, to string) *providers.Record {
	for _, r := range z.recordsAt(providers.CanonicalName(from), "PTR") {
		if providers.SameName(r.Value, to) {
			return r
		}
	}
	return nil
}

// Planned is a plan with notes for the operator.
type Planned struct {
	Plan  Plan
	Notes []string
}

// HostKey returns the cloud key in the markers of hosts that join by hand, which are in no cloud. It differs by zone,
// so hosts of one name in two zones are two.
func HostKey(fleet, zone string) providers.CloudKey {
	return providers.NewCloudKey("host", fleet, providers.CanonicalName(zone))
}

// HostOwner returns the owner of the records of a host that joins by hand. short is its name below the zone.
func (z *Zone) HostOwner(short string) providers.Owner {
	return providers.Owner{
		Fleet: z.Fleet, Cloud: HostKey(z.Fleet, z.Zone.Name), Instance: providers.HostPrefix + short, Registered: z.Now.UTC().Truncate(time.Second),
	}
}

// planner builds a plan on a Zone.
type planner struct {
	z *Zone
	Planned
}

func (z *Zone) plan(verb index.Verb) *planner {
	return &planner{z: z, Planned: Planned{Plan: Plan{Verb: verb}}}
}

func (m *planner) note(s string) { m.Notes = append(m.Notes, s) }

// step adds a change and returns its id.
func (m *planner) step(c providers.Change, sentence string, needs ...int) int {
	s := Step{ID: len(m.Plan.Steps) + 1, Kind: StepChange, Zone: m.z.Zone.Name, Change: &c, Sentence: sentence, Needs: needs}
	rec := c.Record()
	if o, ok := rec.Owner(); ok {
		s.Instance = providers.InstanceRef{Key: o.Cloud, ID: o.Instance, Name: strings.TrimPrefix(o.Instance, providers.HostPrefix)}
	}
	m.Plan.Steps = append(m.Plan.Steps, s)
	return s.ID
}

func (m *planner) end(title string) Planned {
	m.Plan.Title = title
	m.Plan = WithoutRefused(m.z.Zone, m.z.Records, m.Plan)
	if why := index.WhyZoneNotWritten(&m.z.Zone); why != "" && len(m.Plan.Steps) > 0 {
		m.Plan.Steps, m.Notes = nil, nil
		m.skip(why)
	}
	if len(m.Plan.Steps) == 0 {
		m.Plan.Title = "Nothing to do"
	}
	return m.Planned
}

// endWhole returns a plan that is carried out as a whole or not at all. It returns a refusal if the provider would
// refuse a part of it.
func (m *planner) endWhole(title string) (Planned, error) {
	if p := WithoutRefused(m.z.Zone, m.z.Records, m.Plan); len(p.Steps) < len(m.Plan.Steps) {
		return Planned{}, invalid("%s", p.Skipped[len(m.Plan.Skipped)])
	}
	return m.end(title), nil
}

// ids returns the ids of all steps.
func (m *planner) ids() []int {
	var out []int
	for _, s := range m.Plan.Steps {
		out = append(out, s.ID)
	}
	return out
}

// setTTL sets the TTL of a new record to that of its name, else to ttl.
func (z *Zone) setTTL(r *providers.Record, ttl uint32) {
	r.TTL = ttl
	if same := z.recordsAt(r.Name, r.Type); len(same) > 0 {
		r.TTL, r.AutoTTL = same[0].TTL, same[0].AutoTTL
	}
}

func ownership(r *providers.Record) string {
	switch o, ok := r.Owner(); {
	case ok && o.Host():
		return "belongs to the host " + providers.Clean(strings.TrimPrefix(o.Instance, providers.HostPrefix))
	case ok:
		return "belongs to " + providers.Clean(o.Instance)
	case len(r.Owners) > 0 || len(r.BadMarkers) > 0:
		return "has markers that do not say clearly whose it is"
	}
	return "has no owner marker"
}

// inZone returns a refusal for a service whose name is not in the zone.
func (z *Zone) inZone(n dnssd.Name) error {
	if !providers.InZone(n.Type().String(), z.Zone.Name) {
		return invalid("%s does not lie in the zone %s", n, z.Zone.Name)
	}
	return nil
}
