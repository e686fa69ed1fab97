package plan

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Return plans to put quiesced nodes back into DNS: the values of their markers are registered again, with the nodes'
// current addresses.
func Return(v *dnsview.View, instances ...providers.InstanceRef) Plan {
	b := newBuilder(v, index.VerbReturn)
	if !b.hasFleet() {
		return b.end("")
	}
	returned := 0
	put := func(ref providers.InstanceRef, i *providers.Instance) {
		if len(b.returnNode(ref, i, anyValue)) > 0 {
			returned++
		}
	}
	for _, ref := range uniqueInstances(instances) {
		if isHost(ref) {
			put(ref, nil)
			continue
		}
		i := b.instance(ref)
		if i == nil || b.stillEvacuated(ref) {
			continue
		}
		if i.State != providers.StateRunning {
			b.skip(index.Label(i) + " does not run")
			continue
		}
		put(v.Index.Ref(i), i)
	}
	return b.end("Return " + index.Plural(returned, "node", "nodes") + " to DNS")
}

// anyValue accepts every value that a marker remembers.
func anyValue(index.QuiescedMarker) bool { return true }

// returnNode plans the return of those values of one node that are accepted, and returns the ids of the steps; i is nil for a
// host that joined by hand.
func (b *builder) returnNode(ref providers.InstanceRef, i *providers.Instance, accept func(index.QuiescedMarker) bool) (ids []int) {
	from := len(b.plan.Steps)
	b.returnValues(ref, i, accept)
	for n := from; n < len(b.plan.Steps); n++ {
		ids = append(ids, b.plan.Steps[n].ID)
	}
	return ids
}

func (b *builder) returnValues(ref providers.InstanceRef, i *providers.Instance, accept func(index.QuiescedMarker) bool) {
	x := b.v.Index
	who := index.ShortID(ref.ID)
	if i != nil {
		who = index.Label(i)
	}
	found := b.unquiesce(ref)
	marks := slices.DeleteFunc(b.quiescedMarkers(ref), func(m index.QuiescedMarker) bool { return !accept(m) })
	// Host names come back before the SRV values that lead to them.
	slices.SortFunc(marks, func(a, c index.QuiescedMarker) int {
		if ra, rc := -srvRank(&providers.Record{Type: a.Owner.Type}), -srvRank(&providers.Record{Type: c.Owner.Type}); ra != rc {
			return ra - rc
		}
		return index.CompareRecords(a.Record, c.Record)
	})
	values, notes := make([]string, len(marks)), make([]string, len(marks))
	serves := map[string]string{} // with its SRV value gone, only the marker of that says which service a host name belongs to
	for n, m := range marks {
		values[n], notes[n] = b.markerValue(m, marks, i)
		if srv, ok := providers.ParseSRV(values[n]); ok && m.Owner.Type == "SRV" {
			serves[srv.Target] = m.Name
		}
	}
	for n, m := range marks {
		r := providers.Record{Zone: m.Zone.Name, Name: m.Name, Type: m.Owner.Type, Value: values[n]}
		old, isAddr := r.Addr()
		was := b.v.Options.TakenOut[r.Identity()]
		if len(was) > 0 {
			r = was[0]
		}
		switch {
		case len(was) > 1:
			b.skip(r.Label() + " was in " + strconv.Itoa(len(was)) + " record sets with a routing policy, and its marker is of one: rollcall undo restores them, as long as it was the last change, or rollcall undo ENTRY")
			continue
		case r.Type == "" || r.Value == "":
			b.skip(index.Clean(m.Record.Name) + ": the marker does not say in full what was taken out, and no declared service tells; remove the marker, and make the record anew")
			continue
		case isAddr && i != nil:
			to, ok := x.AddressFor(&r, i)
			if !ok {
				b.skip(who + " has no " + string(x.ScopeOf(&r, i)) + " address for " + index.Clean(m.Name))
				continue
			}
			if to != old { // an address that stays keeps its spelling
				r.Value, r.Raw = to.String(), ""
			}
		}
		found = true
		s := x.ServicesByName[cmp.Or(serves[r.Name], x.ServiceOf(&r))]
		if of := x.ServicesByName[x.FirstServiceOf(i)]; s == nil && of != nil && of.Kind == index.DNSSD && strings.HasPrefix(r.Name, providers.CanonicalName(i.Name)+".") {
			s = of // the host name of its node
		}
		if len(was) == 0 && s == nil && len(b.recordsAt(m.Zone, r.Name, r.Type)) == 0 {
			b.skip(r.Label() + ": its TTL, proxying and routing are not known, since the journal here does not have its removal and no declared service has the name: declare it as a service, or remove the marker and make the record anew")
			continue
		}
		b.setTTL(&r, s)
		o := m.Owner
		o.Quiesced = false
		r, err := r.WithOwner(b.v.Index.Traits(r.Zone).Markers, o)
		if err != nil {
			b.skip(r.Label() + ": " + index.Clean(err.Error()))
			continue
		}
		if n, twice := b.planned[r.Identity()]; twice { // another marker remembers the same
			b.removeQuiescedMarker(m, who, &ref, n)
			continue
		}
		if have := sameValue(b.recordsAt(m.Zone, r.Name, r.Type), &r); have != nil {
			b.returnExisting(have, &r, m, who, &ref)
			continue
		}
		if !b.hasRoom(&r) {
			continue
		}
		// The marker is deleted last, so that an interrupted return can be repeated.
		c := providers.Change{Op: providers.OpCreate, After: r}
		if b.v.Index.Traits(r.Zone).Markers == providers.MarkerInBatch && m.Owner.Owns(r.Type, r.Value) {
			c.Before = *m.Record // the marker of the value takes its place, in the same batch
		}
		id := r.Identity()
		back := b.change(c, "Create "+r.Label()+" for "+who+notes[n], dnsview.Quiesced, &ref)
		b.planned[id] = back
		if c.Before.Name == "" {
			b.removeQuiescedMarker(m, who, &ref, back)
		}
	}
	if !found && len(marks) == 0 {
		if unread := b.unreadZones(); unread != "" {
			b.skip("whether " + who + " is quiesced is not known: " + unread)
		} else {
			b.skip(who + " is not quiesced anywhere")
		}
	}
}

