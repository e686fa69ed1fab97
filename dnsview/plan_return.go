package dnsview

import (
	"cmp"
	"slices"
	"strconv"

	"rollcall/providers"
)

// PlanReturn plans to put quiesced nodes back into DNS: what their markers
// remember is registered again, with the addresses that the nodes have now.
func PlanReturn(v *View, instances ...providers.InstanceRef) Plan {
	b := newBuilder(v, VerbReturn)
	if !b.fleet() {
		return b.end("")
	}
	for _, ref := range onceEach(instances) {
		if byHand(ref) {
			b.giveBack(ref, nil)
			continue
		}
		i := b.instance(ref)
		if i == nil {
			continue
		}
		if i.State != providers.StateRunning {
			b.skip(label(i) + " does not run")
			continue
		}
		b.giveBack(v.index.ref(i), i)
	}
	return b.end("Return " + plural(len(instances), "node", "nodes") + " to DNS")
}

// giveBack plans the return of one node; i is nil for a host that joined by hand.
func (b *builder) giveBack(ref providers.InstanceRef, i *providers.Instance) {
	x := b.v.index
	who := shortID(ref.ID)
	if i != nil {
		who = label(i)
	}
	found := b.unquiesce(ref)
	marks := slices.DeleteFunc(slices.Clone(x.marks), func(m mark) bool {
		return m.owner.Cloud != ref.Key || m.owner.Instance != ref.ID || x.quiescedThere(m)
	})
	// Host names come back before the SRV values that lead to them.
	slices.SortFunc(marks, func(a, c mark) int {
		if ra, rc := -srvRank(&providers.Record{Type: a.owner.Type}), -srvRank(&providers.Record{Type: c.owner.Type}); ra != rc {
			return ra - rc
		}
		return compareRecords(a.record, c.record)
	})
	values, notes := make([]string, len(marks)), make([]string, len(marks))
	serves := map[string]string{} // with its SRV value gone, only the marker of that says which service a host name belongs to
	for n, m := range marks {
		values[n], notes[n] = b.remembered(m, marks, i)
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
		case isAddr && i != nil && !i.HasAddress(old):
			to, ok := addressFor(i, r.Family())
			if !ok {
				b.skip(who + " has no address for " + Clean(m.name))
				continue
			}
			r.Value = to.String()
		}
		found = true
		b.setTTL(&r, x.byName[cmp.Or(serves[r.Name], x.serviceOf(&r))])
		o := m.owner
		o.Quiesced = false
		r, err := r.WithOwner(b.provider(r.Zone), o)
		if err != nil {
			b.skip(r.Label() + ": " + Clean(err.Error()))
			continue
		}
		if n, twice := b.done[r.Identity()]; twice { // another marker remembers the same
			b.forgetOut(m, who, &ref, n)
			continue
		}
		if have := standing(b.at(m.zone, r.Name, r.Type), &r); have != nil {
			b.reclaim(have, &r, m, who, &ref)
			continue
		}
		if !b.fits(&r) {
			continue
		}
		// The marker goes last: a return that is cut off can be carried on with for as long as it is there.
		c := providers.Change{Op: providers.OpCreate, After: r}
		if b.provider(r.Zone) == providers.Route53 && m.owner.Owns(r.Type, r.Value) {
			c.Before = *m.record // the marker of the value takes its place, in the same batch
		}
		id := r.Identity()
		back := b.change(c, "Create "+r.Label()+" for "+who+notes[n], Quiesced, &ref)
		b.done[id] = back
		if c.Before.Name == "" {
			b.forgetOut(m, who, &ref, back)
		}
	}
	if !found && len(marks) == 0 {
		b.skip(who + " is not quiesced anywhere")
	}
}

// standing finds the record with the type and value of another among those of its name, or returns nil.
func standing(named []*providers.Record, r *providers.Record) *providers.Record {
	for _, s := range named {
		if s.Type == r.Type && providers.FoldValue(s.Type, s.Value) == providers.FoldValue(r.Type, r.Value) {
			return s
		}
	}
	return nil
}

// reclaim plans the return of a value that someone has put there already: it becomes the node's own,
// unless it is another's.
func (b *builder) reclaim(have, want *providers.Record, m mark, who string, ref *providers.InstanceRef) {
	o, _ := want.Owner()
	own, ok := have.Owner()
	var needs []int
	switch {
	case ok && own.Same(o):
	case marked(have) || have.Alias:
		b.skip(have.Label() + " is there already, and is " + whose(have))
		return
	case !ok && b.v.ControllerOf(have) != "":
		b.skip(have.Label() + " is there already, and " + b.v.index.adoptOr(have, ""))
		return
	default:
		after, err := have.WithOwner(b.provider(have.Zone), o)
		if err != nil {
			b.skip(have.Label() + ": " + Clean(err.Error()))
			return
		}
		needs = []int{b.change(providers.Change{Op: providers.OpUpdate, Before: *have, After: after}, "Make "+who+" the owner of "+have.Label(), Quiesced, ref)}
	}
	b.forgetOut(m, who, ref, needs...)
}

