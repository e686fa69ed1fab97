package wire

import (
	"slices"

	"rollcall/dnsview/index"
)

// View returns the result in the form that findings use.
func (r *Result) View() index.WireState {
	s := index.WireState{
		Zone: r.Zone, Name: r.Name, Type: r.Type, State: index.WireVerdict(r.State), Reason: r.Reason, Want: r.Want,
		Resolves: r.Mode == Resolves, Agree: r.Agree, Servers: r.Servers, At: r.At, Since: r.Since, Until: r.Until,
	}
	if len(r.Answers) > 0 {
		s.Answers = make([]index.WireAnswer, len(r.Answers))
	}
	for i := range r.Answers {
		s.Answers[i] = r.Answers[i].view(r.Want)
	}
	return s
}

// view returns the answer in the form that findings use. If its values are those that are wanted, it shares them.
func (a *Answer) view(want []string) index.WireAnswer {
	v := index.WireAnswer{Server: a.Server.String(), Resolver: a.Server.Resolver, TTL: a.TTL, At: a.At, Agrees: a.Agrees}
	switch {
	case !a.Outcome.OK():
		v.Failure = failureOf(a)
	case slices.Equal(a.Values, want):
		v.Values = want
	default:
		v.Values = slices.Clone(a.Values)
	}
	return v
}

// View returns the result in the form that findings use. A zone of which some servers answer counts as in sync; its
// Problems list the others.
func (z *ZoneResult) View() index.WireZone {
	v := index.WireZone{Zone: z.Zone, State: index.WireVerdict(z.State), Reason: z.Reason, Problems: slices.Clone(z.Problems), At: z.At}
	if z.State == ZonePartial {
		v.State = index.WireInSync
	}
	v.Confirmed, v.Facts, v.Resolving = z.Confirmed, slices.Clone(z.Facts), z.Resolving
	for i := range z.Unresolved {
		v.Unresolved = append(v.Unresolved, z.Unresolved[i].Server.String()+" "+z.Unresolved[i].Detail)
	}
	return v
}
