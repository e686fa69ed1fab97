package plan

import (
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// acceptances returns a function that returns what a zone accepts, or nil for a zone that was not read.
func acceptances(x *index.Index) func(zone string) *index.Acceptance {
	zones := map[string]*index.Acceptance{}
	return func(zone string) *index.Acceptance {
		z := x.ZonesByName[providers.CanonicalName(zone)]
		if z == nil {
			return nil
		}
		if zones[z.Name] == nil {
			zones[z.Name] = index.NewAcceptance(&z.View.Zone.Traits, z.View.Records)
		}
		return zones[z.Name]
	}
}

// dropRefused removes the steps that the provider of a zone would refuse, and all that need them.
func (b *builder) dropRefused(acceptance func(zone string) *index.Acceptance) {
	b.plan.Steps = keepSteps(b.plan.Steps, func(s *Step) string {
		if s.Change == nil {
			return ""
		}
		if a := acceptance(s.Zone); a != nil {
			if why := a.WhyRefused(s.Change); why != "" {
				r := s.Change.Record()
				return r.Label() + " is left alone: " + why
			}
		}
		return ""
	}, b.skip)
}

// WithoutRefused removes from a plan the steps that the provider of a zone with these records would refuse.
func WithoutRefused(zone providers.Zone, records []providers.Record, p Plan) Plan {
	a, b := index.NewAcceptance(&zone.Traits, records), &builder{plan: p}
	b.dropRefused(func(string) *index.Acceptance { return a })
	return b.plan
}
