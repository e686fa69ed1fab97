package ui

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
	"rollcall/ui/theme"
)

// logEvery is how often an open console log is read again.
const logEvery = 5 * time.Second

// logDialog shows the tail of one instance's console log, and reads it again
// while it is open.
type logDialog struct {
	gen     uint64 // late answers are those of another dialog
	inst    providers.InstanceRef
	address string

	reading bool
	asked   time.Time // when the last reading began; zero before the first
	read    time.Time // when the last one that worked ended
	lines   []string
	err     string
	none    string // why there is no log to be had, ever

	follow  bool // the end is shown, whatever comes
	view    viewport.Model
	wrapped []string // lines as they fit into width
	width   int
}

// logMsg brings a console log, cleaned.
type logMsg struct {
	gen   uint64
	lines []string
	err   error
}

// openLog opens the console log of an instance.
func openLog(sh *shared, i *providers.Instance) tea.Cmd {
	d := &logDialog{gen: sh.nextID(), inst: i.Ref(), follow: true}
	if a := append(i.PublicIPs[:len(i.PublicIPs):len(i.PublicIPs)], i.PrivateIPs...); len(a) > 0 {
		d.address = a[0].String()
	}
	sh.open(d)
	return d.ask(sh)
}

// ask reads the log in a command, unless that is under way.
func (d *logDialog) ask(sh *shared) tea.Cmd {
	if d.reading || d.none != "" {
		return nil
	}
	d.reading, d.asked = true, sh.now()
	gen, inst, backend, ctx := d.gen, d.inst, sh.backend, sh.ctx
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		text, err := backend.ConsoleLog(ctx, inst)
		msg := logMsg{gen: gen, err: err}
		if strings.TrimSpace(text) != "" {
			msg.lines = CleanLines(text)
		}
		return msg
	}
}

// tick reads the log again, once it is time.
func (d *logDialog) tick(sh *shared) tea.Cmd {
	if sh.now().Sub(d.asked) < logEvery {
		return nil
	}
	return d.ask(sh)
}

// receive takes a log that was read.
func (d *logDialog) receive(sh *shared, msg tea.Msg) (tea.Cmd, bool) {
	m, ok := msg.(logMsg)
	if !ok || m.gen != d.gen {
		return nil, false
	}
	d.reading = false
	switch {
	case providers.KindOf(m.err) == providers.KindInvalid:
		d.none = Clean(m.err.Error())
		if e, ok := errors.AsType[*providers.Error](m.err); ok && e.Err != nil {
			d.none = Clean(e.Err.Error()) // which cloud it is stands before it
		}
	case m.err != nil:
		d.err = Clean(m.err.Error()) // what was read before stays
	default:
		d.lines, d.err, d.read, d.wrapped = m.lines, "", sh.now(), nil
	}
	return nil, true
}

func (d *logDialog) key(sh *shared, k tea.KeyPressMsg) action {
	switch key := k.String(); key {
	case "esc", "q":
		return actClose{}
	case "r":
		return actCmd{d.ask(sh)}
	case "end", "G":
		d.follow = true
	default:
		if scroll(&d.view, key) {
			d.follow = false
		}
	}
	return nil
}

func (d *logDialog) draw(sh *shared, w, h int) panel {
	t := sh.theme
	p := panel{
		title: "Console log of " + Clean(cmp.Or(d.inst.Name, d.inst.ID)) + " in " + Clean(d.inst.Cloud), width: w, view: &d.view, end: d.follow,
		hints: keyHints("r", "read again", "G", "follow the end", "esc", "close"),
	}
	if d.none != "" {
		p.lines, p.width, p.hints = d.instead(t, min(w, 76)), min(w, 76), keyHints("esc", "close")
		return p
	}
	if d.wrapped == nil || d.width != w {
		d.wrapped, d.width = nil, w
		for _, l := range d.lines {
			role := theme.Plain
			if strings.Contains(l, " rollcall-node: ") {
				role = theme.Strong
			}
			for _, x := range wrap(l, w) {
				d.wrapped = append(d.wrapped, t.Paint(role, x))
			}
		}
	}
	p.lines = d.wrapped
	if len(p.lines) == 0 && !d.read.IsZero() {
		p.lines = []string{t.Paint(theme.Dim, "nothing was written yet, or the cloud has not fetched it yet: EC2 gives it a while after the boot")}
	}
	p.tail = []string{d.state(sh)}
	// The box keeps its size while the log grows.
	for len(p.lines) < h-len(p.tail)-2 {
		p.lines = append(p.lines, "")
	}
	return p
}

// state says how old the log is, and what went wrong with it.
func (d *logDialog) state(sh *shared) string {
	t := sh.theme
	l := newLine(t)
	switch {
	case d.err != "":
		l.add(theme.Bad, t.Bad+" ").add(theme.Plain, d.err)
	case d.read.IsZero():
		l.add(theme.Notice, t.Wait+" ").add(theme.Dim, "reading"+t.Ellipsis)
	default:
		l.add(theme.Dim, fmt.Sprintf("%s, read %s ago", countOf(len(d.lines), "line"), rows.Age(sh.now().Sub(d.read))))
		if !d.follow {
			l.add(theme.Notice, "  the end is not followed")
		}
	}
	return l.b.String()
}

// instead says what to do where a cloud has no console log.
func (d *logDialog) instead(t *theme.Theme, w int) []string {
	var out []string
	para := func(role theme.Role, s string) {
		for _, l := range wrap(s, w) {
			out = append(out, t.Paint(role, l))
		}
	}
	para(theme.Plain, Clean(d.inst.Cloud)+" has no console log: "+d.none+".")
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
