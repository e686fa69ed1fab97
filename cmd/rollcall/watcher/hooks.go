package watcher

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/textfile"
)

// Limits of hooks.
const (
	hookTimeout = 10 * time.Second
	hookTries   = 3
	hookPause   = time.Second // before the second try; later ones are four times as long
	hookQueue   = 1000        // waiting events; more wait for a later scan
	maxReply    = 64 << 10
	// maxRemembered is the largest size in bytes of the file of sent findings.
	maxRemembered = 256 << 20
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

// hook is one receiver.
type hook struct {
	name    string // without secrets
	deliver func(ctx context.Context, body []byte) error
	down    bool // it failed last time, and is tried only once until it works
}

// hooks send findings to the receivers, one after the other, without delaying the watcher.
type hooks struct {
	say       func(format string, args ...any)
	path      string // file of sent findings
	hooks     []*hook
	queue     chan queued
	delivered chan delivery
	counts    *family
}

type queued struct {
	key  string
	body []byte
}

// delivery means that the hooks have finished with the event of a finding.
type delivery struct{ key string }

// permanent is a refusal that a retry would not change.
type permanent struct{ error }

func newHooks(a *app.Program, s *app.Session, f *Options, counts *family) (*hooks, error) {
	if err := os.MkdirAll(s.State, 0o700); err != nil {
		return nil, fmt.Errorf("make the state folder: %w", err)
	}
	h := &hooks{
		say: a.Logf, path: filepath.Join(s.State, "watch.json"), queue: make(chan queued, hookQueue), delivered: make(chan delivery), counts: counts,
	}
	if f.Webhook != "" {
		h.hooks = append(h.hooks, webhook(f.Webhook))
	}
	if f.Exec != "" {
		h.hooks = append(h.hooks, &hook{name: "exec", deliver: func(ctx context.Context, body []byte) error { return execute(ctx, a.Env, f.Exec, f.ExecEnv, body) }})
	}
	return h, nil
}

// send queues an event. It returns false if the queue is full.
func (h *hooks) send(key string, e HookEvent) bool {
	body, err := json.Marshal(e)
	if err != nil {
		h.say("rollcall: a finding cannot be told: %s", words.Clean(err.Error()))
		return false
	}
	select {
	case h.queue <- queued{key, body}:
		return true
	default:
		return false
	}
}

// run delivers events until ctx ends. Events that are left are sent after the next start.
func (h *hooks) run(ctx context.Context) {
	for {
		select {
		case q := <-h.queue:
			for _, r := range h.hooks {
				h.deliver(ctx, r, q.body)
			}
			if ctx.Err() != nil {
				return
			}
			select {
			case h.delivered <- delivery{q.key}:
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (h *hooks) deliver(ctx context.Context, r *hook, body []byte) {
	tries, pause := hookTries, hookPause
	if r.down {
		tries = 1
	}
	for try := 1; ; try++ {
		limited, cancel := context.WithTimeout(ctx, hookTimeout)
		err := r.deliver(limited, body)
		cancel()
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			if r.down {
				h.say("rollcall: %s works again", r.name)
			}
			r.down = false
			h.counts.counter(r.name, "ok").Inc()
			return
		}
		if _, final := errors.AsType[permanent](err); final || try >= tries {
			if !r.down {
				h.say("rollcall: %s fails, and is not told of a finding: %s", r.name, words.Clean(err.Error()))
			}
			r.down = true
			h.counts.counter(r.name, "failed").Inc()
			return
		}
		if providers.Sleep(ctx, pause) != nil {
			return
		}
		pause *= 4
	}
}

// webhook returns a receiver that gets events by POST. Messages show only the host of its URL.
func webhook(target string) *hook {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	name := "webhook"
	if u, err := url.Parse(target); err == nil {
		name += " " + words.Clean(u.Host)
	}
	return &hook{name: name, deliver: func(ctx context.Context, body []byte) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
		if err != nil {
			return permanent{errors.New("its URL cannot be used")}
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("User-Agent", "rollcall")
		resp, err := client.Do(req)
		if err != nil {
			if u, ok := errors.AsType[*url.Error](err); ok {
				err = u.Err // without the URL
			}
			return err
		}
		defer resp.Body.Close()                                         //nolint:errcheck // the body is not needed
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxReply)) // so that the connection is reused
		switch s := resp.StatusCode; {
		case s < 300:
			return nil
		case s < 500 && s != http.StatusTooManyRequests && s != http.StatusRequestTimeout:
			return permanent{errors.New("HTTP " + resp.Status)}
		}
		return errors.New("HTTP " + resp.Status)
	}}
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

// sentFinding is a sent finding, as stored in the state folder.
type sentFinding struct {
	Key     string             `json:"key"`
	Since   time.Time          `json:"since"`
	Finding rows.FindingObject `json:"finding"`
}

// remember stores the sent findings, so that after a restart they are not sent again and their end is.
func (h *hooks) remember(known map[string]*openFinding) {
	rows := []sentFinding{}
	for key, s := range known {
		if s.stage == stageSent || s.stage == stageResolving {
			rows = append(rows, sentFinding{key, s.since, s.row})
		}
	}
	err := textfile.Write(h.path, func(f *os.File) error { return json.NewEncoder(f).Encode(rows) })
	if err != nil {
		h.say("rollcall: what the hooks were told cannot be kept for the next start: %s", words.Clean(err.Error()))
	}
}

// remembered returns the findings that were sent before this start.
func (h *hooks) remembered() map[string]*openFinding {
	known := map[string]*openFinding{}
	text, err := textfile.Read(h.path, maxRemembered)
	var rows []sentFinding
	if err == nil {
		err = textfile.CheckJSON(text)
	}
	if err == nil {
		err = json.Unmarshal(text, &rows)
	}
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			h.say("rollcall: what the hooks were told before is not known, and is told again: %s", words.Clean(err.Error()))
		}
		return known
	}
	for _, r := range rows {
		known[r.Key] = &openFinding{row: r.Finding, since: r.Since, scans: 2, stage: stageSent}
	}
	return known
}
