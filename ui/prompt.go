package ui

import (
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/filter"
)

// prompt is the line at the bottom in which a filter is typed.
type prompt struct {
	input input
	old   string // what the filter was before
	err   string
}

// openFilter begins to edit the filter of the list that takes the keys.
func (m *Model) openFilter() {
	if m.screen == screenSources {
		m.say(sayInfo, "this list has no filter")
		return
	}
	text := m.filterText()
	m.prompt = &prompt{input: newInput(text), old: text}
}

// filterText is the filter of the list that takes the keys.
func (m *Model) filterText() string {
	switch {
	case m.screen == screenFindings:
		return m.findings.filter.String()
	case m.screen == screenServices:
		return m.services.filter.String()
	case m.screen == screenJournal:
		return m.journal.filter.String()
	case m.screen != screenFleet:
		return ""
	case m.focus == paneRecords:
		return m.records.filter.String()
	}
	return m.instances.filter.String()
}

func (m *Model) promptKey(k tea.KeyPressMsg) tea.Cmd {
	p := m.prompt
	switch k.String() {
	case "enter", "tab":
		if p.err != "" {
			return nil
		}
		m.prompt = nil
		return nil
	case "esc":
		m.prompt = nil
		return m.setFilter(p.old)
	case "up":
		m.grid().Move(-1)
		m.follow()
		return nil
	case "down":
		m.grid().Move(1)
		m.follow()
		return nil
	}
	if p.input.key(k) {
		return m.promptChanged()
	}
	return nil
}

// promptChanged filters by what has been typed so far. A filter that cannot be
// read yet leaves the list as it is and says why.
func (m *Model) promptChanged() tea.Cmd { return m.setFilter(m.prompt.input.value()) }

func (m *Model) setFilter(text string) tea.Cmd {
	f, err := filter.Parse(text)
	if m.prompt != nil {
		m.prompt.err = ""
		if err != nil {
			m.prompt.err = Clean(err.Error())
		}
	}
	if err != nil {
		return nil
	}
	switch {
	case m.screen == screenFindings:
		m.findings.filter = f
		return m.arrangeFindings()
	case m.screen == screenServices:
		m.services.filter = f
		return m.arrangeServices()
	case m.screen == screenJournal:
		m.journal.filter = f
		return m.arrangeJournal()
	case m.screen != screenFleet:
		return nil
	case m.focus == paneRecords:
		m.records.filter = f
		return m.arrangeRecords()
	}
	m.instances.filter = f
	return m.arrangeInstances()
}
