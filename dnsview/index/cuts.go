package index

import (
	"slices"
	"strings"

	"rollcall/providers"
)

// Cuts are the names of one zone below which its servers do not answer from the zone's own records:
// delegations to other servers (NS records below the apex, RFC 1034 section 4.2.1) and DNAME
// redirections (RFC 6672).
type Cuts struct {
	zone string
	delegated,
	redirected map[string][]string // targets by name
	glue map[string]string // host names that NS records of a delegation name, with the name of the delegation
}

// CutsOf returns the cuts of a zone among its records. All records that stand at the names
// above the one in question, and the NS records that may name it, must be among them.
func CutsOf(zone string, records []providers.Record) Cuts {
	c := Cuts{zone: providers.CanonicalName(zone)}
	for i := range records {
		r := &records[i]
		switch {
		case r.Type == "NS" && r.Name != c.zone:
			if c.delegated == nil {
				c.delegated = map[string][]string{}
			}
			c.delegated[r.Name] = append(c.delegated[r.Name], providers.FoldValue(r.Type, r.Value))
		case r.Type == "DNAME":
			if c.redirected == nil {
				c.redirected = map[string][]string{}
			}
			c.redirected[r.Name] = append(c.redirected[r.Name], providers.FoldValue(r.Type, r.Value))
		}
	}
	c.glue = map[string]string{}
	for name, targets := range c.delegated {
		slices.Sort(targets)
		if at, _ := c.cutAbove(name); at != "" {
			continue // the delegation itself is never seen, and needs no glue
		}
		for _, t := range targets {
			if at, _ := c.cutAbove(t); at != "" || c.delegated[t] != nil {
				if old, ok := c.glue[t]; !ok || name < old {
					c.glue[t] = name
				}
			}
		}
	}
	return c
}

// Empty reports whether the zone has no cut.
func (c *Cuts) Empty() bool { return len(c.delegated) == 0 && len(c.redirected) == 0 }

// cutAbove returns the topmost cut that a name lies strictly below, and its type: NS or DNAME. Without
// one both are empty.
func (c *Cuts) cutAbove(name string) (cut, typ string) {
	if c.Empty() || !providers.InZone(name, c.zone) {
		return "", ""
	}
	for n := name; n != c.zone; {
		above, ok := providers.Parent(n)
		if !ok {
			break
		}
		switch n = above; {
		case n != c.zone && c.delegated[n] != nil:
			cut, typ = n, "NS"
		case c.redirected[n] != nil:
			cut, typ = n, "DNAME"
		}
	}
	return cut, typ
}

// Occluded reports whether a record of this name and type is never answered by the servers of the
// zone, and returns why. The NS and DS records of a delegation itself are answered, and glue
// (see Glue) is handed out with them.
func (c *Cuts) Occluded(name, typ string) (why string, ok bool) {
	if c.Empty() {
		return "", false
	}
	cut, kind := c.cutAbove(name)
	switch {
	case cut == "" && (c.delegated[name] == nil || typ == "NS" || typ == "DS"):
		return "", false
	case c.Glue(name, typ) != "":
		return "", false
	case cut == "":
		return Clean(name) + " is delegated to " + c.namesText(c.delegated[name]) + ", which are asked for everything there but its NS and DS records", true
	case kind == "DNAME":
		return Clean(name) + " lies below " + Clean(cut) + ", whose DNAME record leads every name below it to " + c.namesText(c.redirected[cut]), true
	}
	return Clean(name) + " lies below " + Clean(cut) + ", which is delegated to " + c.namesText(c.delegated[cut]) + ": clients ask those servers, and never see what this zone holds there", true
}

// Glue returns the delegation whose NS records name the host of an address record that lies at or below
// a delegation; empty when the record is no glue (RFC 9471).
func (c *Cuts) Glue(name, typ string) string {
	if typ != "A" && typ != "AAAA" {
		return ""
	}
	return c.glue[name]
}

// namesText names at most three servers or targets.
func (c *Cuts) namesText(names []string) string {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	s := Clean(strings.Join(names[:min(len(names), 3)], ", "))
	if n := len(names) - 3; n > 0 {
		s += " and " + Plural(n, "other", "others")
	}
	return s
}

