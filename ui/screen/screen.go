// Package screen holds the screens of the console: the fleet, and those that are shown on top of it. A screen opens
// dialogs and forms, and starts changes through the Context.
//
// Read Screen first, then the calls, the smallest screen.
package screen

import (
	"context"
	"slices"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// Screen is one view of the console: the content of the body, and what keys act on while it is on top. The root model
// routes messages and keys to it and knows nothing else about it.
//
// A new screen is a kind of row in dnsview/rows, a file here with a type that embeds listScreen, a line in All, and its
// Action with its key in common/keymap.go. Its rows come from the Picture, as those of the findings, if they are made with
// every view; from the Backend, as those of the calls; or it is a RowBuilder, as the services are, whose rows are made only
// while it is on top. The action of the screen that is on top leaves it.
type Screen interface {
	selection

	// Table returns the list with the focus.
	Table() Table
	// Reload reads the screen's own data again. It is called when the screen comes on top, and while it is there after
	// every change.
	Reload() tea.Cmd
	// Pending reports whether the rows on the screen are not yet those of the filter, order and folds that the operator has
	// chosen.
	Pending() bool
	// Arrange filters and sorts the rows in a command, whose message goes to Update.
	Arrange() tea.Cmd
	// Update handles a message for this screen, and reports whether it was for it.
	Update(msg tea.Msg) (cmd tea.Cmd, mine bool)
	// Do carries out an action in the screen's own way, and reports whether it has one. The root model carries out all
	// other actions, in the same way for all screens.
	Do(a common.Action) (cmd tea.Cmd, done bool)
	// Restyle applies a new theme.
	Restyle()
	// Resize fits the lists into the body.
	Resize(l common.Layout)
	// Moved is called after the cursor has moved.
	Moved()
	// Click moves focus and cursor to the row at a column and line of the body, and reports whether there is one.
	Click(x, y int) bool
	// Wheel scrolls the list at a column and line of the body by n rows, and reports whether it has the focus.
	Wheel(x, y, n int) bool
	// Body draws the screen in the lines of the body; production colours its border.
	Body(l common.Layout, production bool) []string
	// About returns the line above the keys about the row under the cursor, and the keys for it.
	About() (left, right *common.Line)
	// Keys returns the most important keys of this screen, in order.
	Keys() []KeyHelp
}

// selection is what the cursor and the marks of a screen select.
type selection interface {
	// Current returns the subject of the row under the cursor.
	Current() common.Subject
	// Records returns the records that a command acts on: those of the marked rows, else of the row under the cursor.
	Records() []*rows.Record
	// Instances returns the instances and hosts that a command acts on, and the noun for one of them.
	Instances() (refs []providers.InstanceRef, noun string)
	// ChosenFindings returns the findings of the marked rows, else of the row under the cursor.
	ChosenFindings() []*dnsview.Finding
	// Copied returns the text of the row under the cursor for the copy key.
	Copied() string
	// Visible returns the visible records.
	Visible() []providers.Identity
}

// Registered is a screen with its action and its line in the palette.
type Registered struct {
	Action common.Action
	Does   string
	Make   func(s *common.Context) Screen
}

// All returns all screens but the fleet, which is always at the bottom of the stack.
func All() []Registered {
	return []Registered{
		{common.ActOverview, "services down, clouds across", newOverviewScreen},
		{common.ActFindings, "what needs a person", newFindingsScreen},
		{common.ActJournal, "what was changed, and by whom", newJournalScreen},
		{common.ActSources, "clouds and zones, and how they answer", newSourcesScreen},
		{common.ActCalls, "calls to APIs: status, duration, size", newCallsScreen},
		{common.ActServices, "services, their incarnations and nodes", newServicesScreen},
		{common.ActGroupCloud, "instances by cloud, with counts", newInstanceGroups(rows.ByCloud)},
		{common.ActGroupService, "instances by service, with counts", newInstanceGroups(rows.ByService)},
		{common.ActGroupState, "instances by state, with counts", newInstanceGroups(rows.ByState)},
		{common.ActGroupZone, "DNS by zone, with counts", newRecordGroups(rows.ByZone)},
		{common.ActGroupName, "DNS by name, with counts", newRecordGroups(rows.ByName)},
		{common.ActGroupFinding, "DNS by what was found, with counts", newRecordGroups(rows.ByFinding)},
	}
}

// Names returns the names of all screens: that of the fleet, and those of their actions.
func Names() []string {
	out := []string{string(common.ActFleet)}
	for _, r := range All() {
		out = append(out, string(r.Action))
	}
	return out
}

// RowBuilder is a screen whose rows are too expensive to build while they are not shown.
type RowBuilder interface {
	// Shown returns the view that the rows were built of, or nil.
	Shown() *dnsview.View
	// BuildRows builds the rows in a command while the screen is on top. The goroutine of Update calls take to show
	// them.
	BuildRows(ctx context.Context, backend common.Backend, v *dnsview.View) (take func())
	// Release forgets the rows, and with them the view, until others are built. It keeps the cursor, marks, filter and
	// order.
	Release()
}

// listScreen is a screen with one list in the whole body. Types that embed it define the rows.
type listScreen[K comparable, R row[K]] struct {
	*common.Context
	list    *list[K, R]
	title   string
	above   int    // lines above the heading, as last drawn
	empty   string // what an empty list lacks; if "", it shows no text
	natural string // the order in which the rows come; if "", it is not shown
	columns func() []grid.Column[R]
	rows    func() []R // all rows
}

// makeList makes the list after the fields are set.
func (l *listScreen[K, R]) makeList() { l.list = newList[K](l.columns(), l.natural) }

func (l *listScreen[K, R]) Table() Table { return l.list }

func (l *listScreen[K, R]) Reload() tea.Cmd { return nil }

func (l *listScreen[K, R]) Pending() bool { return l.list.pending() }

func (l *listScreen[K, R]) Arrange() tea.Cmd { return l.list.arrange(l.rows()) }

func (l *listScreen[K, R]) Update(msg tea.Msg) (tea.Cmd, bool) {
	a, ok := msg.(arranged[K, R])
	if !ok || a.list != l.list {
		return nil, false
	}
	l.list.install(a)
	return nil, true
}

func (l *listScreen[K, R]) Do(common.Action) (tea.Cmd, bool) { return nil, false }

func (l *listScreen[K, R]) Restyle() { l.list.restyle(l.columns()) }

func (l *listScreen[K, R]) Resize(y common.Layout) {
	l.list.Resize(inner(common.Size{W: y.W, H: y.Body}))
}

func (l *listScreen[K, R]) Moved() {}

func (l *listScreen[K, R]) Body(y common.Layout, production bool) []string {
	return l.draw(frameOfList(l.Context, l.title, l.list, production), nil, y)
}

// draw draws the list in its frame, below lines that do not scroll.
func (l *listScreen[K, R]) draw(f common.Frame, above []string, y common.Layout) []string {
	r := common.Size{W: y.W, H: y.Body}
	_, h := inner(r)
	f.Offset, l.above = f.Offset+len(above), len(above)
	lines := l.list.Lines(max(h-len(above), 0), grid.Draw[K]{Theme: l.Theme, Focused: true})
	if l.empty != "" {
		placeholder(l.Context, lines, l.list, r, l.empty)
	}
	return f.Draw(l.Theme, slices.Concat(above, lines), y.W, y.Body)
}

func (l *listScreen[K, R]) About() (left, right *common.Line) {
	return common.NewLine(l.Theme), common.NewLine(l.Theme)
}

func (l *listScreen[K, R]) Keys() []KeyHelp {
	return []KeyHelp{{common.ActBack, "back"}, {common.ActHelp, "help"}, {common.ActDetail, "open"}, {common.ActUndo, "undo"}, {common.ActPalette, "commands"}, {common.ActQuit, "quit"}}
}

func (l *listScreen[K, R]) Current() common.Subject { return common.Subject{} }

func (l *listScreen[K, R]) Records() []*rows.Record { return nil }

func (l *listScreen[K, R]) Instances() ([]providers.InstanceRef, string) { return nil, "instance" }

func (l *listScreen[K, R]) ChosenFindings() []*dnsview.Finding { return nil }

func (l *listScreen[K, R]) Copied() string { return "" }

func (l *listScreen[K, R]) Visible() []providers.Identity { return nil }

// findingAbout returns the line about a finding, and the keys that help. What the finding is not certain of stands first, because a
// narrow screen cuts the end.
func findingAbout(sh *common.Context, f *dnsview.Finding) (left, right *common.Line) {
	glyph, role := common.SeverityGlyph(sh.Theme, f.Severity)
	left = common.NewLine(sh.Theme).Add(role, glyph+" ")
	doubt, reason := f.Doubt()
	if doubt != "" {
		left.Add(theme.Notice, "not certain: "+common.Clean(doubt)+" · ")
	}
	return left.Add(theme.Plain, common.Clean(reason)), common.HintLine(sh.Theme, sh.RemedyHints(f)).Gap(1)
}

// KeyHelp is an action with a one-word description.
type KeyHelp struct {
	A    common.Action
	Does string
}
