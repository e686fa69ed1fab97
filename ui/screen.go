package ui

import (
	"context"
	"slices"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// screen is one view of the console: what the body shows, and what keys act on while it is
// on top. The root model routes messages and keys to it and knows nothing else about it.
//
// A new screen is a file with a type that embeds listScreen, and a line in screens.
type screen interface {
	selection

	// table returns the list that takes the keys, with its filter and its order.
	table() table
	// reload reads again what only this screen shows. It is called when the screen comes on
	// top, and while it is there after every change.
	reload() tea.Cmd
	// arrange filters and sorts the rows anew, in a command whose message update takes.
	arrange() tea.Cmd
	// update takes a message that is meant for this screen, and reports whether it was.
	update(msg tea.Msg) (cmd tea.Cmd, mine bool)
	// do carries out an action in the screen's own way, and reports whether it has one.
	// What no screen does is done by the root model alike for all.
	do(a common.Action) (cmd tea.Cmd, done bool)
	// restyle takes over another theme.
	restyle()
	// resize fits the lists into the body.
	resize(l common.Layout)
	// moved is called after the cursor has moved.
	moved()
	// body draws the screen in the lines of the body; production colours its border.
	body(l common.Layout, production bool) []string
	// about returns what the line above the keys says of the row under the cursor, and
	// which keys belong to it.
	about() (left, right *common.Line)
	// keys are the keys that this screen needs most, the most important first.
	keys() []keyHelp
}

// selection says what the cursor and the marks of a screen stand for.
type selection interface {
	// current returns what the row under the cursor is about.
	current() common.Subject
	// records are the records that a command acts on: those of the marked rows, or those of
	// the row under the cursor.
	records() []*rows.Record
	// instances are the instances and hosts that a command acts on, and the word for one of them.
	instances() (refs []providers.InstanceRef, noun string)
	// found are the findings of the marked rows, or of the row under the cursor.
	found() []*dnsview.Finding
	// copied is what the copy key takes of the row under the cursor.
	copied() string
	// visible are the records that are drawn now.
	visible() []providers.Identity
}

// registered is a screen with the action that shows it and its line in the palette.
type registered struct {
	action common.Action
	does   string
	make   func(s *common.Context) screen
}

// screens are all screens but the fleet, which is always at the bottom of the stack.
func screens() []registered {
	return []registered{
		{common.ActFindings, "what needs a person", newFindingsScreen},
		{common.ActJournal, "what was changed, and by whom", newJournalScreen},
		{common.ActSources, "clouds and zones, and how they answer", newSourcesScreen},
		{common.ActServices, "services, their incarnations and nodes", newServicesScreen},
	}
}

// rowBuilder is a screen whose rows cost too much to be made while no one looks at them.
type rowBuilder interface {
	// buildRows makes them, in a command, while the screen is on top. take has the screen
	// show them; it is called by the goroutine of Update.
	buildRows(ctx context.Context, backend common.Backend, v *dnsview.View) (take func())
}

// listScreen is a screen of one list that has the whole body. Types that embed it say what
// their rows are.
type listScreen[K comparable, R grid.Keyed[K]] struct {
	*common.Context
	list    *list[K, R]
	title   string
	empty   string // what an empty list has none of; without it an empty list says nothing
	columns func() []grid.Column[R]
	// rows returns all rows and what a filter makes of each.
	rows func(f filter.Filter) (rows []R, match func(R) bool)
}

// makeList makes the list once the fields are set.
func (l *listScreen[K, R]) makeList() { l.list = newList[K](l.columns()) }

func (l *listScreen[K, R]) table() table { return l.list }

func (l *listScreen[K, R]) reload() tea.Cmd { return nil }

func (l *listScreen[K, R]) arrange() tea.Cmd {
	rows, match := l.rows(l.list.filter)
	if l.list.filter.Empty() {
		match = nil
	}
	return l.list.arrange(rows, match)
}

func (l *listScreen[K, R]) update(msg tea.Msg) (tea.Cmd, bool) {
	a, ok := msg.(arranged[K, R])
	if ok {
		l.list.take(a)
	}
	return nil, ok
}

func (l *listScreen[K, R]) do(common.Action) (tea.Cmd, bool) { return nil, false }

func (l *listScreen[K, R]) restyle() { l.list.restyle(l.columns()) }

func (l *listScreen[K, R]) resize(y common.Layout) {
	l.list.Resize(inner(common.Size{W: y.W, H: y.Body}))
}

func (l *listScreen[K, R]) moved() {}

func (l *listScreen[K, R]) body(y common.Layout, production bool) []string {
	return l.draw(frameOfList(l.Context, l.title, l.list, production), nil, y)
}

// draw draws the list in its frame, below lines that do not scroll.
func (l *listScreen[K, R]) draw(f common.Frame, above []string, y common.Layout) []string {
	r := common.Size{W: y.W, H: y.Body}
	_, h := inner(r)
	f.Offset += len(above)
	lines := l.list.Lines(max(h-len(above), 0), grid.Draw[K]{Theme: l.Theme, Focused: true})
	if l.empty != "" {
		placeholder(l.Context, lines, l.list, r, l.empty)
	}
	return f.Draw(l.Theme, slices.Concat(above, lines), y.W, y.Body)
}

func (l *listScreen[K, R]) about() (left, right *common.Line) {
	return common.NewLine(l.Theme), common.NewLine(l.Theme)
}

func (l *listScreen[K, R]) keys() []keyHelp {
	return []keyHelp{{common.ActBack, "back"}, {common.ActHelp, "help"}, {common.ActDetail, "open"}, {common.ActUndo, "undo"}, {common.ActPalette, "commands"}, {common.ActQuit, "quit"}}
}

func (l *listScreen[K, R]) current() common.Subject { return common.Subject{} }

func (l *listScreen[K, R]) records() []*rows.Record { return nil }

func (l *listScreen[K, R]) instances() ([]providers.InstanceRef, string) { return nil, "instance" }

func (l *listScreen[K, R]) found() []*dnsview.Finding { return nil }

func (l *listScreen[K, R]) copied() string { return "" }

func (l *listScreen[K, R]) visible() []providers.Identity { return nil }

// findingAbout returns the line about a finding, with the keys that help.
func findingAbout(sh *common.Context, f *dnsview.Finding) (left, right *common.Line) {
	glyph, role := common.SeverityGlyph(sh.Theme, f.Severity)
	return common.NewLine(sh.Theme).Add(role, glyph+" ").Add(theme.Plain, common.Clean(f.Reason)), common.HintLine(sh.Theme, sh.RemedyHints(f)).Gap(1)
}

// keyHelp is an action and what it does in a word.
type keyHelp struct {
	a    common.Action
	does string
}
