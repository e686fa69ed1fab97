package screen

import (
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// callsMsg holds the latest calls.
type callsMsg struct {
	gen   uint64
	calls []rows.Call
}

// callsScreen lists the latest calls to the clouds' and DNS providers' APIs.
type callsScreen struct {
	listScreen[uint64, *rows.Call]
	asked    uint64 // number of the latest read
	rowsRead []*rows.Call
}

func newCallsScreen(s *common.Context) Screen {
	c := &callsScreen{listScreen: listScreen[uint64, *rows.Call]{Context: s, title: "Calls", empty: "calls", natural: "newest first"}}
	c.columns = func() []grid.Column[*rows.Call] { return callColumns(s.Theme) }
	c.rows = func() []*rows.Call { return c.rowsRead }
	c.makeList()
	return c
}

// Reload reads the latest calls in a command.
func (c *callsScreen) Reload() tea.Cmd {
	c.asked++
	gen, backend := c.asked, c.Backend
	return func() tea.Msg { return callsMsg{gen, backend.Calls()} }
}

func (c *callsScreen) Update(msg tea.Msg) (tea.Cmd, bool) {
	read, ok := msg.(callsMsg)
	if !ok {
		return c.listScreen.Update(msg)
	}
	if read.gen != c.asked {
		return nil, true
	}
	c.rowsRead = rows.Calls(read.calls, c.Now())
	return c.Arrange(), true
}

func (c *callsScreen) Do(a common.Action) (tea.Cmd, bool) {
	if a != common.ActDetail {
		return nil, false
	}
	if r, ok := c.list.Current(); ok {
		f := &dialog.Facts{T: c.Theme, W: c.TextWidth()}
		f.Add("call", r.Operation)
		f.Add("account", r.Account)
		f.Add("when", r.Time.Format(time.RFC3339))
		f.Add("result", r.Result)
		f.Add("error", r.Error)
		f.Add("took", r.Took.Round(time.Millisecond).String()+" to the end of the answer")
		f.Add("waited", r.Waited.Round(time.Millisecond).String()+" for the account's budget, before it was sent")
		f.Add("answer", strconv.FormatInt(r.Bytes, 10)+" bytes")
		c.Open(&dialog.Text{Title: r.Operation, Lines: f.Out})
	}
	return nil, true
}

func (c *callsScreen) Copied() string {
	if r, ok := c.list.Current(); ok {
		return r.Account + " " + r.Operation + " " + r.Result
	}
	return ""
}

func (c *callsScreen) About() (left, right *common.Line) {
	left, right = c.listScreen.About()
	if r, ok := c.list.Current(); ok && r.Error != "" {
		left.Add(theme.Bad, r.Error)
	}
	return left, right
}

func (c *callsScreen) Keys() []KeyHelp {
	return []KeyHelp{{common.ActBack, "back"}, {common.ActHelp, "help"}, {common.ActDetail, "open"}, {common.ActFilter, "filter"}, {common.ActSort, "sort"}, {common.ActRefresh, "refresh"}, {common.ActPalette, "commands"}, {common.ActQuit, "quit"}}
}

func callColumns(t *theme.Theme) []grid.Column[*rows.Call] {
	return drawn(rows.CallScreen(), roles{"WHEN": theme.Dim, "WAITED": theme.Faint, "BYTES": theme.Dim}, cellsByTitle[*rows.Call]{
		"RESULT": func(r *rows.Call, text string) grid.Cell {
			if r.Failed {
				return grid.Cell{Text: t.Bad + " " + text, Role: theme.Bad}
			}
			return grid.Cell{Text: t.OK + " " + text, Role: theme.Good}
		},
	})
}
