package watcher

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// Limits of hooks.
const (
	hookTimeout = 10 * time.Second
	hookTries   = 3
	hookPause   = time.Second // before the second try; later ones are four times as long
	// maxRetryAfter is the longest Retry-After that is waited for: other findings wait behind it.
	maxRetryAfter = 2 * time.Minute
	// Events that a receiver did not take for now are sent again with the next scan: so many, and for so long. In one
	// batch a receiver may fail so often before the rest waits too.
	maxOwed     = 10_000
	maxOwedFor  = 24 * time.Hour
	maxFailures = 3
)

// HookEvent is the input of a hook: the finding, and a sentence that chat rooms can show.
type HookEvent struct {
	Event   string             `json:"event"` // new or resolved
	Time    time.Time          `json:"time"`
	Since   time.Time          `json:"since"` // when the finding was first seen
	Fleet   string             `json:"fleet"`
	Text    string             `json:"text"`
	Finding rows.FindingObject `json:"finding"`
}

func newHookEvent(s *app.Session, event string, of *openFinding, now time.Time) HookEvent {
	text := of.row.Class + " (" + of.row.Severity + "): " + of.row.Reason
	if event == EventResolved {
		text = "resolved after " + words.Short(now.Sub(of.since)) + ": " + text
	}
	return HookEvent{Event: event, Time: now.UTC(), Since: of.since.UTC(), Fleet: s.Config.Fleet, Text: text, Finding: of.row}
}

// batch is what one scan has to say. standing are the findings that were sent and are not resolved, those of events too.
type batch struct {
	fleet    string
	at       time.Time
	next     time.Time // when another batch follows at the latest
	events   []HookEvent
	standing []HookEvent
}

// hook is one receiver.
type hook struct {
	name    string // without secrets
	deliver func(ctx context.Context, b *batch) error
	single  bool // it gets each event alone
	always  bool // it gets what stands with every scan
	down    bool // it failed last time, and is tried only once until it works
	wake    chan struct{}

	mu   sync.Mutex
	owed []HookEvent // what it has not taken yet, oldest first
	last batch       // of the last scan, without events
}

// hooks send findings to the receivers. Neither the watcher nor another receiver waits for one that is slow.
type hooks struct {
	say            func(format string, args ...any)
	path           string // file of sent findings
	hooks          []*hook
	counts, missed *family
	changed        atomic.Bool // what receivers are owed is not what remember has stored
}

// permanent is a refusal that a retry would not change.
type permanent struct{ error }

// laterError is a refusal that says when to try again.
type laterError struct {
	error
	after time.Duration
}

func newHooks(a *app.Program, s *app.Session, f *Options, m *watchMetrics) (*hooks, error) {
	if err := os.MkdirAll(s.State, 0o700); err != nil {
		return nil, fmt.Errorf("make the state folder: %w", err)
	}
	h := &hooks{say: a.Logf, path: filepath.Join(s.State, "watch.json"), counts: m.deliveries, missed: m.missed}
	if f.Webhook != "" {
		h.add(newWebhook(f, nil, s.Program.Now))
	}
	if f.Exec != "" {
		h.add(&hook{name: "exec", single: true, deliver: func(ctx context.Context, b *batch) error {
			body, err := json.Marshal(b.events[0])
			if err != nil {
				return permanent{err}
			}
			return execute(ctx, a.Env, f.Exec, f.ExecEnv, body)
		}})
	}
	return h, nil
}

// add adds a receiver. Its counters begin at 0: an increase is not seen of one that appears with its first value.
func (h *hooks) add(r *hook) {
	r.wake = make(chan struct{}, 1)
	h.hooks = append(h.hooks, r)
	h.counts.counter(r.name, "ok")
	h.counts.counter(r.name, "failed")
	h.missed.counter(r.name)
}

// wantsAll reports whether a receiver wants to be sent the findings that stand, and not only what is new.
func (h *hooks) wantsAll() bool {
	return slices.ContainsFunc(h.hooks, func(r *hook) bool { return r.always })
}

// send lets each receiver be sent the events of a batch after those that it is owed, and what stands now.
func (h *hooks) send(b *batch) {
	for _, r := range h.hooks {
		r.mu.Lock()
		for _, e := range b.events {
			if !r.always || e.Event != EventNew { // what is new stands
				r.owed = append(r.owed, e)
			}
		}
		r.last = *b
		r.mu.Unlock()
		select {
		case r.wake <- struct{}{}:
		default: // it is sent this one next
		}
	}
}

// run delivers until ctx ends. What is left is sent after the next start.
func (h *hooks) run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, r := range h.hooks {
		wg.Go(func() {
			for {
				select {
				case <-r.wake:
					h.deliverAll(ctx, r)
				case <-ctx.Done():
					return
				}
			}
		})
	}
}