// Occluded reports whether a record is never answered by the servers of its zone, and returns why.
func (x *Index) Occluded(z *ZoneState, name, typ string) (why string, ok bool) {
	if z == nil {
		return "", false
	}
	why, ok = z.Cuts.Occluded(name, typ)
	if !ok {
		return "", false
	}
	if other := x.ZoneOf(name); other != nil && other.Name != z.Name && providers.InZone(other.Name, z.Name) {
		why += "; the name belongs to the zone " + Clean(other.Name) + ", which is read here too: make the record there"
	}
	return why, true
}

// Hides reports whether a record of a zone is occluded.
func (x *Index) Hides(z *ZoneState, r *providers.Record) bool {
	_, ok := z.Cuts.Occluded(r.Name, r.Type)
	return ok
}

// Writable reports whether a record of this name and type may be made or changed in a zone, and
// returns why not. Removing one is another question: a node that is taken out of DNS leaves nothing behind where no one can resolve it.
func (x *Index) Writable(zone, name, typ string) (why string, ok bool) {
	zone = providers.CanonicalName(zone)
	if why = x.ZoneRefused(zone); why != "" {
		return why, false
	}
	z := x.ZonesByName[zone]
	if z == nil || z.Cuts.Empty() {
		return "", true
	}
	name = providers.CanonicalName(name)
	if why, hidden := x.Occluded(z, name, typ); hidden {
		return why + "; nothing is written there", false
	}
	if d := z.Cuts.Glue(name, typ); d != "" {
		return Clean(name) + " " + typ + " is glue of the delegation of " + Clean(d) + ", and stays as that needs it", false
	}
	return "", true
}

// Refused returns why a change may not be made because of the name that it writes, or the empty
// string. A removal is let through at a name that no one resolves, and so is the marker that
// remembers it; nothing at all is written to a zone that takes no changes.
func (x *Index) Refused(c *providers.Change) string {
	r := c.Record()
	if why := x.ZoneRefused(r.Zone); why != "" {
		return why
	}
	if c.Op == providers.OpUpdate {
		r = c.After
	}
	if !r.IsMarker() {
		if c.Op == providers.OpDelete && !x.IsGlue(&r) || IsQuiesced(&r) && !x.IsGlue(&r) {
			return ""
		}
		why, _ := x.Writable(r.Zone, r.Name, r.Type)
		return why
	}
	if o, ok := OwnerInMarker(&r); c.Op == providers.OpDelete || ok && o.Quiesced {
		return ""
	}
	_, name, _ := providers.SplitMarkerName(r.Name)
	why, _ := x.Writable(r.Zone, name, r.Type)
	return why
}

// IsGlue reports whether a record is an address that a delegation of its zone needs.
func (x *Index) IsGlue(r *providers.Record) bool {
	z := x.ZonesByName[r.Zone]
	return z != nil && z.Cuts.Glue(r.Name, r.Type) != ""
}

// Answered reports whether the servers of the zone answer with a record of this name and type: it is
// neither occluded nor mere glue.
func (c *Cuts) Answered(name, typ string) bool {
	if _, hidden := c.Occluded(name, typ); hidden {
		return false
	}
	return c.Glue(name, typ) == ""
}

// leadsAway reports whether clients are sent to other servers, or to another name, for addresses at a
// name.
func (c *Cuts) leadsAway(name string) bool {
	if c.Empty() {
		return false
	}
	cut, _ := c.cutAbove(name)
	return cut != "" || c.delegated[name] != nil
}

// CannotBeResolved reports whether clients never come to a node by a record: the servers of its zone do not
// answer for its name, or for the target of its SRV value.
func (x *Index) CannotBeResolved(r *providers.Record) bool {
	if !x.hasCuts {
		return false
	}
	if z := x.ZonesByName[r.Zone]; z != nil && z.Cuts.leadsAway(r.Name) {
		return true
	}
	if r.Type != "SRV" {
		return false
	}
	srv, ok := providers.ParseSRV(r.Value)
	if !ok {
		return false
	}
	z := x.ZoneOf(srv.Target)
	return z != nil && z.Cuts.leadsAway(srv.Target)
}
