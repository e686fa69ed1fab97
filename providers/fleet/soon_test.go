package fleet

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
)

// budgetOf is a budget with so many calls left.
type budgetOf int

func (b budgetOf) Left() int { return int(b) }

// looping runs the loop of a fleet that reads every ten minutes, after its first reads.
func looping(t *testing.T, sources ...CloudSource) *Fleet {
	t.Helper()
	f := New(Options{Clouds: sources, Every: 10 * time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go f.Run(ctx)
	time.Sleep(time.Second)
	synctest.Wait()
	return f
}

func TestManyChangesOfASourceAreShownByOneReadSoonAfterTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newFakeCloud("a", 1), newFakeCloud("b", 1)
		f := looping(t, sourceOf(a), sourceOf(b))
		for range 20 {
			f.ReadSoon("a", "no such source", "")
			time.Sleep(20 * time.Millisecond)
		}
		a.Set(func(c *fakeCloud) { c.Rows[0].State = providers.StateTerminated })
		time.Sleep(300 * time.Millisecond)
		synctest.Wait()
		if a.Count() != 2 || b.Count() != 1 {
			t.Errorf("a was read %d times and b %d times, want 2 and 1", a.Count(), b.Count())
		}
		if s := cloudView(t, f.Snapshot(), "a").Instances[0].State; s != providers.StateTerminated {
			t.Errorf("the instance is %s", s)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if a.Count() != 2 {
			t.Errorf("a was read %d times a minute later", a.Count())
		}
	})
}

func TestAChangeIsShownWhileTheLoopIsPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeCloud("a", 1)
		f := looping(t, sourceOf(a))
		f.SetPaused(true)
		time.Sleep(10 * time.Minute)
		f.ReadSoon("a")
		time.Sleep(time.Second)
		synctest.Wait()
		if a.Count() != 2 {
			t.Errorf("it was read %d times, want 2", a.Count())
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if a.Count() != 2 {
			t.Errorf("paused, it was read %d times an hour later", a.Count())
		}
	})
}

func TestAChangeDuringAReadIsShownByTheNextOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeCloud("a", 1)
		f := looping(t, sourceOf(a))
		a.Set(func(c *fakeCloud) { c.PageAfter = 2 * time.Second })
		go f.Refresh(t.Context(), "a")
		time.Sleep(time.Second)
		f.ReadSoon("a") // the read that is under way may not see the change
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if a.Count() != 3 {
			t.Errorf("it was read %d times, want 3", a.Count())
		}
	})
}

func TestASlowSourceRestsBetweenTheReadsAfterChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeCloud("a", 1)
		a.PageAfter = 3 * time.Second
		f := looping(t, sourceOf(a))
		for range 60 {
			f.ReadSoon("a")
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if n := a.Count(); n < 3 || n > 6 {
			t.Errorf("a source that takes 3 s to read was read %d times in a minute of changes", n)
		}
	})
}

func TestChangesDoNotUseUpABudgetNorHurryAFailedSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		poor, failed := newFakeCloud("poor", 1), newFakeCloud("failed", 1)
		failed.ListErr = errThrottled
		p := sourceOf(poor)
		p.Budget = budgetOf(0)
		f := looping(t, p, sourceOf(failed))
		f.ReadSoon("poor", "failed")
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if poor.Count() != 1 || failed.Count() != 1 {
			t.Errorf("without a call left it was read %d times, and within the time that the provider asked for %d times", poor.Count(), failed.Count())
		}
	})
}
