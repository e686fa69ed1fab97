package dialog

import (
	"errors"
	"strings"

	"rollcall/ui/common"
)

// Question asks the operator what a source needs. It opens by itself, so it ignores keys at first.
func Question(sh *common.Context, q common.Question) {
	d := &lineDialog{title: "A source asks", label: "answer ", enter: "answer", done: "the answer is on its way", quiet: sh.Now().Add(common.QuietFor)}
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
