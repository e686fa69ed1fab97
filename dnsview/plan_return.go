package dnsview

import (
	"cmp"
	"slices"

	"rollcall/providers"
)

// PlanReturn plans to put quiesced nodes back into DNS: what their markers
// remember is registered again, with the addresses that the nodes have now.
func PlanReturn(v *View, instances ...providers.InstanceRef) Plan {
	b := newBuilder(v, VerbReturn)
	if !b.fleet() {
		return b.end("")
	}
	for _, ref := range instances {
		i := b.instance(ref)
		if i == nil {
			continue
		}
		if i.State != providers.StateRunning {
			b.skip(label(i) + " does not run")
			continue
		}
		b.giveBack(i)
	}
	return b.end("Return " + plural(len(instances), "node", "nodes") + " to DNS")
}

func (b *builder) giveBack(i *providers.Instance) {
	x := b.v.index
	ref := x.ref(i)
	found := false
	for _, r := range b.v.RecordsOf(ref.Key, i.ID) {
		if o, ok := r.Owner(); ok && o.Quiesced {
			found = true
			o.Quiesced = false
			if after, err := b.withOwner(*r, o); err == nil {
				b.change(providers.Change{Op: providers.OpUpdate, Before: *r, After: after}, "Take the word quiesced off "+subject(r), Quiesced, &ref)
			}
		}
	}
	marks := slices.DeleteFunc(slices.Clone(x.marks), func(m mark) bool {
		return m.owner.Cloud != ref.Key || m.owner.Instance != i.ID || x.quiescedThere(m)
	})
	// Host names come back before the SRV values that lead to them.
	slices.SortFunc(marks, func(a, c mark) int {
		if ra, rc := -srvRank(&providers.Record{Type: a.owner.Type}), -srvRank(&providers.Record{Type: c.owner.Type}); ra != rc {
			return ra - rc
		}
		return compareRecords(a.record, c.record)
	})
	values := make([]string, len(marks))
	serves := map[string]string{} // with its SRV value gone, only the marker of that says which service a host name belongs to
	for n, m := range marks {
		values[n] = b.remembered(m, marks, i)
		if srv, ok := providers.ParseSRV(values[n]); ok && m.owner.Type == "SRV" {
			serves[srv.Target] = m.name
		}
	}
	for n, m := range marks {
		r := providers.Record{Zone: m.zone.name, Name: m.name, Type: m.owner.Type, Value: values[n]}
		old, isAddr := r.Addr()
		switch {
		case r.Type == "" || r.Value == "":
			b.skip(Clean(m.record.Name) + ": the marker does not say in full what was taken out, and no declared service tells; remove the marker, and make the record anew")
			continue
		case isAddr && !i.HasAddress(old):
			to, ok := addressFor(i, old)
			if !ok {
				b.skip(label(i) + " has no address for " + Clean(m.name))
				continue
			}
			r.Value = to.String()
		}
		found = true
		b.setTTL(&r, x.byName[cmp.Or(serves[r.Name], x.serviceOf(&r))])
		o := m.owner
		o.Quiesced = false
		r, err := b.withOwner(r, o)
		if err != nil {
			b.skip(subject(&r) + ": " + Clean(err.Error()))
			continue
		}
		if !b.fits(&r) {
			continue
		}
		n := b.change(providers.Change{Op: providers.OpDelete, Before: *m.record}, "Forget that "+label(i)+" was taken out of "+Clean(m.name), Quiesced, &ref)
		b.change(providers.Change{Op: providers.OpCreate, After: r}, "Create "+subject(&r)+" for "+label(i), Quiesced, &ref, n)
	}
	if !found {
		b.skip(label(i) + " is not quiesced anywhere")
	}
}

// remembered gives the value that the marker of a quiesced node remembers; empty
// when nobody can tell. A marker that had no room for the value holds a digest of it, which tells
// the value among those that the node can have had: its addresses, and SRV values
// that lead to a host name of its own. Where none fits, it is the one that a registration would give.
func (b *builder) remembered(m mark, all []mark, i *providers.Instance) string {
	if !m.owner.Digested() {
		return m.owner.Value
	}
	could, now := b.couldBe(m, all, i)
	if n := slices.IndexFunc(could, func(v string) bool { return m.owner.Owns(m.owner.Type, v) }); n >= 0 {
		return could[n]
	}
	return now
}

// couldBe lists the values that a node can have had at a name, and the one that it would get now.
func (b *builder) couldBe(m mark, all []mark, i *providers.Instance) (could []string, now string) {
	if m.owner.Type == "SRV" {
		return b.couldBeSRV(m, all, i)
	}
	for _, a := range slices.Concat(i.PublicIPs, i.PrivateIPs) {
		if typeOf(a) == m.owner.Type {
			could = append(could, a.String())
		}
	}
	for _, a := range i.PublicIPs {
		if typeOf(a) == m.owner.Type {
			return could, a.String()
		}
	}
	return could, ""
}

func (b *builder) couldBeSRV(m mark, all []mark, i *providers.Instance) (could []string, now string) {
	x := b.v.index
	var hosts []string
	host := func(name, typ string) {
		if (typ == "A" || typ == "AAAA") && x.byName[name] == nil && x.zoneOf(name) == m.zone {
			hosts = append(hosts, name)
		}
	}
	for _, o := range all {
		host(o.name, o.owner.Type)
	}
	for _, r := range b.v.RecordsOf(x.keyOf(i), i.ID) {
		host(r.Name, r.Type)
	}
	hosts = append(hosts, b.hostName(m.zone, i, m.owner))
	var shapes []providers.SRV
	if s := x.byName[m.name]; s != nil && s.Port > 0 {
		shapes = append(shapes, providers.SRV{Priority: s.Priority, Weight: s.Weight, Port: s.Port})
		now = providers.SRV{Priority: s.Priority, Weight: s.Weight, Port: s.Port, Target: hosts[0]}.String()
	}
	for _, r := range b.at(m.zone, m.name, "SRV") {
		if srv, ok := providers.ParseSRV(r.Value); ok {
			shapes = append(shapes, srv)
		}
	}
	for _, srv := range shapes {
		for _, srv.Target = range hosts {
			could = append(could, srv.String())
		}
	}
	return could, now
}
