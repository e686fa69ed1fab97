// Package output prints what commands have found: rows, plans and results as a table, text, JSON, CSV, YAML, Markdown or
// names. Format is the -o flag, Listing prints rows, Report is the outcome of a plan. It reads nothing: what it prints
// comes from rows, plan and apply.
package output

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"rollcall/dnsview/rows"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"
)

// The output forms.
const (
	Table    = "table"
	Wide     = "wide"
	JSON     = "json"
	CSV      = "csv"
	YAML     = "yaml"
	Name     = "name"
	Text     = "text"
	Markdown = "markdown"
	GitHub   = "github" // annotations of GitHub Actions
)

// Format is the -o flag.
type Format struct {
	Form    string
	raw     bool     // --raw
	bare    bool     // --no-headers
	columns []string // --columns
	allowed []string
}

// Flag adds -o with the forms of a command; the first is the default.
func Flag(cmd *cobra.Command, allowed ...string) *Format {
	f := &Format{Form: allowed[0], allowed: allowed}
	cmd.Flags().VarP(f, "output", "o", strings.Join(allowed, ", "))
	if slices.Contains(allowed, CSV) {
		cmd.Flags().BoolVar(&f.raw, "raw", false, "write csv cells that a spreadsheet would take for a formula without an apostrophe before them")
		cmd.Flags().BoolVar(&f.bare, "no-headers", false, "write a table or csv without its heading")
		cmd.Flags().StringSliceVar(&f.columns, "columns", nil, "show these `columns`, in this order, in a table or csv")
	}
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(allowed, cobra.ShellCompDirectiveNoFileComp)) // fails only for a missing flag
	return f
}

// String returns the form.
func (f *Format) String() string { return f.Form }

// Type returns the value's name in help texts.
func (f *Format) Type() string { return "form" }

// Set sets one of the allowed forms.
func (f *Format) Set(s string) error {
	if !slices.Contains(f.allowed, s) {
		return fmt.Errorf("write %s", strings.Join(f.allowed, ", "))
	}
	f.Form = s
	return nil
}

// Align pads the cells of all but the last column.
func Align(cells [][]string) string {
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

// Data prints a value as JSON or YAML.
func Data(w io.Writer, form string, v any) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	if form == YAML {
		y, err := rows.YAML([]byte(b.String()))
		if err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		return String(w, y)
	}
	return String(w, b.String())
}

// String writes a text.
func String(w io.Writer, s string) error {
	if _, err := io.WriteString(w, s); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}
