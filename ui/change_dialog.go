package ui

import (
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/ui/theme"
)

// changeDialog shows a change: its plan with the guards, what has to be typed,
// how far it is, and what became of it.
type changeDialog struct {
	changes *changes
	c       *change
	quiet   time.Time // takes no keys before
}

// early reports whether it is too early for any key: the dialog opened by itself.
func (d *changeDialog) early(now time.Time) bool { return now.Before(d.quiet) }

// askedJustNow reports whether a question that a single key answers has just
// appeared: it does so when the clouds have answered, not when the operator has looked.
func (c *change) askedJustNow(now time.Time) bool {
	return c.stage == stageConfirm && now.Before(c.since.Add(quietFor))
}

func (d *changeDialog) key(sh *shared, k tea.KeyPressMsg) action {
	c := d.c
	if d.early(sh.now()) {
		return nil
	}
	key := k.String()
	if c.stage == stageConfirm && len(c.typed) < len(c.need) && c.confirmable(sh) {
		return d.typing(k)
	}
	switch key {
	case "esc", "q":
		if c.stage == stageRunning {
			sh.notify(toneInfo, c.what+" goes on in the background; : changes shows it again")
		}
		return actClose{}
	case "enter", "y":
		switch {
		case c.askedJustNow(sh.now()):
		case c.stage == stageConfirm && c.confirmable(sh):
			return d.run()
		case c.stage == stageEnded && key == "enter":
			return actClose{}
		}
	case "n":
		if c.stage == stageConfirm {
			return actClose{}
		}
	case "s":
		if c.stage == stageRunning && c.wait.Total > 0 {
			select {
			case c.skip <- struct{}{}:
			default:
			}
		}
	case "a":
		if f := c.instead(sh); f != nil {
			return actDo{ActRemedy}
		}
	case "u":
		if c.undoable() {
			return actRequest{ChangeRequest{Verb: dnsview.VerbUndo, Run: c.report.Run}, "undo " + c.what}
		}
	case "r":
		if c.stage == stageEnded && c.err == "" && c.report != nil && !c.report.OK() {
			return actRequest{c.request, c.what}
		}
	}
	if key == "w" && c.stage != stagePlanning {
		c.whole = !c.whole
		return nil
	}
	scroll(&c.view, key)
	return nil
}

// typing handles a key while a text has to be typed.
func (d *changeDialog) typing(k tea.KeyPressMsg) action {
	c := d.c
	switch k.String() {
	case "esc":
		return actClose{}
	case "up":
		c.view.ScrollUp(1)
	case "down":
		c.view.ScrollDown(1)
	case "enter":
		n := c.need[len(c.typed)]
		if strings.TrimSpace(c.input.value()) != n.text {
			return nil
		}
		c.typed = append(c.typed, n.text)
		c.input = input{}
		if len(c.typed) == len(c.need) {
			return d.run()
		}
	default:
		c.input.key(k)
	}
	return nil
}

// run carries the change out.
func (d *changeDialog) run() action {
	d.c.report = nil
	return actCmd{d.changes.runCmd(d.c)}
}

// closed is called when the dialog has left the screen. A change that runs goes on.
func (d *changeDialog) closed() {
	d.c.dialog = false
	if d.c.stage != stageRunning {
		delete(d.changes.byID, d.c.gen) // whatever is still on its way is late
	}
}

func (d *changeDialog) paste(sh *shared, s string) action {
	if d.c.stage == stageConfirm && !d.early(sh.now()) {
		d.c.input.insert(s)
	}
	return nil
}

// confirmable reports whether the operator may confirm: not in read-only mode,
// and only when it would do something.
func (c *change) confirmable(sh *shared) bool { return !sh.readOnly && c.possible() }

// instead is the finding under the cursor when the plan came to nothing and another
// remedy would do something.
func (c *change) instead(sh *shared) *dnsview.Finding {
	f := sh.current().finding
	if c.stage == stageEnded && len(c.plan.Steps) == 0 && c.request.Verb == dnsview.VerbDeregister && f != nil &&
		f.Remedy != dnsview.NoRemedy && f.Remedy != dnsview.RemedyDelete {
		return f
	}
	return nil
}

// undoable reports whether something was done that can be taken back.
func (c *change) undoable() bool {
	return c.stage == stageEnded && c.report != nil && c.report.Run != "" && !c.request.Verb.TakesBack() &&
		c.report.Count(apply.StepDone) > 0
}

