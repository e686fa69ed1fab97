package tree

import (
	"cmp"
	"net/netip"
	"slices"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/services"
	"rollcall/providers"
)

// namesOfPart is how many names are finished as one part.
const namesOfPart = 64

// finish says how each node stands, adds up the members, and puts all in order.
func (t *builder) finish() []*Service {
	t.finishNames()
	var out []*Service
	for _, mb := range t.declared {
		if !slices.Contains(out, mb.service) {
			out = append(out, mb.service)
		}
	}
	declared := out
	for _, s := range t.services {
		if !slices.Contains(declared, s) {
			out = append(out, s)
		}
	}
	index.Sort(out[len(declared):], func(a, b *Service) int { return cmp.Compare(a.Name, b.Name) })
	for _, s := range out {
		t.addUp(s)
	}
	return out
}

// finishNames says how each node stands, and adds up the members of each name.
func (t *builder) finishNames() {
	index.Parallel(len(t.order), namesOfPart, func(from, to int) {
		var records []index.Member // of one name after the other
		for _, mb := range t.order[from:to] {
			records = t.finishMembers(mb, records[:0])
		}
	})
}

// inOrder makes what was collected independent of the order of rows.
func (n *Node) inOrder() {
	slices.SortFunc(n.Records, index.CompareRecords)
	slices.SortFunc(n.Hosts, index.CompareRecords)
	slices.SortFunc(n.Markers, index.CompareRecords)
	slices.SortFunc(n.Addresses, netip.Addr.Compare)
	if r := n.first(); r != nil {
		n.TTL, n.AutoTTL = r.TTL, r.AutoTTL
		if n.Weighted {
			n.Weight = r.Weight
		}
	}
}

// first returns the first record of a node, or nil.
func (n *Node) first() *providers.Record {
	switch {
	case len(n.Records) > 0:
		return n.Records[0]
	case len(n.Hosts) > 0:
		return n.Hosts[0]
	}
	return nil
}

// number numbers the nodes of one id, in the order of what they serve.
func (mb *memberBuilder) number() {
	ids := index.NewTable(len(mb.Nodes), index.HashInstance)
	once := true
	for _, n := range mb.Nodes {
		_, added := ids.Add(n.id())
		once = once && added
	}
	if once {
		return
	}
	seen := make(map[index.InstanceKey]int, len(mb.Nodes))
	for _, n := range mb.Nodes {
		seen[n.id()]++
	}
	several := slices.DeleteFunc(slices.Clone(mb.Nodes), func(n *Node) bool { return seen[n.id()] == 1 })
	slices.SortStableFunc(several, func(a, b *Node) int {
		return cmp.Or(cmp.Compare(a.Fleet, b.Fleet), cmp.Compare(a.SRV.Port, b.SRV.Port), cmp.Compare(a.Host, b.Host), compareFirst(a.Records, b.Records), compareFirst(a.Markers, b.Markers))
	})
	clear(seen)
	for _, n := range several {
		n.order = seen[n.id()]
		seen[n.id()]++
	}
}

// finishMembers finishes the members of one name. It appends their values to records.
func (t *builder) finishMembers(mb *memberBuilder, records []index.Member) []index.Member {
	if i := mb.incarnation; i != nil {
		slices.SortFunc(i.PTR, index.CompareRecords)
	}
	for _, n := range mb.Nodes {
		n.inOrder()
	}
	if len(mb.Nodes) > 1 {
		mb.number()
	}
	for _, n := range mb.Nodes {
		for _, r := range n.Records {
			records = append(records, index.Member{Node: n.node, Record: r})
		}
	}
	mb.membership.Set(t.Index, mb.Name, records)
	var all []*dnsview.Finding
	for _, n := range mb.Nodes {
		if len(t.health) > 0 {
			n.Health = t.health[healthKey{mb.Name, n.owner()}]
		}
		n.Member, n.Live = mb.liveBy(n)
		n.Findings = t.findingsOf(n)
		n.State = t.stateOf(mb, n)
		if all == nil {
			all = slices.Clip(n.Findings)
		} else {
			all = append(all, n.Findings...)
		}
		if n.running() && !slices.Contains(mb.Clouds, n.Instance.Cloud) {
			if mb.Clouds == nil {
				mb.Clouds = t.alone[n.Instance.Cloud]
				continue
			}
			mb.Clouds = append(mb.Clouds, n.Instance.Cloud)
		}
	}
	mb.Live, mb.Running, mb.Clouds = liveOf(mb.Nodes), runningOf(mb.Nodes), t.inOrder(mb.Clouds)
	mb.thin = mb.Live < mb.Minimum
	if found := t.found[mb.Name]; len(mb.Nodes) == 1 && !slices.ContainsFunc(found, func(f *dnsview.Finding) bool { return !slices.Contains(all, f) }) {
		mb.Findings = all
	} else {
		mb.Findings = dnsview.InOrder(append(all, found...))
	}
	slices.SortFunc(mb.Nodes, compareNodes)
	return records
}

func (n *Node) running() bool { return n.Instance != nil && n.Instance.State == providers.StateRunning }

// liveOf counts the live members among nodes.
func liveOf(nodes ...[]*Node) int {
	return distinct(nodes, services.MemberID.Hash, func(n *Node) (services.MemberID, bool) { return n.Member, n.Live })
}

// runningOf counts the running instances of nodes.
func runningOf(nodes ...[]*Node) int {
	return distinct(nodes, index.HashNode, func(n *Node) (int32, bool) { return n.node, n.running() })
}

