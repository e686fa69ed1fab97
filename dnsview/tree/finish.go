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

// finish says how each node stands, adds up the members, and puts all in order.
func (t *builder) finish() []*Service {
	for _, mb := range t.order {
		t.finishMembers(mb)
	}
	var out []*Service
	seen := map[*Service]bool{}
	add := func(s *Service) {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	for _, mb := range t.order[:len(t.Index.Services)] { // the declared ones are there first
		add(mb.service)
	}
	declared := len(out)
	for _, s := range t.services {
		add(s)
	}
	slices.SortFunc(out[declared:], func(a, b *Service) int { return cmp.Compare(a.Name, b.Name) })
	for _, s := range out {
		t.addUp(s)
	}
	return out
}

// inOrder makes what was collected independent of the order of rows.
func (n *Node) inOrder() {
	slices.SortFunc(n.Records, index.CompareRecords)
	slices.SortFunc(n.Hosts, index.CompareRecords)
	slices.SortFunc(n.Markers, index.CompareRecords)
	slices.SortFunc(n.Addresses, netip.Addr.Compare)
	if first := append(n.Records[:len(n.Records):len(n.Records)], n.Hosts...); len(first) > 0 {
		n.TTL, n.AutoTTL = first[0].TTL, first[0].AutoTTL
		n.Weight = 0
		if n.Weighted {
			n.Weight = first[0].Weight
		}
	}
}

func (t *builder) finishMembers(mb *memberBuilder) {
	if i := mb.incarnation; i != nil {
		slices.SortFunc(i.PTR, index.CompareRecords)
	}
	for _, n := range mb.Nodes {
		n.inOrder()
	}
	inTurn := slices.SortedFunc(slices.Values(mb.Nodes), func(a, b *Node) int {
		return cmp.Or(cmp.Compare(a.Fleet, b.Fleet), cmp.Compare(a.SRV.Port, b.SRV.Port), cmp.Compare(a.Host, b.Host), compareFirst(a.Records, b.Records), compareFirst(a.Markers, b.Markers))
	})
	seen := make(map[NodeKey]int, len(inTurn))
	for _, n := range inTurn {
		at := n.Key()
		n.order = seen[at]
		seen[at]++
	}
	var records []index.Member
	for _, n := range mb.Nodes {
		for _, r := range n.Records {
			records = append(records, index.Member{Node: n.node, Record: r})
		}
	}
	mb.membership = services.MembershipOf(t.Index, mb.Name, records)
	live, running := map[services.MemberID]bool{}, map[index.InstanceKey]bool{}
	var clouds []string
	var all []*dnsview.Finding
	for _, n := range mb.Nodes {
		n.Health = t.health[healthKey{mb.Name, n.owner()}]
		n.Member, n.Live = mb.liveBy(n)
		n.Findings = t.findingsOf(n)
		n.State = t.stateOf(mb, n)
		all = append(all, n.Findings...)
		if n.Live {
			live[n.Member] = true
		}
		if n.Instance != nil && n.Instance.State == providers.StateRunning {
			running[n.owner()] = true
			clouds = append(clouds, n.Instance.Cloud)
		}
	}
	mb.Live, mb.Running, mb.Clouds = len(live), len(running), t.inOrder(clouds)
	mb.thin = mb.Live < mb.Minimum
	mb.Findings = t.worstFirst(append(all, t.found[mb.Name]...))
	slices.SortFunc(mb.Nodes, compareNodes)
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
	live, running := map[services.MemberID]bool{}, map[index.InstanceKey]bool{}
	clouds := s.Clouds
	all := append(s.Findings, t.found[s.Name]...)
	count := func(nodes []*Node) {
		for _, n := range nodes {
			if n.Live {
				live[n.Member] = true
			}
			if n.Instance != nil && n.Instance.State == providers.StateRunning {
				running[n.owner()] = true
			}
		}
	}
	count(s.Nodes)
	for _, i := range s.Incarnations {
		count(i.Nodes)
		s.Minimum += i.Minimum
		s.Records += i.Records
		s.thin = s.thin || i.thin
		clouds = append(clouds, i.Clouds...)
		all = append(all, i.Findings...)
	}
	s.Live, s.Running, s.Clouds, s.Findings = len(live), len(running), t.inOrder(clouds), t.worstFirst(all)
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
	for _, list := range [][]*providers.Record{n.Records, n.Hosts, n.Markers} {
		for _, r := range list {
			out = append(out, t.view.FindingsOfRecord(r)...)
		}
	}
	if n.Ref.ID != "" {
		for _, f := range t.view.FindingsOfInstance(n.owner().Cloud, n.owner().ID) {
			if f.Service == n.Service || f.Service == "" && f.Record == nil {
				out = append(out, f)
			}
		}
	}
	return t.worstFirst(out)
}

// worstFirst sorts findings as a view has them, each once.
func (t *builder) worstFirst(in []*dnsview.Finding) []*dnsview.Finding {
	if len(in) < 2 {
		return in
	}
	slices.SortFunc(in, func(a, b *dnsview.Finding) int {
		if a == b {
			return 0
		}
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(t.rank[a.Class], t.rank[b.Class]), dnsview.CompareFindings(a, b))
	})
	return slices.Compact(in)
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
	if list := slices.Concat(n.Records, n.Hosts); len(list) > 0 {
		o, owned := list[0].Owner()
		switch {
		case owned && t.ForeignFleet(o):
			return NodeOtherFleet
		case !owned && index.Marked(list[0]):
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
	names = slices.Clone(names)
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(t.at[a], t.at[b]), cmp.Compare(a, b)) })
	return slices.Compact(names)
}

// compareNodes orders the nodes of a name as clients try them, then by name.
func compareNodes(a, b *Node) int {
	return cmp.Or(cmp.Compare(a.SRV.Priority, b.SRV.Priority), cmp.Compare(cmp.Or(a.Ref.Name, a.Host), cmp.Or(b.Ref.Name, b.Host)),
		cmp.Compare(a.Ref.Cloud, b.Ref.Cloud), cmp.Compare(a.Ref.ID, b.Ref.ID), cmp.Compare(a.order, b.order), compareFirst(a.Records, b.Records))
}

// compareFirst orders by the first record; none comes first.
func compareFirst(a, b []*providers.Record) int {
	if len(a) == 0 || len(b) == 0 {
		return cmp.Compare(len(a), len(b))
	}
	return index.CompareRecords(a[0], b[0])
}
