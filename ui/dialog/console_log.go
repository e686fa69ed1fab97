package dialog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// logEvery is how often an open console log is read again.
const logEvery = 5 * time.Second

// logDialog shows the end of an instance's console log, and reads it again while it is open.
type logDialog struct {
	gen     uint64 // messages of other dialogs are outdated
	inst    providers.InstanceRef
	address string

	reading bool
	asked   time.Time // start of the last read; zero before the first
	read    time.Time // end of the last successful read
	lines   []string
	err     string
	none    string // why there can be no log

	follow  bool // always shows the end
	view    viewport.Model
	wrapped []string // lines wrapped to width
	width   int
}

// logMsg is a console log, cleaned.
type logMsg struct {
	gen   uint64
	lines []string
	err   error
}

// ConsoleLog opens the console log of an instance.
func ConsoleLog(sh *common.Context, i *providers.Instance) tea.Cmd {
	d := &logDialog{gen: sh.NextID(), inst: i.Ref(), follow: true}
	if a := append(i.PublicIPs[:len(i.PublicIPs):len(i.PublicIPs)], i.PrivateIPs...); len(a) > 0 {
		d.address = a[0].String()
	}
	sh.Open(d)
	return d.ask(sh)
}

// ask reads the log in a command, unless a read is in progress.
func (d *logDialog) ask(sh *common.Context) tea.Cmd {
	if d.reading || d.none != "" {
		return nil
	}
	d.reading, d.asked = true, sh.Now()
	gen, inst, backend, ctx := d.gen, d.inst, sh.Backend, sh.Ctx
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		text, err := backend.ConsoleLog(ctx, inst)
		msg := logMsg{gen: gen, err: err}
		if strings.TrimSpace(text) != "" {
			msg.lines = common.CleanLines(text)
		}
		return msg
	}
}

// Tick reads the log again if it is time.
func (d *logDialog) Tick(sh *common.Context) tea.Cmd {
	if sh.Now().Sub(d.asked) < logEvery {
		return nil
	}
	return d.ask(sh)
}

// Receive handles a read log.
func (d *logDialog) Receive(sh *common.Context, msg tea.Msg) (tea.Cmd, bool) {
	m, ok := msg.(logMsg)
	if !ok || m.gen != d.gen {
		return nil, false
	}
	d.reading = false
	switch {
	case providers.KindOf(m.err) == providers.KindInvalid:
		d.none = common.Clean(m.err.Error())
		if e, ok := errors.AsType[*providers.Error](m.err); ok && e.Err != nil {
			d.none = common.Clean(e.Err.Error()) // the cloud's name precedes it
		}
	case m.err != nil:
		d.err = common.Clean(m.err.Error()) // the text read before stays
	default:
		d.lines, d.err, d.read, d.wrapped = m.lines, "", sh.Now(), nil
	}
	return nil, true
}

func (d *logDialog) Key(sh *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch key := k.String(); key {
	case "esc", "q":
		return common.Close{}
	case "r":
		return common.Cmd{Cmd: d.ask(sh)}
	case "end", "G":
		d.follow = true
	default:
		if common.Scroll(&d.view, key) {
			d.follow = false
		}
	}
	return nil
}

func (d *logDialog) Draw(sh *common.Context, w, h int) common.Panel {
	t := sh.Theme
	p := common.Panel{
		Title: "Console log of " + common.Clean(cmp.Or(d.inst.Name, d.inst.ID)) + " in " + common.Clean(d.inst.Cloud), Width: w, View: &d.view, End: d.follow,
		Hints: common.KeyHints("r", "read again", "G", "follow the end", "esc", "close"),
	}
	if d.none != "" {
		p.Lines, p.Width, p.Hints = d.noLog(t, min(w, 76)), min(w, 76), common.KeyHints("esc", "close")
		return p
	}
	if d.wrapped == nil || d.width != w {
		d.wrapped, d.width = nil, w
		for _, l := range d.lines {
			role := theme.Plain
			if strings.Contains(l, " rollcall-node: ") {
				role = theme.Strong
			}
			for _, x := range common.Wrap(l, w) {
				d.wrapped = append(d.wrapped, t.Paint(role, x))
			}
		}
	}
	p.Lines = d.wrapped
	if len(p.Lines) == 0 && !d.read.IsZero() {
		p.Lines = []string{t.Paint(theme.Dim, "nothing was written yet, or the cloud has not fetched it yet: EC2 gives it a while after the boot")}
	}
	p.Tail = []string{d.state(sh)}
	// The box keeps its size while the log grows.
	for len(p.Lines) < h-len(p.Tail)-2 {
		p.Lines = append(p.Lines, "")
	}
	return p
}

// state draws the age of the log and the last error.
func (d *logDialog) state(sh *common.Context) string {
	t := sh.Theme
	l := common.NewLine(t)
	switch {
	case d.err != "":
		l.Add(theme.Bad, t.Bad+" ").Add(theme.Plain, d.err)
	case d.read.IsZero():
		l.Add(theme.Notice, t.Wait+" ").Add(theme.Dim, "reading"+t.Ellipsis)
	default:
		l.Add(theme.Dim, fmt.Sprintf("%s, read %s ago", providers.CountOf(len(d.lines), "line"), rows.Age(sh.Now().Sub(d.read))))
		if !d.follow {
			l.Add(theme.Notice, "  the end is not followed")
		}
	}
	return l.B.String()
}

// noLog draws what to do for a cloud without console logs.
func (d *logDialog) noLog(t *theme.Theme, w int) []string {
	var out []string
	para := func(role theme.Role, s string) {
		for _, l := range common.Wrap(s, w) {
			out = append(out, t.Paint(role, l))
		}
	}
	para(theme.Plain, common.Clean(d.inst.Cloud)+" has no console log: "+d.none+".")
	out = append(out, "")
	if d.address == "" {
		para(theme.Dim, "The instance has no address yet. Once it has one, look on the node itself:")
	} else {
		para(theme.Dim, "Look on the node itself:")
	}
	out = append(out, "",
		"  "+t.Paint(theme.Key, "ssh "+cmp.Or(d.address, "ADDRESS")),
		"  "+t.Paint(theme.Key, "tail -f /var/log/rollcall-node.log")+t.Paint(theme.Dim, "        what the node's agent does"),
		"  "+t.Paint(theme.Key, "tail -f /var/log/cloud-init-output.log")+t.Paint(theme.Dim, "    what the boot script wrote"))
	return out
}
