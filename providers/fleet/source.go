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

// The first wait after a failed read; it doubles with each further failure up
// to the interval of healthy sources.
const firstBackoff = 2 * time.Second

// cancelGrace is how long an adapter has to return, with what it saw, after its context has ended. One that
// does not is left running, and its source is not read again before it returns.
const cancelGrace = 250 * time.Millisecond

// source is what the refresh machinery needs of a cloud or a zone.
type source interface {
	sched() *schedule
	// fetch reads the source. The function that it returns takes the result
	// in; it is called with Fleet.mu held, or not at all when the read was given up.
	fetch(ctx context.Context, gen uint64, started time.Time) (apply func())
	// recordFailure takes in a read that brought no answer. Fleet.mu is held.
	recordFailure(started time.Time, err error)
	// explainSilence says in the coverage of a read that ended why it did, when that was silence. Fleet.mu is held.
	explainSilence(s *providers.Silence)
	// coverage is that of the last read that ended. Fleet.mu is held.
	coverage() providers.Coverage
	// lookUpMissing does what follows a read: asking for single instances.
	lookUpMissing(ctx context.Context)
	// canSetUp reports whether setUp may be tried.
	canSetUp() bool
	// setUp tries to set up a source that could not be. It may hang for as long as a key agent or a file does.
	setUp() error
}

// schedule is the schedule of one source. Fleet.mu guards all of it but busy.
type schedule struct {
	name   string
	err    error // could not be set up: not read
	budget Budget

	// busy is held from the start of a read until the adapter has returned,
	// even when the read was given up before: reads of one source never overlap.
	busy    atomic.Bool
	reading bool
	hung    uint64             // number of a read that was given up and whose adapter has not returned; 0 for none
	since   time.Time          // when the read or the set-up under way, or hung, began
	silence *providers.Silence // of the read under way
	rows    int                // that it has brought
	gen     uint64             // number of the read under way; pages of other numbers are dropped
	begun   uint64             // number of reads begun
	ended   uint64             // value of begun of the read that ended last
	done    chan struct{}      // closed when the read under way ends

	settingUp chan struct{} // closed when the set-up under way, which began at since, ends; nil when there is none

	skew      time.Duration // of the last read that was answered
	sameSkews int           // reads in a row that have measured the same

	failures int       // reads in a row that were not complete
	nextAt   time.Time // when the loop reads it again
	retryAt  time.Time // the same for a source that is not well, else zero
	wake     chan struct{}
}

func newSchedule(name string, budget Budget, err error) schedule {
	return schedule{name: name, budget: budget, err: err, wake: make(chan struct{}, 1)}
}

func (s *schedule) sched() *schedule { return s }

// left asks the budget; -1 when there is none.
func (s *schedule) left() int {
	if s.budget == nil {
		return -1
	}
	return s.budget.Left()
}

// Refresh reads all sources, or the named ones, side by side once, and returns
// the snapshot after each has ended or run into its time limit, questions for
// single instances included. A source that is being read already is waited for
// and then read afresh, so that the picture is younger than the call; callers
// that wait together share one read. Names that no source has are ignored.
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

// Run refreshes every source again and again until ctx ends: a healthy one
// every Options.Every with some jitter, a failed one after a back-off that grows
// and that honours what the provider asked for.
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
		wait, paused, resumed := sl.nextAt.Sub(f.clock.Now()), f.paused, f.resumed
		f.mu.Unlock()
		switch {
		case paused:
			select {
			case <-resumed:
			case <-ctx.Done():
			}
		case wait > 0:
			select {
			case <-time.After(wait):
			case <-sl.wake: // another caller has read it: nextAt has moved
			case <-ctx.Done():
			}
		default:
			f.refresh(ctx, s, time.Time{})
		}
	}
}

