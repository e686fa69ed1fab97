package plan

import (
	"slices"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// drained is a node that a drain terminates.
type drained struct {
	inst     *providers.Instance
	steps    []int                  // what takes it out of DNS
	names    []*providers.Record    // what leads to it
	markers  []index.QuiescedMarker // of its values that are out of DNS
	takenOut bool                   // some of it was taken out, now or before, so that resolvers may hold it
	after    []int                  // steps that come first
}

// leastWait is the wait of a drain whose records no resolver may keep, with a TTL of 0. What cannot be asked is waited out
// after it, as for every other TTL.
const leastWait = time.Second

// Drain plans to take nodes out of DNS, to wait until no resolver can still hold their addresses, and to terminate
// them. A node to which another record leads is skipped. A node that is out of DNS already is waited for as well; the
// journal decides how much of the wait is left.
func Drain(v *dnsview.View, instances ...providers.InstanceRef) Plan {
	return drainTitled(v, instances, func(nodes string) string { return "Drain and terminate " + nodes })
}

// drainTitled is Drain with the title that title returns for the number of nodes in words.
func drainTitled(v *dnsview.View, instances []providers.InstanceRef, title func(nodes string) string) Plan {
	b := newBuilder(v, index.VerbDrain)
	n := len(b.drain(uniqueInstances(instances), nil))
	return b.end(title(index.Plural(n, "node", "nodes")))
}

// drain plans to drain nodes together, each after the steps that after returns for it; after may be nil. It returns the ids
// of the steps that terminate them.
func (b *builder) drain(instances []providers.InstanceRef, after func(providers.InstanceRef) []int) (terminations []int) {
	var all []drained
	longest, held := time.Duration(0), holding{}
	for _, ref := range instances {
		i := b.instance(ref)
		if i == nil {
			continue
		}
		d := drained{inst: i, markers: b.quiescedMarkers(b.v.Index.Ref(i))}
		if after != nil {
			d.after = after(ref)
		}
		if i.State.Dead() {
			b.skip(index.Label(i) + " is terminated already")
			for _, m := range d.markers {
				b.removeMarker(m.Record, i)
			}
			continue
		}
		d.names = slices.DeleteFunc(b.v.RecordsOf(b.v.Index.KeyOf(i), i.ID), func(r *providers.Record) bool { return r.IsMarker() })
		if len(d.names)+len(d.markers) > 0 && !b.hasFleet() {
			continue
		}
		from := len(b.plan.Steps)
		if len(d.names) > 0 {
			steps, left := b.removeNode(i, "")
			if len(left) > 0 {
				b.truncate(from)
				b.skip(index.Label(i) + " is not drained: " + strings.Join(left, ", ") + " would be left leading to it")
				continue
			}
			d.steps = steps
		}
		if others := b.heldByOthers(i, d.names); len(others) > 0 {
			b.truncate(from)
			b.skip(index.Label(i) + " is not drained: " + strings.Join(others, ", ") + " has its address, and another owner")
			continue
		}
		for n := from; n < len(b.plan.Steps); n++ {
			b.plan.Steps[n].Needs = append(slices.Clone(d.after), b.plan.Steps[n].Needs...)
		}
		for _, r := range d.names {
			longest = max(longest, r.CacheTime()+b.lingerOf(r))
			held.longer(b.held(r))
		}
		for _, m := range d.markers {
			longest = max(longest, b.markerTTL(m)+b.lingerOf(m.Record))
			held.longer(b.held(&providers.Record{Zone: m.Zone.Name, Name: m.Name, Type: m.Owner.Type, Value: m.Owner.Value}))
		}
		gone := b.heldOf(i)
		held.longer(gone)
		d.takenOut = len(d.names)+len(d.markers) > 0 || !gone.until.IsZero()
		all = append(all, d)
	}
	wait := 0
	lingers := slices.ContainsFunc(all, func(d drained) bool {
		return slices.ContainsFunc(d.names, func(r *providers.Record) bool { return b.lingerOf(r) > 0 }) ||
			slices.ContainsFunc(d.markers, func(m index.QuiescedMarker) bool { return b.lingerOf(m.Record) > 0 })
	})
	if slices.ContainsFunc(all, func(d drained) bool { return d.takenOut }) {
		longest = max(longest, leastWait)
		wait = b.add(b.wait(longest, held, lingers))
	}
	for _, d := range all {
		needs := append(slices.Clone(d.after), d.steps...)
		if d.takenOut {
			needs = append(needs, wait)
		}
		off := b.power(PowerTerminate, d.inst, needs...)
		terminations = append(terminations, off)
		for _, r := range d.names {
			b.removeMarkerOf(r, d.inst, off)
		}
		for _, m := range d.markers {
			b.removeMarker(m.Record, d.inst, off)
		}
	}
	return terminations
}

// heldByOthers returns the records that lead to an instance and are not among own.
func (b *builder) heldByOthers(i *providers.Instance, own []*providers.Record) (names []string) {
	for _, r := range b.v.LeadingTo(b.v.Index.KeyOf(i), i.ID) {
		if !slices.Contains(own, r) {
			names = append(names, r.Label())
		}
	}
	return names
}

// lingerOf returns how long open connections of the service of a record live after its TTL.
func (b *builder) lingerOf(r *providers.Record) time.Duration {
	if s := b.v.Index.ServicesByName[b.v.Index.ServiceOf(r)]; s != nil {
		return s.Linger
	}
	return 0
}

// truncate removes all steps from index n on.
func (b *builder) truncate(n int) {
	b.plan.Steps = b.plan.Steps[:n]
	for id, at := range b.planned {
		if at > n {
			delete(b.planned, id)
		}
	}
}

// quiescedMarkers returns, in stable order, the markers of values of a node that are out of DNS.
func (b *builder) quiescedMarkers(ref providers.InstanceRef) []index.QuiescedMarker {
	return slices.DeleteFunc(slices.Clone(b.v.Index.QuiescedMarkers), func(m index.QuiescedMarker) bool {
		return m.Of() != index.InstanceKey{Cloud: ref.Key, ID: ref.ID} || b.v.Index.QuiescedThere(m)
	})
}

// QuiescedRecords returns, in stable order, the records of an instance that are out of DNS according to markers. A
// value that its marker holds only as a digest is left out.
func QuiescedRecords(v *dnsview.View, key providers.CloudKey, id string) []providers.Record {
	b := &builder{v: v}
	var out []providers.Record
	for _, m := range v.Index.QuiescedMarkers {
		if m.Of() != (index.InstanceKey{Cloud: key, ID: id}) || m.Owner.Digested() {
			continue
		}
		r := providers.Record{Zone: m.Zone.Name, Name: m.Name, Type: m.Owner.Type, Value: m.Owner.Value}
		b.setTTL(&r, v.Index.ServicesByName[v.Index.ServiceOf(&r)])
		out = append(out, r)
	}
	slices.SortFunc(out, func(m, n providers.Record) int { return index.CompareRecords(&m, &n) })
	return out
}

// markerTTL returns how long a resolver may hold the value of a marker: the TTL of its name, or what its service
// declares.
func (b *builder) markerTTL(m index.QuiescedMarker) time.Duration {
	r := providers.Record{Zone: m.Zone.Name, Name: m.Name, Type: m.Owner.Type, Value: m.Owner.Value, Owners: []providers.Owner{m.Owner}}
	b.setTTL(&r, b.v.Index.ServicesByName[b.v.Index.ServiceOf(&r)])
	return r.CacheTime()
}

// removeMarkerOf plans to remove the marker of a quiesced value once its node is terminated.
func (b *builder) removeMarkerOf(r *providers.Record, i *providers.Instance, needs ...int) {
	o, ok := r.Owner()
	if !ok {
		return
	}
	o.Quiesced = true
	text, err := o.For(r.Type, r.Value).Encode()
	if err != nil {
		return
	}
	m := MarkerRecord(r, text)
	b.removeMarker(&m, i, needs...)
}

func (b *builder) removeMarker(m *providers.Record, i *providers.Instance, needs ...int) {
	if b.planned[m.Identity()] > 0 {
		return
	}
	ref := b.v.Index.Ref(i)
	b.planned[m.Identity()] = b.change(providers.Change{Op: providers.OpDelete, Before: *m}, "Forget "+index.Clean(m.Name), "", &ref, needs...)
}
