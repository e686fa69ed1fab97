package team_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/team"
)

// here returns the others that a member sees after a Sync, each with what it changes.
func here(t *testing.T, p *team.Presence) string {
	t.Helper()
	if err := p.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range p.Members() {
		text := m.Who
		for _, w := range m.Work {
			text += " " + w.What + " " + w.Text
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func TestMembersSeeEachOtherUntilTheyLeaveOrAreSilent(t *testing.T) {
	t.Parallel()
	clock := providertest.NewClock(at.Add(5 * time.Hour)) // the store's, not that of the members
	s := providertest.NewStore(clock.Clock)
	own := providertest.NewClock(at)
	ana, ben, eve := team.NewPresence(s, "ana@a", own.Clock), team.NewPresence(s, "ben@b", own.Clock), team.NewPresence(s, "eve@c", own.Clock)
	for _, p := range []*team.Presence{ana, ben, eve} {
		_ = here(t, p)
	}
	if got := here(t, ana); got != "ben@b, eve@c" {
		t.Errorf("ana sees %q", got)
	}
	ben.Leave()
	clock.Advance(90 * time.Second)
	own.Advance(90 * time.Second)
	_ = here(t, ana)
	if got := here(t, ana); got != "eve@c" {
		t.Errorf("after ben has left, ana sees %q", got)
	}
	clock.Advance(time.Second)
	if got := here(t, ana); got != "" {
		t.Errorf("after eve was silent for 91 s, ana sees %q", got)
	}
	if got := here(t, eve); got != "ana@a" {
		t.Errorf("eve sees %q", got)
	}
	if got := here(t, ana); got != "eve@c" {
		t.Errorf("after eve is back, ana sees %q", got)
	}
	if got := here(t, ben); got != "ana@a, eve@c" || strings.Contains(here(t, ana), "ben") {
		t.Errorf("ben, who has left, sees %q", got)
	}
	clock.Advance(2 * time.Hour)
	own.Advance(2 * time.Hour)
	_ = here(t, ana)
	if n := len(s.Keys()); n != 1 {
		t.Errorf("%d objects: that of eve is not removed", n)
	}
}

func TestAMemberThatHasMissedTwoRenewalsIsSaidToHaveBeenHeardOfThen(t *testing.T) {
	t.Parallel()
	clock, own := providertest.NewClock(at.Add(5*time.Hour)), providertest.NewClock(at)
	s := providertest.NewStore(clock.Clock)
	ana, eve := team.NewPresence(s, "ana@a", own.Clock), team.NewPresence(s, "eve@c", own.Clock)
	_, _ = here(t, eve), here(t, ana)
	for _, c := range []struct {
		after time.Duration
		heard time.Time
	}{{60 * time.Second, time.Time{}}, {time.Second, at}} {
		clock.Advance(c.after)
		own.Advance(c.after)
		_ = here(t, ana)
		if m := ana.Members(); len(m) != 1 || !m[0].Heard.Equal(c.heard) {
			t.Errorf("after %s more: %+v, want heard %s", c.after, m, c.heard)
		}
	}
	_ = here(t, eve)
	_ = here(t, ana)
	if m := ana.Members(); len(m) != 1 || !m[0].Heard.IsZero() {
		t.Errorf("after it is back: %+v", m)
	}
}

func TestWhatAMemberChangesIsSeenWithItsCountdown(t *testing.T) {
	t.Parallel()
	clock := providertest.NewClock(at.Add(5 * time.Hour))
	s := providertest.NewStore(clock.Clock)
	slow, fast := providertest.NewClock(at), providertest.NewClock(at.Add(24*time.Hour))
	ana, ben := team.NewPresence(s, "ana@a", slow.Clock), team.NewPresence(s, "ben@b", fast.Clock)
	_, _, _ = here(t, ana), here(t, ben), here(t, ana) // the last one learns the clock of the store
	node := providers.InstanceRef{Key: "0123456789", Cloud: "aws-use1", ID: "i-1", Name: "www-01"}
	ana.SetWork("w1", []team.Work{{What: "draining", Text: "www-01", Since: at, Until: at.Add(22 * time.Second), Instances: []providers.InstanceRef{node}}})
	_ = here(t, ana)
	if got := here(t, ben); got != "ana@a draining www-01" {
		t.Fatalf("ben sees %q", got)
	}
	m := ben.Members()[0]
	if left := m.Work[0].Until.Sub(fast.Now()); (left-22*time.Second).Abs() > time.Second || m.Work[0].Instances[0] != node || m.Writer != "w1" || m.Name() != "ana" || m.Host() != "a" {
		t.Errorf("%s left of %+v", left, m)
	}
	ana.SetWork("w1", nil)
	_ = here(t, ana)
	if got := here(t, ben); got != "ana@a" {
		t.Errorf("after it has ended, ben sees %q", got)
	}
}

func TestARefreshOfFiftyMembersCostsOneListAndOneWrite(t *testing.T) {
	t.Parallel()
	clock := providertest.NewClock(at)
	s := providertest.NewStore(clock.Clock)
	var all []*team.Presence
	for i := range 50 {
		p := team.NewPresence(s, fmt.Sprintf("m%02d@h", i), clock.Clock)
		all = append(all, p)
		_ = here(t, p)
	}
	_ = here(t, all[0])
	clock.Advance(30 * time.Second)
	calls := map[string]int{}
	s.Fail(func(c providertest.StoreCall) providertest.StoreFault {
		calls[c.Op]++
		return providertest.StoreFault{}
	})
	_ = here(t, all[0])
	if calls["list"] != 1 || calls["replace"] != 1 || calls["get"] != 0 || len(all[0].Members()) != 49 {
		t.Errorf("%v, %d members", calls, len(all[0].Members()))
	}
}

func TestWhileTheStoreIsAwayThoseOfTheLastReadAreShownAndItIsSaid(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]providertest.StoreFault{"away": {Before: providertest.Away()}, "lost": {After: providertest.Lost()}, "not carried out": {Before: providertest.Lost()}} {
		for _, op := range []string{"create", "replace", "list"} {
			t.Run(name+" "+op, func(t *testing.T) {
				t.Parallel()
				clock := providertest.NewClock(at)
				s := providertest.NewStore(clock.Clock)
				ana, ben := team.NewPresence(s, "ana@a", clock.Clock), team.NewPresence(s, "ben@b", clock.Clock)
				_, _ = here(t, ben), ana.Read(t.Context())
				if op != "create" {
					_ = here(t, ana)
				}
				clock.Advance(30 * time.Second)
				s.Fail(func(c providertest.StoreCall) providertest.StoreFault {
					if c.Op == op {
						return f
					}
					return providertest.StoreFault{}
				})
				err := ana.Sync(t.Context())
				if err == nil || ana.Away() == nil || len(ana.Members()) != 1 {
					t.Errorf("%v, %d members", err, len(ana.Members()))
				}
				s.Fail(nil)
				if got := here(t, ana); got != "ben@b" || ana.Away() != nil {
					t.Errorf("ana sees %q, %v", got, ana.Away())
				}
				if got := here(t, ben); got != "ana@a" {
					t.Errorf("ben sees %q", got)
				}
			})
		}
	}
}

func TestAMemberOfALaterVersionIsSeenAndADamagedOneLeftOut(t *testing.T) {
	t.Parallel()
	clock := providertest.NewClock(at)
	s := providertest.NewStore(clock.Clock)
	s.Replace("members/x", []byte(`{"format":2,"who":"zoe@z","since":"2026-11-29T11:00:00Z","mood":"good","work":[{"what":"draining","text":"www-01","colour":1}]}`))
	s.Replace("members/y", []byte(`<html>`))
	s.Replace("members/z", []byte(`{"format":1,"who":"`+strings.Repeat("z", 70_000)+`"}`))
	if got := here(t, team.NewPresence(s, "ana@a", clock.Clock)); got != "zoe@z draining www-01" {
		t.Errorf("%q", got)
	}
}

func TestARunningMemberIsSeenAndLeavesAtItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := providertest.NewStore(providers.Clock{})
		ana, ben := team.NewPresence(s, "ana@a", providers.Clock{}), team.NewPresence(s, "ben@b", providers.Clock{})
		ctx, cancel := context.WithCancel(t.Context())
		var syncs, seen, looks []time.Duration
		began := time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			ana.Run(ctx, func(ctx context.Context) {
				syncs = append(syncs, time.Since(began))
				_ = ana.Sync(ctx)
				if len(ana.Members()) > 0 {
					seen = append(seen, time.Since(began))
				}
			}, func(context.Context) { looks = append(looks, time.Since(began)) })
		})
		time.Sleep(36 * time.Second)
		ben.SetWork("", []team.Work{{What: "draining", Since: began}})
		_ = here(t, ben)
		time.Sleep(30 * time.Second) // ana reads it at 65 s, and then every ten seconds
		time.Sleep(25 * time.Second)
		ana.SetWork("", []team.Work{{What: "launching", Since: began}})
		synctest.Wait()
		if got := here(t, ben); got != "ana@a launching " {
			t.Errorf("ben sees %q", got)
		}
		cancel()
		all.Wait()
		if got := here(t, ben); got != "" {
			t.Errorf("after ana has left, ben sees %q", got)
		}
		want := []time.Duration{0, 5, 35, 65, 75, 85, 91}
		for i := range want {
			want[i] *= time.Second
		}
		if looked := []time.Duration{15 * time.Second, 25 * time.Second, 45 * time.Second, 55 * time.Second}; !slices.Equal(looks, looked) {
			t.Errorf("looked at %v, want %v", looks, looked)
		}
		if !slices.Equal(syncs, want) || len(seen) != 4 {
			t.Errorf("read at %v, and saw ben at %v", syncs, seen)
		}
	})
}
