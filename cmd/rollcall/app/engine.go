package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"rollcall/cmd/rollcall/config"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/wire"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/providers/ec2"
	"rollcall/providers/journal"
)

// Engine returns the engine that carries out plans, after resolving what was left open in the journal.
func (s *Session) Engine(ctx context.Context) (*apply.Engine, error) {
	s.readOwnZones(ctx)
	o, err := s.engineOptions()
	if err != nil {
		return nil, err
	}
	return s.newEngine(ctx, o), nil
}

// ZoneEngine is Engine for plans that change one zone and depend on no cloud. timeout limits each call.
func (s *Session) ZoneEngine(ctx context.Context, sources apply.Sources, zone apply.ZoneTarget, timeout time.Duration) (*apply.Engine, error) {
	o, err := s.baseOptions()
	if err != nil {
		return nil, err
	}
	o.Sources, o.Zones, o.Timeout = sources, []apply.ZoneTarget{zone}, timeout
	return s.newEngine(ctx, o), nil
}

// newEngine returns the engine with these options, after resolving what was left open in the journal.
func (s *Session) newEngine(ctx context.Context, o apply.Options) *apply.Engine {
	e := apply.New(o)
	for _, l := range s.ResolveAbandoned(ctx, e) {
		s.Report("rollcall: %s", l)
	}
	return e
}

// readOwnZones reads the zones that are displayed as another member has read them, and were not read here: a zone is
// changed by an id that its account has returned to this rollcall.
func (s *Session) readOwnZones(ctx context.Context) {
	own, shown := s.Fleet.Own(), s.Fleet.Snapshot()
	var names []string
	for i := range own.Zones {
		if own.Zones[i].Zone.ID == "" && shown.Zones[i].ReadBy != "" {
			names = append(names, s.Zones()[i].Name)
		}
	}
	if len(names) > 0 {
		s.Fleet.Refresh(ctx, names...)
	}
}

// Report writes a line for a person, unless the session is silent.
func (s *Session) Report(format string, args ...any) {
	if s.Silent {
		s.Program.logLine(fmt.Sprintf(format, args...))
		return
	}
	s.Program.Logf(format, args...)
}

// RobotEngine returns the engine of a watch that changes DNS by itself, and the journal that it writes to.
func (s *Session) RobotEngine(ctx context.Context, b *apply.Robot) (*apply.Engine, *journal.Journal, error) {
	s.readOwnZones(ctx)
	o, err := s.engineOptions()
	if err != nil {
		return nil, nil, err
	}
	o.Robot, o.Who = b, strings.ReplaceAll(WatchName(), " on ", "@")
	return apply.New(o), o.Journal, nil
}

// baseOptions returns the options of an engine, without sources.
func (s *Session) baseOptions() (apply.Options, error) {
	j, err := s.OpenJournal()
	if err != nil {
		return apply.Options{}, err
	}
	all, zones := guards(s.Config)
	return apply.Options{
		Fleet: s.Config.Fleet, Services: s.Config.DeclaredServices(), Allow: s.Config.Guards.Allow, Journal: j, Who: Who(), Clock: s.Program.Clock,
		Guards: all, ZoneGuards: zones,
		Wire:    &wire.Asker{Resolvers: s.Config.Resolvers, Servers: s.Config.NameServers()},
		Timeout: OneShotTimeout,
	}, nil
}

// engineOptions returns the options of the engine of all sources, with the zones as last found.
func (s *Session) engineOptions() (apply.Options, error) {
	o, err := s.baseOptions()
	if err != nil {
		return o, err
	}
	o.Sources = s.Fleet
	if s.Observer != nil {
		o.WireZones = func() []index.WireZone { return s.Observer.observations().zones }
		o.Health = func() []index.HealthState { return s.Observer.observations().health }
	}
	for _, c := range s.Clouds() {
		t := apply.CloudTarget{Name: c.Name, Err: c.Err}
		if c.Compute != nil {
			t.Power, t.Profile = c.Compute, profileFinder(c.Compute)
			t.Launches, _ = c.Compute.(providers.LaunchFinder)
		}
		o.Clouds = append(o.Clouds, t)
	}
	snap := s.Fleet.Own()
	for _, z := range s.Zones() {
		t := apply.ZoneTarget{Zone: providers.Zone{Name: z.Name, Provider: z.Provider, Traits: adapters.Declared(z.Provider).Traits}, Err: z.Err}
		for i := range snap.Zones {
			if v := &snap.Zones[i]; providers.SameName(v.Zone.Name, z.Name) {
				t.Zone = v.Zone
				if v.Zone.ID == "" && t.Err == nil {
					t.Err = v.Coverage.Err
				}
			}
		}
		if z.DNS != nil {
			t.DNS = z.DNS
		}
		o.Zones = append(o.Zones, t)
	}
	return o, nil
}

// WithoutShownNotes removes the notes that this session has shown already from r and returns r.
func (s *Session) WithoutShownNotes(r *apply.Report) *apply.Report {
	r.Notes = slices.DeleteFunc(r.Notes, func(n string) bool {
		_, shown := s.shownNotes.LoadOrStore(n, true)
		return shown
	})
	return r
}

// guards returns the settings of the guards, and those of zones that have their own.
func guards(c *config.Config) (all apply.Guards, zones map[string]apply.Guards) {
	share := func(v float64) float64 {
		if v == 0 {
			return apply.NothingGoes
		}
		return v
	}
	all = apply.Guards{Age: c.Guards.Age, Grace: c.Guards.Grace, Threshold: share(c.Guards.Threshold), From: c.Guards.From}
	zones = map[string]apply.Guards{}
	for i := range c.Zones {
		z := &c.Zones[i]
		g := apply.Guards{From: z.From}
		if z.Threshold != nil {
			g.Threshold = share(*z.Threshold)
		}
		zones[z.Name] = g
	}
	return all, zones
}

// ProfileMaker is a cloud that can create instance profiles.
type ProfileMaker interface {
	MissingProfile(ctx context.Context, p ec2.NodeProfile) ([]string, error)
	CreateProfile(ctx context.Context, p ec2.NodeProfile) error
}

// profileFinder returns a function that asks a cloud which parts of a journaled profile are missing; nil if the cloud
// has no profiles.
func profileFinder(compute providers.Compute) func(context.Context, *journal.Profile) ([]string, error) {
	m, ok := compute.(ProfileMaker)
	if !ok {
		return nil
	}
	return func(ctx context.Context, p *journal.Profile) ([]string, error) {
		return m.MissingProfile(ctx, ec2.NodeProfile{Name: p.Name, Description: p.Description, Trust: p.Trust, Policy: p.Policy})
	}
}
