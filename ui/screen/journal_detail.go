package screen

import (
	"fmt"
	"strings"
	"time"

	"rollcall/dnsview/rows"
	"rollcall/providers/journal"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
	"rollcall/ui/theme"
)

// detail opens the details of the entry under the cursor: who, when, from which plan, the records before and after in
// full, and the results of the guards.
func (j *journalScreen) detail(r *rows.Entry) {
	f := &dialog.Facts{T: j.Theme, W: j.TextWidth()}
	e := &r.Entry
	f.Add("entry", e.ID+"  of run "+e.Run)
	f.Add("what", e.Sentence)
	f.Add("state", journalState(r))
	f.Add("error", e.Error)
	f.Add("note", e.Note)
	f.Add("when", e.Time.Format(time.RFC3339))
	if !e.Ended.IsZero() {
		f.Add("ended", e.Ended.Format(time.RFC3339)+", after "+e.Ended.Sub(e.Time).Round(time.Millisecond).String())
	}
	f.Add("who", e.Who)
	f.Add("plan", strings.TrimSpace(fmt.Sprintf("%s %s  %s", e.Verb, e.Checksum, e.Title)))
	if e.Step > 0 {
		f.Add("step", fmt.Sprint(e.Step))
	}
	f.Add("undoes", e.Undoes)
	f.Add("undone by", r.Undone)
	f.Add("reason", e.Reason)
	f.Add("ticket", e.Ticket)
	if i := e.Instance; i != nil {
		f.Add("instance", strings.TrimSpace(i.Name+"  "+i.ID+"  in "+i.Cloud))
	}
	f.Add("action", e.Action)
	if l := e.Launch; l != nil {
		f.Head("Launch")
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
			f.Add(x[0], x[1])
		}
	}
	if p := e.Profile; p != nil {
		f.Head("Instance profile")
		f.Add("name", p.Name)
		f.Add("account", p.Account)
		f.Add("policy", p.Policy)
	}
	if c := e.Change; c != nil {
		f.Head("Change: " + common.Clean(string(c.Op)) + " in " + common.Clean(e.Zone))
		f.Diff(c)
		if c.Before.Name != "" {
			f.Head("Before")
			f.Record(&c.Before)
		}
		if c.After.Name != "" {
			f.Head("After")
			f.Record(&c.After)
		}
		if e.Result != nil {
			f.Head("As the provider had it then")
			f.Record(e.Result)
		}
	}
	if len(e.Guards) > 0 {
		f.Head("Guards")
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
		f.Marked(role, glyph+" "+g.Guard, why)
	}
	j.Open(&dialog.Text{
		Title: "journal entry " + common.Clean(e.ID), Lines: f.Out, Hints: common.KeyHints("u", "undo the entry", "U", "undo its whole run"),
		Keys: map[string]common.DialogAction{"u": common.Do{A: common.ActUndo}, "U": common.Do{A: common.ActUndoRun}},
	})
}

// journalState returns the outcome of an entry in words.
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
	if late := r.Late(); late != "" {
		s += "; " + late
	}
	return s
}
