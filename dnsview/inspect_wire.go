package dnsview

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// defaultWireGrace is how long name servers may take to show a change. Route 53
// and Cloudflare commonly need less than a minute.
const defaultWireGrace = 2 * time.Minute

// wire makes findings of what name servers answered.
func (in *inspector) wire() {
	was := &inspector{}
	if last := in.partsOfLast(); last != nil {
		was = last[0]
	}
	parts := in.split(observed, 1, 1, anyDiffers, func(part *inspector, _, _ int) {
		part.ByWire = nil
		part.asked, part.current = in.Options.Wire, in.currentStates(was)
		part.answers()
		part.byWire = part.ByWire
	})
	in.ByWire = parts[0].byWire
}

func (in *inspector) answers() {
	dark := in.unresolvable()
	silent := map[string][]*index.WireState{}
	for i, w := range in.Options.Wire {
		if !in.current[i] || !in.IsFresh(w.At) {
			continue
		}
		z := in.ZonesByName[providers.CanonicalName(w.Zone)]
		in.AddWire(z, w)
		if in.ReadOnlyZones[z.Name] != "" || dark[z.Name] && onlyResolversFail(w) {
			continue
		}
		switch w.State {
		case index.WirePropagating:
			in.outOfSync(z, w)
		case index.WireSplit:
			in.add(in.onWire(z, w, Split, Medium, "its authoritative servers disagree with each other"))
		case index.WireCached, index.WireNegativeCached:
			in.cached(z, w)
		case index.WireBroken, index.WireUnreachable:
			silent[z.Name] = append(silent[z.Name], w)
		}
	}
	for name, states := range silent {
		in.unreachable(in.ZonesByName[name], states)
	}
}

// onlyResolversFail reports whether the authoritative servers are in sync and resolvers are not.
func onlyResolversFail(w *index.WireState) bool {
	switch w.State {
	case index.WireBroken, index.WireCached, index.WireNegativeCached:
		return w.Servers > 0 && w.Agree == w.Servers
	}
	return false
}

// unresolvable finds zones that resolvers cannot resolve though servers of their own answer: every client
// is without them. It is certain once two resolvers have said so in two rounds. It returns the
// zones of which it says something.
func (in *inspector) unresolvable() (reported map[string]bool) {
	reported = map[string]bool{}
	for i := range in.Options.WireZones {
		w := &in.Options.WireZones[i]
		z := in.ZonesByName[providers.CanonicalName(w.Zone)]
		if z == nil || len(w.Unresolved) == 0 || !in.IsFresh(w.At) || z.View.Zone.Private || z.View.Zone.Pending {
			continue
		}
		reported[z.Name] = true
		who := index.Clean(strings.Join(w.Unresolved[:min(len(w.Unresolved), 3)], ", "))
		f := Finding{
			Class: Unresolvable, Severity: Critical, Zone: z.Name, RestsOn: []index.Basis{z.Basis, in.serversBasis(z, w.At)},
			Reason: z.Name + " cannot be resolved, though its own servers answer: " + who,
		}
		if len(w.Facts) > 0 {
			f.Reason += "; " + index.Clean(w.Facts[0])
		}
		for _, u := range w.Unresolved {
			f.Evidence = append(f.Evidence, Evidence{Source: "resolvers", Fact: index.Clean(u), At: w.At})
		}
		for _, fact := range w.Facts {
			f.Evidence = append(f.Evidence, Evidence{Source: "name servers", Fact: index.Clean(fact), At: w.At})
		}
		if was := f; !w.Confirmed {
			was.RestsOn = slices.Clone(f.RestsOn)
			was.RestsOn[1].State = providers.CoveragePartial
			if was, stands := in.standing(was); stands {
				in.add(was)
				continue
			}
			f.Class, f.Severity, f.Would = Unknown, Info, Unresolvable
			f.Reason = z.Name + " looks unresolvable, but that is not certain until two resolvers say so in two rounds: " + who
		}
		in.add(f)
	}
	return reported
}

