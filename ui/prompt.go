package ui

import (
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/filter"
	"rollcall/ui/common"
)

// prompt is the line at the bottom in which a filter is typed.
type prompt struct {
	input   common.Input
	old     string // the filter before
	back    func() // moves the cursor back to where it was before
	err     string
	earlier common.Recall
}

// openFilter starts to edit the filter of the list that has the keys.
func (m *Model) openFilter() tea.Cmd {
	text := m.top().Table().FilterText()
	m.prompt = &prompt{input: common.NewInput(text), old: text, back: m.top().Table().Bookmark(), earlier: common.NewRecall(m.History[common.PromptFilters])}
	return m.top().Table().PrepareFilter()
}

func (m *Model) promptKey(k tea.KeyPressMsg) tea.Cmd {
	p := m.prompt
	switch k.String() {
	case "enter", "tab":
		if p.err != "" {
			return nil
		}
		text := p.input.Value() // what looked half typed is meant
		return tea.Batch(m.remember(common.PromptFilters, strings.TrimSpace(text)), m.closeFilter(text))
	case "esc":
		p.back()
		return m.closeFilter(p.old)
	case "up":
		return m.recallFilter(p.earlier.Older(p.input.Value()))
	case "down":
		return m.recallFilter(p.earlier.Newer())
	case "ctrl+p", "ctrl+n":
		by := 1
		if k.String() == "ctrl+p" {
			by = -1
		}
		m.top().Table().Move(by)
		m.top().Moved()
		return nil
	}
	if p.input.Key(k) {
		return m.promptChanged()
	}
	return nil
}

// recallFilter shows an earlier filter and applies it, if there is one.
func (m *Model) recallFilter(text string, ok bool) tea.Cmd {
	if !ok {
		return nil
	}
	m.prompt.input.Set(text)
	return m.promptChanged()
}

// closeFilter closes the prompt and sets the filter.
func (m *Model) closeFilter(text string) tea.Cmd {
	m.prompt = nil
	cmd := m.setFilter(text)
	m.top().Table().EndFilter()
	return cmd
}

// promptChanged applies what has been typed so far. A term that is half typed changes nothing, and what cannot be read
// shows why.
func (m *Model) promptChanged() tea.Cmd {
	f, err := filter.ParseTyped(m.prompt.input.Value())
	m.prompt.err = ""
	if e, ok := errors.AsType[*filter.Error](err); ok {
		m.prompt.err = common.Clean(e.Why) // the cursor is where the mistake is
	}
	return m.apply(f)
}

// setFilter filters the list that has the keys. A filter that cannot be read changes nothing.
func (m *Model) setFilter(text string) tea.Cmd {
	f, err := filter.Parse(text)
	if err != nil {
		return nil
	}
	return m.apply(f)
}

func (m *Model) apply(f filter.Filter) tea.Cmd {
	m.top().Table().SetFilter(f)
	return m.top().Arrange()
}
