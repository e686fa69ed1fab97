package wire

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/providers"
)

// setState sets state, reason, counts and Until of r from its question, its answers and the zone. It is pure.
func setState(r *Result, zone *ZoneResult) {
	var auth, caches []*Answer
	r.Servers, r.Agree, r.Until = 0, 0, time.Time{}
	for i := range r.Answers {
		a := &r.Answers[i]
		a.Agrees = agrees(&r.Question, a)
		if a.Server.Resolver {
			caches = append(caches, a)
			continue
		}
		auth = append(auth, a)
		if a.Outcome != NoRoute {
			r.Servers++
		}
		if a.Agrees {
			r.Agree++
		}
	}
	good := filter(auth, func(a *Answer) bool { return a.Outcome.OK() })
	switch {
	case zone.State == ZoneLame:
		r.State, r.Reason = Lame, zone.Reason
	case len(auth) == 0:
		r.State, r.Reason = Unreachable, zone.Reason
	case len(good) == 0:
		r.State, r.Reason = stateWithoutAnswers(auth)
	case r.Agree < len(good) && !alike(&r.Question, good):
		r.State, r.Reason = Split, "the authoritative servers disagree: "+answerGroups(&r.Question, good)
	case r.Agree < len(good):
		r.State = Propagating
		r.Reason = providers.CountOf(len(good), "authoritative server") + " " + verb(len(good), "answers", "answer") + " " + answerText(good[0]) + ", and the API says " + wanted(&r.Question)
	default:
		setCacheState(r, good, caches)
	}
	if bad := filter(auth, func(a *Answer) bool { return !a.Outcome.OK() && a.Outcome != NoRoute }); len(good) > 0 && len(bad) > 0 && r.State != Lame {
		r.Reason += "; " + failures(bad)
	}
}

// setCacheState compares the resolvers when the authoritative servers are in sync.
func setCacheState(r *Result, good, caches []*Answer) {
	stale := filter(caches, func(a *Answer) bool { return a.Outcome.OK() && !a.Agrees })
	broken := filter(caches, func(a *Answer) bool {
		return !a.Outcome.OK() && !a.Outcome.Silent() && a.Outcome != Refused && a.Outcome != NoAuth
	})
	negative := filter(stale, func(a *Answer) bool { return a.Outcome != Answered })
	for _, a := range stale {
		if at := a.Expires(); a.TTL > 0 && at.After(r.Until) {
			r.Until = at
		}
	}
	switch {
	case len(stale) > len(negative):
		old := filter(stale, func(a *Answer) bool { return a.Outcome == Answered })
		r.State = Cached
		r.Reason = "the authoritative servers are in sync, and " + providers.CountOf(len(old), "resolver") + " still " + verb(len(old), "answers", "answer") + " " + answerText(old[0])
	case len(stale) > 0:
		r.State = NegativeCached
		r.Reason = "the authoritative servers are in sync, and " + providers.CountOf(len(stale), "resolver") + " still " + verb(len(stale), "remembers", "remember") + " that there is nothing"
	case len(broken) > 0:
		r.State, r.Reason = Broken, "the authoritative servers are in sync, and a resolver cannot resolve it: "+failures(broken)
	default:
		r.State = InSync
		r.Reason = providers.CountOf(len(good), "authoritative server") + " " + verb(len(good), "answers", "answer") + " as the API says"
		if r.Mode == Resolves {
			r.Reason = "it resolves at " + providers.CountOf(len(good), "authoritative server") + "; more cannot be told of a proxied name or an alias"
			if len(r.Want) == 0 {
				r.Reason = "it resolves no more, at " + providers.CountOf(len(good), "authoritative server")
			}
		}
		if n := len(filter(caches, func(a *Answer) bool { return a.Agrees })); n > 0 {
			r.Reason += ", and so " + verb(n, "does ", "do ") + providers.CountOf(n, "resolver")
		}
		if bad := filter(caches, func(a *Answer) bool { return !a.Outcome.OK() }); len(bad) > 0 {
			r.Reason += "; " + failures(bad)
		}
	}
}

