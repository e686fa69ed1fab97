package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// columns reads which columns the lists of the console show, in which order.
func (r *reader) columns(n ast.Node, c *Config) {
	c.Columns = map[string][]string{}
	lists := slices.Sorted(maps.Keys(r.lists))
	for _, e := range r.entries(n, "columns") {
		list := keyText(e.Key)
		known := r.lists[list]
		if len(lists) > 0 && known == nil {
			r.failAt(r.pos(e), didYouMean(list, lists, "write "+strings.Join(lists, " or ")), "columns: there is no list %q", list)
			continue
		}
		var names []string
		_, wrong := r.plain(e.Value).(*ast.SequenceNode)
		wrong = !wrong && r.plain(e.Value) != nil
		r.list(e.Value, "the columns of the "+list, func(n ast.Node) {
			name, ok := r.text(n, "a column")
			if wrong = wrong || !ok; !ok {
				return
			}
			switch name = strings.ToLower(name); {
			case known != nil && !slices.Contains(known, name):
				wrong = true
				r.fail(n, didYouMean(name, known, "there are "+strings.Join(known, ", ")), "columns: the %s have no column %q", list, name)
			case slices.Contains(names, name):
				r.fail(n, "name it once", "columns: the %s have %s twice", list, name)
			default:
				names = append(names, name)
			}
		})
		if len(names) == 0 && !wrong {
			r.failAt(r.pos(e), "name at least one, or leave the list out", "columns: the %s would have no column", list)
			continue
		}
		c.Columns[list] = names
	}
}
