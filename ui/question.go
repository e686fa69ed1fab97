package ui

import (
	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
	"rollcall/ui/dialog"
)

// questionMsg is a question of a source.
type questionMsg common.Question

// awaitQuestion waits for the next question of a source.
func (m *Model) awaitQuestion() tea.Cmd {
	ctx, questions := m.Ctx, m.Backend.Questions()
	return func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case q := <-questions:
			return questionMsg(q)
		}
	}
}

// askQuestion opens the next question of a source if nothing else takes keys.
func (m *Model) askQuestion() {
	if len(m.questions) == 0 || len(m.Dialogs) > 0 || m.prompt != nil {
		return
	}
	dialog.Question(m.Context, m.questions[0])
	m.questions = m.questions[1:]
}
