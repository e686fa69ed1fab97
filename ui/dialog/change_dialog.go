package dialog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// changeDialog shows a change: its plan with the guards, the texts to type, its progress, and its outcome.
type changeDialog struct {
	changes *Changes
	c       *change
}

// askedJustNow reports whether a question for a single key has just appeared. It appears when the clouds have answered,
// so the operator may not have read it.
func (c *change) askedJustNow(now time.Time) bool {
	return c.stage == stageConfirm && now.Before(c.since.Add(common.QuietFor))
}

func (d *changeDialog) Key(sh *common.Context, k tea.KeyPressMsg) common.DialogAction {
	c := d.c
	key := k.String()
	if n := map[string]int{"tab": 1, "shift+tab": -1}[key]; n != 0 && c.maxOutChanges() {
		return common.Cmd{Cmd: d.changeMaxOut(n)}
	}
	if c.asksToSkip() {
		d.typeSkip(k)
		return nil
	}
	if c.stage == stageConfirm && c.asksText() && c.confirmable(sh) {
		return d.typing(k)
	}
	switch key {
	case "esc", "q":
		if c.stage == stageRunning {
			sh.Notify(common.ToneInfo, c.what+" goes on in the background; : changes shows it again")
		}
		return common.Close{}
	case "enter", "y":
		switch {
		case c.askedJustNow(sh.Now()):
		case c.stage == stageConfirm && sh.InWord():
		case c.stage == stageConfirm && c.confirmable(sh):
			return d.run()
		case c.stage == stageEnded && key == "enter":
			return common.Close{}
		}
	case "n":
		if c.stage == stageConfirm {
			return common.Close{}
		}
	case "s":
		if c.stage == stageRunning && c.wait.Total > 0 && len(c.plan.Terminated()) > 0 {
			c.skipAsked, c.input, c.wrong = c.wait.Step, common.Input{}, ""
		}
	case "x":
		if c.stage == stageRunning && c.isReplacement() && !c.stopped {
			c.stop()
		}
	case "a":
		if f := c.otherRemedy(sh); f != nil {
			return common.Do{A: common.ActRemedy}
		}
	case "u":
		if c.undoable() {
			return common.Request{Request: common.ChangeRequest{Verb: index.VerbUndo, Run: c.report.Run}, What: "undo " + c.what}
		}
	case "r":
		if c.stage == stageEnded && c.err == "" && c.report != nil && !c.report.OK() || c.stage == stageConfirm && !c.possible() {
			return common.Request{Request: c.request, What: c.what}
		}
	}
	if key == "w" && c.stage != stagePlanning {
		c.allGuards = !c.allGuards
		return nil
	}
	common.Scroll(&c.view, key)
	return nil
}

// typing handles a key while a text is being typed.
func (d *changeDialog) typing(k tea.KeyPressMsg) common.DialogAction {
	c := d.c
	switch k.String() {
	case "esc":
		return common.Close{}
	case "up":
		c.view.ScrollUp(1)
	case "down":
		c.view.ScrollDown(1)
	case "enter":
		if typed := strings.TrimSpace(c.input.Value()); !index.IsTyped(typed, c.need) {
			c.wrong = typed
			return nil
		}
		c.typed = true
		return d.run()
	default:
		if c.input.Key(k) {
			c.wrong = ""
		}
	}
	return nil
}

// run carries the change out.
func (d *changeDialog) run() common.DialogAction {
	d.c.report = nil
	return common.Cmd{Cmd: d.changes.runCmd(d.c)}
}

// Closed implements the closing of a dialog. A running change continues.
func (d *changeDialog) Closed() {
	d.c.dialog = false
	if d.c.stage != stageRunning {
		delete(d.changes.byID, d.c.gen) // pending messages are outdated
	}
}

func (d *changeDialog) Paste(_ *common.Context, s string) common.DialogAction {
	if d.c.stage == stageConfirm || d.c.asksToSkip() {
		d.c.input.Insert(s)
	}
	return nil
}

// asksText reports whether a text has to be typed before the change runs.
func (c *change) asksText() bool { return c.need != "" && !c.typed }

