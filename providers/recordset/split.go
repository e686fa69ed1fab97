package recordset

import (
	"context"
	"fmt"
	"slices"

	"rollcall/providers"
)

// commitSwaps commits those changes of a batch that may be made without the later ones, and returns the changes left.
// If the batch would delete a record set that a later batch creates again, all changes of that name are held back,
// because it would have no value in between; if they fit into no batch, they are refused. held is false if there is no
// such name.
func (r *run) commitSwaps(ctx context.Context, w *workingCopy, in, later []int) (left []int, held bool) {
	names := r.emptied(w, later)
	if len(names) == 0 {
		return nil, false
	}
	isHeld := func(i int) bool { return names[r.subject(i)] }
	rest := slices.DeleteFunc(slices.Clone(in), isHeld)
	if len(rest) > 0 {
		r.commit(ctx, rest)
		left = append(slices.DeleteFunc(slices.Clone(in), func(i int) bool { return !isHeld(i) }), later...)
		slices.Sort(left)
		return left, true
	}
	for _, i := range append(slices.Clone(in), later...) {
		if !isHeld(i) {
			left = append(left, i)
			continue
		}
		r.failed(i, &providers.Error{Kind: providers.KindLimit, Err: fmt.Errorf(
			"the record sets of %s are too large to be replaced in one step: %s, old and new ones counted", r.subject(i), r.w.Limits.Batch)})
	}
	return left, true
}

// emptied returns the names of record sets that the batch empties and that a later change fills again.
func (r *run) emptied(w *workingCopy, later []int) map[string]bool {
	fills := map[Key]bool{}
	for _, i := range later {
		c := &r.changes[i]
		if c.Op != providers.OpDelete {
			fills[keyOf(&c.After)] = true
		}
		for _, o := range c.After.Owners {
			fills[Key{Name: providers.MarkerName(o.Instance, c.Record().Name), Type: "TXT"}] = true
		}
	}
	out := map[string]bool{}
	for k, s := range w.sets {
		if s.orig != nil && len(s.values) == 0 && fills[k] {
			out[Subject(k.Name)] = true
		}
	}
	return out
}

// split divides the changes of a refused batch to find the bad one. It keeps the changes of one name together if some
// delete and some create, since one part alone would leave the name empty. Both parts are empty if the changes cannot
// be divided.
func (r *run) split(in []int) (first, second []int) {
	var names []string
	adds, deletes := false, false
	for _, i := range in {
		if n := r.subject(i); !slices.Contains(names, n) {
			names = append(names, n)
		}
		adds, deletes = adds || r.changes[i].Op == providers.OpCreate, deletes || r.changes[i].Op == providers.OpDelete
	}
	if !adds || !deletes {
		return in[:len(in)/2], in[len(in)/2:] // the first half is empty for a single change
	}
	for _, i := range in {
		if slices.Index(names, r.subject(i)) < len(names)/2 {
			first = append(first, i)
		} else {
			second = append(second, i)
		}
	}
	if len(first) == 0 {
		return nil, nil
	}
	return first, second
}

func (r *run) subject(i int) string { return Subject(r.changes[i].Record().Name) }
