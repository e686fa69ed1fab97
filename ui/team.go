package ui

import (
	"slices"
	"strconv"

	"rollcall/dnsview/rows"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
	"rollcall/ui/theme"
)

// What the console shows of the other members of a team.

// noteTeam takes over the latest state of the team. A drain of a member that is gone is offered once.
func (m *Model) noteTeam(t *common.Team) {
	m.Team.Store(t)
	if t != nil {
		m.addUnfinished(t.Unfinished)
	}
	m.dropFinished()
}

// dropFinished takes out of an offer the drains that another member has gone on with meanwhile.
func (m *Model) dropFinished() {
	n := len(m.Dialogs)
	if n == 0 {
		return
	}
	d, ok := m.Dialogs[n-1].(*dialog.Unfinished)
	if !ok {
		return
	}
	d.Drains = slices.DeleteFunc(slices.Clone(d.Drains), m.isDealtWith)
	if len(d.Drains) == 0 {
		m.CloseTop()
		m.Notify(common.ToneInfo, "what was offered is finished, or another member goes on with it")
	}
}

// isDealtWith reports whether the node of a drain is terminated, or another member works on it.
func (m *Model) isDealtWith(u common.UnfinishedDrain) bool {
	if t := m.Team.Load(); t != nil {
		if _, ok := t.Doing[rows.KeyOf(u.Instance)]; ok {
			return true
		}
	}
	r := m.InstanceOf(u.Instance)
	return r != nil && r.Inst.State.Dead()
}

// drainID identifies a drain that was not finished.
type drainID struct{ key, id, run string }

// addUnfinished adds drains to be offered, without those that were.
func (m *Model) addUnfinished(drains []common.UnfinishedDrain) {
	for _, u := range drains {
		id := drainID{string(u.Instance.Key), u.Instance.ID, u.Run}
		if !m.offered[id] {
			m.offered[id] = true
			m.unfinished = append(m.unfinished, u)
		}
	}
}

// teamBadges returns that the store of the team is away, or who else is here, in at most a quarter of a line. In a narrow
// one the other badges, which an operator must not overlook, come first.
func (m *Model) teamBadges(width int, narrow bool) *common.Line {
	l := common.NewLine(m.Theme)
	t := m.Team.Load()
	if t == nil {
		return l
	}
	if t.Away != "" {
		text := " STORE AWAY "
		if t.Waiting > 0 && width >= 80 {
			text = " STORE AWAY, " + strconv.Itoa(t.Waiting) + " WAITING "
		}
		return l.Add(theme.Badge, text).Gap(1) // who is here is not known
	}
	if here := t.Here(width / 4); here != "" && !narrow {
		l.Add(theme.Dim, here).Gap(1)
	}
	return l
}

// showTeam opens who is here, and what the others change.
func (m *Model) showTeam() {
	t := m.Team.Load()
	if t == nil {
		m.Notify(common.ToneInfo, "the config names no team, or its store was not asked yet")
		return
	}
	f := &dialog.Facts{T: m.Theme, W: m.TextWidth()}
	if t.Away != "" {
		f.Add("store", "cannot be used now: "+t.Away)
	}
	if t.Waiting > 0 {
		f.Add("waiting", strconv.Itoa(t.Waiting)+" of your snoozes and notes, until the store is back")
	}
	f.Add("here", strconv.Itoa(len(t.Members)+1)+", you among them")
	for _, who := range t.Members {
		f.Add(who.Name, "on "+who.Host+" since "+who.Since.Local().Format("15:04")+", "+rows.Age(m.Now().Sub(who.Since)))
	}
	f.Head("under way")
	for i := range t.Work {
		f.Add("", t.Work[i].Line(m.Now()))
	}
	if len(t.Work) == 0 {
		f.Add("", "nothing of others")
	}
	m.Open(&dialog.Text{Title: "Team", Lines: slices.Clone(f.Out)})
}
