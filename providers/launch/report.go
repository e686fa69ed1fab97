package launch

import "rollcall/providers"

// OK reports whether every node is registered.
func (r *Report) OK() bool {
	for i := range r.Nodes {
		if !r.Nodes[i].Done() {
			return false
		}
	}
	return len(r.Problems) == 0 && len(r.Nodes) > 0
}

// Accepted reports whether every node was accepted by its cloud.
func (r *Report) Accepted() bool {
	for i := range r.Nodes {
		n := &r.Nodes[i]
		if n.Instance.ID == "" || n.Stage == StageFailed || n.Stage == StageUnknown {
			return false
		}
	}
	return len(r.Problems) == 0 && len(r.Nodes) > 0
}

// Ended reports whether the node's instance came up and can never run again.
func (n *Node) Ended() bool {
	switch n.Instance.State {
	case providers.StateTerminated, providers.StateTerminating, providers.StateFailed:
		return n.Instance.ID != ""
	}
	return false
}

// CanContinue reports whether the same launch under the same id can complete the node: the node was not requested
// yet, was refused for a temporary reason, or is under way. A node that was refused as invalid would be refused again,
// and for one that has ended the cloud would return the ended instance.
func (n *Node) CanContinue() bool {
	if n.Done() || n.Ended() {
		return false
	}
	switch providers.KindOf(n.Err) {
	case providers.KindInvalid, providers.KindNotFound, providers.KindConflict:
		return false
	case providers.KindLimit:
		return !n.Stage.Up() // a cloud's capacity may return by itself; a full name stays full
	}
	return true
}
