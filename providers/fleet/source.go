package fleet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rollcall/providers"
)

// firstBackoff is the wait after a first failed read. It doubles with each further failure up to the interval of
// healthy sources.
const firstBackoff = 2 * time.Second

// cancelGrace is how long an adapter may take to return what it read after its context has ended. An adapter that takes
// longer is left running, and its source is not read again before it returns.
const cancelGrace = 250 * time.Millisecond

// source is a cloud or a zone, as the refresh loop sees it.
type source interface {
	sched() *schedule
	// fetch reads the source. The returned function records the result. It is called with Fleet.mu held, or not at all
	// if the read was given up.
	fetch(ctx context.Context, gen uint64, started time.Time) (apply func())
	// recordFailure records a read without an answer. Fleet.mu is held.
	recordFailure(started time.Time, err error)
	// explainTimeout adds to the coverage that the idle timeout ended the read, if it did. Fleet.mu is held.
	explainTimeout(s *providers.IdleTimeout)
	// coverage returns that of the last finished read. Fleet.mu is held.
	coverage() providers.Coverage
	// accepts reports whether published rows are those of the source. Fleet.mu is held.
	accepts(p *publishedView) bool
	// lookUpMissing looks up single instances after a read.
	lookUpMissing(ctx context.Context)
	// canSetUp reports whether setUp may be called.
	canSetUp() bool
	// setUp retries to set up a source. It may hang as long as a key agent or a file does.
	setUp() error
}

// schedule is the schedule of one source. Fleet.mu guards all fields but busy.
type schedule struct {
	name   string
	err    error // why the source could not be set up; it is not read then
	budget Budget

	// busy is held from the start of a read until the adapter returns, even if the read is given up earlier, so reads
	// of one source never overlap.
	busy    atomic.Bool
	reading bool
	hung    uint64                 // number of a read that was given up and has not returned; 0 for none
	since   time.Time              // start of the current or hung read or set-up
	idle    *providers.IdleTimeout // of the current read
	rows    int                    // received by the current read
	gen     uint64                 // number of the current read; pages of other numbers are dropped
	begun   uint64                 // number of reads started
	ended   uint64                 // value of begun for the last finished read
	done    chan struct{}          // closed when the current read ends

	restored time.Time // RowsFrom of the rows of an earlier run

	settingUp chan struct{} // closed when the current set-up, which began at since, ends; else nil

	skew      time.Duration // of the last answered read
	sameSkews int           // consecutive reads that measured the same skew

	failures int       // consecutive reads that were not complete
	nextAt   time.Time // next read by the loop
	retryAt  time.Time // nextAt of a source that is not complete, else zero
	soonAt   time.Time // when ReadSoon wants a read; zero if a read has begun since
	wake     chan struct{}
}

func newSchedule(name string, budget Budget, err error) schedule {
	return schedule{name: name, budget: budget, err: err, wake: make(chan struct{}, 1)}
}

func (s *schedule) sched() *schedule { return s }

// callsLeft returns the calls that the budget allows now, or -1 if calls are not counted.
func (s *schedule) callsLeft() int {
	if s.budget == nil {
		return -1
	}
	return s.budget.Left()
}

// isEarlier reports whether rows of a time are those of an earlier run.
func (s *schedule) isEarlier(from time.Time) bool { return !from.IsZero() && from.Equal(s.restored) }

// Refresh reads all sources, or the named ones, once and concurrently. It returns the snapshot after each read,
// including its lookups of single instances, has ended or exceeded its time limit. A source that is being read is read
// again after that, so that its rows are younger than the call; concurrent callers share this read. Unknown names are
// ignored.
func (f *Fleet) Refresh(ctx context.Context, names ...string) *providers.Snapshot {
	var wg sync.WaitGroup
	for _, s := range f.sources {
		if len(names) > 0 && !slices.Contains(names, s.sched().name) {
			continue
		}
		wg.Go(func() { f.refresh(ctx, s, time.Time{}) })
	}
	wg.Wait()
	return f.Snapshot()
}

// Run refreshes every source repeatedly until ctx ends: a healthy one every Options.Every with some jitter, a failed
// one after a growing back-off that respects the provider's Retry-After.
func (f *Fleet) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, s := range f.sources {
		f.mu.Lock()
		readable := s.sched().err == nil || s.canSetUp()
		f.mu.Unlock()
		if readable {
			wg.Go(func() { f.loop(ctx, s) })
		}
	}
	wg.Wait()
}

