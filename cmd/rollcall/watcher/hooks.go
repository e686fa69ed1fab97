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
	hookQueue   = 10          // waiting batches; more wait for a later scan
	// maxRetryAfter is the longest Retry-After that is waited for: other findings wait behind it.
	maxRetryAfter = 2 * time.Minute
	// Events that a receiver did not take for now are sent again with the next scan: so many, and for so long. In one
	// batch a receiver may fail so often before the rest waits too.
	maxOwed     = 1000
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

// batch is what one scan has to say. Keys are those of its events, and standing are the findings that were sent before
// and are not resolved.
type batch struct {
	fleet    string
	at       time.Time
	next     time.Time // when another batch follows at the latest
	keys     []string
	events   []HookEvent
	standing []HookEvent
	owed     map[string][]HookEvent // by receiver, once it was delivered: what is to be sent again
}

// hook is one receiver.
type hook struct {
	name    string // without secrets
	deliver func(ctx context.Context, b *batch) error
	single  bool        // it gets each event alone
	always  bool        // it gets a batch without events too
	down    bool        // it failed last time, and is tried only once until it works
	owed    []HookEvent // what it did not take, oldest first
}

// hooks send findings to the receivers, one after the other, without delaying the watcher.
type hooks struct {
	say       func(format string, args ...any)
	path      string // file of sent findings
	hooks     []*hook
	queue     chan *batch
	delivered chan *batch
	counts    *family
	owes      bool // some receiver is owed events, as the watcher knows
}

// permanent is a refusal that a retry would not change.
type permanent struct{ error }

// laterError is a refusal that says when to try again.
type laterError struct {
	error
	after time.Duration
}

func newHooks(a *app.Program, s *app.Session, f *Options, counts *family) (*hooks, error) {
	if err := os.MkdirAll(s.State, 0o700); err != nil {
		return nil, fmt.Errorf("make the state folder: %w", err)
	}
	h := &hooks{say: a.Logf, path: filepath.Join(s.State, "watch.json"), queue: make(chan *batch, hookQueue), delivered: make(chan *batch), counts: counts}
	if f.Webhook != "" {
		h.hooks = append(h.hooks, newWebhook(f, nil, s.Program.Now))
	}
	if f.Exec != "" {
		h.hooks = append(h.hooks, &hook{name: "exec", single: true, deliver: func(ctx context.Context, b *batch) error {
			body, err := json.Marshal(b.events[0])
			if err != nil {
				return permanent{err}
			}
			return execute(ctx, a.Env, f.Exec, f.ExecEnv, body)
		}})
	}
	return h, nil
}

// ready reports whether the queue takes another batch.
func (h *hooks) ready() bool { return len(h.queue) < cap(h.queue) }

// wantsAll reports whether a receiver wants to be sent the findings that stand, and not only what is new.
func (h *hooks) wantsAll() bool {
	return slices.ContainsFunc(h.hooks, func(r *hook) bool { return r.always })
}

// send queues a batch after ready.
func (h *hooks) send(b *batch) { h.queue <- b }

// run delivers batches until ctx ends. Those that are left are sent after the next start.
func (h *hooks) run(ctx context.Context) {
	for {
		select {
		case b := <-h.queue:
			var wg sync.WaitGroup // none waits for another that fails
			for _, r := range h.hooks {
				wg.Go(func() { h.deliverAll(ctx, r, b) })
			}
			wg.Wait()
			if ctx.Err() != nil {
				return
			}
			b.owed = map[string][]HookEvent{}
			for _, r := range h.hooks {
				if len(r.owed) > 0 {
					b.owed[r.name] = slices.Clone(r.owed)
				}
			}
			select {
			case h.delivered <- b:
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// deliverAll delivers to one receiver what it is owed and then a batch, in the pieces that it takes.
func (h *hooks) deliverAll(ctx context.Context, r *hook, b *batch) {
	events := slices.Concat(r.owed, b.events)
	r.owed = nil
	switch {
	case r.single:
		failed := 0
		for _, e := range events {
			if failed == maxFailures || !h.deliver(ctx, r, &batch{fleet: b.fleet, at: b.at, events: []HookEvent{e}}) {
				failed = min(failed+1, maxFailures)
				r.owed = append(r.owed, e)
			}
		}
	case len(events) > 0 || r.always:
		all := *b
		all.events = events
		if !h.deliver(ctx, r, &all) {
			r.owed = events
		}
	}
	many := len(r.owed)
	r.owed = slices.DeleteFunc(r.owed, func(e HookEvent) bool {
		return r.always && e.Event == EventNew || b.at.Sub(e.Time) > maxOwedFor // what stands is sent with each batch
	})
	r.owed = r.owed[max(0, len(r.owed)-maxOwed):]
	if lost := many - len(r.owed); lost > 0 && !r.always {
		h.say("rollcall: %s misses %s for good", r.name, providers.CountOf(lost, "event"))
	}
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
			fate := "is sent %s again with the next scan"
			if final {
				fate = "misses %s"
			}
			if !r.down {
				h.say("rollcall: %s fails, and "+fate+": %s", r.name, providers.CountOf(max(1, len(b.events)), "event"), words.Clean(err.Error()))
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
