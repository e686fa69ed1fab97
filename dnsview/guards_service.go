package dnsview

import (
	"strings"

	"rollcall/providers"
)

// leaves reports whether a change takes back what a host that joined by hand has
// itself put there: on its leaving, or on its joining again with another address.
func leaves(verb Verb, c *providers.Change) bool {
	if c.Op != providers.OpDelete || verb != VerbLeave && verb != VerbJoin {
		return false
	}
	o, ok := c.Before.Owner()
	return ok && o.Host()
}

// retires reports whether a change takes back what belongs to an incarnation and to none of its nodes.
func retires(verb Verb, c *providers.Change) bool {
	return c.Op == providers.OpDelete && verb == VerbRetire && (c.Before.Type == "PTR" || c.Before.Type == "TXT") && !marked(&c.Before)
}

// CheckRetired is guard 7 for what belongs to an incarnation: it has no nodes
// any more. The entry of a service type in the enumeration (RFC 6763 section
// 9) rests on the same: no incarnation of the type has a node.
func (e *GuardEvidence) CheckRetired() GuardResult {
	const g = GuardMinimum
	r := e.Change.Record()
	name := r.Name
	if r.Type == "PTR" {
		name = providers.FoldValue("PTR", r.Value)
	}
	var z *zoneState
	if e.View != nil {
		z = e.View.index.zoneOf(name)
	}
	if z == nil || z.state != providers.CoverageComplete {
		return noEvidence(g, "it is not known which nodes "+Clean(name)+" has", "a complete read of its zone")
	}
	nodes := 0
	for i := range z.view.Records {
		s := &z.view.Records[i]
		if s.Type == "SRV" && !isClosed(s) && (s.Name == name || strings.HasSuffix(s.Name, "."+name)) {
			nodes++
		}
	}
	if nodes > 0 {
		return fails(g, Clean(name)+" still has "+plural(nodes, "node", "nodes"), "let them leave first")
	}
	return pass(g, Clean(name)+" has no nodes")
}

// CheckOrphaned is guard 7 for a marker that is removed because it marks
// nothing: by the reading of its zone, and of its record's name just before, it does so still. One that
// remembers a quiesced node is kept for as long as that node can come back.
func (e *GuardEvidence) CheckOrphaned() GuardResult {
	const g = GuardMinimum
	r := e.Change.Record()
	o, ok := ownerInMarker(&r)
	if !ok {
		return fails(g, "the marker cannot be read, so nobody can say what it marks", "remove it by hand")
	}
	if e.View == nil || e.View.index.zoneOf(r.Name) == nil || e.View.index.zoneOf(r.Name).state != providers.CoverageComplete {
		return noEvidence(g, "it is not known whether the record that it marks is there", "a complete read of its zone")
	}
	z := e.View.index.zoneOf(r.Name)
	_, name, _ := providers.SplitMarkerName(r.Name)
	for i := range z.view.Records {
		if s := &z.view.Records[i]; s.Name == name && o.Owns(s.Type, s.Value) {
			return fails(g, "it marks "+s.Label()+", which is there", "look again")
		}
	}
	if e.BesideErr != nil {
		return noEvidence(g, "what it marks could not be read again: "+errorText(e.BesideErr), "an answer from the DNS provider")
	}
	for i := range e.Beside {
		if s := &e.Beside[i]; o.Owns(s.Type, s.Value) {
			return fails(g, "it marks "+s.Label()+", which has come meanwhile", "look again")
		}
	}
	if !o.Quiesced {
		return pass(g, "there is no record that it marks")
	}
	if o.Host() {
		return fails(g, shortID(o.Instance)+" joined by hand and may come back", "let it leave with rollcall service leave")
	}
	gone := e.Answer.Asked && e.Answer.Key == o.Cloud && e.Answer.Why == "" && (e.Answer.Gone || e.Answer.Instance != nil && e.Answer.Instance.State.Dead())
	if cs := e.View.index.byKey[o.Cloud]; cs != nil && cs.state == providers.CoverageComplete {
		i := e.View.index.instance(o.Cloud, o.Instance)
		l, asked := cs.view.Lookups[o.Instance]
		gone = gone || i != nil && i.State.Dead() || i == nil && asked && l.Gone && l.Err == nil
		if i != nil && !i.State.Dead() {
			return fails(g, label(i)+" was taken out on purpose, and is there: return it, or terminate it", "")
		}
	}
	if !gone {
		return noEvidence(g, "nobody has said just now that "+shortID(o.Instance)+" is gone, and it was taken out on purpose", "an answer from "+e.cloudLabel(o.Cloud)+" about that instance")
	}
	return pass(g, "there is no record that it marks, and "+shortID(o.Instance)+" is gone")
}
