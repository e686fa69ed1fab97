package ui

import (
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/filter"
	"rollcall/ui/common"
)

// prompt is the line at the bottom in which a filter is typed.
type prompt struct {
	input common.Input
	old   string // the filter before
	err   string
}

// openFilter starts to edit the filter of the list that has the keys.
func (m *Model) openFilter() tea.Cmd {
	text := m.top().Table().FilterText()
	m.prompt = &prompt{input: common.NewInput(text), old: text}
	return m.top().Table().PrepareFilter()
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
		m.top().Table().Move(-1)
		m.top().Moved()
		return nil
	case "down":
		m.top().Table().Move(1)
		m.top().Moved()
		return nil
	}
	if p.input.Key(k) {
		return m.promptChanged()
	}
	return nil
}

// promptChanged applies what has been typed so far. An incomplete filter leaves the list unchanged and shows why.
func (m *Model) promptChanged() tea.Cmd { return m.setFilter(m.prompt.input.Value()) }

func (m *Model) setFilter(text string) tea.Cmd {
	f, err := filter.Parse(text)
	if m.prompt != nil {
		m.prompt.err = ""
		if err != nil {
			m.prompt.err = common.Clean(err.Error())
		}
	}
	if err != nil {
		return nil
	}
	m.top().Table().SetFilter(f)
	return m.top().Arrange()
}
