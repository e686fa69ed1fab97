package triton

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/budget"
)

func TestAnErrorOfCloudAPIIsClassified(t *testing.T) {
	for _, tc := range []struct {
		status int
		body   string
		want   providers.Kind
		code   string
	}{
		{401, `{"code":"InvalidCredentials","message":"wrong"}`, providers.KindAuth, "InvalidCredentials"},
		{403, `{"code":"NotAuthorized","message":"no"}`, providers.KindAuth, "NotAuthorized"},
		{404, `{"code":"ResourceNotFound","message":"VM not found"}`, providers.KindNotFound, "ResourceNotFound"},
		{404, `<html>nginx</html>`, providers.KindOther, "HTTP 404"},
		{404, ``, providers.KindOther, "HTTP 404"},
		{410, `{"code":"ResourceNotFound","message":"destroyed"}`, providers.KindGone, "ResourceNotFound"},
		{410, `{"id":"` + uuid(1) + `","state":"deleted"}`, providers.KindGone, "HTTP 410"},
		{410, `gone fishing`, providers.KindOther, "HTTP 410"},
		{409, `{"code":"InvalidArgument","message":"VM is stopped"}`, providers.KindInvalid, "InvalidArgument"},
		{409, `{"code":"InvalidState","message":"VM is stopped"}`, providers.KindConflict, "InvalidState"},
		{409, `{"code":"CannotDestroyMachineError","message":"Instance has \"deletion_protection\" enabled, preventing deletion"}`, providers.KindConflict, "CannotDestroyMachineError"},
		{409, `{"code":"MissingParameter","message":"image"}`, providers.KindInvalid, "MissingParameter"},
		{403, `{"code":"QuotaExceeded","message":"no more"}`, providers.KindLimit, "QuotaExceeded"},
		{420, `{"code":"RequestThrottled","message":"slow"}`, providers.KindThrottled, "RequestThrottled"},
		{429, ``, providers.KindThrottled, "HTTP 429"},
		{503, `{"code":"RequestThrottled","message":"slow"}`, providers.KindThrottled, "RequestThrottled"},
		{503, `upstream down`, providers.KindUnreachable, "HTTP 503"},
		{503, `{"code":"ResourceNotFound","message":"lies"}`, providers.KindUnreachable, "ResourceNotFound"},
		{500, `{"code":"InternalError","message":"boom"}`, providers.KindUnreachable, "InternalError"},
		{302, ``, providers.KindOther, "HTTP 302"},
	} {
		f := newFake(t, 0)
		f.before = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasPrefix(r.URL.Path, "/ops/machines/") {
				return false
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(tc.status)
			_, _ = w.Write([]byte(tc.body))
			return true
		}
		_, err := f.cloud().Instance(t.Context(), uuid(1))
		e, ok := err.(*providers.Error) //nolint:errorlint // the adapter's own type is what is promised
		if !ok || e.Kind != tc.want || e.Code != tc.code || e.Source != "joyent-east" {
			t.Errorf("%d %s: %v, want %s (%s)", tc.status, tc.body, err, tc.want, tc.code)
		}
	}
}

func TestAKeyThatTheAccountDoesNotHaveIsOneLineThatSaysWhatToDo(t *testing.T) {
	for body, want := range map[string]string{
		`{"code":"InvalidCredentials","message":"Invalid key a8:43"}`:      "Invalid key a8:43; see that account and key_id are right, and that the key is one of those of the account ops (triton key list)",
		`{"code":"InvalidCredentials","message":"Invalid account nobody"}`: "Invalid account nobody; see that account and key_id are right",
	} {
		f := newFake(t, 0)
		f.before = func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(body))
			return true
		}
		if _, err := f.cloud().Identify(t.Context()); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v", err)
		}
	}
}

func TestA503WithoutJSONKeepsItsStatusAndItsRetryAfter(t *testing.T) {
	f := newFake(t, 0)
	f.before = func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "77")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("<html>"))
		return true
	}
	b := budget.New("t", 0, 1)
	_, err := f.cloud(func(c *Config) { c.Budget = b }).Identify(t.Context())
	if providers.KindOf(err) != providers.KindUnreachable || providers.RetryAfter(err) != 77*time.Second || !strings.Contains(err.Error(), "503") {
		t.Fatalf("%v, retry after %v", err, providers.RetryAfter(err))
	}
	if left := time.Until(b.State().BlockedUntil); left < 70*time.Second {
		t.Fatalf("the budget is blocked for %v", left)
	}
}

func TestAThrottledReadIsTriedAgain(t *testing.T) {
	f := newFake(t, 3)
	var n atomic.Int32
	listWith(f, func(w http.ResponseWriter, _ *http.Request) bool {
		if n.Add(1) > 2 {
			return false
		}
		f.fail(w, 420, "RequestThrottled", "slow down")
		return true
	})
	rows, cov := all(t, f.cloud())
	if !cov.Complete() || len(rows) != 3 || n.Load() != 3 {
		t.Fatalf("%d rows after %d tries: %v", len(rows), n.Load(), cov.Err)
	}
}

func TestAThrottledListingIsNotComplete(t *testing.T) {
	f := newFake(t, 3)
	listWith(f, func(w http.ResponseWriter, _ *http.Request) bool {
		f.fail(w, 420, "RequestThrottled", "slow down")
		return true
	})
	_, cov := all(t, f.cloud())
	if cov.State != providers.CoverageFailed || providers.KindOf(cov.Err) != providers.KindThrottled {
		t.Fatalf("%s: %v", cov.State, cov.Err)
	}
}