// confirmable reports whether the operator may confirm: the console is not read-only, and confirming would do
// something.
func (c *change) confirmable(sh *common.Context) bool { return !sh.ReadOnly && c.possible() }

// otherRemedy returns the finding under the cursor if the plan is empty but another remedy would do something.
func (c *change) otherRemedy(sh *common.Context) *dnsview.Finding {
	f := sh.Current().Finding
	if c.stage == stageEnded && len(c.plan.Steps) == 0 && c.request.Verb == index.VerbDeregister && f != nil &&
		f.Remedy != dnsview.NoRemedy && f.Remedy != dnsview.RemedyDelete {
		return f
	}
	return nil
}

// undoable reports whether something was done that can be reverted.
func (c *change) undoable() bool {
	return c.stage == stageEnded && c.report != nil && c.report.Run != "" && !c.request.Verb.TakesBack() && c.report.Undoable()
}

// notUndone returns what an undo of a change leaves as it is, or "".
func (c *change) notUndone() string {
	if c.report == nil {
		return ""
	}
	gone := c.report.Terminated()
	switch name := plan.NameOrCount(gone); len(gone) {
	case 0:
		return ""
	case 1:
		return "an undo does not bring back " + name + ", which is terminated"
	default:
		return "an undo does not bring back the " + name + " nodes that are terminated"
	}
}

func (d *changeDialog) Draw(sh *common.Context, w, h int) common.Panel {
	c, t := d.c, sh.Theme
	p := common.Panel{Title: c.what, View: &c.view, Danger: len(c.plan.Terminated()) > 0 || sh.Current().Production}
	switch c.stage {
	case stagePlanning:
		if c.maxOutChanges() {
			p.Lines = paintIndented(t, theme.Notice, t.Dot, theme.Plain, c.limitText(), w)
		}
		p.Lines = append(p.Lines, t.Paint(theme.Dim, t.Wait+" planning"+t.Ellipsis))
		p.Hints = append(common.KeyHints("esc", "cancel"), c.maxOutHint()...)
		return p
	case stageChecking:
		p.Lines = append(d.steps(sh, w), "", t.Paint(theme.Notice, t.Wait+" asking every cloud afresh, then the guards"+t.Ellipsis))
		p.Hints = append(common.KeyHints("esc", "cancel"), c.maxOutHint()...)
	case stageConfirm:
		p.Lines = d.steps(sh, w)
		p.Tail, p.Hints = d.question(sh, w)
		p.Hints = append(p.Hints, c.maxOutHint()...)
	case stageRunning:
		p.Lines = d.steps(sh, w)
		p.Hints = common.KeyHints("esc", "go on in the background")
		if c.isReplacement() && !c.stopped {
			p.Hints = append(common.KeyHints("x", "stop"), p.Hints...)
		}
		if c.wait.Total > 0 {
			p.Tail = append(p.Tail, "", d.countdown(sh, w))
			if c.asksToSkip() {
				tail, hints := d.skipQuestion(sh, w)
				p.Tail, p.Hints = append(p.Tail, tail...), hints
			} else {
				p.Hints = append(common.KeyHints("s", "skip the wait"), p.Hints...)
			}
		} else if c.lastText != "" {
			p.Tail = append(p.Tail, "", t.Paint(theme.Notice, t.Wait+" "+c.lastText))
		}
	case stageEnded:
		p.Lines = d.steps(sh, w)
		if c.err != "" {
			p.Lines = append(p.Lines, "")
			for _, l := range common.Wrap(c.err, min(w, 90)) {
				p.Lines = append(p.Lines, t.Paint(theme.Bad, l))
			}
		}
		if c.stopped && c.report != nil && !c.report.OK() {
			p.Tail = append(p.Tail, "")
			for _, l := range common.Wrap(c.stopHint(), min(w, 90)) {
				p.Tail = append(p.Tail, t.Paint(theme.Notice, l))
			}
		}
		p.Hints = common.KeyHints("esc", "close")
		if text := c.notUndone(); text != "" {
			p.Tail = append(p.Tail, "")
			for _, l := range common.Wrap(text, min(w, 90)) {
				p.Tail = append(p.Tail, t.Paint(theme.Dim, l))
			}
		}
		if f := c.otherRemedy(sh); f != nil {
			p.Hints = append(common.KeyHints("a", string(f.Remedy)), p.Hints...)
		}
		if c.undoable() {
			p.Hints = append(common.KeyHints("u", "undo"), p.Hints...)
		}
		if c.report != nil && !c.report.OK() {
			p.Hints = append(common.KeyHints("r", map[bool]string{false: "try again", true: "go on"}[c.stopped]), p.Hints...)
		}
	}
	if (c.stage == stageConfirm || c.stage == stageEnded) && (c.check != nil || c.report != nil) && !c.asksText() {
		p.Hints = append(p.Hints, common.KeyHint("w", map[bool]string{false: "all guards", true: "fewer guards"}[c.allGuards]))
	}
	return p
}

