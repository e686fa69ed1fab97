package plan

import (
	"slices"
	"strconv"
	"strings"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// ReturnCloud plans to put back into DNS what the evacuation of a cloud took out, of one service or of all: of nodes that run
// and fail no health check, at their present addresses. The markers of the evacuation are removed last. Skipped lists the
// other nodes. Those that do not run are not remembered as taken out on purpose, so that they are missing from their services
// when they run again, and their agents register them. The rest stays quiesced. Of a cloud that is not in the config only
// the markers of the evacuation are removed, since which of its nodes run is not known.
func ReturnCloud(v *dnsview.View, key providers.CloudKey, service string) Plan {
	b := newBuilder(v, index.VerbReturn)
	if !b.hasFleet() {
		return b.end("")
	}
	x := v.Index
	cloud := x.CloudLabel(key)
	var over []*index.Evacuation
	for _, e := range x.EvacuationsOf(key) {
		switch {
		case service == "" || providers.SameName(e.Name, service):
			over = append(over, e)
		case e.Covers(service):
			b.skip(cloud + " is evacuated from " + index.Clean(e.Name) + " as a whole: rollcall return --cloud " + x.CloudArgument(key) + " returns all of it")
			return b.end("")
		}
	}
	if len(over) == 0 {
		if unread := b.unreadZones(); unread != "" {
			b.skip("whether " + cloud + " is evacuated is not known: " + unread)
		} else {
			b.skip(cloud + " is not evacuated")
		}
		return b.end("")
	}
	nodes, took := b.evacuatedNodes(key, over)
	switch cs := x.CloudsByKey[key]; {
	case cs == nil || cs.View.Unconfigured:
		if n := len(nodes); n > 0 {
			b.list(index.Plural(n, "node that it took out stays", "nodes that it took out stay") + " out, since " + cloud + " is not in the config: rollcall return ID puts one back when the cloud is there again")
		}
		b.forgetEvacuations(cloud, key, over)
		return b.end("End the evacuation of " + cloud + ", which is not in the config")
	case cs.State != providers.CoverageComplete:
		b.skip("which nodes run is not known, so nothing is returned: " + cs.Why)
		return b.end("")
	}
	returned, gone := 0, 0
	var stay []providers.InstanceRef
	for _, ref := range nodes {
		i := v.Instance(key, ref.ID)
		switch why, isGone := b.whyNotReturned(ref, i); {
		case isGone:
			b.list(why + ", so it stays out")
			gone++
		case why != "":
			stay = append(stay, ref)
		case len(b.returnNode(ref, i, took)) > 0:
			returned++
		}
	}
	ends := returned > 0 || gone == len(nodes) // nothing that it took out is left
	for _, ref := range stay {
		b.stayOut(ref, ends, took)
	}
	b.listNewNodes(key, over)
	b.listUnmarked(key, over)
	if !ends {
		b.skip("no node can be returned, so " + cloud + " stays evacuated")
		return b.end("")
	}
	b.forgetEvacuations(cloud, key, over)
	return b.end("Return " + index.Plural(returned, "node", "nodes") + " of " + cloud + " to DNS")
}

// listUnmarked lists the nodes that are out of DNS in zones where no marker of the evacuation of their whole cloud is any
// more, so that it is not known whether the evacuation took them out.
func (b *builder) listUnmarked(key providers.CloudKey, over []*index.Evacuation) {
	if !slices.ContainsFunc(over, func(e *index.Evacuation) bool { return e.Name == e.Zone.Name }) {
		return
	}
	for _, m := range b.v.Index.QuiescedMarkers {
		if m.Owner.Cloud == key && !slices.ContainsFunc(b.v.Index.EvacuationsOf(key), func(e *index.Evacuation) bool { return e.Zone == m.Zone }) {
			b.list(b.who(key, m.Owner.Instance) + " stays out of " + index.Clean(m.Name) + ", since " + index.Clean(m.Zone.Name) + " has no marker of the evacuation any more: rollcall return " + index.Clean(m.Owner.Instance) + " puts it back")
		}
	}
}

// who returns how a node of a cloud is called in a sentence.
func (b *builder) who(key providers.CloudKey, id string) string {
	if i := b.v.Instance(key, id); i != nil {
		return index.Label(i)
	}
	return index.ShortID(id)
}

// forgetEvacuations plans to remove the markers of evacuations of a cloud, each after all other steps in its zone.
func (b *builder) forgetEvacuations(cloud string, key providers.CloudKey, over []*index.Evacuation) {
	needs := map[string][]int{} // steps by zone
	for _, s := range b.plan.Steps {
		needs[s.Zone] = append(needs[s.Zone], s.ID)
	}
	ref := providers.InstanceRef{Cloud: cloud, Key: key}
	forget := func(e *index.Evacuation, m *providers.Record, what string) {
		b.change(providers.Change{Op: providers.OpDelete, Before: *m}, "Forget in "+index.Clean(e.Name)+what, dnsview.Evacuated, &ref, needs[e.Zone.Name]...)
	}
	for _, e := range over {
		for n, m := range e.Before {
			what := " value " + strconv.Itoa(n+1) + " of " + strconv.Itoa(len(e.Before)) + " that was out of DNS before " + cloud + " was evacuated"
			for _, q := range b.v.Index.QuiescedMarkers {
				if o, ok := index.OwnerInMarker(m); ok && o == o.Before(q.Name, q.Owner.Type, q.Owner.Value) {
					what = " that " + index.ShortID(q.Owner.Instance) + " was out of " + index.Clean(q.Name) + " before " + cloud + " was evacuated"
				}
			}
			forget(e, m, what)
		}
		forget(e, e.Record, " that "+cloud+" was evacuated")
	}
}

// evacuatedNodes returns the nodes of a cloud that evacuations took out of DNS, in stable order, and which values of theirs
// they took out.
func (b *builder) evacuatedNodes(key providers.CloudKey, over []*index.Evacuation) (nodes []providers.InstanceRef, took func(index.QuiescedMarker) bool) {
	x := b.v.Index
	covered := func(m index.QuiescedMarker) bool {
		return slices.ContainsFunc(over, func(e *index.Evacuation) bool { return e.Covers(m.Name) })
	}
	in := map[string]bool{} // ids of nodes with a value below a name that was evacuated
	for _, m := range x.QuiescedMarkers {
		if m.Owner.Cloud == key && covered(m) && m.TookOut(over) {
			in[m.Owner.Instance] = true
		}
	}
	for _, z := range x.Zones {
		for i := range z.View.Records {
			r := &z.View.Records[i]
			if o, ok := r.Owner(); ok && o.Cloud == key && o.Quiesced && x.IsOurs(r) && slices.ContainsFunc(over, func(e *index.Evacuation) bool { return e.Covers(r.Name) }) {
				in[o.Instance] = true // an evacuation that was stopped in between
			}
		}
	}
	for id := range in {
		ref := providers.InstanceRef{Cloud: x.CloudLabel(key), Key: key, ID: id}
		if i := x.Instance(key, id); i != nil {
			ref = x.Ref(i)
		}
		nodes = append(nodes, ref)
	}
	slices.SortFunc(nodes, func(a, c providers.InstanceRef) int {
		if d := strings.Compare(a.Name, c.Name); d != 0 {
			return d
		}
		return strings.Compare(a.ID, c.ID)
	})
	return nodes, func(m index.QuiescedMarker) bool {
		// A host name lies beside its service. It goes with the SRV value that leads to it.
		host := m.OfHost() && x.ServicesByName[m.Name] == nil
		return (covered(m) || host && in[m.Owner.Instance]) && m.TookOut(over)
	}
}

// stayOut lists a node that cannot be returned now. If the evacuation ends and the node does not run, it plans to forget which
// values were taken out, unless no service would say that the node is missing when it runs again.
func (b *builder) stayOut(ref providers.InstanceRef, ends bool, took func(index.QuiescedMarker) bool) {
	x, i := b.v.Index, b.v.Instance(ref.Key, ref.ID)
	why, _ := b.whyNotReturned(ref, i)
	var marks []index.QuiescedMarker
	missed := true
	for _, m := range b.quiescedMarkers(ref) {
		if !took(m) {
			continue
		}
		marks = append(marks, m)
		s := x.ServicesByName[m.Name]
		missed = missed && (s != nil && s.Selects(i) || s == nil && m.OfHost() && slices.ContainsFunc(x.Services, func(s *index.DeclaredService) bool {
			return s.Kind == index.DNSSD && s.Selects(i)
		}))
	}
	switch {
	case !ends:
		b.list(why + ", so it stays out")
	case i.State == providers.StateRunning || !missed || len(marks) == 0:
		b.list(why + ", so it stays out: rollcall return " + index.Clean(ref.ID) + " puts it back when it is well")
	default:
		for _, m := range marks {
			b.removeQuiescedMarker(m, index.Label(i), &ref)
		}
		b.list(why + ", so it stays out until it runs again: then its agent registers it, or rollcall register " + index.Clean(ref.ID))
	}
}

// whyNotReturned returns why a node cannot be returned now, or "". gone says that it will not come back.
func (b *builder) whyNotReturned(ref providers.InstanceRef, i *providers.Instance) (why string, gone bool) {
	switch {
	case i == nil:
		return index.ShortID(ref.ID) + " is not shown by its cloud any more", true
	case i.State.Dead():
		return index.Label(i) + " is terminated", true
	case i.State != providers.StateRunning:
		return index.Label(i) + " is " + index.Clean(string(i.State)), false
	}
	x := b.v.Index
	for _, h := range b.v.Options.Health {
		if h.Key == x.KeyOf(i) && h.ID == i.ID && x.Failing(&h) != nil {
			return index.Label(i) + " fails the health check of " + index.Clean(h.Service), false
		}
	}
	return "", false
}

// listNewNodes lists nodes that came while their cloud was evacuated, which it did not take out and does not return.
func (b *builder) listNewNodes(key providers.CloudKey, over []*index.Evacuation) {
	x := b.v.Index
	for n := range x.Nodes {
		i := x.Nodes[n].Instance
		if i == nil || i.State != providers.StateRunning || x.KeyOf(i) != key {
			continue
		}
		for _, s := range x.Services {
			name := providers.CanonicalName(s.Name)
			if s.Selects(i) && slices.ContainsFunc(over, func(e *index.Evacuation) bool { return e.Covers(name) && i.Launched.After(e.Since) }) &&
				!slices.ContainsFunc(x.QuiescedAt[name], func(m index.QuiescedMarker) bool { return m.Of() == index.InstanceKey{Cloud: key, ID: i.ID} }) {
				b.list(index.Label(i) + " was started meanwhile and is not in " + name + ": its agent registers it, or rollcall register " + index.Clean(i.ID))
			}
		}
	}
}

// stillEvacuated reports whether a node that its cloud shows is kept out of DNS by an evacuation, and says so.
func (b *builder) stillEvacuated(ref providers.InstanceRef) bool {
	x := b.v.Index
	for _, m := range b.quiescedMarkers(ref) {
		if e := x.EvacuatedAt(ref.Key, m.Name); e != nil {
			cloud := x.CloudLabel(ref.Key)
			b.skip(index.Label(x.Instance(ref.Key, ref.ID)) + " stays out of " + index.Clean(m.Name) + ": " + cloud + " is evacuated; rollcall return --cloud " + x.CloudArgument(ref.Key) + " returns its nodes")
			return true
		}
	}
	return false
}
