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
		if s.Type != "SRV" || s.Name != name && !strings.HasSuffix(s.Name, "."+name) {
			continue
		}
		if srv, ok := providers.ParseSRV(s.Value); !ok || srv.Target != "." {
			nodes++
		}
	}
	if nodes > 0 {
		return fails(g, Clean(name)+" still has "+plural(nodes, "node", "nodes"), "let them leave first")
	}
	return pass(g, Clean(name)+" has no nodes")
}
