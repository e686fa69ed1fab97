package cloudflarefront

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"rollcall/providers/sim/world"
)

// listRecords answers one page of a zone's records. Pages after the last are empty.
func (c *call) listRecords(z *world.Zone) error {
	q := c.r.URL.Query()
	page, perPage := paging(q, 100, 1, 5000)
	perPage = c.front.w.PageOf(perPage)
	keep := filter(q)
	var all []*world.Record
	z.View(func(tx *world.Tx) {
		all = tx.Records()
	})
	if c.kind == world.Stale {
		if old, ok := c.history(z).Read(c.front.w.Now()); ok {
			all = old
		}
	}
	// A transaction never modifies an existing record, so the rows do not change.
	kept := slices.DeleteFunc(slices.Clone(all), func(r *world.Record) bool { return !keep(r) })
	order(kept, q.Get("order"), q.Get("direction") == "desc")
	rows, total := cut(c.kind, kept, page, perPage)
	return c.ok(toAPIs(rows), pageInfo(page, perPage, len(rows), total))
}

// filter returns the predicate of a query. With match=any one condition suffices. Comparisons ignore case.
func filter(q url.Values) func(*world.Record) bool {
	fields := map[string]func(*world.Record) string{
		"name":    func(r *world.Record) string { return r.Name },
		"content": shown,
		"comment": func(r *world.Record) string { return r.Comment },
	}
	var all []func(*world.Record) bool
	for key, values := range q {
		field, op, _ := strings.Cut(key, ".")
		want := strings.ToLower(values[0])
		get, ok := fields[field]
		switch {
		case key == "type":
			all = append(all, func(r *world.Record) bool { return strings.EqualFold(r.Type, want) })
		case key == "proxied":
			all = append(all, func(r *world.Record) bool { return r.Proxied == (want == "true") })
		case key == "search":
			all = append(all, func(r *world.Record) bool {
				return strings.Contains(strings.ToLower(r.Name+"\n"+r.Type+"\n"+shown(r)+"\n"+r.Comment), want)
			})
		case ok:
			if test := compare(op, strings.TrimSuffix(want, ".")); test != nil {
				all = append(all, func(r *world.Record) bool { return test(strings.ToLower(get(r))) })
			}
		}
	}
	anyOf := q.Get("match") == "any" && len(all) > 0
	return func(r *world.Record) bool {
		for _, f := range all {
			if f(r) == anyOf {
				return anyOf
			}
		}
		return !anyOf
	}
}

func compare(op, want string) func(string) bool {
	switch op {
	case "", "exact":
		return func(s string) bool { return s == want }
	case "contains":
		return func(s string) bool { return strings.Contains(s, want) }
	case "startswith":
		return func(s string) bool { return strings.HasPrefix(s, want) }
	case "endswith":
		return func(s string) bool { return strings.HasSuffix(s, want) }
	case "present":
		return func(s string) bool { return s != "" }
	case "absent":
		return func(s string) bool { return s == "" }
	}
	return nil
}

// order sorts a list by one of the API's sort fields; otherwise it keeps the order of creation.
func order(list []*world.Record, by string, down bool) {
	compare, ok := map[string]func(a, b *world.Record) int{
		"type":    func(a, b *world.Record) int { return cmp.Compare(a.Type, b.Type) },
		"name":    func(a, b *world.Record) int { return cmp.Compare(a.Name, b.Name) },
		"content": func(a, b *world.Record) int { return cmp.Compare(a.Content, b.Content) },
		"ttl":     func(a, b *world.Record) int { return cmp.Compare(a.TTL, b.TTL) },
		"proxied": func(a, b *world.Record) int {
			return cmp.Compare(strconv.FormatBool(a.Proxied), strconv.FormatBool(b.Proxied))
		},
	}[by]
	if !ok {
		return
	}
	slices.SortStableFunc(list, func(a, b *world.Record) int {
		if down {
			return compare(b, a)
		}
		return compare(a, b)
	})
}
