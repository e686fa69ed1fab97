package ui

import (
	"cmp"
	"strconv"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// instanceColumns are the columns of the instances' pane. The clock gives the
// age of an instance at the time of drawing.
func instanceColumns(t *theme.Theme, now func() time.Time) []grid.Column[*instanceRow] {
	type row = *instanceRow
	return []grid.Column[row]{
		{
			Title: "CLOUD", Min: 11, Max: 16, Priority: 1,
			Text: func(r row) grid.Cell {
				if r.inst.State.Dead() {
					return grid.Cell{Text: r.ref.Cloud, Role: theme.Faint}
				}
				if r.production {
					return grid.Cell{Text: r.ref.Cloud, Role: theme.Warn}
				}
				return grid.Cell{Text: r.ref.Cloud, Role: theme.Dim}
			},
			Compare: func(a, b row) int {
				return cmp.Or(cmp.Compare(a.cloudOrder, b.cloudOrder), cmp.Compare(a.natural, b.natural))
			},
		},
		{
			Title: "NAME", Min: 8, Max: 32,
			Text: func(r row) grid.Cell {
				if r.inst.State.Dead() {
					return grid.Cell{Text: r.ref.Name, Role: theme.Faint}
				}
				return grid.Cell{Text: r.ref.Name}
			},
			Compare: func(a, b row) int { return cmp.Compare(a.natural, b.natural) },
		},
		{
			Title: "ID", Min: 10, Max: 20, Priority: 6,
			Text: func(r row) grid.Cell { return grid.Cell{Text: r.ref.ID, Role: theme.Faint} },
		},
		{
			Title: "STATE", Min: 1, Max: 13, Priority: 3,
			Text: func(r row) grid.Cell {
				glyph, role := stateGlyph(t, r.inst.State)
				if r.inst.State == providers.StateTerminated {
					return grid.Cell{Text: glyph + " terminated", Short: glyph + " gone", Role: role}
				}
				if r.inst.State == providers.StateRunning {
					return grid.Cell{Text: string(r.inst.State), Short: glyph, Role: role}
				}
				return grid.Cell{Text: glyph + " " + Clean(string(r.inst.State)), Short: glyph, Role: role}
			},
			Compare: func(a, b row) int { return cmp.Compare(a.inst.State, b.inst.State) },
		},
		{
			Title: "ADDRESS", Min: 15, Max: 39, Priority: 2,
			Text: func(r row) grid.Cell { return grid.Cell{Text: r.address} },
			Compare: func(a, b row) int {
				x, y := a.inst.PublicIPs, b.inst.PublicIPs
				if len(x) > 0 && len(y) > 0 {
					return x[0].Compare(y[0])
				}
				return cmp.Compare(len(y), len(x))
			},
		},
		{
			Title: "TYPE", Min: 8, Max: 18, Priority: 7,
			Text:    func(r row) grid.Cell { return grid.Cell{Text: r.typ, Role: theme.Dim} },
			Compare: func(a, b row) int { return cmp.Compare(a.typ, b.typ) },
		},
		{
			Title: "AGE", Min: 3, Max: 4, Priority: 5, Right: true,
			Text: func(r row) grid.Cell {
				if r.inst.Launched.IsZero() {
					return grid.Cell{}
				}
				return grid.Cell{Text: age(now().Sub(r.inst.Launched)), Role: theme.Dim}
			},
			Compare: func(a, b row) int { return b.inst.Launched.Compare(a.inst.Launched) },
		},
		{
			Title: "SERVICE", Min: 10, Max: 30, Priority: 8,
			Text:    func(r row) grid.Cell { return grid.Cell{Text: r.service, Role: theme.Dim} },
			Compare: func(a, b row) int { return cmp.Compare(a.service, b.service) },
		},
		{
			Title: "DNS", Min: 3, Max: 15,
			Text: func(r row) grid.Cell { return dnsCell(t, r) },
			Compare: func(a, b row) int {
				return cmp.Or(cmp.Compare(severityOf(b.findings), severityOf(a.findings)), cmp.Compare(len(a.records), len(b.records)))
			},
		},
	}
}

// dnsCell says how an instance stands in DNS: the number of its records, and
// the worst that was found about it.
func dnsCell(t *theme.Theme, r *instanceRow) grid.Cell {
	n := strconv.Itoa(len(r.records))
	if f := worst(r.findings); f != nil {
		glyph, role := severityGlyph(t, f.Severity)
		return grid.Cell{Text: glyph + " " + string(f.Class), Short: glyph, Role: role}
	}
	if len(r.records) == 0 {
		return grid.Cell{Text: t.Dot, Role: theme.Faint}
	}
	return grid.Cell{Text: t.OK + " " + n, Role: theme.Good}
}

// recordColumns are the columns of the DNS pane.
func recordColumns(t *theme.Theme) []grid.Column[*recordRow] {
	type row = *recordRow
	return []grid.Column[row]{
		{
			Title: "NAME", Min: 8, Max: 36,
			Text:    func(r row) grid.Cell { return grid.Cell{Text: r.name} },
			Compare: func(a, b row) int { return cmp.Or(cmp.Compare(a.natural, b.natural), compareRecords(a, b)) },
		},
		{
			Title: "ZONE", Min: 10, Max: 24, Priority: 8,
			Text:    func(r row) grid.Cell { return grid.Cell{Text: Clean(r.rec.Zone), Role: theme.Faint} },
			Compare: compareRecords,
		},
		{
			Title: "TYPE", Min: 4, Max: 6, Priority: 2,
			Text:    func(r row) grid.Cell { return grid.Cell{Text: Clean(r.rec.Type), Role: theme.Dim} },
			Compare: func(a, b row) int { return cmp.Compare(a.rec.Type, b.rec.Type) },
		},
		{
			Title: "TTL", Min: 4, Max: 6, Priority: 5, Right: true,
			Text: func(r row) grid.Cell {
				if r.rec.AutoTTL {
					return grid.Cell{Text: "auto", Role: theme.Dim}
				}
				if r.rec.Alias {
					return grid.Cell{Text: "alias", Role: theme.Dim}
				}
				return grid.Cell{Text: strconv.FormatUint(uint64(r.rec.TTL), 10), Role: theme.Dim}
			},
			Compare: func(a, b row) int { return cmp.Compare(a.rec.TTL, b.rec.TTL) },
		},
		{
			Title: "VALUE", Min: 15, Max: 44, Priority: 1,
			Text:    func(r row) grid.Cell { return grid.Cell{Text: r.value} },
			Compare: func(a, b row) int { return compareValues(a.rec, b.rec) },
		},
		{
			Title: "VIA", Min: 7, Max: 7, Priority: 7, Optional: true,
			Text: func(r row) grid.Cell {
				if r.rec.Proxied {
					return grid.Cell{Text: "proxied", Role: theme.Notice}
				}
				return grid.Cell{}
			},
		},
		{
			Title: "NODE", Min: 9, Max: 24, Priority: 3,
			Text:    func(r row) grid.Cell { return grid.Cell{Text: r.node, Role: theme.Dim} },
			Compare: func(a, b row) int { return cmp.Compare(a.node, b.node) },
		},
		{
			Title: "WIRE", Min: 5, Max: 13, Priority: 4, Optional: true,
			Text:    func(r row) grid.Cell { return wireCell(t, r.wire) },
			Compare: compareWire,
		},
		{
			Title: "FINDING", Min: 10, Max: 16,
			Text: func(r row) grid.Cell {
				f := worst(r.findings)
				if f == nil {
					return grid.Cell{}
				}
				glyph, role := severityGlyph(t, f.Severity)
				return grid.Cell{Text: glyph + " " + string(f.Class), Role: role}
			},
			Compare: func(a, b row) int { return cmp.Compare(severityOf(b.findings), severityOf(a.findings)) },
		},
	}
}

// severityOf orders rows by what was found: nothing is less than an info.
func severityOf(f []*dnsview.Finding) int {
	if len(f) == 0 {
		return -1
	}
	return int(f[0].Severity)
}

// look draws the cell of a row from the text of its column.
type look[R any] func(r R, text string) grid.Cell

// looks are how the columns of a screen are drawn whose text alone does not do, by their titles.
type looks[R any] map[string]look[R]

// roles are the colours of columns, by their titles. Others are plain.
type roles map[string]theme.Role

// dress returns columns as they are drawn.
func dress[R any](columns []rows.Column[R], in roles, by looks[R]) []grid.Column[R] {
	out := make([]grid.Column[R], len(columns))
	for i, c := range columns {
		out[i] = grid.Column[R]{
			Title: c.Title, Min: c.Min, Max: c.Max, Priority: c.Priority, Right: c.Right, Wide: c.Fill, Optional: c.Optional, Compare: c.Compare,
		}
		role, l := in[c.Title], by[c.Title]
		if l == nil {
			l = func(_ R, text string) grid.Cell {
				if text == "" {
					return grid.Cell{}
				}
				return grid.Cell{Text: text, Role: role}
			}
		}
		out[i].Text = func(r R) grid.Cell { return l(r, c.Text(r)) }
	}
	return out
}

func age(d time.Duration) string { return rows.Age(d) }
