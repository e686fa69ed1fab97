package cloudflare

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/adapter"
	"rollcall/providers/budget"
	"rollcall/providers/providertest"
)

// tokenServer is an API that accepts one token, which may change.
type tokenServer struct {
	*httptest.Server
	mu    sync.Mutex
	valid string
	calls int
}

func newTokenServer(t *testing.T, valid string) *tokenServer {
	s := &tokenServer{valid: valid}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.calls++
		if r.Header.Get("Authorization") != "Bearer "+s.valid {
			failure(w, http.StatusUnauthorized, 10000, "Authentication error")
			return
		}
		_, _ = w.Write([]byte(`{"success":true,"errors":[],"result":[],"result_info":{"page":1,"per_page":50,"count":0,"total_count":0,"total_pages":0}}`))
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *tokenServer) accept(valid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.valid = valid
}

// openAt opens an account of the server and returns it with a function that reads its zones and returns the error.
func openAt(t *testing.T, s *tokenServer, clk providers.Clock, env providers.Environment, settings ...string) (adapter.Account, func() error) {
	t.Helper()
	a, err := open(adapter.Opening{
		Name: "example.com", Settings: providers.SettingsOf(append(settings, "endpoint", s.URL)...), Env: env, Clock: clk, Budgets: budget.NewPool(budget.WithClock(clk)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return a, func() error { return a.DNS.Zones(t.Context(), func([]providers.Zone) {}).Err }
}

func TestATokenIsFoundWhereItIsKept(t *testing.T) {
	s := newTokenServer(t, "t1")
	path := filepath.Join(t.TempDir(), "token")
	marked := path + ".marked"
	for p, text := range map[string]string{path: "t1\n", marked: "\ufefft1\r\n"} {
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := providers.EnvironmentOf("PATH=" + os.Getenv("PATH"))
	for name, c := range map[string]struct {
		env      providers.Environment
		settings []string
		from     string
	}{
		"CLOUDFLARE_API_TOKEN":     {env.With("CLOUDFLARE_API_TOKEN=t1", "CF_API_TOKEN=old", "CLOUDFLARE_API_KEY=k"), nil, "CLOUDFLARE_API_TOKEN"},
		"CF_API_TOKEN":             {env.With("CF_API_TOKEN= t1 "), nil, "CF_API_TOKEN"},
		"a variable of the config": {env.With("CLOUDFLARE_API_TOKEN=other", "MINE=t1"), []string{"token_env", "MINE"}, "MINE"},
		"a file":                   {env.With("CLOUDFLARE_API_TOKEN=other"), []string{"token_file", path}, path},
		"a file of an editor":      {env, []string{"token_file", marked}, marked},
		"a command":                {env.With("CLOUDFLARE_API_TOKEN=other"), []string{"token_command", "cat '" + path + "'"}, "token_command"},
	} {
		a, zones := openAt(t, s, providers.Clock{}, c.env, c.settings...)
		if err := zones(); err != nil || a.From != c.from {
			t.Errorf("%s: from %q: %v", name, a.From, err)
		}
	}
}

func TestATokenThatIsNoneIsOneLineThatSaysWhatToDo(t *testing.T) {
	s := newTokenServer(t, "t1")
	empty := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := "PATH=" + os.Getenv("PATH")
	for name, c := range map[string]struct {
		env, setting, value, want string
	}{
		"none":                       {"", "", "", "set CLOUDFLARE_API_TOKEN"},
		"a variable that is not set": {"CLOUDFLARE_API_TOKEN=t1", "token_env", "MINE", "set MINE"},
		"a global key":               {"CLOUDFLARE_API_KEY=k", "", "", "CLOUDFLARE_API_KEY is a global key"},
		"an old global key":          {"CF_API_KEY=k", "", "", "make an API token with Zone:Read and DNS:Edit"},
		"a token in two lines":       {"CLOUDFLARE_API_TOKEN=a b", "", "", "copy it again"},
		"a file that is not there":   {"", "token_file", empty + ".no", "token_file: open " + empty + ".no: no such file or directory"},
		"an empty file":              {"", "token_file", empty, empty + " is empty"},
		"a file without an end":      {"", "token_file", "/dev/zero", "token_file /dev/zero: "},
		"a command that fails":       {"", "token_command", "echo 'vault is sealed' >&2; exit 2", "token_command: exit status 2: vault is sealed"},
		"a command without output":   {"", "token_command", "true", "token_command printed nothing"},
		"a command that prints more": {"", "token_command", "echo a; echo b", "copy it again"},
	} {
		a, err := open(adapter.Opening{
			Name: "example.com", Settings: providers.SettingsOf(c.setting, c.value, "endpoint", s.URL), Env: providers.EnvironmentOf(path, c.env), Budgets: budget.NewPool(),
		})
		if err == nil {
			err = a.DNS.Zones(t.Context(), func([]providers.Zone) {}).Err
		}
		if providers.KindOf(err) != providers.KindAuth || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s.calls > 0 {
		t.Errorf("%d calls without a token", s.calls)
	}
}

func TestARefusedTokenIsOneLineThatSaysWhoseItIsAndWhatToDo(t *testing.T) {
	s := newTokenServer(t, "t1")
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for from, c := range map[string]struct{ env, setting, value string }{
		"CLOUDFLARE_API_TOKEN": {"CLOUDFLARE_API_TOKEN=old", "", ""},
		"CF_API_TOKEN":         {"CF_API_TOKEN=old", "", ""},
		"MINE":                 {"MINE=old", "token_env", "MINE"},
		path:                   {"", "token_file", path},
		"token_command":        {"PATH=" + os.Getenv("PATH"), "token_command", "echo old"},
	} {
		_, zones := openAt(t, s, providers.Clock{}, providers.EnvironmentOf(c.env), c.setting, c.value)
		err := zones()
		if want := "; see in the dashboard (My Profile, API Tokens) that the token of " + from + " is active"; providers.KindOf(err) != providers.KindAuth || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", from, err)
		}
	}
}

func TestATokenThatWasRenewedIsFetchedAgainOnceItIsRefused(t *testing.T) {
	s := newTokenServer(t, "t1")
	path := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("t1")
	clk := providertest.NewClock(time.Now())
	_, zones := openAt(t, s, clk.Clock, providers.EnvironmentOf(), "token_file", path)
	if err := zones(); err != nil {
		t.Fatal(err)
	}
	s.accept("t2")
	write("t2")
	if err := zones(); providers.KindOf(err) != providers.KindAuth {
		t.Errorf("at once: %v", err)
	}
	clk.Advance(2 * time.Minute)
	if err := zones(); err != nil {
		t.Errorf("later: %v", err)
	}
	s.accept("t3") // and the file is the old one
	clk.Advance(2 * time.Minute)
	if err := zones(); providers.KindOf(err) != providers.KindAuth {
		t.Errorf("a token that is refused for good: %v", err)
	}
}

func TestACommandIsRunOnceForCallsThatBeginTogether(t *testing.T) {
	s := newTokenServer(t, "t1")
	log := filepath.Join(t.TempDir(), "runs")
	_, zones := openAt(t, s, providers.Clock{}, providers.EnvironmentOf("PATH="+os.Getenv("PATH")), "token_command", "echo run >>'"+log+"'; sleep 0.2; echo t1")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := zones(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if runs, err := os.ReadFile(log); err != nil || string(runs) != "run\n" {
		t.Errorf("%q, %v", runs, err)
	}
}
