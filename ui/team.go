package ui

import (
	"slices"
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/providers"
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

// dropFinished takes out of an offer what was terminated, or another member works on. It is offered again if that one turns out to be
// gone, and it is still unfinished.
func (m *Model) dropFinished() {
	m.withdraw(func(u common.UnfinishedDrain) bool {
		if !m.isDealtWith(u) {
			return false
		}
		delete(m.offered, idOf(u))
		return true
	})
}

// withdraw takes drains out of the open offer, if there is one, and closes it if nothing is left of it.
func (m *Model) withdraw(dealtWith func(common.UnfinishedDrain) bool) {
	at := slices.IndexFunc(m.Dialogs, func(d common.Dialog) bool { _, ok := d.(*dialog.Unfinished); return ok })
	if at < 0 {
		return
	}
	d := m.Dialogs[at].(*dialog.Unfinished)
	d.Drains = slices.DeleteFunc(slices.Clone(d.Drains), dealtWith)
	switch {
	case len(d.Drains) > 0:
		return
	case at == len(m.Dialogs)-1:
		m.CloseTop()
	default:
		m.Dialogs = slices.Delete(m.Dialogs, at, at+1)
	}
	m.Notify(common.ToneInfo, "what was offered is finished, or another rollcall goes on with it")
}

// standingMsg holds what is unfinished now.
type standingMsg struct {
	drains []common.UnfinishedDrain
	err    error
}

// How often the journal is asked whether what is offered still stands; with a team that is a few calls of its store. The
// last is for what was stopped elsewhere, which in a team its state says.
const (
	standsEvery     = 5 * time.Second
	standsEveryTeam = 10 * time.Second
	stoppedEvery    = 30 * time.Second
)

// askOffers asks the journal what is unfinished: whether what is offered, or is to be, still is, and what was stopped since. It returns
// nil before the start has asked, if it was asked a moment ago, or while a change runs here.
func (m *Model) askOffers() tea.Cmd {
	open := slices.ContainsFunc(m.Dialogs, func(d common.Dialog) bool { _, ok := d.(*dialog.Unfinished); return ok })
	nothing, every := !open && len(m.unfinished) == 0, standsEvery
	switch {
	case m.Team.Load() != nil:
		every = standsEveryTeam
	case nothing:
		every = stoppedEvery
	}
	if m.offersAsked.IsZero() || m.askingOffers || nothing && (m.Team.Load() != nil || m.changes.Count() > 0) || m.Now().Sub(m.offersAsked) < every {
		return nil
	}
	m.askingOffers = true
	backend, ctx := m.Backend, m.Ctx
	return func() tea.Msg {
		drains, err := backend.UnfinishedDrains(ctx)
		return standingMsg{drains, err}
	}
}

// keepStanding withdraws what another rollcall has finished, or goes on with, and without a team adds what was stopped elsewhere.
// After an error all offers stay.
func (m *Model) keepStanding(msg standingMsg) {
	m.askingOffers, m.offersAsked = false, m.Now()
	if msg.err != nil {
		return
	}
	ended := func(u common.UnfinishedDrain) bool {
		return !slices.ContainsFunc(msg.drains, func(o common.UnfinishedDrain) bool {
			return o.Instance.Key == u.Instance.Key && o.Instance.ID == u.Instance.ID && o.Replacement == u.Replacement
		})
	}
	m.unfinished = slices.DeleteFunc(m.unfinished, ended)
	m.withdraw(ended)
	if m.Team.Load() == nil {
		m.addUnfinished(slices.DeleteFunc(msg.drains, func(u common.UnfinishedDrain) bool { return m.changes.Ran(u.Run) }))
		m.offerUnfinished()
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
	return r != nil && (r.Inst.State.Dead() || r.Inst.State == providers.StateTerminating)
}

// drainID identifies a drain that was not finished.
type drainID struct{ key, id, run string }

func idOf(u common.UnfinishedDrain) drainID {
	return drainID{string(u.Instance.Key), u.Instance.ID, u.Run}
}

// addUnfinished adds drains to be offered, without those that were shown. One that was not shown, since another member still
// seemed to work on its node, is added again as long as it is unfinished.
func (m *Model) addUnfinished(drains []common.UnfinishedDrain) {
	for _, u := range drains {
		waits := slices.ContainsFunc(m.unfinished, func(o common.UnfinishedDrain) bool { return idOf(o) == idOf(u) })
		if !m.offered[idOf(u)] && !waits {
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
		until := "until the store is back"
		if t.Away == "" && m.ReadOnly {
			until = "as long as this console is read-only"
		}
		f.Add("waiting", strconv.Itoa(t.Waiting)+" of your snoozes and notes, "+until)
	}
	f.Add("here", strconv.Itoa(t.Count()+1)+", you among them")
	for _, who := range t.Members {
		text := "on " + who.Host + " since " + who.Since.Local().Format("15:04") + ", " + rows.Age(m.Now().Sub(who.Since))
		if !who.Heard.IsZero() {
			text += ", " + common.NotHeard(who.Heard, m.Now())
		}
		f.Add(who.Name, text)
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
