package reader

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

// watcher is a lease that runs, on a connection to the store of its own that a test can cut.
type watcher struct {
	*Lease
	end func() // as kill -9 does

	mu    sync.Mutex
	fault func(op string) providertest.StoreFault
}

// link is the connection of one watcher.
type link struct {
	providers.Store
	w *watcher
}

func (l link) call(op string, do func() error) error {
	l.w.mu.Lock()
	fault := l.w.fault
	l.w.mu.Unlock()
	var f providertest.StoreFault
	if fault != nil {
		f = fault(op)
	}
	if f.Before != nil {
		return f.Before
	}
	if err := do(); err != nil {
		return err
	}
	return f.After
}

func (l link) Get(ctx context.Context, key string) (o providers.Object, err error) {
	err = l.call("get", func() error {
		o, err = l.Store.Get(ctx, key)
		return err
	})
	return o, err
}

func (l link) PutIfAbsent(ctx context.Context, key string, data []byte) (v string, err error) {
	err = l.call("put", func() error {
		v, err = l.Store.PutIfAbsent(ctx, key, data)
		return err
	})
	return v, err
}

func (l link) PutIfMatch(ctx context.Context, key string, data []byte, version string) (v string, err error) {
	err = l.call("put", func() error {
		v, err = l.Store.PutIfMatch(ctx, key, data, version)
		return err
	})
	return v, err
}

func (w *watcher) fail(fault func(op string) providertest.StoreFault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = fault
}

// always makes every call fail with err, reads too if reads is set.
func always(err error, reads bool) func(string) providertest.StoreFault {
	return func(op string) providertest.StoreFault {
		if op == "get" && !reads {
			return providertest.StoreFault{}
		}
		return providertest.StoreFault{Before: err}
	}
}

func startWatcher(t *testing.T, s providers.Store, n int) *watcher {
	w := &watcher{}
	w.Lease = NewLease(Options{Store: link{s, w}, Who: fmt.Sprintf("watch@host-%d", n)})
	ctx, cancel := context.WithCancel(t.Context())
	w.end = func() { // nothing of it reaches the store any more
		w.fail(always(providertest.Away(), true))
		cancel()
	}
	t.Cleanup(cancel)
	go w.Run(ctx)
	return w
}

// holders returns the watchers that hold the lease.
func holders(all []*watcher) []*watcher {
	return slices.DeleteFunc(slices.Clone(all), func(w *watcher) bool { _, ok := w.Held(); return !ok })
}

// pass lets time pass, and fails if two watchers ever hold the lease at once. It returns when one other than not holds it,
// or after most.
func pass(t *testing.T, all []*watcher, most time.Duration, not *watcher) time.Duration {
	t.Helper()
	const tick = 100 * time.Millisecond
	for passed := time.Duration(0); ; passed += tick {
		synctest.Wait()
		h := holders(all)
		if len(h) > 1 {
			t.Fatalf("%d watchers hold the lease after %s", len(h), passed)
		}
		if passed >= most || not != nil && len(h) == 1 && h[0] != not {
			return passed
		}
		time.Sleep(tick)
	}
}

func TestOfManyWatchersOneReadsAndAnotherTakesOverWithinHalfAMinute(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 10} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := providertest.NewStore(providers.Clock{})
				var all []*watcher
				for i := range n {
					all = append(all, startWatcher(t, s, i))
				}
				last := uint64(0)
				for len(all) > 1 {
					pass(t, all, time.Minute, nil)
					h := holders(all)
					if len(h) != 1 {
						t.Fatalf("%d hold it", len(h))
					}
					number, _ := h[0].Held()
					if number <= last {
						t.Fatalf("number %d after %d", number, last)
					}
					last = number
					for _, w := range all {
						if _, who := w.State(); who != h[0].o.Who {
							t.Errorf("%s takes %q for the holder, and it is %s", w.o.Who, who, h[0].o.Who)
						}
					}
					h[0].end()
					all = slices.DeleteFunc(all, func(w *watcher) bool { return w == h[0] })
					if took := pass(t, all, time.Minute, h[0]); took > 30*time.Second {
						t.Errorf("the next one took over after %s", took)
					}
				}
			})
		})
	}
}

