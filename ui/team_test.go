package ui_test

import (
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/rows"
	"rollcall/providers/journal"
	"rollcall/ui"
	"rollcall/ui/common"
)

// withTeam adds two other members, of which ana drains the first node of the fleet.
func withTeam(_ *ui.Options, f *fake) {
	n := &f.snap.Clouds[0].Instances[0]
	until := epoch().Add(22 * time.Second)
	f.team = &common.Team{
		Members: []common.TeamMember{{Name: "ana", Host: "desk-4", Since: epoch().Add(-time.Hour)}, {Name: "ben", Host: "bastion", Since: epoch().Add(-2 * time.Minute)}},
		Work:    []common.TeamWork{{Who: "ana", What: "draining", Text: n.Name + " in " + n.Cloud, Since: epoch(), Until: until}},
		Doing:   map[rows.InstanceKey]common.Doing{rows.KeyOf(n.Ref()): {What: "draining", By: "ana", Until: until}},
	}
}

// setTeam shows another state of the team.
func (f *fake) setTeam(change func(t *common.Team)) {
	f.mu.Lock()
	t := *f.team
	change(&t)
	f.team = &t
	f.mu.Unlock()
	f.updates <- struct{}{}
}

func TestTheHeaderSaysWhoElseIsHereAndTheRowWhatTheyDoToIt(t *testing.T) {
	r := newRig(t, 140, 40, withTeam).ready()
	r.until("3 here: ana, ben", "draining by ana 22 s")
	r.clock.Advance(10 * time.Second)
	r.until("draining by ana 12 s")
	r.press("z")
	r.until("draining by ana 12 s")
	r.press("z", "0")
	r.until("Overview", "ana is draining ", ", 12 s left")
	r.press("esc", ":")
	r.typeText("team")
	r.press("enter")
	r.until("3, you among them", "on desk-4 since", "on bastion since", "ana is draining")
	r.press("esc")
	r.f.setTeam(func(t *common.Team) { t.Members, t.Work, t.Doing = nil, nil, nil })
	r.untilTrue("the others to be gone", func() bool {
		return !strings.Contains(r.screen(), "here") && !strings.Contains(r.screen(), "by ana")
	})
}

func TestAMemberThatIsNotHeardOfIsNotCountedAndItsWorkIsDoubted(t *testing.T) {
	r := newRig(t, 140, 40, withTeam, func(_ *ui.Options, f *fake) {
		at := epoch().Add(-61 * time.Second)
		f.team.Members[0].Heard, f.team.Work[0].Heard = at, at
	}).ready()
	r.until("2 here: ben")
	r.press("0")
	r.until("Overview", "ana was draining ", ", not heard of for 1m")
	r.press("esc", ":")
	r.typeText("team")
	r.press("enter")
	r.until("2, you among them", "on desk-4 since", "not heard of for 1m", "on bastion since")
}

func TestARowThatAnotherMemberWorksOnSaysWhatIsDoneInEverySize(t *testing.T) {
	for _, c := range []struct{ w, h int }{{80, 24}, {100, 30}, {120, 40}, {160, 40}, {200, 60}} {
		r := newRig(t, c.w, c.h, withTeam).ready()
		r.press("/")
		r.typeText(r.f.Snapshot().Clouds[0].Instances[0].Name)
		r.press("enter")
		r.until("draining by ana 22 s")
		for line := range strings.Lines(r.screen()) {
			if _, after, ok := strings.Cut(line, "draining by ana 22 s "); ok && !strings.Contains(strings.Split(after, "│")[0], "✓") {
				t.Errorf("%dx%d: the row does not say what is in DNS: %s", c.w, c.h, line)
			}
		}
	}
}

func TestWhoIsHereTakesNoMoreThanAQuarterOfTheHeader(t *testing.T) {
	r := newRig(t, 140, 40, withTeam).ready()
	r.f.setTeam(func(t *common.Team) {
		for _, n := range []string{"christopher", "dominique", "evangeline"} {
			t.Members = append(t.Members, common.TeamMember{Name: n}, common.TeamMember{Name: n})
		}
	})
	r.until("9 here: ana, ben, christopher +2")
	for _, c := range []struct {
		w, h int
		want string
	}{{80, 24, "9 here: ana, ben +3"}, {60, 20, "9 here: ana +4"}, {40, 10, ""}} {
		r = newRig(t, c.w, c.h, withTeam, func(_ *ui.Options, f *fake) {
			for _, n := range []string{"christopher", "dominique", "evangeline"} {
				f.team.Members = append(f.team.Members, common.TeamMember{Name: n}, common.TeamMember{Name: n})
			}
		})
		r.until("rollcall")
		if c.want != "" {
			r.until(c.want)
		} else {
			r.hasNot("here")
		}
		for i, l := range strings.Split(r.screen(), "\n") {
			if w := len([]rune(l)); w > c.w {
				t.Errorf("%dx%d: line %d has %d cells", c.w, c.h, i, w)
			}
		}
	}
}

