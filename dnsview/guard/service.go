package guard

import (
	"strings"

	"rollcall/dnsview/index"
	"rollcall/dnsview/services"
	"rollcall/providers"
)

// CheckRetired is guard 7 for a record of an incarnation: the incarnation has no nodes any more. For a service type in
// the enumeration (RFC 6763 section 9), no incarnation of the type may have a node.
func (e *Evidence) CheckRetired() index.GuardResult {
	const g = index.GuardMinimum
	r := e.Change.Record()
	name := r.Name
	if r.Type == "PTR" {
		name = providers.FoldValue("PTR", r.Value)
	}
	var z *index.ZoneState
	if e.View != nil {
		z = e.View.Index.ZoneOf(name)
	}
	if z == nil || z.State != providers.CoverageComplete {
		return index.Unproven(g, "it is not known which nodes "+index.Clean(name)+" has", "a complete read of its zone")
	}
	nodes := 0
	for i := range z.View.Records {
		s := &z.View.Records[i]
		if s.Type == "SRV" && !services.IsClosed(s) && (s.Name == name || strings.HasSuffix(s.Name, "."+name)) {
			nodes++
		}
	}
	if nodes > 0 {
		return index.Failed(g, index.Clean(name)+" still has "+index.Plural(nodes, "node", "nodes"), "let them leave first")
	}
	return index.Passed(g, index.Clean(name)+" has no nodes")
}

// CheckOrphaned is guard 7 for an orphaned marker: by the reads of its zone and of the marked name it still has no
// record. The marker of a quiesced node is kept while the node can come back.
func (e *Evidence) CheckOrphaned() index.GuardResult {
	const g = index.GuardMinimum
	r := e.Change.Record()
	o, ok := index.OwnerInMarker(&r)
	if !ok {
		return index.Failed(g, "the marker cannot be read, so what it marks is unknown", "remove it by hand")
	}
	if e.View == nil || e.View.Index.ZoneOf(r.Name) == nil || e.View.Index.ZoneOf(r.Name).State != providers.CoverageComplete {
		return index.Unproven(g, "it is not known whether the record that it marks is there", "a complete read of its zone")
	}
	z := e.View.Index.ZoneOf(r.Name)
	_, name, _ := providers.SplitMarkerName(r.Name)
	for i := range z.View.Records {
		if s := &z.View.Records[i]; s.Name == name && o.Owns(s.Type, s.Value) {
			return index.Failed(g, "it marks "+s.Label()+", which is there", "look again")
		}
	}
	if e.RelatedErr != nil {
		return index.Unproven(g, "what it marks could not be read again: "+index.ErrorText(e.RelatedErr), "an answer from the DNS provider")
	}
	for i := range e.Related {
		if s := &e.Related[i]; o.Owns(s.Type, s.Value) {
			return index.Failed(g, "it marks "+s.Label()+", which has come meanwhile", "look again")
		}
	}
	if !o.Quiesced {
		return index.Passed(g, "there is no record that it marks")
	}
	if o.Host() {
		return index.Failed(g, index.ShortID(o.Instance)+" joined by hand and may come back", "let it leave with rollcall service leave")
	}
	gone := e.Answer.Asked && e.Answer.Key == o.Cloud && e.Answer.Why == "" && (e.Answer.Gone || e.Answer.Instance != nil && e.Answer.Instance.State.Dead())
	if cs := e.View.Index.CloudsByKey[o.Cloud]; cs != nil && cs.State == providers.CoverageComplete {
		i := e.View.Index.Instance(o.Cloud, o.Instance)
		l, asked := cs.View.Lookup(o.Instance)
		gone = gone || i != nil && i.State.Dead() || i == nil && asked && l.Gone && l.Err == nil
		if i != nil && !i.State.Dead() {
			return index.Failed(g, index.Label(i)+" was taken out on purpose, and is there: return it, or terminate it", "")
		}
	}
	if !gone {
		return index.Unproven(g, "no cloud has said just now that "+index.ShortID(o.Instance)+" is gone, and it was taken out on purpose", "an answer from "+e.cloudLabel(o.Cloud)+" about that instance")
	}
	return index.Passed(g, "there is no record that it marks, and "+index.ShortID(o.Instance)+" is gone")
}