// lameZones finds zones that are not delegated to the servers of their provider, by
// the name servers' word or by the provider's own. Nothing is written there, so
// that no other finding has a remedy there.
func (in *inspector) lameZones() {
	parts := in.split(observed, 1, 1, noneDiffers, func(part *inspector, _, _ int) {
		part.ReadOnlyZones = map[string]string{}
		part.notDelegated()
		part.readOnly = part.ReadOnlyZones
	})
	in.ReadOnlyZones = parts[0].readOnly
	in.stale = in.last != nil && !maps.Equal(in.ReadOnlyZones, in.last.Index.ReadOnlyZones)
}

func (in *inspector) notDelegated() {
	for i := range in.Options.WireZones {
		w := &in.Options.WireZones[i]
		if z := in.ZonesByName[providers.CanonicalName(w.Zone)]; z != nil && w.State == index.WireLame && in.IsFresh(w.At) {
			in.lame(z, w.Reason, w.At, w.Problems)
		}
	}
	for _, w := range in.Options.Wire {
		if z := in.ZonesByName[providers.CanonicalName(w.Zone)]; z != nil && w.State == index.WireLame && in.IsFresh(w.At) {
			in.lame(z, w.Reason, w.At, nil)
		}
	}
	for _, z := range in.Zones {
		if why := index.NotServed(&z.View.Zone); why != "" {
			in.lame(z, why, z.View.RowsFrom, nil)
		}
	}
}

func (in *inspector) lame(z *index.ZoneState, why string, at time.Time, problems []string) {
	if in.ReadOnlyZones[z.Name] != "" {
		return
	}
	f := Finding{
		Class: Lame, Severity: High, Zone: z.Name, RestsOn: []index.Basis{z.Basis, in.serversBasis(z, at)},
		Reason:   index.LameReason(z.Name, cmp.Or(why, "it is not delegated to the servers of its provider")),
		Evidence: []Evidence{{Source: "name servers", Fact: index.Clean(cmp.Or(why, "the zone is not delegated to these servers")), At: at}},
	}
	for _, p := range problems {
		f.Evidence = append(f.Evidence, Evidence{Source: "name servers", Fact: index.Clean(p), At: at})
	}
	in.ReadOnlyZones[z.Name] = f.Reason
	in.add(f)
}

// serversBasis is the coverage of the name servers of a zone.
func (in *inspector) serversBasis(z *index.ZoneState, at time.Time) index.Basis {
	return index.Basis{Source: "name servers of " + z.Name, State: providers.CoverageComplete, Age: in.Options.Now.Sub(at)}
}

// currentStates returns for each answer of name servers whether it is about the values that its zone holds now. What was
// asked as it was for a part of the last view, of the same rows, is as current.
func (in *inspector) currentStates(was *inspector) []bool {
	current := make([]bool, len(in.Options.Wire))
	index.Parallel(len(current), answersOfPart, func(from, to int) {
		for i := from; i < to; i++ {
			w := in.Options.Wire[i]
			if i < len(was.asked) && sameQuestion(w, was.asked[i]) && !in.valueDiffers(w.Name) {
				current[i] = was.current[i]
				continue
			}
			z := in.ZonesByName[providers.CanonicalName(w.Zone)]
			current[i] = z != nil && in.isCurrent(z, w)
		}
	})
	return current
}

func sameQuestion(a, b *index.WireState) bool {
	return a.Zone == b.Zone && a.Name == b.Name && a.Type == b.Type && providers.ShareRows(a.Want, b.Want)
}

// answersOfPart is how many answers are looked at as one part.
const answersOfPart = 1024

// isCurrent reports whether the servers were asked about the values that the
// zone holds now.
func (in *inspector) isCurrent(z *index.ZoneState, w *index.WireState) bool {
	now := make([]string, 0, len(w.Want))
	for _, r := range z.Named(w.Name) {
		if r.Type == w.Type {
			now = append(now, r.Value)
		}
	}
	if slices.Sort(now); slices.Equal(now, w.Want) { // as it is, but for spelling
		return true
	}
	now = now[:0]
	for _, r := range z.Named(w.Name) {
		if r.Type == w.Type {
			now = append(now, providers.FoldValue(r.Type, r.Value))
		}
	}
	want := make([]string, 0, len(w.Want))
	for _, v := range w.Want {
		want = append(want, providers.FoldValue(w.Type, v))
	}
	slices.Sort(now)
	slices.Sort(want)
	return slices.Equal(slices.Compact(now), slices.Compact(want))
}

