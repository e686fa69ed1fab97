package screen

import (
	"maps"
	"slices"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/ui/common"
)

// folds are the services and incarnations that the operator has folded or unfolded. In all others what is well is
// folded, unless all are unfolded.
type folds struct {
	all    bool                     // unfolded
	chosen map[rows.ServiceKey]bool // folded by the operator; false for unfolded
}

func (f *folds) set(k rows.ServiceKey, folded bool) {
	if f.chosen == nil {
		f.chosen = map[rows.ServiceKey]bool{}
	}
	f.chosen[k] = folded
}

// folded returns the test for rows that are folded into their parent. A row under the cursor or with a mark, and what it
// lies in, is not folded because it has become well. The test may be used in a command.
func (v *servicesScreen) folded() func(r *rows.ServiceLine) bool {
	all, chosen, used := v.folds.all, maps.Clone(v.folds.chosen), map[rows.ServiceKey]bool{}
	list := v.list.Chosen()
	if r, ok := v.list.Current(); ok {
		list = append(list, r)
	}
	for _, r := range list {
		for ; r != nil; r = r.Parent {
			used[r.Key()] = true
		}
	}
	return func(r *rows.ServiceLine) bool {
		if r.Parent == nil {
			return false
		}
		if folded, ok := chosen[r.Parent.Key()]; ok || all {
			return folded
		}
		return !used[r.Key()] && (r.Parent.Well() || r.Node != nil && r.Well())
	}
}

// fold folds the rows below a row with left, unfolds them with right, and does one or the other with tab. On a row with
// nothing to fold, left moves to its parent.
func (v *servicesScreen) fold(a common.Action, r *rows.ServiceLine) tea.Cmd {
	folded := v.folded()
	unfolded := slices.ContainsFunc(r.Children, func(c *rows.ServiceLine) bool { return !folded(c) })
	switch {
	case a == common.ActLeft && !unfolded && r.Parent != nil:
		v.list.Select(r.Parent.Key())
		return nil
	case len(r.Children) == 0, a == common.ActLeft && !unfolded, a == common.ActRight && r.Folded == 0:
		return nil
	}
	v.list.changes++
	v.folds.set(r.Key(), a == common.ActLeft || a == common.ActNextPane && r.Folded == 0)
	return v.Arrange()
}
