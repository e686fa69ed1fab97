package dialog

import (
	"slices"

	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// NewMessages returns a dialog with the messages so far, the latest first, with their times.
func NewMessages(sh *common.Context) common.Dialog {
	d := &Text{Title: "Messages"}
	for _, m := range slices.Backward(sh.Messages) {
		d.Lines = append(d.Lines, m.Logged(sh.Theme))
	}
	if len(d.Lines) == 0 {
		d.Lines = []string{sh.Theme.Paint(theme.Dim, "no message yet")}
	}
	return d
}