// refresh reads one source once, after the call. A read under way that began at shared or later is waited for instead; with
// the zero time none is.
func (f *Fleet) refresh(ctx context.Context, s source, shared time.Time) {
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
		case sl.ended > called: // another's read began after the call, and has ended
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

// trySetUp tries to set up a source that could not be, and reports whether it is now. It waits no longer than for a read: a
// set-up that hangs goes on, and is not begun a second time meanwhile. The caller holds mu, which is given up meanwhile.
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

// setUp sets up a source, and takes in what came of it.
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

// read carries out one read of a source whose busy flag the caller has taken.
// The caller holds mu, so that the next caller finds something to wait for;
// read unlocks it. It reports whether the read ended by itself.
func (f *Fleet) read(ctx context.Context, s source) bool {
	sl := s.sched()
	started := f.clock.Now()
	sl.gen++
	sl.begun++
	gen, done := sl.gen, make(chan struct{})
	sl.reading, sl.since, sl.done = true, started, done
	f.publish()
	f.mu.Unlock()
	defer close(done)

	rctx := providers.WithSilence(ctx, f.timeout)
	defer rctx.Stop()
	f.mu.Lock()
	sl.silence, sl.rows = rctx, 0
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
		case apply = <-result: // at the last moment
		default:
			sl.hung = gen // from here on the adapter's return makes the source free
		}
	}
	if apply != nil {
		sl.busy.Store(false)
	}
	sl.reading = false
	sl.ended = sl.begun
	sl.gen++ // pages that still come are dropped
	switch {
	case errors.Is(ctx.Err(), context.Canceled): // the caller went away: nothing was learnt about the source
		f.publish()
		return false
	case apply != nil:
		apply()
		s.explainSilence(rctx)
	default:
		s.recordFailure(started, &providers.Error{Kind: providers.KindUnreachable, Source: sl.name, Op: "read", Err: fmt.Errorf("no answer within %s", f.clock.Now().Sub(started).Round(time.Millisecond))})
	}
	sl.noteSkew(s.coverage())
	sl.scheduleNext(f, s.coverage())
	f.publish()
	return apply != nil
}

// noteProgress takes note that a read has brought rows. Fleet.mu is held.
func (s *schedule) noteProgress(rows int) {
	s.rows += rows
	if s.silence != nil {
		s.silence.Heard()
	}
}

// Progress is how far the read of one source is.
type Progress struct {
	Name  string
	Rows  int           // that the read has brought
	Since time.Duration // since it began
}

// Reading returns the sources that are being read, and how far each is.
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

// steadyReads is how many reads in a row have to agree on how far a clock is off.
const steadyReads = 2

// noteSkew takes in how far the clock of the source is ahead. Fleet.mu is held.
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

// clockSettled reports whether several reads of a source agree on how far its clock is off, and it
// is not so far that it must be set wrong. The caller holds mu.
func (f *Fleet) clockSettled(name string, skew time.Duration) bool {
	for _, s := range f.sources {
		if b := s.sched(); providers.SameName(b.name, name) {
			return b.sameSkews >= steadyReads && providers.SameSkew(b.skew, skew) && providers.SteadySkew(skew)
		}
	}
	return false
}

// awaitResult returns the result of a read, or nil when the adapter has not returned by the end of ctx and of cancelGrace
// after it.
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

// recordHang records that an adapter has not returned from a read that was given
// up. It is not called a second time meanwhile. The caller holds mu.
func (f *Fleet) recordHang(s source) {
	sl := s.sched()
	now := f.clock.Now()
	s.recordFailure(now, &providers.Error{Kind: providers.KindUnreachable, Source: sl.name, Op: "read", Err: fmt.Errorf("a read that began %s ago still hangs", now.Sub(sl.since).Round(time.Second))})
	sl.scheduleNext(f, s.coverage())
	f.publish()
}

// scheduleNext says when the source is read next. Fleet.mu is held.
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

// readNow makes the loop read the source at once.
func (s *schedule) readNow(f *Fleet) {
	s.nextAt, s.retryAt = f.clock.Now(), time.Time{}
	s.signal()
}

// signal says that nextAt has moved.
func (s *schedule) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// jitter returns a duration between lo and hi times d, so that many consoles do not
// ask in step.
func jitter(d time.Duration, lo, hi float64) time.Duration {
	return time.Duration(float64(d) * (lo + (hi-lo)*rand.Float64()))
}