// forgetOut plans to remove a marker that says that a node was taken out, unless the plan removes it already.
func (b *builder) forgetOut(m mark, who string, ref *providers.InstanceRef, needs ...int) {
	id := m.record.Identity()
	if b.done[id] == 0 {
		b.done[id] = b.change(providers.Change{Op: providers.OpDelete, Before: *m.record}, "Forget that "+who+" was taken out of "+Clean(m.name), Quiesced, ref, needs...)
	}
}

// unquiesce plans to take the word quiesced off the records of a node that are still there.
func (b *builder) unquiesce(ref providers.InstanceRef) (found bool) {
	for _, r := range b.recordsOf(ref) {
		if o, ok := r.Owner(); ok && o.Quiesced {
			found = true
			o.Quiesced = false
			after, err := r.WithOwner(b.provider(r.Zone), o)
			if err != nil {
				continue
			}
			forgot := b.forgetHalf(r, &ref)
			b.change(providers.Change{Op: providers.OpUpdate, Before: *r, After: after}, "Take the word quiesced off "+r.Label(), Quiesced, &ref, forgot...)
		}
	}
	return found
}

// forgetHalf plans to remove the marker record of a value at Cloudflare that is there still, as a quiesce
// leaves it that was cut off, and gives the ids of the steps.
func (b *builder) forgetHalf(r *providers.Record, ref *providers.InstanceRef) (ids []int) {
	if b.provider(r.Zone) != providers.Cloudflare {
		return nil
	}
	for _, m := range b.v.index.marks {
		if m.zone.name == r.Zone && m.name == r.Name && m.owner.Owns(r.Type, r.Value) && m.owner.Cloud == ref.Key && m.owner.Instance == ref.ID {
			id := m.record.Identity()
			if b.done[id] == 0 {
				b.done[id] = b.change(providers.Change{Op: providers.OpDelete, Before: *m.record}, "Forget that "+r.Label()+" was to be taken out", Quiesced, ref)
			}
			ids = append(ids, b.done[id])
		}
	}
	return ids
}

// remembered gives the value that the marker of a quiesced node remembers; empty
// when no one can tell. A marker that had no room for the value holds a digest of it, which tells
// the value among those that the node can have had: its addresses, and SRV values
// that lead to a host name of its own. Where none fits, it is the one that a registration
// would give, and note says so.
func (b *builder) remembered(m mark, all []mark, i *providers.Instance) (value, note string) {
	switch {
	case !m.owner.Digested():
		return m.owner.Value, ""
	case m.owner.Type == "SRV":
		srv, ok, guessed := b.recallSRV(m, all)
		if !ok {
			return "", ""
		}
		if guessed {
			note = ", with priority " + strconv.Itoa(int(srv.Priority)) + " and weight " + strconv.Itoa(int(srv.Weight)) + ", as its marker does not say in full what it had"
		}
		return srv.String(), note
	case i == nil:
		return "", ""
	}
	for _, a := range slices.Concat(i.PublicIPs, i.PrivateIPs) {
		if typeOf(a) == m.owner.Type && m.owner.Owns(m.owner.Type, a.String()) {
			return a.String(), ""
		}
	}
	for _, a := range i.PublicIPs {
		if typeOf(a) == m.owner.Type {
			return a.String(), ""
		}
	}
	return "", ""
}

// recallSRV finds the SRV value that a digest is of. When nothing simpler fits, what a balance
// may have made of it is tried: every weight with the priorities in use, every priority with the
// weights in use, and small numbers of both.
func (b *builder) recallSRV(m mark, all []mark) (srv providers.SRV, ok, guessed bool) {
	x := b.v.index
	var others []mark
	for _, o := range all {
		if o.ofHost() && x.byName[o.name] == nil && x.zoneOf(o.name) == m.zone {
			others = append(others, o)
		}
	}
	var shapes []providers.SRV
	for _, r := range b.at(m.zone, m.name, "SRV") {
		s, ok := providers.ParseSRV(r.Value)
		if s.Target = ""; ok && !slices.Contains(shapes, s) {
			shapes = append(shapes, s)
		}
	}
	hosts := x.hostsOf(m, others)
	srv, ok, guessed = x.recall(m, x.byName[m.name], hosts, shapes)
	if !guessed {
		return srv, ok, guessed
	}
	if ok {
		shapes = append([]providers.SRV{{Priority: srv.Priority, Weight: srv.Weight, Port: srv.Port}}, shapes...)
	}
	for _, v := range shapes[:min(len(shapes), mostShapes)] {
		for n := range 1 << 16 {
			for _, try := range []providers.SRV{
				{Priority: v.Priority, Weight: uint16(n), Port: v.Port, Target: srv.Target},
				{Priority: uint16(n), Weight: v.Weight, Port: v.Port, Target: srv.Target},
				{Priority: uint16(n >> 8), Weight: uint16(n & 0xff), Port: v.Port, Target: srv.Target},
			} {
				if m.owner.Owns("SRV", try.String()) {
					return try, true, false
				}
			}
		}
	}
	return srv, ok, guessed
}

// mostShapes bounds the search of recallSRV, which takes some tenths of a second for each.
const mostShapes = 3