func (f *Fleet) loop(ctx context.Context, s source) {
	sl := s.sched()
	for ctx.Err() == nil {
		f.mu.Lock()
		now := f.clock.Now()
		wait, paused, resumed := max(sl.nextAt.Sub(now), f.freshUntil(s).Sub(now)), f.paused, f.resumed
		if soon := sl.dueSoon(s.coverage()); !soon.IsZero() && (paused || soon.Sub(now) < wait) {
			wait, paused = soon.Sub(now), false
		}
		f.mu.Unlock()
		switch {
		case paused:
			select {
			case <-resumed:
			case <-sl.wake:
			case <-ctx.Done():
			}
		case wait > 0:
			select {
			case <-time.After(wait):
			case <-sl.wake: // another caller has read the source, and nextAt has moved
			case <-ctx.Done():
			}
		default:
			f.refresh(ctx, s, time.Time{})
		}
	}
}

// refresh reads one source once, after the call. If shared is not zero, a current read that began at shared or later is
// waited for instead.
func (f *Fleet) refresh(ctx context.Context, s source, shared time.Time) {
	f.loadLast()
	sl := s.sched()
	f.mu.Lock()
	if sl.err != nil && !f.trySetUp(ctx, s) {
		f.mu.Unlock()
		return
	}
	called := sl.begun
	if sl.reading && !shared.IsZero() && !sl.since.Before(shared) {
		called--
	}
	for {
		switch {
		case sl.ended > called: // another caller's read began after the call, and has ended
			f.mu.Unlock()
			s.lookUpMissing(ctx)
			return
		case sl.hung != 0:
			f.recordHang(s)
			f.mu.Unlock()
			return
		case sl.busy.CompareAndSwap(false, true):
			if f.read(ctx, s) {
				s.lookUpMissing(ctx)
			}
			return
		}
		done := sl.done
		f.mu.Unlock()
		select {
		case <-done:
		case <-ctx.Done():
			return
		}
		f.mu.Lock()
	}
}

// trySetUp retries to set up a source and reports whether it is set up now. It waits no longer than for a read. A
// set-up that hangs continues, and no second one starts meanwhile. The caller holds mu, which is released during the
// wait.
func (f *Fleet) trySetUp(ctx context.Context, s source) bool {
	sl := s.sched()
	if !s.canSetUp() {
		return false
	}
	if sl.settingUp == nil {
		sl.settingUp, sl.since = make(chan struct{}), f.clock.Now()
		go f.setUp(s)
	}
	ended, since := sl.settingUp, sl.since
	left := time.After(f.timeout - f.clock.Now().Sub(since))
	f.mu.Unlock()
	gaveUp := false
	select {
	case <-ended:
	case <-ctx.Done():
	case <-left:
		gaveUp = true
	}
	f.mu.Lock()
	if gaveUp && sl.settingUp == ended {
		s.recordFailure(since, &providers.Error{Kind: providers.KindUnreachable, Source: sl.name, Op: "set up", Err: fmt.Errorf(
			"setting it up has not ended within %s: its key file, or a file of its profile, is not answered; see that it can be read, or name another in the config", max(f.timeout, f.clock.Now().Sub(since).Round(time.Second)))})
		sl.scheduleNext(f, s.coverage())
		f.publish()
	}
	return sl.err == nil
}

// setUp sets up a source and records the outcome.
func (f *Fleet) setUp(s source) {
	err := s.setUp()
	f.mu.Lock()
	defer f.mu.Unlock()
	sl := s.sched()
	close(sl.settingUp)
	sl.settingUp, sl.err = nil, err
	if err != nil {
		s.recordFailure(f.clock.Now(), err)
		sl.scheduleNext(f, s.coverage())
	} else {
		sl.readNow(f)
	}
	f.publish()
}

// read reads a source once and reports whether the read ended by itself. The caller has set the source's busy flag and
// holds mu, so that the next caller finds a read to wait for. read unlocks mu.
func (f *Fleet) read(ctx context.Context, s source) bool {
	sl := s.sched()
	started := f.clock.Now()
	sl.gen++
	sl.begun++
	gen, done := sl.gen, make(chan struct{})
	sl.reading, sl.since, sl.done, sl.soonAt = true, started, done, time.Time{}
	f.publish()
	f.mu.Unlock()
	defer close(done)

	rctx := providers.WithIdleTimeout(ctx, f.timeout)
	defer rctx.Stop()
	f.mu.Lock()
	sl.idle, sl.rows = rctx, 0
	f.mu.Unlock()
	result := make(chan func(), 1)
	go func() {
		result <- s.fetch(rctx, gen, started)
		f.mu.Lock()
		defer f.mu.Unlock()
		if sl.hung == gen {
			sl.hung = 0
			sl.busy.Store(false)
		}
	}()
	apply := awaitResult(rctx, result)

	f.mu.Lock()
	defer f.mu.Unlock()
	if apply == nil {
		select {
		case apply = <-result: // it arrived at the last moment
		default:
			sl.hung = gen // from now on the adapter's return frees the source
		}
	}
	if apply != nil {
		sl.busy.Store(false)
	}
	sl.reading = false
	sl.gen++                                    // drops pages that arrive later
	if errors.Is(ctx.Err(), context.Canceled) { // the caller gave up, which says nothing about the source: who waits for this read begins another
		f.publish()
		return false
	}
	sl.ended = sl.begun
	switch {
	case apply != nil:
		apply()
		s.explainTimeout(rctx)
	default:
		s.recordFailure(started, &providers.Error{Kind: providers.KindUnreachable, Source: sl.name, Op: "read", Err: providers.Silent(fmt.Errorf("no answer within %s", f.clock.Now().Sub(started).Round(time.Millisecond)))})
	}
	sl.noteSkew(s.coverage())
	sl.scheduleNext(f, s.coverage())
	f.publish()
	return apply != nil
}