// onWire makes a finding about a name and type, at the first of its records.
func (in *inspector) onWire(z *index.ZoneState, w *index.WireState, c Class, sev Severity, why string) Finding {
	f := Finding{Class: c, Severity: sev, Zone: z.Name, RestsOn: []index.Basis{z.Basis, in.serversBasis(z, w.At)}}
	for _, r := range z.Named(w.Name) {
		if r.Type == w.Type && (f.Record == nil || index.CompareRecords(r, f.Record) < 0) {
			f.Record = r
		}
	}
	f.Name = w.Name + " " + w.Type
	if f.Record != nil {
		f.Service = in.ServiceOf(f.Record)
	}
	f.Reason = index.Clean(w.Name) + " " + w.Type + ": " + index.Clean(why)
	if w.Reason != "" {
		f.Evidence = append(f.Evidence, Evidence{Source: "name servers", Fact: index.Clean(w.Reason), At: w.At})
	}
	for i := range w.Answers {
		a := &w.Answers[i]
		if a.Agrees && c != Split {
			continue
		}
		f.Evidence = append(f.Evidence, Evidence{Source: index.Clean(a.Server), Fact: in.answerText(a), At: a.At})
	}
	return f
}

// answerText returns in a few words what a server answered.
func (in *inspector) answerText(a *index.WireAnswer) string {
	who := "answers "
	if a.Resolver {
		who = "hands out "
	}
	switch {
	case a.Failure != "":
		return "gives no answer: " + index.Clean(a.Failure)
	case len(a.Values) == 0:
		who += "that there is nothing"
	default:
		some := a.Values[:min(len(a.Values), 3)]
		who += index.Clean(strings.Join(some, ", "))
		if n := len(a.Values) - len(some); n > 0 {
			who += " and " + strconv.Itoa(n) + " more"
		}
	}
	if a.Resolver {
		who += ", for " + in.left(a.At.Add(time.Duration(a.TTL)*time.Second)) + " more"
	}
	return who
}

// left returns how long it is until t, for a sentence.
func (in *inspector) left(t time.Time) string {
	if in.Passed(t) {
		return index.Ago(0)
	}
	return in.Since(t)
}

// outOfSync is for authoritative servers that agree with each other and not with the API: for a
// while a change on its way, then something is wrong.
func (in *inspector) outOfSync(z *index.ZoneState, w *index.WireState) {
	grace := in.Options.WireGrace
	if grace <= 0 {
		grace = defaultWireGrace
	}
	since := w.Since
	if since.IsZero() {
		since = w.At
	}
	if !in.Passed(since.Add(grace)) {
		in.add(in.onWire(z, w, InFlight, Info, "its name servers do not show yet what the API holds; a change is on its way since "+in.Since(since)))
		return
	}
	late := *w
	late.State = index.WireDiffers
	in.AddWire(z, &late) // so that the record and the finding say the same from the same moment on
	in.addOrUnknown(index.MissingEvidenceOf(nil, z), in.onWire(z, w, Wire, High, "its name servers answer something else than the API holds, for "+in.Since(since)+" now: tell the DNS provider"))
}

// cached is for resolvers that still hand out what was there before.
func (in *inspector) cached(z *index.ZoneState, w *index.WireState) {
	what := "still hand out the old answer"
	if w.State == index.WireNegativeCached {
		what = "still remember that there was nothing"
	}
	left := ""
	switch {
	case w.Until.IsZero():
	case in.Passed(w.Until):
		return // they must have forgotten it by now
	default:
		left = ", for " + in.Since(w.Until) + " more"
	}
	in.add(in.onWire(z, w, Cached, Info, "resolvers "+what+left))
}