// unreadZones says which zones were not read completely; "" for none.
func (b *builder) unreadZones() string {
	var all []string
	for _, z := range b.v.Index.Zones {
		if z.State != providers.CoverageComplete {
			all = append(all, z.Name+" is "+string(z.State))
		}
	}
	return strings.Join(all, ", ")
}

// sameValue returns the record with the type and value of r among those of its name, or nil.
func sameValue(named []*providers.Record, r *providers.Record) *providers.Record {
	for _, s := range named {
		if s.Type == r.Type && providers.FoldValue(s.Type, s.Value) == providers.FoldValue(r.Type, r.Value) {
			return s
		}
	}
	return nil
}

// returnExisting plans the return of a value that is in the zone already. The node becomes its owner, unless it has
// another one.
func (b *builder) returnExisting(have, want *providers.Record, m index.QuiescedMarker, who string, ref *providers.InstanceRef) {
	o, _ := want.Owner()
	var needs []int
	switch {
	case have.OwnedBy(o):
	case index.Marked(have) || have.Alias:
		b.skip(have.Label() + " is there already, and is " + index.Whose(have))
		return
	case b.v.ControllerOf(have) != "":
		b.skip(have.Label() + " is there already, and " + b.v.Index.AdoptOr(have, ""))
		return
	default:
		after, err := have.WithOwner(b.v.Index.Traits(have.Zone).Markers, o)
		if err != nil {
			b.skip(have.Label() + ": " + index.Clean(err.Error()))
			return
		}
		needs = []int{b.change(providers.Change{Op: providers.OpUpdate, Before: *have, After: after}, "Make "+who+" the owner of "+have.Label(), dnsview.Quiesced, ref)}
	}
	b.removeQuiescedMarker(m, who, ref, needs...)
}

// removeQuiescedMarker plans, once, to delete a marker of a quiesced node.
func (b *builder) removeQuiescedMarker(m index.QuiescedMarker, who string, ref *providers.InstanceRef, needs ...int) {
	id := m.Record.Identity()
	if b.planned[id] == 0 {
		b.planned[id] = b.change(providers.Change{Op: providers.OpDelete, Before: *m.Record}, "Forget that "+who+" was taken out of "+index.Clean(m.Name), dnsview.Quiesced, ref, needs...)
	}
}