// deliverAll delivers to one receiver what it is owed, in the pieces that it takes, and what comes meanwhile.
func (h *hooks) deliverAll(ctx context.Context, r *hook) {
	most, next := 1, 0
	if r.single {
		most = maxFailures
	}
	for failed := 0; failed < most; {
		b := r.piece(next)
		if b == nil {
			return
		}
		taken := h.deliver(ctx, r, b)
		if ctx.Err() != nil && !taken {
			return
		}
		n := 0
		if taken {
			n = len(b.events)
		} else {
			failed++
			next += len(b.events)
		}
		lost := r.drop(next, n, b.at)
		next = max(0, next-lost)
		if lost > 0 {
			h.missed.counter(r.name).Add(lost)
			h.say("rollcall: %s misses %s for good", r.name, providers.CountOf(lost, "event"))
		}
		if n+lost > 0 {
			h.changed.Store(true)
		}
	}
}

// piece returns what is delivered next of what is owed from an index on, or nil. What stands is returned once a scan.
func (r *hook) piece(from int) *batch {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.last
	b.events = slices.Clone(r.owed[from:])
	if r.single && len(b.events) > 1 {
		b.events = b.events[:1]
	}
	if r.last.standing = nil; !r.always {
		b.standing = nil
	}
	if len(b.events)+len(b.standing) == 0 {
		return nil
	}
	return &b
}

// drop removes n events from an index on, and those that are too old or too many, which it counts.
func (r *hook) drop(from, n int, now time.Time) (lost int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.owed = slices.Delete(r.owed, from, from+n)
	many := len(r.owed)
	r.owed = slices.DeleteFunc(r.owed, func(e HookEvent) bool { return now.Sub(e.Time) > maxOwedFor })
	r.owed = slices.Delete(r.owed, 0, max(0, len(r.owed)-maxOwed))
	return many - len(r.owed)
}

// deliver reports whether a receiver has taken a batch or refused it for good; else it is to be sent again.
func (h *hooks) deliver(ctx context.Context, r *hook, b *batch) bool {
	tries, pause := hookTries, hookPause
	if r.down {
		tries = 1
	}
	for try := 1; ; try++ {
		limited, cancel := context.WithTimeout(ctx, hookTimeout)
		err := r.deliver(limited, b)
		cancel()
		if ctx.Err() != nil {
			return false
		}
		if err == nil {
			if r.down {
				h.say("rollcall: %s works again", r.name)
			}
			r.down = false
			h.counts.counter(r.name, "ok").Inc()
			return true
		}
		if _, final := errors.AsType[permanent](err); final || try >= tries {
			what := "what stands"
			if len(b.events) > 0 {
				what = providers.CountOf(len(b.events), "event")
			}
			fate := "is sent " + what + " again with the next scan"
			if final {
				fate = "misses " + what
				h.missed.counter(r.name).Add(len(b.events))
			}
			if !r.down {
				h.say("rollcall: %s fails, and %s: %s", r.name, fate, words.Clean(err.Error()))
			}
			r.down = true
			h.counts.counter(r.name, "failed").Inc()
			return final
		}
		wait := pause
		if again, ok := errors.AsType[laterError](err); ok {
			wait = max(pause, min(again.after, maxRetryAfter))
		}
		if providers.Sleep(ctx, wait) != nil {
			return false
		}
		pause *= 4
	}
}

// hookVariables are the environment variables that commands need in order to run. None holds a credential.
var hookVariables = []string{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM"}

// hookEnvironment returns the environment of a command, which is never nil: of env hookVariables, LC_*, and the variables in
// also.
func hookEnvironment(env providers.Environment, also []string) []string {
	out := []string{}
	for _, kv := range env.List() {
		name, _, _ := strings.Cut(kv, "=")
		if slices.Contains(hookVariables, name) || strings.HasPrefix(name, "LC_") || slices.Contains(also, name) {
			out = append(out, kv)
		}
	}
	return out
}

// execute runs a command with an event on its stdin. Its environment is hookEnvironment(env, also).
func execute(ctx context.Context, env providers.Environment, command string, also []string, body []byte) error {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	endWithChildren(cmd)
	cmd.Env = hookEnvironment(env, also)
	cmd.Stdin = bytes.NewReader(body)
	var said bytes.Buffer
	cmd.Stderr = &said
	cmd.WaitDelay = time.Second // for background processes of the command that hold our pipes
	err := cmd.Run()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("no end within %s", hookTimeout)
	}
	if line, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n"); line != "" {
		return fmt.Errorf("%w: %s", err, line)
	}
	return err
}
