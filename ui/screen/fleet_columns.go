package screen

import (
	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
	"rollcall/ui/dialog"
)

// Names of the two lists, as commands and the state file spell them.
const (
	instancesName = "instances"
	recordsName   = "records"
)

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

func openColumns[K comparable, R row[K]](sh *common.Context, name string, l *list[K, R]) {
	now := l.chosen
	if len(now) == 0 {
		now = l.naturalTitles()
	}
	dialog.Columns(sh, name, titlesOf(l.all, true), now, l.naturalTitles())
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
