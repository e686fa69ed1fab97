package dialog

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// asksToSkip reports whether the operator was asked for the text that ends the present wait.
func (c *change) asksToSkip() bool {
	return c.stage == stageRunning && c.wait.Total > 0 && c.skipAsked == c.wait.Step
}

// typeSkip handles a key while the text is typed without which a wait is not skipped: the name of the node that is terminated
// then, or the number of nodes.
func (d *changeDialog) typeSkip(k tea.KeyPressMsg) {
	c := d.c
	switch k.String() {
	case "esc":
		c.skipAsked = 0
	case "enter":
		text := plan.NameOrCount(c.plan.Terminated())
		if typed := strings.TrimSpace(c.input.Value()); !index.IsTyped(typed, text) {
			c.wrong = typed
			return
		}
		c.skipAsked = 0
		select {
		case c.skip <- struct{}{}:
		default:
		}
	default:
		if c.input.Key(k) {
			c.wrong = ""
		}
	}
}

// skipQuestion draws what resolvers may still hold, and the text that skips the wait.
func (d *changeDialog) skipQuestion(sh *common.Context, w int) (lines []string, hints []key.Binding) {
	c, t := d.c, sh.Theme
	var held []string
	for i := range c.plan.Steps {
		s := &c.plan.Steps[i]
		if s.ID == c.wait.Step {
			break
		}
		if s.Change != nil && s.Change.Op == providers.OpDelete && !s.Change.Before.IsMarker() && !slices.Contains(held, s.Change.Before.Label()) {
			held = append(held, s.Change.Before.Label())
		}
	}
	why := "resolvers may hold it for the time above, and clients that ask them go to an address that has ended"
	if len(held) > 0 {
		why = "resolvers may hold " + strings.Join(held[:min(3, len(held))], ", ") + " for the time above, and clients that ask them go to an address that has ended"
	}
	for _, l := range common.Wrap(sh.Readable(why), min(w, 90)) {
		lines = append(lines, t.Paint(theme.Warn, l))
	}
	return append(lines, d.inputFor(t, plan.NameOrCount(c.plan.Terminated()), w)...), common.KeyHints("enter", "skip the wait", "esc", "wait on")
}
