package form

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/providers/launch"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
	"rollcall/ui/theme"
)

// launchDialog shows a launch node by node.
type launchDialog struct {
	launches *Launches
	r        *launchRun
	at       int // node under the cursor
	view     viewport.Model
}

func (d *launchDialog) Key(sh *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch key := k.String(); key {
	case "esc", "q":
		if d.r.report != nil {
			delete(d.launches.byID, d.r.gen)
		} else {
			sh.Notify(common.ToneInfo, "the launch goes on in the background; : changes shows it again")
		}
		return common.Close{}
	case "enter":
		if d.refused() {
			delete(d.launches.byID, d.r.gen)
			return common.Close{}
		}
		return d.openLog(sh)
	case "r":
		if d.r.report != nil && !d.r.report.OK() && !d.refused() {
			return common.Cmd{Cmd: d.launches.ask(d, func() tea.Cmd { return d.launches.retry(d.r) })}
		}
	default:
		if d.refused() {
			common.Scroll(&d.view, key)
		} else {
			d.at = max(min(d.at+common.ScrollBy(key), len(d.r.nodes)-1), 0)
		}
	}
	return nil
}

// refused reports whether nothing was started.
func (d *launchDialog) refused() bool { return d.r.report != nil && len(d.r.report.Problems) > 0 }

// openLog opens the console log of the node under the cursor.
func (d *launchDialog) openLog(sh *common.Context) common.DialogAction {
	if d.at >= len(d.r.nodes) {
		return nil
	}
	n := &d.r.nodes[d.at]
	if n.Instance.ID == "" {
		sh.Notify(common.ToneInfo, "this node is no instance yet: it has no console log")
		return nil
	}
	inst := n.Instance
	inst.Cloud, inst.Name = n.Cloud, n.Name
	return common.Cmd{Cmd: dialog.ConsoleLog(sh, &inst)}
}

func (d *launchDialog) Draw(sh *common.Context, w, h int) common.Panel {
	t, r := sh.Theme, d.r
	w = min(w, 92)
	p := common.Panel{Title: "Launch " + common.Clean(r.spec.ID), View: &d.view, Width: w}
	if d.refused() {
		for _, x := range r.report.Problems {
			for _, l := range common.Wrap(common.Clean(x), w-2) {
				p.Lines = append(p.Lines, t.Paint(theme.Bad, t.Bad+" "+l))
			}
		}
		p.Tail = []string{"", t.Paint(theme.Dim, "nothing was started")}
		p.Hints = common.KeyHints("esc", "close")
		return p
	}
	p.Tail = []string{"", d.bar(sh, w)}
	d.at = max(min(d.at, len(r.nodes)-1), 0)
	first, last := 0, 0
	for i := range r.nodes {
		if i == d.at {
			first = len(p.Lines)
		}
		p.Lines = append(p.Lines, nodeLines(t, &r.nodes[i], w, sh.Now(), i == d.at)...)
		if i == d.at {
			last = len(p.Lines)
		}
	}
	d.view.SetHeight(max(h-len(p.Tail)-2, 1))
	d.view.SetContentLines(p.Lines)
	d.view.SetYOffset(min(max(d.view.YOffset(), last-d.view.Height()), first))
	p.Hints = common.KeyHints("enter", "console log", "esc", "go on in the background")
	if r.report != nil {
		p.Hints = common.KeyHints("enter", "console log", "esc", "close")
		if !r.report.OK() {
			p.Hints = append(common.KeyHints("r", "retry what is missing"), p.Hints...)
		}
	}
	return p
}

// bar draws how many nodes are done.
func (d *launchDialog) bar(sh *common.Context, w int) string {
	t, nodes := sh.Theme, d.r.nodes
	done := 0
	for i := range nodes {
		if nodes[i].Done() {
			done++
		}
	}
	bar := max(min(w-30, 40), 4)
	full := 0
	if len(nodes) > 0 {
		full = bar * done / len(nodes)
	}
	return t.Paint(theme.Good, strings.Repeat(t.Full, full)) + t.Paint(theme.Faint, strings.Repeat(t.Empty, bar-full)) +
		t.Paint(theme.Strong, fmt.Sprintf(" %d of %d registered", done, len(nodes)))
}

// nodeLines draws one node, with a reason on lines of its own.
func nodeLines(t *theme.Theme, n *launch.Node, w int, now time.Time, cursor bool) []string {
	glyph, role := t.Wait, theme.Notice
	switch n.Stage {
	case launch.StageWaiting:
		glyph, role = t.Hollow, theme.Dim
	case launch.StageHealthy:
		glyph, role = t.Wait, theme.Good
	case launch.StageRegistered:
		glyph, role = t.OK, theme.Good
	case launch.StageFailed:
		glyph, role = t.Bad, theme.Bad
	case launch.StageUnknown:
		glyph, role = t.Warn, theme.Warn
	}
	name := cmp.Or(common.Clean(n.Name), fmt.Sprintf("node %d", n.Index+1))
	since := ""
	if !n.Since.IsZero() && !n.Done() {
		since = rows.Age(now.Sub(n.Since))
	}
	bar, face := "  ", theme.Plain
	if cursor {
		bar, face = t.Bar+" ", theme.Strong
	}
	l := common.NewLine(t).Add(theme.Accent, bar).Add(role, glyph+" ")
	if w < 60 { // the stage is the most important
		l.Add(face, common.Fit(name, 12, t.Ellipsis)).Gap(1).Add(role, common.Fit(string(n.Stage), 11, "")).Add(theme.Faint, common.Fit(since, 4, "")).
			Add(theme.Dim, common.Fit(common.Clean(n.Cloud), 14, t.Ellipsis)).Gap(1)
	} else {
		l.Add(face, common.Fit(name, 20, t.Ellipsis)).Gap(1).Add(theme.Dim, common.Fit(common.Clean(n.Cloud), 14, t.Ellipsis)).
			Gap(1).Add(role, common.Fit(string(n.Stage), 11, "")).Add(theme.Faint, common.Fit(since, 4, ""))
	}
	id := common.Clean(n.Instance.ID)
	if len(n.Instance.PublicIPs) > 0 {
		id += "  " + n.Instance.PublicIPs[0].String()
	}
	out := []string{l.Add(theme.Dim, id).B.String()}
	why := n.Message
	if n.Err != nil && (why == "" || n.Stage == launch.StageFailed) {
		why = n.Err.Error()
	}
	if n.Stage == launch.StageHealthy {
		role = theme.Warn // it is healthy, but something keeps it from being registered
	}
	if why != "" && n.Stage != launch.StageRegistered {
		for _, x := range common.Wrap(common.Clean(why), max(w-6, 8)) {
			out = append(out, "    "+t.Paint(role, x))
		}
	}
	return out
}