// unreachable is for names of a zone whose servers gave no answer.
func (in *inspector) unreachable(z *index.ZoneState, states []*index.WireState) {
	slices.SortFunc(states, func(a, b *index.WireState) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type))
	})
	states = slices.DeleteFunc(states, func(w *index.WireState) bool {
		f := in.onWire(z, w, Wire, High, "its name servers answered something else than the API holds, and give no answer now")
		f.RestsOn[1].State = providers.CoverageFailed
		f, stands := in.standing(f)
		if stands {
			in.add(f)
		}
		return stands
	})
	if len(states) == 0 {
		return
	}
	w := states[0]
	f := in.onWire(z, w, Unknown, Info, "what its name servers hand out is not known: "+cmp.Or(index.Clean(w.Reason), "they gave no answer"))
	if n := len(states) - 1; n > 0 {
		f.Reason += ", and so for " + index.Plural(n, "other name", "other names") + " of " + z.Name
	}
	f.Would = Wire
	f.RestsOn[1].State, f.RestsOn[1].Err = providers.CoverageFailed, cmp.Or(index.Clean(w.Reason), "no answer")
	in.add(f)
}

// health reports nodes that fail the health check of their service while clients
// are sent to them.
func (in *inspector) health() {
	in.split(observed, 1, 1, anyDiffers, func(part *inspector, _, _ int) { part.failing() })
}

func (in *inspector) failing() {
	for i := range in.Options.Health {
		h := &in.Options.Health[i]
		if s := in.Failing(h); s != nil {
			in.unhealthy(s, h)
		}
	}
}

func (in *inspector) unhealthy(s *index.DeclaredService, h *index.HealthState) {
	var first *providers.Record
	lone := true
	n := in.KnownNode(h.Key, h.ID)
	for _, m := range s.Records {
		o, owned := m.Record.Owner()
		its := n >= 0 && m.Node == n || owned && o.Cloud == h.Key && o.Instance == h.ID
		if !its || owned && o.Quiesced || in.reportedOf(m.Record) != notReported {
			continue
		}
		lone = lone && owned
		if first == nil || index.CompareRecords(m.Record, first) < 0 {
			first = m.Record
		}
	}
	if first == nil {
		return // no one is sent there, or what is known already is worse
	}
	who := index.ShortID(h.ID)
	ref := &providers.InstanceRef{Cloud: in.CloudLabel(h.Key), Key: h.Key, ID: h.ID}
	cloud := ""
	if i := in.Instance(h.Key, h.ID); i != nil {
		r := in.Ref(i)
		ref, who, cloud = &r, index.Label(i), i.Cloud
	}
	name := providers.CanonicalName(s.Name)
	f := Finding{
		Class: Unhealthy, Severity: Medium, Record: first, Instance: ref, Cloud: cloud, Service: name, Zone: zoneNameOf(s), Remedy: RemedyQuiesce,
		Reason:   who + " fails the health check of " + index.Clean(name) + ", " + strconv.Itoa(h.Failed) + " of the last " + index.Plural(h.Of, "time", "times"),
		Evidence: []Evidence{{Source: "health check", Fact: "failed " + strconv.Itoa(h.Failed) + " of " + strconv.Itoa(h.Of), At: h.At}},
	}
	if h.Error != "" {
		f.Reason += ": " + index.Clean(h.Error)
		f.Evidence[0].Fact += ", the last time with: " + index.Clean(h.Error)
	}
	missing, basis := in.everySource(s)
	f.RestsOn = append(slices.Clone(basis), index.Basis{Source: "health check", State: providers.CoverageComplete, Age: in.Options.Now.Sub(h.At)})
	switch {
	case !lone:
		f.Remedy = NoRemedy
		f.Reason += "; it has no owner marker, so it cannot be taken out from here"
	case missing != "":
		f.Remedy = NoRemedy
		f.Reason += "; it is not taken out while not all is known: " + missing
	}
	in.add(f)
}