// noteProgress records rows of the current read. Fleet.mu is held.
func (s *schedule) noteProgress(rows int) {
	s.rows += rows
	if s.idle != nil {
		s.idle.Received()
	}
}

// Progress is the progress of the current read of one source.
type Progress struct {
	Name  string
	Rows  int           // received so far
	Since time.Duration // since the start of the read
}

// Reading returns the progress of each source that is being read.
func (f *Fleet) Reading() []Progress {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Progress
	for _, s := range f.sources {
		if sl := s.sched(); sl.reading {
			out = append(out, Progress{Name: sl.name, Rows: sl.rows, Since: f.clock.Now().Sub(sl.since)})
		}
	}
	return out
}

// steadyReads is how many consecutive reads must agree on a clock's skew.
const steadyReads = 2

// noteSkew records the skew of the source's clock. Fleet.mu is held.
func (s *schedule) noteSkew(c providers.Coverage) {
	if c.State != providers.CoverageComplete && c.State != providers.CoveragePartial {
		return
	}
	if !providers.SameSkew(s.skew, c.Skew) {
		s.sameSkews = 0
	}
	s.skew = c.Skew
	s.sameSkews++
}

// clockSettled reports whether several reads of a source agree on its clock's skew, and the skew is small enough to be
// believed. The caller holds mu.
func (f *Fleet) clockSettled(name string, skew time.Duration) bool {
	for _, s := range f.sources {
		if b := s.sched(); providers.SameName(b.name, name) {
			return b.sameSkews >= steadyReads && providers.SameSkew(b.skew, skew) && providers.SteadySkew(skew)
		}
	}
	return false
}

// awaitResult returns the result of a read, or nil if the adapter has not returned within cancelGrace after the end of
// ctx.
func awaitResult(ctx context.Context, result <-chan func()) func() {
	select {
	case apply := <-result:
		return apply
	case <-ctx.Done():
	}
	select {
	case apply := <-result:
		return apply
	case <-time.After(cancelGrace):
		return nil
	}
}

// recordHang records that an adapter still hangs in a read that was given up, so no new read starts. The caller holds
// mu.
func (f *Fleet) recordHang(s source) {
	sl := s.sched()
	now := f.clock.Now()
	s.recordFailure(now, &providers.Error{Kind: providers.KindUnreachable, Source: sl.name, Op: "read", Err: fmt.Errorf("a read that began %s ago still hangs", now.Sub(sl.since).Round(time.Second))})
	sl.scheduleNext(f, s.coverage())
	f.publish()
}

// scheduleNext sets the time of the next read. Fleet.mu is held.
func (s *schedule) scheduleNext(f *Fleet, c providers.Coverage) {
	now := f.clock.Now()
	if c.Complete() {
		s.failures, s.retryAt = 0, time.Time{}
		s.nextAt = now.Add(jitter(f.every, 0.9, 1.1))
	} else {
		wait := min(firstBackoff<<min(s.failures, 16), max(f.every, time.Second))
		s.failures++
		wait = jitter(wait, 0.5, 1)
		if asked := providers.RetryAfter(c.Err); asked > 0 {
			wait = max(wait, jitter(asked, 1, 1.1))
		}
		s.nextAt = now.Add(wait)
		s.retryAt = s.nextAt
	}
	s.signal()
}

func (s *schedule) readNow(f *Fleet) {
	s.nextAt, s.retryAt = f.clock.Now(), time.Time{}
	s.signal()
}

// signal wakes the loop after nextAt has moved.
func (s *schedule) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// jitter returns a random duration between lo and hi times d, so that many consoles do not query in step.
func jitter(d time.Duration, lo, hi float64) time.Duration {
	return time.Duration(float64(d) * (lo + (hi-lo)*rand.Float64()))
}
