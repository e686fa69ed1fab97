package plan

import (
	"slices"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Quiesce plans to take nodes out of DNS and leave them running. Nodes are instances, and hosts that joined by hand.
func Quiesce(v *dnsview.View, instances ...providers.InstanceRef) Plan {
	b := newBuilder(v, index.VerbQuiesce)
	if !b.hasFleet() {
		return b.end("")
	}
	for _, ref := range uniqueInstances(instances) {
		if isHost(ref) {
			b.removeHost(ref)
		} else if i := b.instance(ref); i != nil {
			b.removeNode(i, "")
		}
	}
	return b.end("Take " + index.Plural(len(instances), "node", "nodes") + " out of DNS")
}

// QuiesceRecords plans to take single records of nodes out of DNS. The SRV values that lead to a host name are removed
// with it, before it.
func QuiesceRecords(v *dnsview.View, records ...providers.Identity) Plan {
	b := newBuilder(v, index.VerbQuiesce)
	if !b.hasFleet() {
		return b.end("")
	}
	rs := b.withSRVTo(records, func(s, r *providers.Record) bool { // those of others are reported where it is the last address
		return v.Index.IsOurs(s) && b.removedWith(s, r, records)
	})
	b.quiesceAll(rs)
	return b.end("Take " + index.Plural(len(rs), "entry", "entries") + " out of DNS")
}

// removedWith reports whether an SRV value of this fleet is removed together with an address that it leads to: it
// belongs to the same node, or no address of its target stays.
func (b *builder) removedWith(s, r *providers.Record, out []providers.Identity) bool {
	o, _ := r.Owner()
	if own, _ := s.Owner(); own.Same(o) {
		return true
	}
	stays := func(a *providers.Record) bool { return !slices.Contains(out, a.Identity()) }
	return !slices.ContainsFunc(b.v.Index.Records(r.Zone, r.Name, "A"), stays) && !slices.ContainsFunc(b.v.Index.Records(r.Zone, r.Name, "AAAA"), stays)
}

// removeNode plans to remove all records that lead to a node, SRV values first. It returns the ids of these steps, and
// the records that would still lead to the node.
func (b *builder) removeNode(i *providers.Instance, reason dnsview.Class) (removed []int, left []string) {
	records := b.v.RecordsOf(b.v.Index.KeyOf(i), i.ID)
	slices.SortStableFunc(records, srvFirst)
	var srv []int
	for _, r := range records {
		if r.IsMarker() {
			continue
		}
		if !index.Marked(r) {
			left = append(left, r.Label())
			b.skip(r.Label() + " leads to " + index.Label(i) + " and " + b.v.Index.AdoptOr(r, "has no owner marker: adopt it first"))
			continue
		}
		n := b.quiesce(r, reason, srv...)
		if n == 0 {
			left = append(left, r.Label())
			continue
		}
		removed = append(removed, n)
		if r.Type == "SRV" {
			srv = append(srv, n)
		}
	}
	if len(records) == 0 {
		b.skip(b.whyNotInDNS(b.v.Index.KeyOf(i), i.ID, index.Label(i)))
	}
	return removed, left
}

// whyNotInDNS returns why a node without records cannot be taken out of DNS: it is quiesced, or it was never
// registered.
func (b *builder) whyNotInDNS(key providers.CloudKey, id, who string) string {
	if slices.ContainsFunc(b.v.Index.QuiescedMarkers, func(m index.QuiescedMarker) bool { return m.Of() == index.InstanceKey{Cloud: key, ID: id} }) {
		return who + " is out of DNS already, on purpose: rollcall return " + id + " puts it back"
	}
	return who + " is in no zone that is read here"
}

// isHost reports whether a node is a host that joined by hand, which is in no cloud.
func isHost(ref providers.InstanceRef) bool { return providers.Owner{Instance: ref.ID}.Host() }

// recordsOf returns, in stable order, the records of an instance or of a host that joined by hand.
func (b *builder) recordsOf(ref providers.InstanceRef) []*providers.Record {
	if !isHost(ref) {
		return b.v.RecordsOf(ref.Key, ref.ID)
	}
	var out []*providers.Record
	for _, z := range b.v.Index.Zones {
		for i := range z.View.Records {
			r := &z.View.Records[i]
			if o, ok := r.Owner(); ok && o.Cloud == ref.Key && o.Instance == ref.ID && !b.v.Index.ForeignFleet(o) {
				out = append(out, r)
			}
		}
	}
	slices.SortFunc(out, index.CompareRecords)
	return out
}

// removeHost plans to remove all records that lead to a host that joined by hand, SRV values first.
func (b *builder) removeHost(ref providers.InstanceRef) {
	records := b.recordsOf(ref)
	if len(records) == 0 {
		b.skip(b.whyNotInDNS(ref.Key, ref.ID, index.ShortID(ref.ID)))
	}
	b.quiesceAll(records)
}

// quiesceAll plans to quiesce records, SRV values before the addresses that they lead to.
func (b *builder) quiesceAll(records []*providers.Record) {
	slices.SortStableFunc(records, srvFirst)
	var srv []int
	for _, r := range records {
		if n := b.quiesce(r, "", srv...); n > 0 && r.Type == "SRV" {
			srv = append(srv, n)
		}
	}
}

// quiesce plans to take one record out of DNS. The quiesced state is stored before the value is removed, and outlives
// it: on Route 53 in the marker record, in the same batch; on Cloudflare, where the marker is the record's comment,
// both there and in a marker record as on Route 53. So a node that boots in between finds that it is quiesced.
func (b *builder) quiesce(r *providers.Record, reason dnsview.Class, needs ...int) int {
	if n, ok := b.planned[r.Identity()]; ok {
		return n
	}
	o, ok := b.ours(r)
	if !ok {
		return 0
	}
	if reason == "" {
		reason = dnsview.ReasonOf(b.v, r)
	}
	if b.v.Index.IsGlue(r) {
		why, _ := b.v.Index.Writable(r.Zone, r.Name, r.Type)
		b.skip(r.Label() + " is left alone: " + why)
		return 0
	}
	ref := providers.InstanceRef{Cloud: b.v.Index.CloudLabel(o.Cloud), Key: o.Cloud, ID: o.Instance}
	if i := b.v.Instance(o.Cloud, o.Instance); i != nil {
		ref = b.v.Index.Ref(i)
	}
	q := o
	q.Quiesced = true
	stays := *r
	stays.Owners = []providers.Owner{q.For(r.Type, r.Value)}
	text, err := stays.Owners[0].Encode()
	if err != nil {
		b.skip(r.Label() + ": " + index.Clean(err.Error()))
		return 0
	}
	led, strands, blocked := b.srvsLeadingTo(r)
	if blocked != nil {
		b.skipLastAddress(r, blocked)
		return 0
	}
	for _, n := range led {
		if !slices.Contains(needs, n) {
			needs = append(slices.Clone(needs), n)
		}
	}
	sentence := "Take " + r.Label() + " out of DNS, and mark it as quiesced"
	if b.v.Index.Traits(r.Zone).Markers != providers.MarkerInComment {
		n := b.change(providers.Change{Op: providers.OpDelete, Before: *r, After: stays}, sentence, reason, &ref, needs...)
		b.setStrands(n, strands)
		b.planned[r.Identity()] = n
		return n
	}
	before := *r
	if !o.Quiesced {
		said, err := r.WithOwner(b.v.Index.Traits(r.Zone).Markers, q)
		if err != nil {
			b.skip(r.Label() + ": " + index.Clean(err.Error()))
			return 0
		}
		needs = []int{b.change(providers.Change{Op: providers.OpUpdate, Before: *r, After: said}, "Mark "+r.Label()+" as quiesced", reason, &ref, needs...)}
		before = said
	}
	marker := MarkerRecord(r, text)
	if b.markers == nil {
		b.markers = map[providers.Identity]int{}
	}
	if b.markers[marker.Identity()] == 0 { // a twin of the record has the same one
		b.markers[marker.Identity()] = b.change(providers.Change{Op: providers.OpCreate, After: marker}, "Remember in "+index.Clean(marker.Name)+" that it is on purpose", reason, &ref, needs...)
	}
	needs = append(slices.Clone(needs), b.markers[marker.Identity()])
	n := b.change(providers.Change{Op: providers.OpDelete, Before: before}, "Take "+r.Label()+" out of DNS", reason, &ref, needs...)
	b.setStrands(n, strands)
	b.planned[r.Identity()] = n
	return n
}

// MarkerRecord returns the TXT record that stores a quiesced value.
func MarkerRecord(r *providers.Record, text string) providers.Record {
	o, _ := providers.DecodeOwner(text)
	return providers.Record{Zone: r.Zone, Name: providers.MarkerName(o.Instance, r.Name), Type: "TXT", TTL: 300, Value: providers.FormatTXT([]string{text})}
}
