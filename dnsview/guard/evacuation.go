package guard

import (
	"net/netip"
	"slices"
	"strings"

	"rollcall/dnsview/index"
	"rollcall/dnsview/services"
	"rollcall/providers"
)

// claimsNothing is why guards about a single instance pass for an evacuation (guard 12).
const claimsNothing = "an evacuation claims of no node that it is dead"

// evacuates reports whether the change takes a value out of DNS because its cloud is evacuated. Guard 12 holds then: the
// guards about clouds hold for the others only.
func (e *Evidence) evacuates() bool {
	return e.Verb == index.VerbEvacuate && ModeOf(e.Verb, e.Change) == ModeTakeOut
}

// evacuated returns the key of the cloud that is evacuated.
func (e *Evidence) evacuated() providers.CloudKey {
	o, _ := e.owner()
	return o.Cloud
}

// isEvacuated reports whether a cloud is the one that is evacuated. That is also the only one that has never said who it is,
// if no other has the key.
func (e *Evidence) isEvacuated(cs *index.CloudState) bool {
	x, key := e.View.Index, e.evacuated()
	if cs.Key != "" || x.CloudsByKey[key] != nil {
		return cs.Key == key
	}
	return !slices.ContainsFunc(x.Clouds, func(other *index.CloudState) bool { return other != cs && other.Key == "" })
}

// keptOut reports whether an evacuation keeps the owner of a value that is created out of DNS. Who returns nodes or
// reverts changes intends it.
func (e *Evidence) keptOut(o providers.Owner) bool {
	r := e.Change.Record()
	if e.Change.Op != providers.OpCreate || r.IsMarker() || o.Quiesced || e.View == nil || e.Verb == index.VerbReturn || e.Verb.TakesBack() {
		return false
	}
	return e.View.Index.EvacuatedAt(o.Cloud, r.Name) != nil
}

// cloudOf returns the key of the cloud of who has an address.
func (e *Evidence) cloudOf(h index.Holder) providers.CloudKey {
	if h.Instance != nil {
		return e.View.Index.KeyOf(h.Instance)
	}
	if h.Address.Key != "" {
		return h.Address.Key
	}
	for _, cs := range e.View.Index.Clouds {
		if cs.Name == h.Address.Cloud {
			return cs.Key
		}
	}
	return ""
}

// checkEvacuated is guard 1 for an evacuation. For each cloud that could not be read, the one that is evacuated or another, a
// person must type the text of the evacuation.
func (e *Evidence) checkEvacuated() index.GuardResult {
	const g = index.GuardCoverage
	var own, others []string
	for _, cs := range e.View.Index.Clouds {
		switch age := cs.View.Coverage.Age(e.Now); {
		case e.isEvacuated(cs):
			if cs.View.Coverage.State != providers.CoverageComplete { // how old a complete read is does not matter
				own = append(own, "what runs in "+cs.Name+" is not known, and all that markers name is taken out: "+cs.Why)
			}
		case cs.State != providers.CoverageComplete:
			others = append(others, "no node of "+cs.Name+" counts as one that stays: "+cs.Why)
		case age > e.Age:
			others = append(others, "no node of "+cs.Name+" is known to stay: it was read "+index.Ago(age)+" ago, and "+index.Ago(e.Age)+" is the most")
		}
	}
	if why := append(own, others...); len(why) > 0 {
		return index.GuardResult{Guard: g, NoEvidence: true, Why: strings.Join(why, "; "), Confirm: e.OneText}
	}
	return index.Passed(g, "all other clouds were read completely")
}

// ofUnread returns a record of this fleet that leads to an address and belongs to a node of another cloud that could not be
// read, so that its inventory may lack the address; nil if there is none or nothing is evacuated.
func (e *Evidence) ofUnread(a netip.Addr) *providers.Record {
	if !e.evacuates() {
		return nil
	}
	x, key := e.View.Index, e.evacuated()
	for _, z := range x.Zones {
		for i := range z.View.Records {
			r := &z.View.Records[i]
			o, ok := r.Owner()
			if !ok || o.Cloud == key || o.Host() || o.Quiesced || x.ForeignFleet(o) {
				continue
			}
			if cs := x.CloudsByKey[o.Cloud]; cs != nil && cs.State == providers.CoverageComplete {
				continue
			}
			if at, ok := r.Addr(); ok && at == a {
				return r
			}
		}
	}
	return nil
}

// checkRemaining is guard 7 for an evacuation: only members that stay count, in clouds that were read completely and
// healthy as far as is known here. A service that would be left short needs the typed text of the evacuation.
func (e *Evidence) checkRemaining(r *providers.Record) index.GuardResult {
	const g = index.GuardMinimum
	x := e.View.Index
	if e.hostName(r) {
		if s := e.checkStranded(); !s.Pass {
			return s
		}
		return index.Passed(g, "the name is that of the node itself")
	}
	left := services.RemainingAt(x, r, e.evacuated())
	if left.Short() {
		return index.GuardResult{Guard: g, Why: left.Text(), Confirm: e.OneText}
	}
	return index.Passed(g, left.Text())
}

// Confirmed returns a result that asks for the one text that answers the guards of an evacuation, of what evacuates again, or of a
// replacement, if it asks for any. Results of other changes are returned as they are.
func (e *Evidence) Confirmed(g index.GuardResult) index.GuardResult {
	again := e.Verb.TakesBack() && e.OneText != "" && ModeOf(e.Verb, e.Change) == ModeTakeOut
	switch {
	case g.Confirm == "":
	case e.evacuates() || again:
		g.Confirm, g.Satisfy = e.OneText, "type the cloud and the count of values that go"
	case e.Verb == index.VerbReplace && e.OneText != "" && g.Guard != index.GuardJournal: // which names the store, or the author
		g.Confirm, g.Satisfy = e.OneText, "type the name of the node that is replaced, or how many are"
	}
	return g
}