// stateWithoutAnswers returns the state, with its reason, of a name that no authoritative server answers.
func stateWithoutAnswers(auth []*Answer) (State, string) {
	silent, foreign := 0, 0
	for _, a := range auth {
		switch {
		case a.Outcome.Silent():
			silent++
		case a.Outcome == NoAuth || a.Outcome == OtherZone:
			foreign++
		}
	}
	switch {
	case silent == len(auth):
		return Unreachable, "no authoritative server replies: " + failures(auth)
	case foreign > 0 && silent+foreign == len(auth):
		return Lame, "no server answers with authority: " + failures(auth)
	}
	return Broken, "no authoritative server gives an answer: " + failures(auth)
}

// agrees reports whether an answer is equal to the API's.
func agrees(q *Question, a *Answer) bool {
	if !a.Outcome.OK() {
		return false
	}
	if len(q.Want) == 0 {
		return len(a.Values) == 0
	}
	if len(a.Values) == 0 && (a.noTarget || q.Empty && a.Outcome == NoData) {
		return true
	}
	switch q.Mode {
	case Resolves:
		return len(a.Values) > 0
	case Flattened:
		return len(a.Values) > 0 && (len(a.Aliases) == 0 || slices.Equal(folded(q.Type, q.Want), folded(q.Type, a.Values)))
	case AnyOf:
		want := folded(q.Type, q.Want)
		for _, v := range folded(q.Type, a.Values) {
			if !slices.Contains(want, v) {
				return false
			}
		}
		return len(a.Values) > 0
	}
	return slices.Equal(folded(q.Type, q.Want), folded(q.Type, a.Values))
}

// alike reports whether answers that differ from the API are equal to each other.
func alike(q *Question, good []*Answer) bool {
	return !slices.ContainsFunc(good[1:], func(a *Answer) bool {
		return a.Agrees != good[0].Agrees || !slices.Equal(folded(q.Type, a.Values), folded(q.Type, good[0].Values))
	})
}

// answerGroups returns which servers answer what, the largest group first.
func answerGroups(q *Question, good []*Answer) string {
	type camp struct {
		key  string
		says string
		n    int
	}
	var all []camp
	for _, a := range good {
		key := strings.Join(folded(q.Type, a.Values), "\n")
		if i := slices.IndexFunc(all, func(c camp) bool { return c.key == key }); i >= 0 {
			all[i].n++
			continue
		}
		all = append(all, camp{key, answerText(a), 1})
	}
	slices.SortStableFunc(all, func(a, b camp) int { return b.n - a.n })
	var parts []string
	for _, c := range all {
		parts = append(parts, strconv.Itoa(c.n)+" "+verb(c.n, "answers ", "answer ")+c.says)
	}
	return strings.Join(parts, ", ")
}

// failures returns which servers failed and how; it names only a few.
func failures(bad []*Answer) string {
	var parts []string
	for i, a := range bad {
		if i == 3 {
			parts = append(parts, strconv.Itoa(len(bad)-i)+" more")
			break
		}
		parts = append(parts, a.Server.String()+": "+failureOf(a))
	}
	return strings.Join(parts, ", ")
}

func failureOf(a *Answer) string { return cmp.Or(a.Detail, string(a.Outcome)) }

// answerText returns an answer in words, with long lists truncated.
func answerText(a *Answer) string {
	switch a.Outcome {
	case NoName:
		return "that there is no such name"
	case NoData:
		if a.Detail != "" {
			return "that " + a.Detail
		}
		return "nothing"
	}
	return list(a.Values)
}

func wanted(q *Question) string {
	switch {
	case len(q.Want) == 0:
		return "that there is nothing"
	case q.Mode == Resolves:
		return "that it resolves"
	case q.Mode == Flattened:
		return list(q.Want) + ", or the addresses that it leads to"
	case q.Mode == AnyOf:
		return "one of " + list(q.Want)
	}
	return list(q.Want)
}

func list(values []string) string {
	if n := len(values); n > 4 {
		return strings.Join(values[:3], ", ") + " and " + strconv.Itoa(n-3) + " more"
	}
	return strings.Join(values, ", ")
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func filter(in []*Answer, keep func(*Answer) bool) []*Answer {
	var out []*Answer
	for _, a := range in {
		if keep(a) {
			out = append(out, a)
		}
	}
	return out
}

// String returns the server's name with its address, or the one that is known.
func (s Server) String() string {
	switch {
	case s.Name == "":
		return s.Addr
	case s.Addr == "":
		return s.Name
	}
	return s.Name + " (" + s.Addr + ")"
}
