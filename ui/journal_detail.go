package ui

import (
	"fmt"
	"strings"
	"time"

	"rollcall/dnsview/rows"
	"rollcall/providers/journal"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// detail opens all of the entry under the cursor: who, when, from which plan, the
// records before and after in full, and what the guards said.
func (j *journalScreen) detail(r *rows.Entry) {
	f := &facts{t: j.Theme, w: j.TextWidth()}
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
		f.head("Change: " + common.Clean(string(c.Op)) + " in " + common.Clean(e.Zone))
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
		glyph, role := j.Theme.OK, theme.Good
		if !g.Pass {
			glyph, role = j.Theme.Bad, theme.Bad
		}
		why := g.Why
		if g.Typed != "" {
			why += fmt.Sprintf(" (%q was typed)", g.Typed)
		}
		f.marked(role, glyph+" "+g.Guard, why)
	}
	j.Open(&textDialog{
		title: "journal entry " + common.Clean(e.ID), lines: f.out, hints: common.KeyHints("u", "undo the entry", "U", "undo its whole run"),
		keys: map[string]common.DialogAction{"u": common.Do{A: common.ActUndo}, "U": common.Do{A: common.ActUndoRun}},
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