// question draws what the operator has to answer.
func (d *changeDialog) question(sh *common.Context, w int) ([]string, []key.Binding) {
	c, t := d.c, sh.Theme
	closing := common.KeyHints("esc", "close")
	switch {
	case !c.possible():
		return []string{"", t.Paint(theme.Warn, t.Warn+" the guards refuse; nothing was changed")}, append(common.KeyHints("r", "ask again"), closing...)
	case sh.ReadOnly:
		return []string{"", t.Paint(theme.Warn, t.Warn+" read-only: "+sh.KeyMap.Label(common.ActReadOnly)+" switches it")}, closing
	case c.asksText():
		tail := []string{""}
		for _, l := range common.Wrap(c.why, min(w, 90)) {
			tail = append(tail, t.Paint(theme.Warn, l))
		}
		return append(tail, d.inputFor(t, c.need, w)...), common.KeyHints("enter", "do it", "esc", "cancel")
	}
	if n := c.check.Count(apply.StepRefused); n > 0 {
		return []string{"", t.Paint(theme.Warn, fmt.Sprintf("%s %d of %d steps are refused, the others can go", t.Warn, n, len(c.check.Steps)))},
			common.KeyHints("y", "do the others", "esc", "cancel")
	}
	return []string{""}, common.KeyHints("y", "do it", "esc", "cancel")
}

// inputFor draws what is typed for a text, and what was typed instead.
func (d *changeDialog) inputFor(t *theme.Theme, text string, w int) (lines []string) {
	label := common.Wrap("type "+text, min(w, 90))
	if wrong := d.c.wrong; wrong != "" {
		lines = []string{t.Paint(theme.Bad, t.Bad+" "+strconv.Quote(wrong)+" is not "+strconv.Quote(text)+"; nothing was done")}
	}
	last := label[len(label)-1] + " "
	if len(label) > 1 || ansi.StringWidth(last) > w/2 {
		label, last = append(label, ""), ""
	}
	for _, l := range label[:len(label)-1] {
		lines = append(lines, t.Paint(theme.Strong, l))
	}
	return append(lines, t.Paint(theme.Strong, last)+d.c.input.View(t, min(max(w-ansi.StringWidth(last), 4), max(40, ansi.StringWidth(text)+1)), true, ""))
}

// countdown draws the current wait.
func (d *changeDialog) countdown(sh *common.Context, w int) string {
	c, t := d.c, sh.Theme
	left := c.wait.Left
	if !c.wait.At.IsZero() {
		left -= sh.Now().Sub(c.wait.At)
	}
	left = max(left, 0).Round(time.Second)
	until := " until resolvers forget"
	if slices.ContainsFunc(c.plan.Steps, func(s plan.Step) bool { return s.ID == c.wait.Step && s.Lingers }) {
		until += " and connections end"
	}
	n := max(min(w-2-len(until), 36), 4)
	full := n
	if c.wait.Total > 0 {
		full = n - int(int64(n)*int64(left)/int64(c.wait.Total))
	}
	full = max(min(full, n), 0)
	return t.Paint(theme.Notice, strings.Repeat(t.Full, full)) + t.Paint(theme.Faint, strings.Repeat(t.Empty, n-full)) +
		t.Paint(theme.Strong, fmt.Sprintf(" %s", left)) + t.Paint(theme.Dim, until)
}