// unquiesce plans to clear the quiesced state of a node's existing records. It reports whether there are any.
func (b *builder) unquiesce(ref providers.InstanceRef) (found bool) {
	for _, r := range b.recordsOf(ref) {
		if o, ok := r.Owner(); ok && o.Quiesced {
			found = true
			o.Quiesced = false
			after, err := r.WithOwner(b.v.Index.Traits(r.Zone).Markers, o)
			if err != nil {
				continue
			}
			forgot := b.removeExtraMarker(r, &ref)
			b.change(providers.Change{Op: providers.OpUpdate, Before: *r, After: after}, "Take the word quiesced off "+r.Label(), dnsview.Quiesced, &ref, forgot...)
		}
	}
	return found
}

// removeExtraMarker plans to delete the marker record of a value that still exists with its marker in the comment, as
// an interrupted quiesce leaves it. It returns the ids of the steps.
func (b *builder) removeExtraMarker(r *providers.Record, ref *providers.InstanceRef) (ids []int) {
	if b.v.Index.Traits(r.Zone).Markers != providers.MarkerInComment {
		return nil
	}
	for _, m := range b.v.Index.QuiescedMarkers {
		if m.Zone.Name == r.Zone && m.Name == r.Name && m.Owner.Owns(r.Type, r.Value) && m.Of() == (index.InstanceKey{Cloud: ref.Key, ID: ref.ID}) {
			id := m.Record.Identity()
			if b.planned[id] == 0 {
				b.planned[id] = b.change(providers.Change{Op: providers.OpDelete, Before: *m.Record}, "Forget that "+r.Label()+" was to be taken out", dnsview.Quiesced, ref)
			}
			ids = append(ids, b.planned[id])
		}
	}
	return ids
}

// markerValue returns the value in the marker of a quiesced node, "" if it is unknown. A marker without room for
// the value holds a digest, which is compared with the values that the node can have had: its addresses, and SRV values
// with its host names. If none matches, it returns the value that a registration would have; note says so.
func (b *builder) markerValue(m index.QuiescedMarker, all []index.QuiescedMarker, i *providers.Instance) (value, note string) {
	switch {
	case !m.Owner.Digested():
		return m.Owner.Value, ""
	case m.Owner.Type == "SRV":
		srv, ok, guessed := b.searchSRV(m, all)
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
		if index.TypeOf(a) == m.Owner.Type && m.Owner.Owns(m.Owner.Type, a.String()) {
			return a.String(), ""
		}
	}
	r := providers.Record{Zone: m.Zone.Name, Name: m.Name, Type: m.Owner.Type, Value: netip.IPv4Unspecified().String()}
	if a, ok := b.v.Index.AddressFor(&r, i); ok && index.TypeOf(a) == r.Type {
		return a.String(), ""
	}
	return "", ""
}

// searchSRV returns the SRV value with the digest of a marker. If no simpler value matches, it tries values that a
// balance may have made: every weight with the priorities in use, every priority with the weights in use, and small
// numbers of both.
func (b *builder) searchSRV(m index.QuiescedMarker, all []index.QuiescedMarker) (srv providers.SRV, ok, guessed bool) {
	x := b.v.Index
	var others []index.QuiescedMarker
	for _, o := range all {
		if o.OfHost() && x.ServicesByName[o.Name] == nil && x.ZoneOf(o.Name) == m.Zone {
			others = append(others, o)
		}
	}
	var candidates []providers.SRV
	for _, r := range b.recordsAt(m.Zone, m.Name, "SRV") {
		s, ok := providers.ParseSRV(r.Value)
		if s.Target = ""; ok && !slices.Contains(candidates, s) {
			candidates = append(candidates, s)
		}
	}
	hosts := x.HostsOf(m, others)
	srv, ok, guessed = x.RecoverSRV(m, x.ServicesByName[m.Name], hosts, candidates)
	if !guessed {
		return srv, ok, guessed
	}
	if ok {
		candidates = append([]providers.SRV{{Priority: srv.Priority, Weight: srv.Weight, Port: srv.Port}}, candidates...)
	}
	for _, v := range candidates[:min(len(candidates), maxGuessed)] {
		for n := range 1 << 16 {
			for _, try := range []providers.SRV{
				{Priority: v.Priority, Weight: uint16(n), Port: v.Port, Target: srv.Target},
				{Priority: uint16(n), Weight: v.Weight, Port: v.Port, Target: srv.Target},
				{Priority: uint16(n >> 8), Weight: uint16(n & 0xff), Port: v.Port, Target: srv.Target},
			} {
				if m.Owner.Owns("SRV", try.String()) {
					return try, true, false
				}
			}
		}
	}
	return srv, ok, guessed
}

// maxGuessed limits the values that searchSRV tries, which takes some tenths of a second for each marker.
const maxGuessed = 3
