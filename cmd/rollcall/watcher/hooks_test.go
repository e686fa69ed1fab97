package watcher

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
