package output

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview/rows"
)

// Listing describes how rows of one kind are printed.
type Listing[T any] struct {
	Columns []rows.Column[*T]
	ID      func(*T) string
	Object  func(*T) any // the row's JSON; nil for the row itself
	raw     bool         // cells of csv stay unchanged
	bare    bool         // a table and csv have no heading
	chosen  bool         // the columns are those of --columns
}

// choose leaves the columns that --columns names, in their order.
func (l *Listing[T]) choose(f *Format) error {
	if len(f.columns) == 0 {
		return nil
	}
	if f.Form != Table && f.Form != Wide && f.Form != CSV {
		return exit.Usagef("--columns is for a table and csv, not for %s", f.Form)
	}
	var chosen []rows.Column[*T]
	for _, name := range f.columns {
		i := slices.IndexFunc(l.Columns, func(c rows.Column[*T]) bool { return strings.EqualFold(c.Title, name) })
		if i < 0 {
			return exit.Usagef("there is no column %q; there are %s", name, strings.Join(l.Names(), ", "))
		}
		chosen = append(chosen, l.Columns[i])
	}
	l.Columns, l.chosen = chosen, true
	return nil
}

// Names returns the columns that rows can be sorted by.
func (l *Listing[T]) Names() []string {
	var out []string
	for _, c := range l.Columns {
		out = append(out, strings.ToLower(c.Title))
	}
	return out
}

// Sort sorts by a column, in reverse after a leading minus. It is stable.
func (l *Listing[T]) Sort(list []T, by string) error {
	if by == "" {
		return nil
	}
	name, down := strings.CutPrefix(by, "-")
	i := slices.IndexFunc(l.Columns, func(c rows.Column[*T]) bool { return strings.EqualFold(c.Title, name) })
	if i < 0 {
		return exit.Usagef("there is no column %q to sort by; there are %s", name, strings.Join(l.Names(), ", "))
	}
	key := l.Columns[i].Key
	if key == nil {
		key = l.Columns[i].Text
	}
	type keyed struct {
		row T
		key string
	}
	all := make([]keyed, len(list))
	for i := range list {
		all[i] = keyed{list[i], key(&list[i])}
	}
	slices.SortStableFunc(all, func(a, b keyed) int {
		c := rows.NaturalCompare(a.key, b.key)
		if down {
			return -c
		}
		return c
	})
	for i := range all {
		list[i] = all[i].row
	}
	return nil
}

// Write prints the rows in one form.
func (l *Listing[T]) Write(w io.Writer, f *Format, list []T) error {
	l.raw, l.bare = f.raw, f.bare
	if err := l.choose(f); err != nil {
		return err
	}
	switch form := f.Form; form {
	case JSON, YAML:
		if list == nil {
			list = []T{}
		}
		if l.Object == nil {
			return Data(w, form, list)
		}
		objects := make([]any, len(list))
		for i := range list {
			objects[i] = l.Object(&list[i])
		}
		return Data(w, form, objects)
	case Name:
		var b strings.Builder
		written := map[string]bool{} // several findings may be about one thing
		for i := range list {
			if id := l.ID(&list[i]); !written[id] {
				written[id] = true
				b.WriteString(id + "\n")
			}
		}
		return String(w, b.String())
	case CSV:
		return l.writeCSV(w, list)
	}
	return l.writeTable(w, list, f.Form == Wide)
}

func (l *Listing[T]) writeCSV(w io.Writer, list []T) error {
	out := csv.NewWriter(w)
	line := make([]string, len(l.Columns))
	for i, c := range l.Columns {
		line[i] = strings.ToLower(c.Title)
	}
	if !l.bare {
		_ = out.Write(line) // Error below returns it
	}
	for r := range list {
		for i, c := range l.Columns {
			text := c.Text
			if c.Machine != nil {
				text = c.Machine
			}
			if line[i] = text(&list[r]); !l.raw {
				line[i] = noFormula(line[i])
			}
		}
		_ = out.Write(line)
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

var plainNumber = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// noFormula puts an apostrophe before a cell that a spreadsheet would take for a formula, since tags, comments and
// Names are external. Numbers stay unchanged.
func noFormula(cell string) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(cell, " "))
	if strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) && cell != "" && !plainNumber.MatchString(cell) {
		return "'" + cell
	}
	return cell
}

func (l *Listing[T]) writeTable(w io.Writer, list []T, wide bool) error {
	columns := slices.DeleteFunc(slices.Clone(l.Columns), func(c rows.Column[*T]) bool { return c.Wide && !wide && !l.chosen })
	cells := make([][]string, 0, len(list)+1)
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = c.Title
	}
	if !l.bare {
		cells = append(cells, head)
	}
	for r := range list {
		line := make([]string, len(columns))
		for i, c := range columns {
			line[i] = cmp.Or(c.Text(&list[r]), "-")
		}
		cells = append(cells, line)
	}
	return String(w, Align(cells))
}
