package cli

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview/rows"
)

// The output forms.
const (
	asTable    = "table"
	asWide     = "wide"
	asJSON     = "json"
	asCSV      = "csv"
	asYAML     = "yaml"
	asName     = "name"
	asText     = "text"
	asMarkdown = "markdown"
)

// format is the -o flag.
type format struct {
	is      string
	raw     bool // --raw
	allowed []string
}

// outputFlag adds -o with the forms of a command; the first is the default.
func outputFlag(cmd *cobra.Command, allowed ...string) *format {
	f := &format{is: allowed[0], allowed: allowed}
	cmd.Flags().VarP(f, "output", "o", strings.Join(allowed, ", "))
	if slices.Contains(allowed, asCSV) {
		cmd.Flags().BoolVar(&f.raw, "raw", false, "leave csv cells that a spreadsheet would take for a formula as they are, without an apostrophe before them")
	}
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(allowed, cobra.ShellCompDirectiveNoFileComp)) // fails only for a missing flag
	return f
}

// String returns the form.
func (f *format) String() string { return f.is }

// Type returns the value's name in help texts.
func (f *format) Type() string { return "form" }

// Set sets one of the allowed forms.
func (f *format) Set(s string) error {
	if !slices.Contains(f.allowed, s) {
		return fmt.Errorf("write %s", strings.Join(f.allowed, ", "))
	}
	f.is = s
	return nil
}

// listing describes how rows of one kind are printed.
type listing[T any] struct {
	columns []rows.Column[*T]
	id      func(*T) string
	object  func(*T) any // the row's JSON; nil for the row itself
	raw     bool         // cells of csv stay unchanged
}

// names returns the columns that rows can be sorted by.
func (l *listing[T]) names() []string {
	var out []string
	for _, c := range l.columns {
		out = append(out, strings.ToLower(c.Title))
	}
	return out
}

// sort sorts by a column, in reverse after a leading minus. It is stable.
func (l *listing[T]) sort(list []T, by string) error {
	if by == "" {
		return nil
	}
	name, down := strings.CutPrefix(by, "-")
	i := slices.IndexFunc(l.columns, func(c rows.Column[*T]) bool { return strings.EqualFold(c.Title, name) })
	if i < 0 {
		return exit.Usagef("there is no column %q to sort by; there are %s", name, strings.Join(l.names(), ", "))
	}
	key := cmpOrFunc(l.columns[i].Key, l.columns[i].Text)
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

func cmpOrFunc[T any](a, b func(*T) string) func(*T) string {
	if a != nil {
		return a
	}
	return b
}

// write prints the rows in one form.
func (l *listing[T]) write(w io.Writer, f *format, list []T) error {
	l.raw = f.raw
	switch form := f.is; form {
	case asJSON, asYAML:
		if list == nil {
			list = []T{}
		}
		if l.object == nil {
			return writeData(w, form, list)
		}
		objects := make([]any, len(list))
		for i := range list {
			objects[i] = l.object(&list[i])
		}
		return writeData(w, form, objects)
	case asName:
		var b strings.Builder
		for i := range list {
			b.WriteString(l.id(&list[i]) + "\n")
		}
		return flush(w, b.String())
	case asCSV:
		return l.writeCSV(w, list)
	}
	return l.writeTable(w, list, f.is == asWide)
}

func (l *listing[T]) writeCSV(w io.Writer, list []T) error {
	out := csv.NewWriter(w)
	line := make([]string, len(l.columns))
	for i, c := range l.columns {
		line[i] = strings.ToLower(c.Title)
	}
	_ = out.Write(line) // Error below returns it
	for r := range list {
		for i, c := range l.columns {
			if line[i] = c.Text(&list[r]); !l.raw {
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
// names are external. Numbers stay unchanged.
func noFormula(cell string) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(cell, " "))
	if strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) && cell != "" && !plainNumber.MatchString(cell) {
		return "'" + cell
	}
	return cell
}

func (l *listing[T]) writeTable(w io.Writer, list []T, wide bool) error {
	columns := slices.DeleteFunc(slices.Clone(l.columns), func(c rows.Column[*T]) bool { return c.Wide && !wide })
	cells := make([][]string, 0, len(list)+1)
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = c.Title
	}
	cells = append(cells, head)
	for r := range list {
		line := make([]string, len(columns))
		for i, c := range columns {
			line[i] = cmp.Or(c.Text(&list[r]), "-")
		}
		cells = append(cells, line)
	}
	return flush(w, align(cells))
}

// align pads the cells of all but the last column.
func align(cells [][]string) string {
	var widths []int
	for _, line := range cells {
		for i, c := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], ansi.StringWidth(c))
		}
	}
	var b strings.Builder
	for _, line := range cells {
		for i, c := range line {
			b.WriteString(c)
			if i < len(line)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-ansi.StringWidth(c)+2))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// writeData prints a value as JSON or YAML.
func writeData(w io.Writer, form string, v any) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	if form == asYAML {
		y, err := jsonToYAML([]byte(b.String()))
		if err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		return flush(w, y)
	}
	return flush(w, b.String())
}

func flush(w io.Writer, s string) error {
	if _, err := io.WriteString(w, s); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}
