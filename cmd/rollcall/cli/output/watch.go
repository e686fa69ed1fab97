package output

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Change is a row that has changed, in JSON.
type Change struct {
	Event string `json:"event"` // added, changed or gone
	Row   any    `json:"row"`
}

// events are how Change.Event is written before a line of a table.
var events = map[string]string{"added": "+", "changed": "~", "gone": "-"}

// Watched is a listing whose changes are printed. The zero value of its rows is an empty list.
type Watched[T any] struct {
	*Listing[T]
	format *Format
	rows   map[string]watchedRow
}

// watchedRow is a row as it was printed.
type watchedRow struct {
	text   string // without what only grows older
	cells  []string
	object any
}

// Watch prints a list, as a table, names, or JSON, and returns what prints its changes.
func (l *Listing[T]) Watch(w io.Writer, f *Format, list []T) (*Watched[T], error) {
	x := &Watched[T]{Listing: l, format: f}
	if f.Form == JSON {
		return x, x.Update(w, list)
	}
	if err := l.Write(w, f, list); err != nil {
		return nil, err
	}
	x.rows = x.read(list)
	return x, nil
}

// Update prints the rows that are new, changed or gone since the last call: in JSON a Change in each line, else the row after
// +, ~ or -.
func (x *Watched[T]) Update(w io.Writer, list []T) error {
	now := x.read(list)
	var changes []Change
	var lines [][]string
	add := func(event string, r watchedRow) {
		changes = append(changes, Change{event, r.object})
		lines = append(lines, append([]string{events[event]}, r.cells...))
	}
	for _, id := range slices.Sorted(maps.Keys(now)) {
		switch before, known := x.rows[id]; {
		case !known:
			add("added", now[id])
		case before.text != now[id].text:
			add("changed", now[id])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(x.rows)) {
		if _, still := now[id]; !still {
			add("gone", x.rows[id])
		}
	}
	x.rows = now
	if x.format.Form != JSON {
		return String(w, Align(lines))
	}
	for _, c := range changes {
		text, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("write JSON: %w", err)
		}
		if err := String(w, string(text)+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// read returns the rows of a list by identity. Several rows of one, such as findings about one record, are numbered in their
// order.
func (x *Watched[T]) read(list []T) map[string]watchedRow {
	out := make(map[string]watchedRow, len(list))
	for i := range list {
		r := watchedRow{object: list[i]}
		if x.Object != nil {
			r.object = x.Object(&list[i])
		}
		id := x.ID(&list[i])
		for n := 2; ; n++ {
			if _, taken := out[id]; !taken {
				break
			}
			id = fmt.Sprintf("%s #%d", x.ID(&list[i]), n)
		}
		var text strings.Builder
		for _, c := range x.Columns {
			cell := c.Text(&list[i])
			if !c.Aging {
				text.WriteString(cell + "\x00")
			}
			if !c.Wide || x.format.Form == Wide || x.chosen {
				r.cells = append(r.cells, cmp.Or(cell, "-"))
			}
		}
		if x.format.Form == Name {
			r.cells = []string{x.ID(&list[i])}
		}
		r.text = text.String()
		out[id] = r
	}
	return out
}
