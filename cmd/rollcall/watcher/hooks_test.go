package watcher

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/providers"
)

func TestACommandThatFailsOrHangsIsToldInOneLine(t *testing.T) {
	for command, want := range map[string]string{
		"echo first >&2; echo second >&2; exit 3": "exit status 3: first",
		"exit 1":                        "exit status 1",
		"sleep 60 & sleep 60":           "no end within",
		"no-such-command-anywhere 2>&-": "exit status 127",
	} {
		most := time.Minute
		if want == "no end within" {
			most = 300 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(context.Background(), most)
		err := execute(ctx, providers.Environment{}, command, nil, []byte("{}"))
		cancel()
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %s", command, err, want)
		}
	}
}

func TestARefusalOfAWebhookIsNotTriedAgainAndARedirectionIsNotFollowed(t *testing.T) {
	posts := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		posts++
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			return
		}
		http.Error(w, "no", http.StatusForbidden)
	}))
	defer srv.Close()
	for _, path := range []string{"/", "/moved"} {
		posts = 0
		err := newWebhook(&Options{Webhook: srv.URL + path}, nil, time.Now).deliver(context.Background(), &batch{})
		if _, final := errors.AsType[permanent](err); !final || posts != 1 {
			t.Errorf("%s: %v after %d posts", path, err, posts)
		}
	}
}

func TestAWebhookThatDoesNotAnswerIsReportedWithItsTime(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that the client has gone
		<-r.Context().Done()
	}))
	defer srv.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if err := newWebhook(&Options{Webhook: srv.URL}, nil, time.Now).deliver(ctx, &batch{}); err == nil || err.Error() != "it did not answer within 10s" {
		t.Error(err)
	}
}

func TestACommandOfWatchIsGivenNoCredentialThatItIsNotToldTo(t *testing.T) {
	for _, name := range []string{"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "CLOUDFLARE_API_TOKEN", "TRITON_KEY_MATERIAL", "SDC_KEY_ID", "SSH_AUTH_SOCK", "ROLLCALL_WEBHOOK", "GH_PAT", "MY_OWN", "DB_PASSWORD"} {
		t.Setenv(name, "handed-on")
	}
	out := filepath.Join(t.TempDir(), "env")
	if err := execute(t.Context(), providers.Environment{}, "env > "+out, []string{"MY_OWN"}, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(got), "handed-on") != 1 || !strings.Contains(string(got), "MY_OWN=handed-on\n") || !strings.Contains(string(got), "PATH=") {
		t.Errorf("the command sees\n%s", got)
	}
}

// A receiver that is away gets what it missed with the next scan, after a restart too, and another one nothing twice.
func TestAReceiverThatWasAwayIsSentWhatItMissedInOrderAndAnotherNothingTwice(t *testing.T) {
	s := app.NewSession(&app.Program{Err: io.Discard}, config.Empty(), nil, nil)
	s.State = t.TempDir()
	var got [2][]string
	away := true
	begin := func() *hooks {
		receiver := func(n int) func(context.Context, *batch) error {
			return func(_ context.Context, b *batch) error {
				if n == 1 && away {
					return errors.New("connection refused")
				}
				for _, e := range b.events {
					got[n] = append(got[n], e.Event+" "+e.Text)
				}
				return nil
			}
		}
		h := testHooks(t, s, &hook{name: "there", deliver: receiver(0)}, &hook{name: "away", single: true, deliver: receiver(1), down: true})
		h.remembered()
		return h
	}
	send := func(h *hooks, events ...HookEvent) {
		w := &watcher{hooks: h}
		w.send(&batch{at: at, events: events})
		for _, r := range h.hooks {
			h.deliverAll(t.Context(), r)
		}
		w.keep()
	}
	event := func(kind, text string) HookEvent { return HookEvent{Event: kind, Time: at, Text: text} }
	h := begin()
	send(h, event(EventNew, "a"), event(EventNew, "b"), event(EventNew, "c"), event(EventNew, "d"))
	send(h, event(EventResolved, "a"))
	if len(got[1]) > 0 {
		t.Fatalf("sent %v", got[1])
	}
	h = begin()
	if len(h.hooks[0].owed) > 0 || len(h.hooks[1].owed) != 5 {
		t.Fatal("what is owed is forgotten after a restart")
	}
	away = false
	send(h)
	send(h, event(EventNew, "e"))
	want := []string{"new a", "new b", "new c", "new d", "resolved a", "new e"}
	if !slices.Equal(got[0], want) || !slices.Equal(got[1], want) {
		t.Errorf("there %v, away %v", got[0], got[1])
	}
	if h = begin(); len(h.hooks[0].owed)+len(h.hooks[1].owed) > 0 {
		t.Error("it is owed again after a restart")
	}
}

