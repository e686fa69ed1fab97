package cli

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
)

// teamConsole is a console of a team as another machine runs it, until the test ends or stop is called.
func teamConsole(t *testing.T) (b *backend, stop func()) {
	t.Helper()
	s := opened(t)
	s.Silent = true
	b = newBackend(s)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { s.RunPresence(ctx, b.changed) })
	stop = func() {
		cancel()
		all.Wait()
	}
	t.Cleanup(stop)
	until(t, "the first read of the team", func() bool { return b.Team() != nil })
	return b, stop
}

// refreshed returns what a console knows of its team after it has read it again.
func refreshed(t *testing.T, b *backend, what string, ok func(*common.Team) bool) {
	t.Helper()
	until(t, what, func() bool {
		b.s.WakePresence()
		return ok(b.Team())
	})
}

func TestTwoConsolesOfATeamSeeEachOtherAndWhatTheyChange(t *testing.T) {
	newWorld(t)
	store, machine := newTeam(t)
	machine("a")
	ana, stop := teamConsole(t)
	machine("b")
	ben, _ := teamConsole(t)
	refreshed(t, ben, "ana", func(t *common.Team) bool { return len(t.Members) == 1 && t.Away == "" })
	refreshed(t, ana, "ben", func(t *common.Team) bool { return len(t.Members) == 1 })

	node := ana.Snapshot().Clouds[0].Instances[0]
	event, done := working(ana.s.Session, &plan.Plan{Verb: index.VerbDrain, Steps: []plan.Step{{Instance: node.Ref()}, {Instance: node.Ref()}}})
	event(apply.Event{Kind: apply.EventWaiting, Left: time.Minute, At: time.Now()})
	refreshed(t, ben, "the drain", func(team *common.Team) bool {
		d := team.Doing[rows.KeyOf(node.Ref())]
		return len(team.Work) == 1 && d.What == "draining" && d.By != "" && time.Until(d.Until) > 50*time.Second && strings.Contains(team.Work[0].Line(time.Now()), "is draining "+node.Name+" in "+node.Cloud+", ")
	})
	done()
	refreshed(t, ben, "the end of the drain", func(t *common.Team) bool { return len(t.Work) == 0 && len(t.Doing) == 0 && len(t.Members) == 1 })

	if err := os.Rename(store, store+".away"); err != nil {
		t.Fatal(err)
	}
	refreshed(t, ben, "that the store is away", func(t *common.Team) bool { return t.Away != "" })
	if err := ben.Note("aws-use1/i-1", "kept here"); err != nil {
		t.Fatal(err)
	}
	refreshed(t, ben, "what waits", func(t *common.Team) bool { return t.Waiting == 1 })
	if err := os.Rename(store+".away", store); err != nil {
		t.Fatal(err)
	}
	refreshed(t, ben, "that the store is back", func(t *common.Team) bool { return t.Away == "" && t.Waiting == 0 })

	stop()
	refreshed(t, ben, "that ana has left", func(t *common.Team) bool { return len(t.Members) == 0 })
}

func TestWithoutATeamAConsoleKnowsOfNone(t *testing.T) {
	newWorld(t)
	s := opened(t)
	b := newBackend(s)
	s.RunPresence(t.Context(), b.changed) // returns
	event, done := working(s, &plan.Plan{Verb: index.VerbDrain, Steps: []plan.Step{{Instance: providers.InstanceRef{ID: "i-1"}}}})
	event(apply.Event{Kind: apply.EventWaiting})
	done()
	if b.Team() != nil {
		t.Errorf("%+v", b.Team())
	}
}
