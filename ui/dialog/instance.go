package dialog

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// instanceDialog shows the details of an instance, and what its cloud says of it alone once that has come.
type instanceDialog struct {
	Text
	gen       uint64 // messages of other dialogs are outdated
	row       *rows.Instance
	condition *conditionMsg // nil until it was read
}

// conditionMsg is what a cloud says of one instance.
type conditionMsg struct {
	gen  uint64
	said providers.Condition
	err  error
}

// conditionTimeout limits how long a cloud is asked for the condition of an instance.
const conditionTimeout = 30 * time.Second

// Instance opens the details of an instance, and asks its cloud for its condition.
func Instance(sh *common.Context, r *rows.Instance) tea.Cmd {
	d := &instanceDialog{gen: sh.NextID(), row: r, Text: Text{
		Title: r.Ref().Name, Hints: common.KeyHints("w", "why", "l", "console log"),
		Keys: map[string]common.DialogAction{"w": common.Do{A: common.ActWhy}, "l": common.Do{A: common.ActConsoleLog}},
	}}
	d.Lines = d.facts(sh)
	sh.Open(d)
	if r.Inst.State.Dead() {
		return nil
	}
	gen, ref, backend, ctx := d.gen, r.Inst.Ref(), sh.Backend, sh.Ctx
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, conditionTimeout)
		defer cancel()
		said, err := backend.Condition(ctx, ref)
		return conditionMsg{gen, said, err}
	}
}

// Receive shows the condition.
func (d *instanceDialog) Receive(sh *common.Context, msg tea.Msg) (tea.Cmd, bool) {
	m, ok := msg.(conditionMsg)
	if !ok || m.gen != d.gen {
		return nil, false
	}
	d.condition = &m
	d.Lines = d.facts(sh)
	return nil, true
}

// addCondition adds what the cloud says of the instance, or that it is being asked.
func (d *instanceDialog) addCondition(f *Facts) {
	c := d.condition
	switch {
	case d.row.Inst.State.Dead():
	case c == nil:
		f.Add("status", "asking "+d.row.Inst.Cloud+f.T.Ellipsis)
	case c.err != nil:
		f.Add("status", "not known: "+c.err.Error())
	default:
		f.Add("checks", c.said.Checks)
		for _, n := range c.said.Notices {
			f.Marked(theme.Warn, f.T.Warn+" notice", n)
		}
		for _, p := range c.said.Protected {
			f.Add("protected", p)
		}
		for _, t := range c.said.Targets {
			f.Add("target", t)
		}
		for _, u := range c.said.Unchecked {
			f.Add("not asked", u)
		}
	}
}

// facts returns the lines of the dialog.
func (d *instanceDialog) facts(sh *common.Context) []string {
	f := &Facts{T: sh.Theme, W: sh.TextWidth()}
	r, i := d.row, d.row.Inst
	f.Add("cloud", i.Cloud+"  "+string(i.Provider)+"  "+i.Region)
	f.Add("id", i.ID)
	f.Add("state", string(i.State))
	f.Add("reason", i.Reason)
	f.Add("lifecycle", i.Lifecycle)
	d.addCondition(f)
	f.Add("type", i.Type)
	f.Add("image", i.Image)
	f.Add("public", Addresses(i.PublicIPs))
	f.Add("elastic", Addresses(i.ElasticIPs))
	f.Add("private", Addresses(i.PrivateIPs))
	if !i.Launched.IsZero() {
		f.Add("launched", i.Launched.Format(time.RFC3339)+", "+rows.Age(sh.Now().Sub(i.Launched))+" ago")
	}
	f.Add("launch", i.LaunchID)
	f.note(r.Note(), sh.Now())
	f.Add("service", strings.Join(sh.Picture.View.ServicesOfInstance(i), "  "))
	if len(i.Tags) > 0 {
		f.Head("Tags")
		var names []string
		for _, t := range i.Tags {
			names = append(names, t.Name)
		}
		f.names(names) // only their widths
		for _, t := range i.Tags {
			f.Add(common.Clean(t.Name), t.Value)
		}
		f.names(nil)
	}
	if r.CountRecords() > 0 {
		f.Head("Records")
		for _, id := range r.Records() {
			f.Add(id.Type, id.Name+"  "+id.Value)
		}
	}
	f.Findings(r.Findings)
	return f.Out
}