func TestFiftyThrottlesOpenOneConnection(t *testing.T) {
	f := newFake(t, 0)
	f.before = func(w http.ResponseWriter, _ *http.Request) bool {
		f.fail(w, 420, "RequestThrottled", strings.Repeat("slow down ", 100))
		return true
	}
	c := f.cloud()
	for range 50 {
		if _, err := c.count(t.Context()); providers.KindOf(err) != providers.KindThrottled {
			t.Fatal(err)
		}
		if _, err := c.findLaunch(t.Context(), "l/0"); providers.KindOf(err) != providers.KindThrottled {
			t.Fatal(err)
		}
	}
	if len(f.conns) != 1 {
		t.Fatalf("%d connections", len(f.conns))
	}
}

func TestAnAnswerThatBreaksOffIsUnreachable(t *testing.T) {
	f := newFake(t, 3)
	listWith(f, func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Length", "5000")
		_, _ = w.Write([]byte(`[{"id":"`))
		panic(http.ErrAbortHandler)
	})
	_, cov := all(t, f.cloud())
	if cov.Complete() || providers.KindOf(cov.Err) != providers.KindUnreachable {
		t.Fatalf("%s: %v", cov.State, cov.Err)
	}
}

func TestNobodyListeningIsUnreachable(t *testing.T) {
	f := newFake(t, 0)
	c := f.cloud(func(c *Config) { c.URL = deadAddress(t) })
	_, err := c.Identify(t.Context())
	if providers.KindOf(err) != providers.KindUnreachable || !budget.NotSent(err) {
		t.Fatal(err)
	}
}

func TestControlCharactersOfAnErrorAreStripped(t *testing.T) {
	f := newFake(t, 0)
	f.before = func(w http.ResponseWriter, _ *http.Request) bool {
		f.fail(w, 403, "Not\x1b[31mAuthorized", "no\x1b]0;title\x07\nway\u202e")
		return true
	}
	_, err := f.cloud().Identify(t.Context())
	if err == nil || strings.ContainsAny(err.Error(), "\x1b\x07\n\u202e") {
		t.Fatalf("%q", err)
	}
}

func TestAnInstanceOfAnotherIDIsNoAnswer(t *testing.T) {
	f := newFake(t, 5)
	for body, want := range map[string]providers.Kind{
		`{}`: providers.KindIncomplete, `[]`: providers.KindIncomplete, ``: providers.KindIncomplete,
		`{"id":"` + uuid(2) + `"}`: providers.KindIncomplete,
	} {
		f.before = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasPrefix(r.URL.Path, "/ops/machines/") {
				return false
			}
			_, _ = w.Write([]byte(body))
			return true
		}
		if _, err := f.cloud().Instance(t.Context(), uuid(1)); providers.KindOf(err) != want {
			t.Errorf("%q: %v", body, err)
		}
	}
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/ops/machines/") {
			return false
		}
		w.WriteHeader(http.StatusGone)
		_, _ = w.Write([]byte(`{"id":"` + uuid(2) + `","state":"deleted"}`))
		return true
	}
	if _, err := f.cloud().Instance(t.Context(), uuid(1)); providers.IsGone(err) {
		t.Errorf("a 410 about another machine counts as gone: %v", err)
	}
}

func TestAnAccountThatIsNotFoundDoesNotMakeItsMachinesGone(t *testing.T) {
	f := newFake(t, 1)
	c := f.cloud()
	if _, err := c.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.before = func(w http.ResponseWriter, _ *http.Request) bool {
		f.fail(w, http.StatusNotFound, "ResourceNotFound", "account not found")
		return true
	}
	for name, c := range map[string]*Cloud{"asked before": c, "never asked": f.cloud()} {
		if _, err := c.Instance(t.Context(), uuid(0)); err == nil || providers.IsGone(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnIDThatIsNoUUIDIsNeverSent(t *testing.T) {
	f := newFake(t, 1)
	c := f.cloud()
	for _, id := range []string{"", "i-0123456789abcdef0", "../../my", uuid(0) + "/x", uuid(0)[:35] + "?"} {
		if _, err := c.Instance(t.Context(), id); providers.KindOf(err) != providers.KindInvalid {
			t.Errorf("%q: %v", id, err)
		}
		if err := c.Terminate(t.Context(), id); providers.KindOf(err) != providers.KindInvalid {
			t.Errorf("%q: %v", id, err)
		}
	}
	if len(f.calls) != 0 {
		t.Fatalf("calls %v", f.calls)
	}
}

func TestAnotherAccountIsAskedWithTheKeyAndTheRolesOfTheOwnOne(t *testing.T) {
	f := newFake(t, 3)
	var mu sync.Mutex
	var wrong []string
	f.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.Header.Get("Authorization"), `keyId="/me/users/bot/keys/`) || r.URL.Query().Get("as-role") != "ops,dev" {
			mu.Lock()
			defer mu.Unlock()
			wrong = append(wrong, r.Method+" "+r.URL.String()+" "+r.Header.Get("Authorization"))
		}
		return false
	}
	c := f.cloud(func(c *Config) { c.Account, c.ActAs, c.User, c.Roles = "me", login, "bot", []string{"ops", "dev"} })
	if self, err := c.Identify(t.Context()); err != nil || self.Account != accountID {
		t.Errorf("account %s, want that of %s: %v", self.Account, login, err)
	}
	n := 0
	if cov := c.Instances(t.Context(), func(p []providers.Instance) { n += len(p) }); n != 3 || !cov.Complete() {
		t.Errorf("%d instances: %v", n, cov.Err)
	}
	if len(wrong) > 0 {
		t.Errorf("without the key and the roles: %v", wrong)
	}
}
