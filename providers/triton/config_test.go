package triton

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/providers"
)

// home makes a home with profiles of the triton CLI.
func home(t *testing.T, current string, profiles map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, ".triton", "profiles.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, ".triton", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if current != "" {
		put("config.json", `{"profile": "`+current+`"}`)
	}
	for name, text := range profiles {
		put("profiles.d/"+name+".json", text)
	}
	return dir
}

func envOf(kv map[string]string) (e providers.Environment) {
	e = providers.EnvironmentOf()
	for name, value := range kv {
		e = e.With(name + "=" + value)
	}
	return e
}

const eastProfile = `{"name":"east","account":"joe","keyId":"aa:bb","url":"https://east.example.com","insecure":true,"user":"bot"}`

func TestAConfigIsFilledFromWhereTheCLILooks(t *testing.T) {
	dir := home(t, "east", map[string]string{
		"east": eastProfile, "west": `{"account":"jane","keyId":"cc:dd","url":"https://west.example.com"}`,
	})
	sdc := map[string]string{"SDC_URL": "https://sdc.example.com", "SDC_ACCOUNT": "old", "SDC_KEY_ID": "11:22", "SDC_TESTING": "1"}
	both := map[string]string{"SDC_URL": "https://sdc.example.com", "TRITON_URL": "https://env.example.com", "TRITON_ACCOUNT": "envy", "TRITON_KEY_ID": "33:44", "TRITON_TLS_INSECURE": "0"}
	for name, tc := range map[string]struct {
		cfg  Config
		env  map[string]string
		want Config
	}{
		"the current profile": {Config{}, nil, Config{URL: "https://east.example.com", Account: "joe", User: "bot", KeyID: "aa:bb", InsecureTLS: true}},
		"TRITON_PROFILE":      {Config{}, map[string]string{"TRITON_PROFILE": "west"}, Config{URL: "https://west.example.com", Account: "jane", KeyID: "cc:dd"}},
		"SDC variables":       {Config{}, sdc, Config{URL: "https://sdc.example.com", Account: "old", KeyID: "11:22", InsecureTLS: true}},
		"TRITON before SDC":   {Config{}, both, Config{URL: "https://env.example.com", Account: "envy", KeyID: "33:44"}},
		"a profile that the config names, before the environment": {Config{Profile: "west"}, both, Config{URL: "https://west.example.com", Account: "jane", KeyID: "cc:dd"}},
		"the config before all":                                   {Config{URL: "https://x", Account: "a", KeyID: "k"}, both, Config{URL: "https://x", Account: "a", KeyID: "k"}},
		"URL and account from the config":                         {Config{URL: "https://x", Account: "a"}, nil, Config{URL: "https://x", Account: "a", KeyID: "aa:bb"}},
		"the environment as a profile":                            {Config{Profile: "env"}, both, Config{URL: "https://env.example.com", Account: "envy", KeyID: "33:44"}},
	} {
		tc.cfg.Home, tc.cfg.Env = dir, envOf(tc.env)
		got, err := tc.cfg.resolve()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.URL != tc.want.URL || got.Account != tc.want.Account || got.User != tc.want.User || got.KeyID != tc.want.KeyID || got.InsecureTLS != tc.want.InsecureTLS {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestAMissingCredentialIsOneClearLine(t *testing.T) {
	full := map[string]string{"TRITON_URL": "https://x", "TRITON_ACCOUNT": "a", "TRITON_KEY_ID": "k"}
	for drop, word := range map[string]string{"TRITON_URL": "TRITON_URL", "TRITON_ACCOUNT": "TRITON_ACCOUNT", "TRITON_KEY_ID": "TRITON_KEY_ID"} {
		env := map[string]string{}
		for k, v := range full {
			if k != drop {
				env[k] = v
			}
		}
		_, err := New(Config{Name: "joyent-east", Env: envOf(env), Home: t.TempDir()})
		if providers.KindOf(err) != providers.KindAuth || !strings.Contains(err.Error(), word) || strings.Contains(err.Error(), "\n") {
			t.Errorf("without %s: %v", drop, err)
		}
	}
}

func TestABadProfileIsOneClearLine(t *testing.T) {
	dir := home(t, "gone", map[string]string{"broken": "{"})
	for _, profile := range []string{"", "broken", "nowhere", "../../etc/passwd", "..", "."} {
		_, err := New(Config{Name: "c", Profile: profile, Env: providers.EnvironmentOf(), Home: dir})
		if providers.KindOf(err) != providers.KindAuth || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", profile, err)
		}
	}
}

func TestAURLThatIsNoneIsRefused(t *testing.T) {
	for _, u := range []string{"east.example.com", "ftp://x", "https://", "://"} {
		_, err := New(Config{Name: "c", URL: u, Account: "a", KeyID: "k", Env: providers.EnvironmentOf(), Home: t.TempDir()})
		if providers.KindOf(err) != providers.KindInvalid {
			t.Errorf("%q: %v", u, err)
		}
	}
}