func TestTheHeaderSaysThatTheStoreOfTheTeamIsAway(t *testing.T) {
	r := newRig(t, 140, 40, withTeam).ready()
	r.f.setTeam(func(t *common.Team) { t.Away, t.Waiting = "team store s3://team/ops: connection refused", 1 })
	r.until("STORE AWAY, 1 WAITING")
	r.hasNot("3 here")
	r.press(":")
	r.typeText("team")
	r.press("enter")
	r.until("cannot be used now: team store s3://team/ops: connection refused", "1 of your snoozes and notes")
	r.press("esc", "m")
	r.until("Note about ")
	r.typeText("kept")
	r.press("enter")
	r.until("noted; on this machine only, until the store of the team is back")
	r = newRig(t, 40, 10, withTeam, func(_ *ui.Options, f *fake) { f.team.Away = "connection refused" })
	r.until("STORE AWAY")
}

func TestADrainWhoseOperatorVanishedIsOfferedOnceWhileTheConsoleRuns(t *testing.T) {
	r := newRig(t, 140, 40, withTeam).ready()
	n := r.f.Snapshot().Clouds[0].Instances[6]
	drains := []common.UnfinishedDrain{{
		Unfinished: journal.Unfinished{Instance: n.Ref(), Run: "r7", Who: "ana@desk-4", At: epoch()}, Text: n.Name + " in aws-use1 was being drained at 02:14 by ana@desk-4",
	}}
	r.f.setTeam(func(t *common.Team) { t.Unfinished = drains })
	r.until("A drain was not finished", "by ana@desk-4", "g go on", "b return to DNS")
	r.clock.Advance(time.Second)
	r.press("esc")
	r.hasNot("A drain was not finished")
	r.f.setTeam(func(t *common.Team) { t.Members = nil })
	r.untilTrue("the next state", func() bool { return !strings.Contains(r.screen(), "here") })
	r.hasNot("A drain was not finished")
}

func TestADrainIsOfferedOnceTheKilledMemberThatSeemedToWorkOnItIsGone(t *testing.T) {
	r := newRig(t, 140, 40, withTeam).ready()
	n := r.f.Snapshot().Clouds[0].Instances[0]
	drains := []common.UnfinishedDrain{{
		Unfinished: journal.Unfinished{Instance: n.Ref(), Run: "r7", Who: "ana@desk-4", At: epoch()}, Text: n.Name + " in aws-use1 was being drained at 02:14 by ana@desk-4",
	}}
	r.f.setTeam(func(t *common.Team) { t.Unfinished, t.Members = drains, t.Members[:1] })
	r.until("2 here: ana")
	r.hasNot("A drain was not finished")
	r.f.setTeam(func(t *common.Team) { t.Members, t.Work, t.Doing = nil, nil, nil })
	r.until("A drain was not finished", "by ana@desk-4")
	r.clock.Advance(time.Second)
	r.press("esc")
	r.f.setTeam(func(t *common.Team) { t.Members = []common.TeamMember{{Name: "ben"}} })
	r.until("2 here: ben")
	r.hasNot("A drain was not finished")
}

func TestAnOfferIsWithdrawnWhenAnotherMemberGoesOnWithTheDrain(t *testing.T) {
	r := newRig(t, 140, 40, withTeam, withUnfinished)
	r.until("A drain was not finished", "use1-build-07")
	n := r.f.Snapshot().Clouds[0].Instances[6]
	r.f.setTeam(func(t *common.Team) {
		t.Doing = map[rows.InstanceKey]common.Doing{rows.KeyOf(n.Ref()): {What: "draining", By: "ben"}}
	})
	r.until("another rollcall goes on with it")
	r.hasNot("A drain was not finished")
}

func TestAnOfferThatAKilledMemberHeldBackOpensAgainOnceThatMemberIsGone(t *testing.T) {
	r := newRig(t, 140, 40, withTeam, withUnfinished) // its own store was asked before who is here was known
	r.until("A drain was not finished", "use1-build-07")
	n := r.f.Snapshot().Clouds[0].Instances[6]
	r.f.mu.Lock()
	drains := r.f.unfinished[:1:1]
	r.f.mu.Unlock()
	r.f.setTeam(func(t *common.Team) {
		t.Unfinished = drains
		t.Doing = map[rows.InstanceKey]common.Doing{rows.KeyOf(n.Ref()): {What: "draining", By: "ben"}}
	})
	r.until("another rollcall goes on with it")
	r.hasNot("A drain was not finished")
	r.f.setTeam(func(t *common.Team) { t.Doing = nil })
	r.until("A drain was not finished", "use1-build-07")
}

func TestWithoutATeamTheCommandSaysSo(t *testing.T) {
	r := newRig(t, 120, 40).ready()
	r.hasNot("here", "STORE AWAY")
	r.press(":")
	r.typeText("team")
	r.press("enter")
	r.until("the config names no team")
}
