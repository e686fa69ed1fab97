package main

import (
	"context"
	"slices"

	"rollcall/cmd/rollcall/config"
	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/wire"
	"rollcall/providers"
	"rollcall/providers/ec2"
	"rollcall/providers/journal"
)

// engine makes what carries plans out, once what was left open in the journal is settled.
func (s *session) engine(ctx context.Context) (*apply.Engine, error) {
	e, err := s.newEngine()
	if err != nil {
		return nil, err
	}
	for _, l := range s.settle(ctx, e) {
		s.tell("rollcall: %s", l)
	}
	return e, nil
}

// tell says something to a person, unless someone else does.
func (s *session) tell(format string, args ...any) {
	if !s.silent {
		s.app.say(format, args...)
	}
}

// newEngine makes what carries plans out, with the zones as they were found last.
func (s *session) newEngine() (*apply.Engine, error) {
	j, err := s.openJournal()
	if err != nil {
		return nil, err
	}
	all, zones := guards(s.config)
	o := apply.Options{
		Fleet: s.config.Fleet, Services: s.config.DeclaredServices(), Allow: s.config.Guards.Allow, Journal: j, Who: who(), Now: s.app.now,
		Guards: all, ZoneGuards: zones,
		Fresh:   func(context.Context) *providers.Snapshot { return s.fleet.Snapshot() },
		Wire:    &wire.Asker{Resolvers: s.config.Resolvers, Servers: s.config.NameServers()},
		Timeout: patience,
	}
	if s.observer != nil {
		o.WireZones = func() []dnsview.WireZone { return s.observer.observations().zones }
	}
	for _, c := range s.clouds() {
		t := apply.CloudTarget{Name: c.name, Err: c.err}
		if c.compute != nil {
			t.Reader, t.Power, t.Profile = c.compute, c.compute, profileFinder(c.compute)
			t.Launches, _ = c.compute.(providers.LaunchFinder)
		}
		o.Clouds = append(o.Clouds, t)
	}
	snap := s.fleet.Snapshot()
	for _, z := range s.zones() {
		t := apply.ZoneTarget{Zone: providers.Zone{Name: z.name, Provider: z.provider}, Err: z.err}
		for i := range snap.Zones {
			if v := &snap.Zones[i]; providers.SameName(v.Zone.Name, z.name) {
				t.Zone = v.Zone
				if v.Zone.ID == "" && t.Err == nil {
					t.Err = v.Coverage.Err
				}
			}
		}
		if z.dns != nil {
			t.DNS = z.dns
		}
		o.Zones = append(o.Zones, t)
	}
	return apply.New(o), nil
}

// notedOnce leaves out of a report the notes that an earlier one of this session has shown.
func (s *session) notedOnce(r *apply.Report) *apply.Report {
	r.Notes = slices.DeleteFunc(r.Notes, func(n string) bool {
		_, told := s.noted.LoadOrStore(n, true)
		return told
	})
	return r
}

// guards returns the settings of the guards, and where zones have their own.
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

// profileMaker is a cloud that can create instance profiles.
type profileMaker interface {
	MissingProfile(ctx context.Context, p ec2.NodeProfile) ([]string, error)
	CreateProfile(ctx context.Context, p ec2.NodeProfile) error
}

// profileFinder asks a cloud what of a profile in the journal is missing; nil where there are no profiles.
func profileFinder(compute providers.Compute) func(context.Context, *journal.Profile) ([]string, error) {
	m, ok := compute.(profileMaker)
	if !ok {
		return nil
	}
	return func(ctx context.Context, p *journal.Profile) ([]string, error) {
		return m.MissingProfile(ctx, ec2.NodeProfile{Name: p.Name, Description: p.Description, Trust: p.Trust, Policy: p.Policy})
	}
}
