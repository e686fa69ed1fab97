package plan

import (
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// leaveRefused takes out of a plan what the provider of a zone would refuse, with all that needs it.
func leaveRefused(x *index.Index, steps []Step, skip func(string)) []Step {
	zones := map[string]*index.Acceptance{}
	return keepSteps(steps, func(s *Step) string {
		if s.Change == nil {
			return ""
		}
		z := x.ZonesByName[providers.CanonicalName(s.Zone)]
		if z == nil {
			return ""
		}
		if zones[z.Name] == nil {
			zones[z.Name] = index.NewAcceptance(z.View.Zone.Provider, z.View.Records)
		}
		if why := zones[z.Name].WhyRefused(s.Change); why != "" {
			r := s.Change.Record()
			return r.Label() + " is left alone: " + why
		}
		return ""
	}, skip)
}

// WithoutRefused takes out of a plan what the provider of a zone with these records would refuse.
func WithoutRefused(zone providers.Zone, records []providers.Record, p Plan) Plan {
	a := index.NewAcceptance(zone.Provider, records)
	b := &builder{plan: p}
	b.plan.Steps = keepSteps(p.Steps, func(s *Step) string {
		if s.Change == nil {
			return ""
		}
		if why := a.WhyRefused(s.Change); why != "" {
			r := s.Change.Record()
			return r.Label() + " is left alone: " + why
		}
		return ""
	}, b.skip)
	return b.plan
}
