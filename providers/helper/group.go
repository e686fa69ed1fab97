package helper

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"rollcall/providers"
)

// pardon is for how long a helper that did not end is not run again.
const pardon = 5 * time.Second

// errStopped is the cause of the end of helpers at the end of the program.
var errStopped = errors.New("rollcall ends")

// group holds the runs of helpers.
type group struct {
	mu      sync.Mutex
	stopped bool
	runs    map[string]*shared // by command and environment
	busy    sync.WaitGroup
}

// shared is one run of a helper.
type shared struct {
	done    chan struct{} // closed when it has ended
	out     []byte
	err     error
	waiting int // callers
	end     context.CancelCauseFunc
}

// run returns the result of the run of the command that is under way, or of a new one. A run whose callers have all gone is
// ended.
func (g *group) run(ctx context.Context, env providers.Environment, command string, limit time.Duration) ([]byte, error) {
	key := strings.Join(append(env.List(), command), "\x00")
	g.mu.Lock()
	if g.stopped {
		g.mu.Unlock()
		return nil, errStopped
	}
	s := g.runs[key]
	if s == nil {
		s = g.begin(context.WithoutCancel(ctx), env, command, limit, key)
	}
	s.waiting++
	g.mu.Unlock()
	select {
	case <-s.done:
		return slices.Clone(s.out), s.err
	case <-ctx.Done():
	}
	g.mu.Lock()
	if s.waiting--; s.waiting == 0 {
		g.forget(key, s)
		s.end(context.Cause(ctx))
	}
	g.mu.Unlock()
	return nil, context.Cause(ctx)
}

// begin starts a run. The group is locked.
func (g *group) begin(ctx context.Context, env providers.Environment, command string, limit time.Duration, key string) *shared {
	ctx, end := context.WithCancelCause(ctx)
	s := &shared{done: make(chan struct{}), end: end}
	if g.runs == nil {
		g.runs = map[string]*shared{}
	}
	g.runs[key] = s
	g.busy.Go(func() {
		s.out, s.err = run(ctx, env, command, limit)
		end(nil)
		g.mu.Lock()
		if errors.Is(s.err, errLate) {
			time.AfterFunc(pardon, func() {
				g.mu.Lock()
				defer g.mu.Unlock()
				g.forget(key, s)
			})
		} else {
			g.forget(key, s)
		}
		g.mu.Unlock()
		close(s.done)
	})
	return s
}

// forget lets the next call begin a new run. The group is locked.
func (g *group) forget(key string, s *shared) {
	if g.runs[key] == s {
		delete(g.runs, key)
	}
}

// stop ends all runs and waits until their processes have ended.
func (g *group) stop() {
	g.mu.Lock()
	g.stopped = true
	for _, s := range g.runs {
		s.end(errStopped)
	}
	g.mu.Unlock()
	g.busy.Wait()
}