// testHooks returns hooks with these receivers.
func testHooks(t *testing.T, s *app.Session, receivers ...*hook) *hooks {
	m := newMetrics(s, "")
	h := &hooks{say: t.Logf, path: filepath.Join(s.State, "watch.json"), counts: m.deliveries, missed: m.missed}
	for _, r := range receivers {
		h.add(r)
	}
	return h
}

func TestAReceiverThatIsSlowDelaysNoOtherAndNoneIsSentABatchWithNothingInIt(t *testing.T) {
	s := app.NewSession(&app.Program{Err: io.Discard}, config.Empty(), nil, nil)
	s.State = t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var stands []int
		var ran []string
		h := testHooks(t, s,
			&hook{name: "alerts", always: true, deliver: func(_ context.Context, b *batch) error {
				mu.Lock()
				defer mu.Unlock()
				stands = append(stands, len(b.events)+len(b.standing))
				return nil
			}},
			&hook{name: "slow", single: true, deliver: func(ctx context.Context, b *batch) error {
				mu.Lock()
				ran = append(ran, b.events[0].Text)
				mu.Unlock()
				return providers.Sleep(ctx, 9*time.Second)
			}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { h.run(ctx); close(done) }()
		e := HookEvent{Event: EventNew, Time: time.Now(), Text: "a"}
		for range 20 {
			h.send(&batch{at: time.Now(), events: []HookEvent{e}, standing: []HookEvent{e}})
			time.Sleep(time.Second)
			h.send(&batch{at: time.Now()})
			time.Sleep(time.Second)
		}
		mu.Lock()
		if len(stands) != 20 || slices.ContainsFunc(stands, func(n int) bool { return n != 1 }) || len(ran) != 5 {
			t.Errorf("alerts %v, and %d runs of the slow one", stands, len(ran))
		}
		mu.Unlock()
		time.Sleep(5 * time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if len(ran) != 20 {
			t.Errorf("%d of 20 events were sent", len(ran))
		}
		cancel()
		<-done
	})
}

func TestDeliveriesAreCountedFromZeroAndEventsThatAReceiverMissesToo(t *testing.T) {
	s := app.NewSession(&app.Program{Err: io.Discard}, config.Empty(), nil, nil)
	s.State = t.TempDir()
	refuses := errors.New("connection refused")
	h := testHooks(t, s, &hook{name: "exec", down: true, deliver: func(context.Context, *batch) error { return refuses }})
	page := func() string {
		var out strings.Builder
		writeFamilies(&out, []*family{h.counts, h.missed})
		return out.String()
	}
	has := func(lines ...string) {
		t.Helper()
		for _, l := range lines {
			if p := page(); !strings.Contains(p, l+"\n") {
				t.Errorf("no %s in\n%s", l, p)
			}
		}
	}
	has(`rollcall_hook_deliveries_total{hook="exec",result="ok"} 0`, `rollcall_hook_deliveries_total{hook="exec",result="failed"} 0`, `rollcall_hook_missed_events_total{hook="exec"} 0`)
	send := func(at time.Time, events ...HookEvent) {
		h.send(&batch{at: at, events: events})
		h.deliverAll(t.Context(), h.hooks[0])
	}
	send(at, HookEvent{Time: at}, HookEvent{Time: at})
	has(`rollcall_hook_deliveries_total{hook="exec",result="failed"} 1`, `rollcall_hook_missed_events_total{hook="exec"} 0`)
	send(at.Add(maxOwedFor + time.Second)) // they are too old
	has(`rollcall_hook_deliveries_total{hook="exec",result="failed"} 2`, `rollcall_hook_missed_events_total{hook="exec"} 2`)
	refuses = permanent{refuses}
	send(at, HookEvent{Time: at})
	has(`rollcall_hook_deliveries_total{hook="exec",result="failed"} 3`, `rollcall_hook_missed_events_total{hook="exec"} 3`)
}