// distinct counts the different values of nodes.
func distinct[V comparable](nodes [][]*Node, hash func(V) uint64, of func(*Node) (v V, ok bool)) int {
	if len(nodes) == 1 && len(nodes[0]) == 1 {
		if _, ok := of(nodes[0][0]); ok {
			return 1
		}
		return 0
	}
	most := 0
	for _, list := range nodes {
		most += len(list)
	}
	seen := index.NewTable(most, hash)
	for _, list := range nodes {
		for _, n := range list {
			if v, ok := of(n); ok {
				seen.Add(v)
			}
		}
	}
	return seen.Len()
}

// addUp sums up in a service type what its incarnations have.
func (t *builder) addUp(s *Service) {
	if len(s.Incarnations) == 0 {
		return
	}
	slices.SortStableFunc(s.Incarnations, func(a, b *Incarnation) int {
		if (a.Declared != nil) != (b.Declared != nil) {
			if a.Declared != nil {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Name, b.Name)
	})
	nodes := [][]*Node{s.Nodes}
	clouds := s.Clouds
	all := append(s.Findings, t.found[s.Name]...)
	for _, i := range s.Incarnations {
		nodes = append(nodes, i.Nodes)
		s.Minimum += i.Minimum
		s.Records += i.Records
		s.thin = s.thin || i.thin
		clouds = append(clouds, i.Clouds...)
		all = append(all, i.Findings...)
	}
	s.Live, s.Running, s.Clouds, s.Findings = liveOf(nodes...), runningOf(nodes...), t.inOrder(clouds), dnsview.InOrder(all)
}

// liveBy returns whom a node counts as, when clients are sent to it and it runs: what the minimum of a service counts.
func (mb *memberBuilder) liveBy(n *Node) (services.MemberID, bool) {
	for _, r := range n.Records {
		if id, ok := mb.membership.LiveBy(index.Member{Node: n.node, Record: r}); ok {
			return id, true
		}
	}
	return services.MemberID{}, false
}

// findingsOf returns the findings about a node in its service.
func (t *builder) findingsOf(n *Node) []*dnsview.Finding {
	var out []*dnsview.Finding
	for _, list := range [...][]*providers.Record{n.Records, n.Hosts, n.Markers} {
		for _, r := range list {
			if found := t.view.FindingsOfRecord(r); out == nil {
				out = slices.Clip(found)
			} else {
				out = append(out, found...)
			}
		}
	}
	if n.Ref.ID != "" {
		found := t.view.FindingsOfInstance(n.owner().Cloud, n.owner().ID)
		for i, f := range found {
			switch {
			case f.Service != n.Service && (f.Service != "" || f.Record != nil) || slices.Contains(out, f):
			case out == nil && i == 0:
				out = found[:1:1]
			default:
				out = append(out, f)
			}
		}
	}
	if len(out) < 2 {
		return out
	}
	return dnsview.InOrder(slices.Clone(out))
}

// stateOf says how a node stands. What is known to be gone comes first, then whose it is.
func (t *builder) stateOf(mb *memberBuilder, n *Node) NodeState {
	found := func(c dnsview.Class) bool {
		return slices.ContainsFunc(n.Findings, func(f *dnsview.Finding) bool { return f.Class == c })
	}
	i := n.Instance
	switch {
	case found(dnsview.Dead), found(dnsview.Dangling), len(n.Records) == 0 && len(n.Markers) > 0 && found(dnsview.OrphanMarker):
		return NodeDead
	case len(n.Records) == 0 && len(n.Markers) > 0, mb.membership.Quiesced[n.node] && !n.Live:
		return NodeQuiesced
	}
	if r := n.first(); r != nil {
		o, owned := r.Owner()
		switch {
		case owned && t.ForeignFleet(o):
			return NodeOtherFleet
		case !owned && index.Marked(r):
			return NodeAmbiguous
		case owned && o.Quiesced:
			return NodeQuiesced
		case owned && o.Host():
			return NodeByHand
		case i == nil && found(dnsview.Unmarked):
			return NodeUnmarked
		case i == nil && found(dnsview.Foreign):
			return NodeForeign
		}
	}
	switch {
	case i == nil, i.State.Dead():
		return NodeUnknown
	case len(n.Records) > 0:
		return NodeState(i.State)
	case found(dnsview.Missing):
		return NodeMissing
	case found(dnsview.Half):
		return NodeHalf
	case found(dnsview.InFlight):
		return NodeStarting
	case found(dnsview.Unknown):
		return NodeUnknown
	case i.State == providers.StateRunning:
		return NodeOutside
	}
	return NodeState(i.State)
}

// inOrder returns cloud names each once, in config order.
func (t *builder) inOrder(names []string) []string {
	if len(names) < 2 {
		return names
	}
	names = slices.Clone(names)
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(t.at[a], t.at[b]), cmp.Compare(a, b)) })
	return slices.Compact(names)
}

// compareNodes orders the nodes of a name as clients try them, then by name.
func compareNodes(a, b *Node) int {
	if c := cmp.Or(cmp.Compare(a.SRV.Priority, b.SRV.Priority), cmp.Compare(cmp.Or(a.Ref.Name, a.Host), cmp.Or(b.Ref.Name, b.Host))); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Ref.Cloud, b.Ref.Cloud), cmp.Compare(a.Ref.ID, b.Ref.ID), cmp.Compare(a.order, b.order), compareFirst(a.Records, b.Records))
}

// compareFirst orders by the first record; none comes first.
func compareFirst(a, b []*providers.Record) int {
	if len(a) == 0 || len(b) == 0 {
		return cmp.Compare(len(a), len(b))
	}
	return index.CompareRecords(a[0], b[0])
}
