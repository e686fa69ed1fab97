package screen

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
)

// Names of the two lists, as commands and the state file spell them.
const (
	instancesName = "instances"
	recordsName   = "records"
)

// ColumnChooser is a screen whose columns can be chosen.
type ColumnChooser interface {
	// ChooseColumns shows the columns with these titles where rows of a list are shown, instances or records; see
	// dialog.ColumnsMsg.
	ChooseColumns(list string, titles []string)
	// SetColumns makes columns, by their names in a config, those that rows of a list show without a choice.
	SetColumns(list string, names []string)
}

// ChooseColumns implements ColumnChooser.
func (f *fleetScreen) ChooseColumns(list string, titles []string) {
	switch list {
	case instancesName:
		f.instanceList.choose(titles)
	case recordsName:
		f.recordList.choose(titles)
	}
}

// openColumns opens the choice of columns of the pane with the focus.
func (f *fleetScreen) openColumns() {
	if f.focus == paneRecords {
		openColumns(f.Context, recordsName, f.recordList)
	} else {
		openColumns(f.Context, instancesName, f.instanceList)
	}
}

// Columns returns the names of all columns of the two lists, as a config has them.
func Columns() map[string][]string {
	lower := func(titles []string) []string {
		for i := range titles {
			titles[i] = strings.ToLower(titles[i])
		}
		return titles
	}
	return map[string][]string{
		instancesName: lower(rowTitles(rows.InstanceScreen(nil))),
		recordsName:   lower(rowTitles(rows.RecordScreen(nil))),
	}
}

func rowTitles[R any](columns []rows.Column[R]) []string {
	titles := make([]string, len(columns))
	for i := range columns {
		titles[i] = columns[i].Title
	}
	return titles
}

// SetColumns implements ColumnChooser.
func (f *fleetScreen) SetColumns(list string, names []string) {
	switch list {
	case instancesName:
		f.instanceList.setOwn(titlesNamed(names))
	case recordsName:
		f.recordList.setOwn(titlesNamed(names))
	}
}

// titlesNamed returns the titles of columns by their names in a config.
func titlesNamed(names []string) []string {
	titles := make([]string, len(names))
	for i, name := range names {
		titles[i] = strings.ToUpper(name)
	}
	return titles
}

func openColumns[K comparable, R row[K]](sh *common.Context, name string, l *list[K, R]) {
	dialog.Columns(sh, name, titlesOf(l.all, true), l.chosenTitles(), l.naturalTitles())
}

// widen shows the pane with the focus over the whole width with all columns that fit, or both panes as before.
func (f *fleetScreen) widen() tea.Cmd {
	wide := !f.instanceList.wide
	f.zoom = wide
	f.instanceList.wide, f.recordList.wide = wide, wide
	f.instanceList.setColumns(f.instanceList.all)
	f.recordList.setColumns(f.recordList.all)
	if wide {
		f.Notify(common.ToneInfo, "wide: the columns of ls -o wide too, as far as there is room; "+f.KeyMap.Label(common.ActWide)+" shows both panes again")
	}
	return f.Arrange()
}
