package wire

import (
	"slices"

	"rollcall/dnsview/index"
)

// View returns the result in the form that findings use.
func (r *Result) View() index.WireState {
	s := index.WireState{
		Zone: r.Zone, Name: r.Name, Type: r.Type, State: index.WireVerdict(r.State), Reason: r.Reason, Want: slices.Clone(r.Want),
		Resolves: r.Mode == Resolves, Agree: r.Agree, Servers: r.Servers, At: r.At, Since: r.Since, Until: r.Until,
	}
	for i := range r.Answers {
		s.Answers = append(s.Answers, r.Answers[i].view())
	}
	return s
}

func (a *Answer) view() index.WireAnswer {
	v := index.WireAnswer{Server: a.Server.String(), Resolver: a.Server.Resolver, Values: slices.Clone(a.Values), TTL: a.TTL, At: a.At, Agrees: a.Agrees}
	if !a.Outcome.OK() {
		v.Values, v.Failure = nil, failureOf(a)
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
