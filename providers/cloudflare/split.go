package cloudflare

import (
	"context"
	"errors"
	"slices"

	"rollcall/providers"
	"rollcall/providers/recordset"
)

// sendParts carries out items in two parts, of which the first has about n.
func (w *writer) sendParts(ctx context.Context, items []item, n int) {
	first, rest, swap := w.divide(items, n)
	w.send(ctx, first)
	if swap && slices.ContainsFunc(first, func(it item) bool { return w.results[it.i].Err != nil }) {
		for _, it := range rest {
			w.refuse(it.i, providers.KindConflict, errors.New("not sent, because not all of what comes in its place could be made"))
		}
		return
	}
	w.send(ctx, rest)
}

// divide returns two parts of items, of which neither is empty: the first n, or if some delete and some create, the
// changes of whole names. If these are all of one name, the first are the creates, and swap is set: the rest must not be
// sent without them, since the name could lose all of its values.
func (w *writer) divide(items []item, n int) (first, rest []item, swap bool) {
	is := func(op providers.Op) func(item) bool { return func(it item) bool { return it.op == op } }
	if !slices.ContainsFunc(items, is(providers.OpCreate)) || !slices.ContainsFunc(items, is(providers.OpDelete)) {
		return items[:n], items[n:], false
	}
	var names []string
	of := map[string][]item{}
	for _, it := range items {
		name := recordset.Subject(providers.CanonicalName(w.changes[it.i].Record().Name))
		if of[name] == nil {
			names = append(names, name)
		}
		of[name] = append(of[name], it)
	}
	if len(names) == 1 {
		first = slices.DeleteFunc(slices.Clone(items), func(it item) bool { return it.op != providers.OpCreate })
		return first, slices.DeleteFunc(slices.Clone(items), is(providers.OpCreate)), true
	}
	for _, name := range names {
		if len(rest) == 0 && (len(first) == 0 || len(first)+len(of[name]) <= n) {
			first = append(first, of[name]...)
		} else {
			rest = append(rest, of[name]...)
		}
	}
	return first, rest, false
}