func TestAHolderThatEndsLetsTheNextOneBeginAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := providertest.NewStore(providers.Clock{})
		ctx, cancel := context.WithCancel(t.Context())
		a := NewLease(Options{Store: s, Who: "a"})
		go a.Run(ctx)
		synctest.Wait()
		b := startWatcher(t, s, 2)
		time.Sleep(time.Minute)
		cancel()
		time.Sleep(lookEvery + time.Millisecond)
		if n, ok := b.Held(); !ok || n != 2 {
			t.Errorf("number %d, held %t", n, ok)
		}
	})
}

func TestAHolderThatCannotRenewStopsBeforeAnotherBegins(t *testing.T) {
	t.Parallel()
	conflict := &providers.Error{Kind: providers.KindConflict, Err: errors.New("409 ConditionalRequestConflict")}
	for name, fault := range map[string]func(string) providertest.StoreFault{
		"the store is away":             always(providertest.Away(), true),
		"writes are refused":            always(&providers.Error{Kind: providers.KindThrottled}, false),
		"every write conflicts":         always(conflict, false),
		"every write is lost":           always(providertest.Lost(), false),
		"writes are lost and reads too": always(providertest.Lost(), true),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := providertest.NewStore(providers.Clock{})
				all := []*watcher{startWatcher(t, s, 1)}
				synctest.Wait()
				all = append(all, startWatcher(t, s, 2))
				pass(t, all, 10*time.Second, nil)
				all[0].fail(fault)
				if took := pass(t, all, time.Minute, all[0]); took > 30*time.Second+renewEvery {
					t.Errorf("the next one took over after %s", took)
				}
				if _, err := all[0].Reread(t.Context()); err == nil {
					t.Error("one that lost the lease finds that it holds it")
				}
				pass(t, all, 2*time.Minute, nil)
				all[0].fail(nil)
				pass(t, all, time.Minute, nil)
				if s, who := all[0].State(); s != Waiting || who != "watch@host-2" {
					t.Errorf("it is %s for %s, and should wait again", s, who)
				}
			})
		})
	}
}

func TestALostReplyOfAWriteThatWasMadeKeepsTheLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := providertest.NewStore(providers.Clock{})
		w := startWatcher(t, s, 1)
		other := startWatcher(t, s, 2)
		pass(t, []*watcher{w, other}, 10*time.Second, nil)
		if _, ok := w.Held(); !ok {
			w, other = other, w
		}
		number, _ := w.Held()
		w.fail(func(op string) providertest.StoreFault {
			if op == "put" {
				return providertest.StoreFault{After: providertest.Lost()}
			}
			return providertest.StoreFault{}
		})
		for range 20 {
			pass(t, []*watcher{w, other}, 10*time.Second, nil)
			if n, ok := w.Held(); !ok || n != number {
				t.Fatalf("number %d, held %t", n, ok)
			}
		}
	})
}

// stale returns old answers to reads while it is on.
type stale struct {
	providers.Store
	mu  sync.Mutex
	on  bool
	old map[string]providers.Object
}

func (s *stale) Get(ctx context.Context, key string) (providers.Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o, ok := s.old[key]; ok && s.on {
		o.Asked = time.Now()
		return o, nil
	}
	o, err := s.Store.Get(ctx, key)
	if err == nil {
		s.old[key] = o
	}
	return o, err
}

