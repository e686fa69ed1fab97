package ui

import (
	"fmt"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/ui/theme"
)

// detail opens all of the entry under the cursor: who, when, from which plan, the
// records before and after in full, and what the guards said.
func (j *journalScreen) detail(r *rows.Entry) {
	f := &facts{t: j.theme, w: j.textWidth()}
	e := &r.Entry
	f.add("entry", e.ID+"  of run "+e.Run)
	f.add("what", e.Sentence)
	f.add("state", journalState(r))
	f.add("error", e.Error)
	f.add("note", e.Note)
	f.add("when", e.Time.Format(time.RFC3339))
	if !e.Ended.IsZero() {
		f.add("ended", e.Ended.Format(time.RFC3339)+", after "+e.Ended.Sub(e.Time).Round(time.Millisecond).String())
	}
	f.add("who", e.Who)
	f.add("plan", strings.TrimSpace(fmt.Sprintf("%s %s  %s", e.Verb, e.Checksum, e.Title)))
	if e.Step > 0 {
		f.add("step", fmt.Sprint(e.Step))
	}
	f.add("undoes", e.Undoes)
	f.add("undone by", r.Undone)
	f.add("reason", e.Reason)
	f.add("ticket", e.Ticket)
	if i := e.Instance; i != nil {
		f.add("instance", strings.TrimSpace(i.Name+"  "+i.ID+"  in "+i.Cloud))
	}
	f.add("action", e.Action)
	if l := e.Launch; l != nil {
		f.head("Launch")
		for _, x := range [][2]string{
			{"launch", fmt.Sprintf("%s, node %d", l.ID, l.Index)},
			{"cloud", l.Cloud},
			{"name", l.Name},
			{"service", l.Service},
			{"image", l.Image},
			{"size", l.Size},
			{"network", l.Network},
			{"key pair", l.KeyPair},
			{"profile", l.Profile},
		} {
			f.add(x[0], x[1])
		}
	}
	if p := e.Profile; p != nil {
		f.head("Instance profile")
		f.add("name", p.Name)
		f.add("account", p.Account)
		f.add("policy", p.Policy)
	}
	if c := e.Change; c != nil {
		f.head("Change: " + Clean(string(c.Op)) + " in " + Clean(e.Zone))
		f.diff(c)
		if c.Before.Name != "" {
			f.head("Before")
			f.record(&c.Before)
		}
		if c.After.Name != "" {
			f.head("After")
			f.record(&c.After)
		}
		if e.Result != nil {
			f.head("As the provider had it then")
			f.record(e.Result)
		}
	}
	if len(e.Guards) > 0 {
		f.head("Guards")
	}
	for _, g := range e.Guards {
		glyph, role := j.theme.OK, theme.Good
		if !g.Pass {
			glyph, role = j.theme.Bad, theme.Bad
		}
		why := g.Why
		if g.Typed != "" {
			why += fmt.Sprintf(" (%q was typed)", g.Typed)
		}
		f.marked(role, glyph+" "+g.Guard, why)
	}
	j.open(&textDialog{
		title: "journal entry " + Clean(e.ID), lines: f.out, hints: keyHints("u", "undo the entry", "U", "undo its whole run"),
		keys: map[string]action{"u": actDo{ActUndo}, "U": actDo{ActUndoRun}},
	})
}

// journalState tells in words what became of an entry.
func journalState(r *rows.Entry) string {
	s := string(r.State)
	switch {
	case r.State == journal.Done && r.Already:
		s += ": it was so already"
	case r.Undone != "":
		s += ", and taken back by entry " + r.Undone
	}
	if r.LookedUp {
		s += "; it was looked up afterwards"
	}
	return s
}

// diff adds the lines that go and the lines that come.
func (f *facts) diff(c *providers.Change) {
	for _, l := range dnsview.Diff(c) {
		f.out = append(f.out, diffLines(f.t, l, f.w)...)
	}
}

// diffLines draws one line of a diff, its sign before each of the lines that it takes.
func diffLines(t *theme.Theme, l dnsview.DiffLine, w int) []string {
	role := theme.Good
	if l.Sign == '-' {
		role = theme.Bad
	}
	var out []string
	for i, s := range wrap(l.Text, max(w-2, 8)) {
		sign := string(l.Sign)
		if i > 0 {
			sign = " "
		}
		out = append(out, t.Paint(role, sign+" "+s))
	}
	return out
}

// record adds every field of a record that says something.
func (f *facts) record(r *providers.Record) {
	f.add("name", r.Name)
	f.add("type", r.Type)
	f.add("value", r.Value)
	ttl := fmt.Sprintf("%d s", r.TTL)
	if r.AutoTTL {
		ttl = "auto, counts as " + ttl
	}
	f.add("ttl", ttl)
	if r.Proxied {
		f.add("proxied", "yes")
	}
	f.add("set", r.SetID)
	if r.Weight != 0 {
		f.add("weight", fmt.Sprint(r.Weight))
	}
	f.add("policy", r.Policy)
	f.add("comment", r.Comment)
	f.add("id", r.ID)
	if !r.Modified.IsZero() {
		f.add("modified", r.Modified.Format(time.RFC3339))
	}
	for _, o := range r.Owners {
		word := ""
		if o.Quiesced {
			word = ", quiesced"
		}
		f.add("owner", fmt.Sprintf("%s of fleet %s in cloud %s, since %s%s", o.Instance, o.Fleet, o.Cloud, o.Registered.Format(time.RFC3339), word))
	}
	for _, b := range r.BadMarkers {
		f.add("bad marker", b)
	}
}

// marked adds a line whose name has a glyph and its colour.
func (f *facts) marked(role theme.Role, name, value string) {
	for i, l := range wrap(Clean(value), max(f.w-factName, 10)) {
		if i > 0 {
			name = ""
		}
		f.out = append(f.out, f.t.Paint(role, fit(Clean(name), factName, ""))+l)
	}
}
