package dialog

import (
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/ui/common"
)

// Question asks the operator what a source needs.
func Question(sh *common.Context, q common.Question) {
	d := &lineDialog{title: "A source asks", label: "answer ", enter: "answer", done: "the answer is on its way"}
	if q.Note != "" {
		d.err = common.Clean(q.Note)
	}
	d.lines = append(common.Wrap(common.Clean(q.Text)+". It is kept in memory only.", sh.TextWidth()), "")
	d.accept = func(text string) (func() error, error) {
		text = strings.TrimSpace(text)
		if text == "" {
			return nil, errors.New("type it, or leave it: the source stays failed then")
		}
		return func() error { q.Answer(text); return nil }, nil
	}
	d.closed = func() { q.Answer("") } // unless it was answered
	sh.Open(d)
}

// Journal asks for the text without which a launch is not journalled, and goes on with it.
func Journal(sh *common.Context, ask *apply.Ask, then func() tea.Cmd) {
	text, backend := ask.Text, sh.Backend
	d := &lineDialog{title: "The journal asks", label: "type " + common.Clean(text) + " ", enter: "launch all the same", then: then}
	d.lines = append(common.Wrap(common.Clean(ask.Why), sh.TextWidth()), "")
	d.accept = func(typed string) (func() error, error) {
		if !index.IsTyped(strings.TrimSpace(typed), text) {
			return nil, errors.New("type it, or leave it: nothing is launched then")
		}
		return func() error { return backend.AnswerJournal(text) }, nil
	}
	sh.Open(d)
}
