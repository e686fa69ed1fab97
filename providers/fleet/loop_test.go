package fleet

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheLoopReadsAHealthySourceAtItsIntervalAndBacksOffFromAFailedOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, bad := newFakeCloud("good", 1), newFakeCloud("bad", 1)
		bad.ListErr = errors.New("boom")
		f := New(Options{Clouds: []CloudSource{sourceOf(good), sourceOf(bad)}, Every: 30 * time.Second})
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { f.Run(ctx); close(done) }()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if good.Count() < 18 || good.Count() > 23 {
			t.Errorf("the healthy source was read %d times in ten minutes", good.Count())
		}
		if bad.Count() < 20 || bad.Count() > 50 {
			t.Errorf("the failed source was read %d times in ten minutes", bad.Count())
		}
		if v := cloudView(t, f.Snapshot(), "bad"); !v.RetryAt.After(time.Now()) {
			t.Errorf("retry at %s, now is %s", v.RetryAt, time.Now())
		}
		if v := cloudView(t, f.Snapshot(), "good"); !v.RetryAt.IsZero() {
			t.Error("a healthy source has no retry time")
		}
		cancel()
		<-done
	})
}

func TestTheLoopStaysAwayForAsLongAsTheProviderAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeCloud("a", 1)
		a.ListErr = errThrottled
		f := New(Options{Clouds: []CloudSource{sourceOf(a)}, Every: 10 * time.Second})
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go f.Run(ctx)
		time.Sleep(39 * time.Second)
		synctest.Wait()
		if a.Count() != 1 {
			t.Errorf("%d reads within the 40 s that the provider asked for", a.Count())
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if a.Count() != 2 {
			t.Errorf("%d reads after it", a.Count())
		}
	})
}

func TestAPausedLoopReadsNothingAndARefreshStillDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeCloud("a", 1)
		f := New(Options{Clouds: []CloudSource{sourceOf(a)}, Every: 10 * time.Second})
		f.SetPaused(true)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go f.Run(ctx)
		time.Sleep(time.Minute)
		synctest.Wait()
		if a.Count() != 0 || !f.Paused() {
			t.Errorf("%d reads while paused", a.Count())
		}
		f.Refresh(ctx)
		if a.Count() != 1 {
			t.Errorf("%d reads after a refresh", a.Count())
		}
		f.SetPaused(false)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if a.Count() != 2 {
			t.Errorf("%d reads after going on", a.Count())
		}
	})
}
