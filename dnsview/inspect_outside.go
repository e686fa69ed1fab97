package dnsview

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/providers"
)

// wireFresh is how long the answer of a name server says something of now. All
// names of a large zone take a while to ask without being a nuisance.
const wireFresh = 10 * time.Minute

// defaultWireGrace is how long name servers may take to show a change. Route 53
// and Cloudflare commonly need less than a minute.
const defaultWireGrace = 2 * time.Minute

// wire makes findings of what name servers answered.
func (in *inspector) wire() {
	dark := in.unresolvable()
	silent := map[string][]*WireState{}
	for i := range in.o.Wire {
		w := &in.o.Wire[i]
		z := in.zoneName[providers.CanonicalName(w.Zone)]
		if z == nil || in.o.Now.Sub(w.At) > wireFresh || !in.current(z, w) {
			continue
		}
		in.showWire(z, w)
		if in.barred[z.name] != "" || dark[z.name] && w.onlyResolversFail() {
			continue
		}
		switch w.State {
		case WirePropagating:
			in.disagrees(z, w)
		case WireSplit:
			in.add(in.onWire(z, w, Split, Medium, "its authoritative servers disagree with each other"))
		case WireCached, WireNegativeCached:
			in.cached(z, w)
		case WireBroken, WireUnreachable:
			silent[z.name] = append(silent[z.name], w)
		}
	}
	for name, states := range silent {
		in.silent(in.zoneName[name], states)
	}
}

// onlyResolversFail reports whether the authoritative servers are in sync and resolvers are not.
func (w *WireState) onlyResolversFail() bool {
	switch w.State {
	case WireBroken, WireCached, WireNegativeCached:
		return w.Servers > 0 && w.Agree == w.Servers
	}
	return false
}

// unresolvable finds zones that resolvers cannot resolve though servers of their own answer: every client
// is without them. It is certain once two resolvers have said so in two rounds. It returns the
// zones of which it says something.
func (in *inspector) unresolvable() (told map[string]bool) {
	told = map[string]bool{}
	for i := range in.o.WireZones {
		w := &in.o.WireZones[i]
		z := in.zoneName[providers.CanonicalName(w.Zone)]
		if z == nil || len(w.Unresolved) == 0 || in.o.Now.Sub(w.At) > wireFresh || z.view.Zone.Private || z.view.Zone.Pending {
			continue
		}
		told[z.name] = true
		who := Clean(strings.Join(w.Unresolved[:min(len(w.Unresolved), 3)], ", "))
		f := Finding{
			Class: Unresolvable, Severity: Critical, Zone: z.name, RestsOn: []Basis{z.basis, in.asked(z, w.At)},
			Reason: z.name + " cannot be resolved, though its own servers answer: " + who,
		}
		if len(w.Facts) > 0 {
			f.Reason += "; " + Clean(w.Facts[0])
		}
		for _, u := range w.Unresolved {
			f.Evidence = append(f.Evidence, Evidence{Source: "resolvers", Fact: Clean(u), At: w.At})
		}
		for _, fact := range w.Facts {
			f.Evidence = append(f.Evidence, Evidence{Source: "name servers", Fact: Clean(fact), At: w.At})
		}
		if !w.Confirmed {
			f.Class, f.Severity, f.Would = Unknown, Info, Unresolvable
			f.Reason = z.name + " looks unresolvable, but that is not certain until two resolvers say so in two rounds: " + who
		}
		in.add(f)
	}
	return told
}

// lameZones finds zones that are not delegated to the servers of their provider, by
// the name servers' word or by the provider's own. Nothing is written there, so
// that no other finding has a remedy there.
func (in *inspector) lameZones() {
	for i := range in.o.WireZones {
		w := &in.o.WireZones[i]
		if z := in.zoneName[providers.CanonicalName(w.Zone)]; z != nil && w.State == WireLame && in.o.Now.Sub(w.At) <= wireFresh {
			in.lame(z, w.Reason, w.At, w.Problems)
		}
	}
	for i := range in.o.Wire {
		w := &in.o.Wire[i]
		if z := in.zoneName[providers.CanonicalName(w.Zone)]; z != nil && w.State == WireLame && in.o.Now.Sub(w.At) <= wireFresh {
			in.lame(z, w.Reason, w.At, nil)
		}
	}
	for _, z := range in.zones {
		if why := NotServed(&z.view.Zone); why != "" {
			in.lame(z, why, z.view.RowsFrom, nil)
		}
	}
}

