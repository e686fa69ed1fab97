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
	"testing"
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
		h := &hooks{say: t.Logf, path: filepath.Join(s.State, "watch.json"), counts: newMetrics(s, "").deliveries, hooks: []*hook{
			{name: "there", deliver: receiver(0)}, {name: "away", single: true, deliver: receiver(1), down: true},
		}}
		h.remembered()
		return h
	}
	send := func(h *hooks, events ...HookEvent) {
		b := &batch{at: at, events: events, owed: map[string][]HookEvent{}}
		for _, r := range h.hooks {
			h.deliverAll(t.Context(), r, b)
			if len(r.owed) > 0 {
				b.owed[r.name] = r.owed
			}
		}
		(&watcher{hooks: h}).delivered(b)
	}
	event := func(kind, text string) HookEvent { return HookEvent{Event: kind, Time: at, Text: text} }
	h := begin()
	send(h, event(EventNew, "a"), event(EventNew, "b"), event(EventNew, "c"), event(EventNew, "d"))
	send(h, event(EventResolved, "a"))
	if !h.owes || len(got[1]) > 0 {
		t.Fatalf("owes %t, sent %v", h.owes, got[1])
	}
	h = begin()
	if !h.owes {
		t.Fatal("what is owed is forgotten after a restart")
	}
	away = false
	send(h)
	send(h, event(EventNew, "e"))
	want := []string{"new a", "new b", "new c", "new d", "resolved a", "new e"}
	if h.owes || !slices.Equal(got[0], want) || !slices.Equal(got[1], want) {
		t.Errorf("owes %t, there %v, away %v", h.owes, got[0], got[1])
	}
	if h = begin(); h.owes {
		t.Error("it is owed again after a restart")
	}
}
