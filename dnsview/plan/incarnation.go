package plan

import (
	"cmp"

	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Declaration is an incarnation to be announced.
type Declaration struct {
	Name     dnssd.Name
	TXT      dnssd.TXT
	TTL      uint32 // seconds; 0 for what its names have, or 300
	Subtypes []string
}

// Names returns the names that must have been read for Create.
func (d *Declaration) Names() []string {
	out := []string{d.Name.String(), d.Name.Type().String(), dnssd.Enumeration(d.Name.Domain).String()}
	for _, s := range d.Subtypes {
		out = append(out, d.Name.Sub(s).String())
	}
	return out
}

// Create plans the records that announce an incarnation: its TXT record, the PTR record of its type, and the PTR record
// of the type in the enumeration of the domain. Existing records are not changed.
func Create(z Zone, d Declaration) (Planned, error) {
	switch {
	case d.Name.Instance == "":
		return Planned{}, invalid("%s is no service instance: write INSTANCE.%s", d.Name, d.Name.Type())
	case z.inZone(d.Name) != nil:
		return Planned{}, z.inZone(d.Name)
	}
	if err := d.TXT.Check(); err != nil {
		return Planned{}, err
	}
	if err := d.checkSubtypes(); err != nil {
		return Planned{}, err
	}
	if err := z.resolvable("PTR", d.Names()...); err != nil {
		return Planned{}, err
	}
	for _, name := range d.Names() {
		for _, r := range z.recordsAt(providers.CanonicalName(name), "CNAME") {
			return Planned{}, conflict("%s is an alias of %s, and nothing can stand beside it", providers.Clean(name), providers.Clean(r.Value))
		}
	}
	for _, r := range z.recordsAt(d.Name.Canonical(), "TXT") {
		if have := dnssd.TXTOf(r.Value); !have.Same(d.TXT) {
			return Planned{}, conflict("%s has the TXT record %s already, which is not what is asked for: retire the incarnation first, or create another one", d.Name, providers.Clean(r.Value))
		}
	}
	m := z.plan(index.VerbCreate)
	m.announce(d)
	return m.endWhole("Create the incarnation " + providers.Clean(d.Name.String()))
}

// checkSubtypes returns a refusal if a subtype is no label or occurs twice.
func (d *Declaration) checkSubtypes() error {
	seen := map[string]bool{}
	for _, s := range d.Subtypes {
		name := d.Name.Sub(s).Canonical()
		switch err := dnssd.CheckName(name); {
		case s == "":
			return invalid("a subtype is empty")
		case err != nil:
			return invalid("%s is no subtype: %v", dnssd.Quoted(s), err)
		case seen[name]:
			return invalid("the subtype %s is given twice", dnssd.Quoted(s))
		}
		if err := dnssd.CheckInstance(s); err != nil {
			return invalid("%s is no subtype: %v", dnssd.Quoted(s), err)
		}
		seen[name] = true
	}
	return nil
}

// announcement returns the records by which clients find an incarnation (RFC 6763): its TXT record, then the PTR
// records of its type and subtypes and of its type in the enumeration of the domain.
func announcement(zone, name string, txt dnssd.TXT, subtypes ...string) []providers.Record {
	typ, _ := providers.Parent(name)
	out := []providers.Record{{Zone: zone, Name: providers.CanonicalName(name), Type: "TXT", Value: txt.Value()}, pointer(zone, typ, name)}
	for _, s := range subtypes {
		out = append(out, pointer(zone, s, name))
	}
	return append(out, pointer(zone, dnssd.EnumerationOf(typ), typ))
}

func pointer(zone, from, to string) providers.Record {
	return providers.Record{Zone: zone, Name: providers.CanonicalName(from), Type: "PTR", Value: providers.CanonicalValue("PTR", to)}
}

// announce plans the records that an incarnation lacks, its TXT record first.
func (m *planner) announce(d Declaration, needs ...int) {
	var subtypes []string
	for _, s := range d.Subtypes {
		subtypes = append(subtypes, d.Name.Sub(s).String())
	}
	for _, r := range announcement(m.z.Zone.Name, d.Name.String(), d.TXT, subtypes...) {
		switch {
		case r.Type == "PTR" && m.z.leadsTo(r.Name, r.Value) != nil, r.Type == "TXT" && len(m.z.recordsAt(r.Name, "TXT")) > 0:
			continue
		case r.Type == "TXT":
			m.Notes = append(m.Notes, d.TXT.Warnings()...)
		}
		m.z.setTTL(&r, cmp.Or(d.TTL, incarnationTTL))
		m.step(providers.Change{Op: providers.OpCreate, After: r}, "Create "+r.Label(), needs...)
	}
}

// Retire plans to remove an incarnation: the PTR record of its type if it is the last of the type, then its other PTR
// records, then its TXT record. z must hold the whole zone. An incarnation with nodes is refused.
func Retire(z Zone, n dnssd.Name) (Planned, error) {
	switch {
	case n.Instance == "":
		return Planned{}, invalid("%s is no service instance: write INSTANCE.%s", n, n.Type())
	case z.inZone(n) != nil:
		return Planned{}, z.inZone(n)
	}
	nodes := 0
	for _, r := range z.recordsAt(n.Canonical(), "SRV") {
		if s, ok := providers.ParseSRV(r.Value); !ok || s.Target != "." {
			nodes++
		}
	}
	if nodes > 0 {
		return Planned{}, conflict("%s still has %s: let them leave first", n, index.Plural(nodes, "node", "nodes"))
	}
	m := z.plan(index.VerbRetire)
	typ := n.Type()
	others := 0
	for _, r := range z.recordsAt(typ.Canonical(), "PTR") {
		if !providers.SameName(r.Value, n.String()) {
			others++
		}
	}
	remove := func(r *providers.Record, why string) {
		if r == nil {
			return
		}
		if len(r.Owners) > 0 || len(r.BadMarkers) > 0 {
			m.skip(r.Label() + " " + ownership(r) + ", which nothing of an incarnation has")
			return
		}
		m.step(providers.Change{Op: providers.OpDelete, Before: *r}, "Delete "+r.Label()+why)
	}
	var last *providers.Record
	if others == 0 {
		last = z.leadsTo(dnssd.Enumeration(n.Domain).String(), typ.String())
	}
	remove(z.leadsTo(typ.String(), n.String()), "")
	for i := range z.Records { // subtypes
		r := &z.Records[i]
		if r.Type == "PTR" && providers.SameName(r.Value, n.String()) && n.HasSubtype(r.Name) {
			remove(r, "")
		}
	}
	remove(last, ", as no other incarnation stays")
	for _, r := range z.recordsAt(n.Canonical(), "TXT") {
		remove(r, "")
	}
	if len(m.Plan.Steps)+len(m.Plan.Skipped) == 0 {
		return Planned{}, conflict("there is no incarnation %s", n)
	}
	if others > 0 {
		m.note(typ.String() + " keeps " + index.Plural(others, "other incarnation", "other incarnations") + ", and stays listed")
	}
	return m.end("Retire the incarnation " + providers.Clean(n.String())), nil
}