func (d *changeDialog) draw(sh *shared, w, h int) panel {
	c, t := d.c, sh.theme
	p := panel{title: c.what, view: &c.view, danger: len(terminates(c.plan)) > 0 || sh.current().production}
	switch c.stage {
	case stagePlanning:
		p.lines = []string{t.Paint(theme.Dim, t.Wait+" planning"+t.Ellipsis)}
		p.hints = keyHints("esc", "cancel")
		return p
	case stageChecking:
		p.lines = append(d.steps(sh, w), "", t.Paint(theme.Notice, t.Wait+" asking every cloud afresh, then the guards"+t.Ellipsis))
		p.hints = keyHints("esc", "cancel")
	case stageConfirm:
		p.lines = d.steps(sh, w)
		p.tail, p.hints = d.question(sh, w)
	case stageRunning:
		p.lines = d.steps(sh, w)
		p.hints = keyHints("esc", "go on in the background")
		if c.wait.Total > 0 {
			p.tail = append(p.tail, "", d.countdown(sh, w))
			p.hints = append(keyHints("s", "skip the wait"), p.hints...)
		} else if c.said != "" {
			p.tail = append(p.tail, "", t.Paint(theme.Notice, t.Wait+" "+c.said))
		}
	case stageEnded:
		p.lines = d.steps(sh, w)
		if c.err != "" {
			p.lines = append(p.lines, "")
			for _, l := range wrap(c.err, min(w, 90)) {
				p.lines = append(p.lines, t.Paint(theme.Bad, l))
			}
		}
		p.hints = keyHints("esc", "close")
		if f := c.instead(sh); f != nil {
			p.hints = append(keyHints("a", string(f.Remedy)), p.hints...)
		}
		if c.undoable() {
			p.hints = append(keyHints("u", "undo"), p.hints...)
		}
		if c.report != nil && !c.report.OK() {
			p.hints = append(keyHints("r", "try again"), p.hints...)
		}
	}
	if (c.stage == stageConfirm || c.stage == stageEnded) && (c.check != nil || c.report != nil) && len(c.typed) == len(c.need) {
		p.hints = append(p.hints, keyHint("w", map[bool]string{false: "all guards", true: "fewer guards"}[c.whole]))
	}
	return p
}

// question draws what the operator has to answer.
func (d *changeDialog) question(sh *shared, w int) ([]string, []key.Binding) {
	c, t := d.c, sh.theme
	closing := keyHints("esc", "close")
	switch {
	case !c.possible():
		return []string{"", t.Paint(theme.Warn, t.Warn+" the guards refuse; nothing was changed")}, append(keyHints("r", "ask again"), closing...)
	case sh.readOnly:
		return []string{"", t.Paint(theme.Warn, t.Warn+" read-only: "+sh.keymap.label(ActReadOnly)+" switches it")}, closing
	case len(c.typed) < len(c.need):
		n := c.need[len(c.typed)]
		tail := []string{""}
		for _, l := range wrap(n.why, min(w, 90)) {
			tail = append(tail, t.Paint(theme.Warn, l))
		}
		label := "type " + n.text + " "
		return append(tail, t.Paint(theme.Strong, label)+c.input.view(t, min(max(w-len(label), 4), 40), true, "")),
			keyHints("enter", "do it", "esc", "cancel")
	}
	if n := c.check.Count(apply.StepRefused); n > 0 {
		return []string{"", t.Paint(theme.Warn, fmt.Sprintf("%s %d of %d steps are refused, the others can go", t.Warn, n, len(c.check.Steps)))},
			keyHints("y", "do the others", "esc", "cancel")
	}
	return []string{""}, keyHints("y", "do it", "esc", "cancel")
}

// countdown draws the wait that is under way.
func (d *changeDialog) countdown(sh *shared, w int) string {
	c, t := d.c, sh.theme
	left := c.wait.Left
	if !c.wait.At.IsZero() {
		left -= sh.now().Sub(c.wait.At)
	}
	left = max(left, 0).Round(time.Second)
	n := max(min(w-24, 36), 4)
	full := n
	if c.wait.Total > 0 {
		full = n - int(int64(n)*int64(left)/int64(c.wait.Total))
	}
	full = max(min(full, n), 0)
	return t.Paint(theme.Notice, strings.Repeat(t.Full, full)) + t.Paint(theme.Faint, strings.Repeat(t.Empty, n-full)) +
		t.Paint(theme.Strong, fmt.Sprintf(" %s", left)) + t.Paint(theme.Dim, " until resolvers forget")
}