func TestAStaleReadTakesNoLeaseFromItsHolder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := providertest.NewStore(providers.Clock{})
		a := startWatcher(t, s, 1)
		synctest.Wait()
		old := &stale{Store: s, old: map[string]providers.Object{}}
		b := startWatcher(t, old, 2)
		both := []*watcher{a, b}
		pass(t, both, 10*time.Second, nil)
		old.mu.Lock()
		old.on = true
		old.mu.Unlock()
		pass(t, both, 5*time.Minute, nil)
		if n, ok := a.Held(); !ok || n != 1 {
			t.Errorf("number %d, held %t", n, ok)
		}
		old.mu.Lock()
		old.on = false
		old.mu.Unlock()
		a.end()
		if took := pass(t, both, time.Minute, a); took > 30*time.Second+lookEvery {
			t.Errorf("the next one took over after %s", took)
		}
	})
}

func TestNoClockOfAMachineDecides(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{-6 * time.Hour, 6 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			wrong := providers.Clock{Time: func() time.Time { return time.Now().Add(off) }}
			s := providertest.NewStore(wrong)
			all := []*watcher{startWatcher(t, s, 1), startWatcher(t, s, 2)}
			pass(t, all, 10*time.Minute, nil)
			h := holders(all)
			if len(h) != 1 {
				t.Fatalf("%d hold it", len(h))
			}
			if n, _ := h[0].Held(); n != 1 {
				t.Errorf("it changed hands: number %d", n)
			}
		})
	}
}

func TestWithoutTheStoreAWatchReadsForItselfUntilItAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := providertest.NewStore(providers.Clock{})
		a := startWatcher(t, s, 1)
		synctest.Wait()
		b := startWatcher(t, s, 2)
		pass(t, []*watcher{a, b}, 10*time.Second, nil)
		s.Fail(func(providertest.StoreCall) providertest.StoreFault {
			return providertest.StoreFault{Before: providertest.Away()}
		})
		time.Sleep(aloneAfter + 2*renewEvery)
		for _, w := range []*watcher{a, b} {
			if state, _ := w.State(); state != Alone {
				t.Errorf("it is %s", state)
			}
			if _, ok := w.Held(); ok {
				t.Error("it holds a lease")
			}
		}
		s.Fail(nil)
		pass(t, []*watcher{a, b}, time.Minute, nil)
		if n := len(holders([]*watcher{a, b})); n != 1 {
			t.Errorf("%d hold it", n)
		}
	})
}

func TestALeaseMadeAnewHasAHigherNumberThanAnyThatIsKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := providertest.NewStore(providers.Clock{})
		l := NewLease(Options{Store: s, Who: "a", Known: func() uint64 { return 41 }})
		l.step(t.Context())
		if n, _ := l.Held(); n != 42 {
			t.Errorf("number %d", n)
		}
		_ = s.Delete(t.Context(), leaseKey)
		l.step(t.Context()) // it finds that it is gone
		l.step(t.Context())
		if n, ok := l.Held(); !ok || n != 43 {
			t.Errorf("number %d, held %t", n, ok)
		}
		if got, err := l.Reread(t.Context()); err != nil || got != 43 {
			t.Errorf("%d, %v", got, err)
		}
		s.Replace(leaseKey, []byte(`{"format":1,"number":50,"id":"x","holder":"b\u001b[31m"}`))
		if _, err := l.Reread(t.Context()); err == nil {
			t.Error("a newer lease is not seen")
		}
		l.step(t.Context())
		if state, who := l.State(); state != Waiting || strings.ContainsRune(who, '\x1b') {
			t.Errorf("%s, %q", state, who)
		}
	})
}

func TestAProcessThatWasStoppedForAWhileDoesNotHoldTheLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := providertest.NewStore(providers.Clock{})
		l := NewLease(Options{Store: s, Who: "a"})
		l.step(t.Context())
		time.Sleep(term) // it was suspended
		if _, ok := l.Held(); ok {
			t.Error("it holds the lease")
		}
		if _, err := l.Reread(t.Context()); err == nil {
			t.Error("it holds the lease")
		}
	})
}