func (in *inspector) lame(z *zoneState, why string, at time.Time, problems []string) {
	if in.barred[z.name] != "" {
		return
	}
	f := Finding{
		Class: Lame, Severity: High, Zone: z.name, RestsOn: []Basis{z.basis, in.asked(z, at)},
		Reason:   lameReason(z.name, cmp.Or(why, "it is not delegated to the servers of its provider")),
		Evidence: []Evidence{{Source: "name servers", Fact: Clean(cmp.Or(why, "the zone is not delegated to these servers")), At: at}},
	}
	for _, p := range problems {
		f.Evidence = append(f.Evidence, Evidence{Source: "name servers", Fact: Clean(p), At: at})
	}
	in.barred[z.name] = f.Reason
	in.add(f)
}

// asked is the coverage of the name servers of a zone.
func (in *inspector) asked(z *zoneState, at time.Time) Basis {
	return Basis{Source: "name servers of " + z.name, State: providers.CoverageComplete, Age: in.o.Now.Sub(at)}
}

// current reports whether the servers were asked about the values that the
// zone holds now.
func (in *inspector) current(z *zoneState, w *WireState) bool {
	var now []string
	for _, r := range z.named(w.Name) {
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

// showWire makes an answer easy to find from the records that it is about.
func (x *index) showWire(z *zoneState, w *WireState) {
	if x.byWire == nil {
		x.byWire = make(map[*providers.Record]*WireState, len(x.o.Wire))
	}
	for _, r := range z.named(w.Name) {
		if r.Type == w.Type {
			x.byWire[r] = w
		}
	}
}

// onWire makes a finding about a name and type, at the first of its records.
func (in *inspector) onWire(z *zoneState, w *WireState, c Class, sev Severity, why string) Finding {
	f := Finding{Class: c, Severity: sev, Zone: z.name, RestsOn: []Basis{z.basis, in.asked(z, w.At)}}
	for _, r := range z.named(w.Name) {
		if r.Type == w.Type && (f.Record == nil || compareRecords(r, f.Record) < 0) {
			f.Record = r
		}
	}
	f.Name = w.Name + " " + w.Type
	if f.Record != nil {
		f.Service = in.serviceOf(f.Record)
	}
	f.Reason = Clean(w.Name) + " " + w.Type + ": " + Clean(why)
	if w.Reason != "" {
		f.Evidence = append(f.Evidence, Evidence{Source: "name servers", Fact: Clean(w.Reason), At: w.At})
	}
	for i := range w.Answers {
		a := &w.Answers[i]
		if a.Agrees && c != Split {
			continue
		}
		f.Evidence = append(f.Evidence, Evidence{Source: Clean(a.Server), Fact: a.says(in.o.Now), At: a.At})
	}
	return f
}

// says tells in a few words what a server answered.
func (a *WireAnswer) says(now time.Time) string {
	who := "answers "
	if a.Resolver {
		who = "hands out "
	}
	switch {
	case a.Failure != "":
		return "gives no answer: " + Clean(a.Failure)
	case len(a.Values) == 0:
		who += "that there is nothing"
	default:
		some := a.Values[:min(len(a.Values), 3)]
		who += Clean(strings.Join(some, ", "))
		if n := len(a.Values) - len(some); n > 0 {
			who += " and " + strconv.Itoa(n) + " more"
		}
	}
	if a.Resolver {
		who += ", for " + ago(a.Left(now)) + " more"
	}
	return who
}

// disagrees is for authoritative servers that agree with each other and not with the API: for a
// while a change on its way, then something is wrong.
func (in *inspector) disagrees(z *zoneState, w *WireState) {
	grace := in.o.WireGrace
	if grace <= 0 {
		grace = defaultWireGrace
	}
	since := w.Since
	if since.IsZero() {
		since = w.At
	}
	young := in.o.Now.Sub(since)
	if young < grace {
		in.add(in.onWire(z, w, InFlight, Info, "its name servers do not show yet what the API holds; a change is on its way since "+ago(young)))
		return
	}
	in.addOr(lackingOf(nil, z), in.onWire(z, w, Wire, High, "its name servers answer something else than the API holds, for "+ago(young)+" now: tell the DNS provider"))
}

// cached is for resolvers that still hand out what was there before.
func (in *inspector) cached(z *zoneState, w *WireState) {
	what := "still hand out the old answer"
	if w.State == WireNegativeCached {
		what = "still remember that there was nothing"
	}
	left := ""
	switch {
	case w.Until.IsZero():
	case !in.o.Now.Before(w.Until):
		return // they must have forgotten it by now
	default:
		left = ", for " + ago(w.Until.Sub(in.o.Now)) + " more"
	}
	in.add(in.onWire(z, w, Cached, Info, "resolvers "+what+left))
}

// silent is for names of a zone whose servers gave no answer.
func (in *inspector) silent(z *zoneState, states []*WireState) {
	slices.SortFunc(states, func(a, b *WireState) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type)) })
	w := states[0]
	f := in.onWire(z, w, Unknown, Info, "what its name servers hand out is not known: "+cmp.Or(Clean(w.Reason), "they gave no answer"))
	if n := len(states) - 1; n > 0 {
		f.Reason += ", and so for " + plural(n, "other name", "other names") + " of " + z.name
	}
	f.Would = Wire
	f.RestsOn[1].State, f.RestsOn[1].Err = providers.CoverageFailed, cmp.Or(Clean(w.Reason), "no answer")
	in.add(f)
}

// The checks that have to fail before a node counts as unhealthy, where its
// service declares nothing: as many as the node agent takes.
const (
	defaultNeed = 2
	defaultOf   = 3
)

// health reports nodes that fail the health check of their service while clients
// are sent to them.
func (in *inspector) health() {
	for i := range in.o.Health {
		h := &in.o.Health[i]
		if s := in.failing(h); s != nil {
			in.unhealthy(s, h)
		}
	}
}

// failing returns the service whose health check a node fails by an outcome, or nil.
func (x *index) failing(h *HealthState) *serviceState {
	s := x.byName[providers.CanonicalName(h.Service)]
	if s == nil || x.outdated(s, h) {
		return nil
	}
	need, of := s.Health.Need, s.Health.Of
	if of <= 0 {
		need, of = max(need, defaultNeed), max(need, defaultOf)
	}
	if h.Failed < max(1, need) || h.Of < min(need, of) {
		return nil
	}
	return s
}

// outdated reports whether the outcome of a health check says nothing of now any more.
func (x *index) outdated(s *serviceState, h *HealthState) bool {
	return x.o.MaxAge > 0 && x.o.Now.Sub(h.At) > max(x.o.MaxAge, 3*s.Health.Interval)
}

func (in *inspector) unhealthy(s *serviceState, h *HealthState) {
	var first *providers.Record
	lone := true
	n := int32(-1)
	if at, ok := in.nodeIDs[h.Key][h.ID]; ok {
		n = at
	}
	for _, m := range s.records {
		o, owned := m.record.Owner()
		its := n >= 0 && m.node == n || owned && o.Cloud == h.Key && o.Instance == h.ID
		if !its || owned && o.Quiesced || in.told[m.record] != toldNothing {
			continue
		}
		lone = lone && owned
		if first == nil || compareRecords(m.record, first) < 0 {
			first = m.record
		}
	}
	if first == nil {
		return // no one is sent there, or what is known already is worse
	}
	who := shortID(h.ID)
	ref := &providers.InstanceRef{Cloud: in.cloudLabel(h.Key), Key: h.Key, ID: h.ID}
	cloud := ""
	if i := in.instance(h.Key, h.ID); i != nil {
		r := in.ref(i)
		ref, who, cloud = &r, label(i), i.Cloud
	}
	name := providers.CanonicalName(s.Name)
	f := Finding{
		Class: Unhealthy, Severity: Medium, Record: first, Instance: ref, Cloud: cloud, Service: name, Zone: zoneNameOf(s), Remedy: RemedyQuiesce,
		Reason:   who + " fails the health check of " + Clean(name) + ", " + strconv.Itoa(h.Failed) + " of the last " + plural(h.Of, "time", "times"),
		Evidence: []Evidence{{Source: "health check", Fact: "failed " + strconv.Itoa(h.Failed) + " of " + strconv.Itoa(h.Of), At: h.At}},
	}
	if h.Error != "" {
		f.Reason += ": " + Clean(h.Error)
		f.Evidence[0].Fact += ", the last time with: " + Clean(h.Error)
	}
	lack, basis := in.everySource(s)
	f.RestsOn = append(slices.Clone(basis), Basis{Source: "health check", State: providers.CoverageComplete, Age: in.o.Now.Sub(h.At)})
	switch {
	case !lone:
		f.Remedy = NoRemedy
		f.Reason += "; it has no owner marker, so it cannot be taken out from here"
	case lack != "":
		f.Remedy = NoRemedy
		f.Reason += "; it is not taken out while not all is known: " + lack
	}
	in.add(f)
}
