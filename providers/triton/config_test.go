package triton

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"rollcall/providers"
	"rollcall/providers/adapter"
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

func TestAConfigIsFilledFromTheProfileThatTheCLIUses(t *testing.T) {
	profiles := map[string]string{
		"east": eastProfile, "west": `{"account":"jane","keyId":"cc:dd","url":"https://west.example.com"}`,
		"acting": `{"account":"jane","actAsAccount":"joe","roles":["ops"],"user":"bot","keyId":"cc:dd","url":"https://west.example.com"}`,
	}
	withCurrent, without := home(t, "east", profiles), home(t, "", profiles)
	sdc := map[string]string{"SDC_URL": "https://sdc.example.com", "SDC_ACCOUNT": "old", "SDC_KEY_ID": "11:22", "SDC_TESTING": "1"}
	both := map[string]string{"SDC_URL": "https://sdc.example.com", "TRITON_URL": "https://env.example.com", "TRITON_ACCOUNT": "envy", "TRITON_KEY_ID": "33:44", "TRITON_TLS_INSECURE": "0", "TRITON_ACT_AS": "other"}
	and := func(env map[string]string, k, v string) map[string]string {
		env = maps.Clone(env)
		env[k] = v
		return env
	}
	east := Config{URL: "https://east.example.com", Account: "joe", User: "bot", KeyID: "aa:bb", InsecureTLS: true}
	west := Config{URL: "https://west.example.com", Account: "jane", KeyID: "cc:dd"}
	env := Config{URL: "https://env.example.com", Account: "envy", KeyID: "33:44", ActAs: "other"}
	acting := Config{URL: "https://west.example.com", Account: "jane", ActAs: "joe", User: "bot", Roles: []string{"ops"}, KeyID: "cc:dd"}
	for name, tc := range map[string]struct {
		cfg  Config
		home string
		env  map[string]string
		want Config
		from string
	}{
		"the current profile":                        {Config{}, withCurrent, nil, east, "profile east of the triton CLI"},
		"the current profile before the environment": {Config{}, withCurrent, both, east, "profile east of the triton CLI"},
		"TRITON_PROFILE before both":                 {Config{}, withCurrent, and(both, "TRITON_PROFILE", "west"), west, "profile west of the triton CLI"},
		"TRITON_PROFILE=env":                         {Config{}, withCurrent, and(both, "TRITON_PROFILE", "env"), env, "TRITON_KEY_ID"},
		"the environment without a current profile":  {Config{}, without, both, env, "TRITON_KEY_ID"},
		"SDC variables":                              {Config{}, without, sdc, Config{URL: "https://sdc.example.com", Account: "old", KeyID: "11:22", InsecureTLS: true}, "SDC_KEY_ID"},
		"a profile that the config names":            {Config{Profile: "west"}, withCurrent, and(both, "TRITON_PROFILE", "east"), west, "profile west of the triton CLI"},
		"the environment as a profile":               {Config{Profile: "env"}, withCurrent, both, env, "TRITON_KEY_ID"},
		"the config before all":                      {Config{URL: "https://x", Account: "a", KeyID: "k"}, withCurrent, both, Config{URL: "https://x", Account: "a", KeyID: "k"}, "the key k"},
		"URL and account from the config":            {Config{URL: "https://x", Account: "a"}, withCurrent, nil, Config{URL: "https://x", Account: "a", KeyID: "aa:bb"}, "profile east of the triton CLI"},
		"another account and a role of the profile":  {Config{Profile: "acting"}, without, nil, acting, "profile acting of the triton CLI"},
	} {
		tc.cfg.Home, tc.cfg.Env = tc.home, envOf(tc.env)
		got, p, err := tc.cfg.resolve()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if from := got.credentialSource(p); from != tc.from {
			t.Errorf("%s: the key is from %q", name, from)
		}
		got.Home, got.Env, got.Profile = "", providers.Environment{}, ""
		if !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestProfilesAreReadWhereXDGPutsThem(t *testing.T) {
	xdg, old := t.TempDir(), home(t, "east", map[string]string{"east": eastProfile})
	if err := os.Rename(filepath.Join(home(t, "west", map[string]string{"west": `{"account":"jane","keyId":"cc:dd","url":"https://west.example.com"}`}), ".triton"), filepath.Join(xdg, "triton")); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{xdg: "jane", t.TempDir(): "joe"} {
		got, _, err := Config{Home: old, Env: providers.EnvironmentOf("XDG_CONFIG_HOME=" + dir)}.resolve()
		if err != nil || got.Account != want {
			t.Errorf("account %q, want %q: %v", got.Account, want, err)
		}
	}
}

func TestLabelAndDataOfADiscoveredCloudHaveOneOrigin(t *testing.T) {
	dir := home(t, "", map[string]string{"ams": `{"account":"jane","keyId":"cc:dd","url":"https://ams.example.com"}`})
	env := envOf(map[string]string{"HOME": dir, "TRITON_URL": "https://east.example.com", "TRITON_ACCOUNT": "joe", "TRITON_KEY_ID": "aa:bb"})
	name, settings := discovered(env.With("TRITON_PROFILE=ams"), adapter.Account{})
	if name != "triton-ams" || settings.Get("profile") != "ams" {
		t.Errorf("%s %v", name, settings)
	}
	name, settings = discovered(env, adapter.Account{})
	if name != "triton-east" || settings.Get("url") != "https://east.example.com" || settings.Get("account") != "joe" {
		t.Errorf("%s %v", name, settings)
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

func TestABadProfileIsOneClearLineThatNamesItsFile(t *testing.T) {
	dir := home(t, "gone", map[string]string{
		"broken": "{", "half": `{"url":"https://x.example.com","account":"joe"}`, "list": "[]", "wrong": `{"url": 7}`,
	})
	for profile, want := range map[string]string{
		"": "profiles.d/gone.json", "broken": "profiles.d/broken.json", "half": "profiles.d/half.json has no keyId", "list": "profiles.d/list.json",
		"wrong": "profiles.d/wrong.json", "nowhere": "profiles.d/nowhere.json", "../../etc/passwd": "no name", "..": "no name", ".": "no name",
	} {
		_, err := New(Config{Name: "c", Profile: profile, Env: providers.EnvironmentOf(), Home: dir})
		if providers.KindOf(err) != providers.KindAuth || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", profile, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, ".triton", "config.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Name: "c", Env: providers.EnvironmentOf(), Home: dir}); providers.KindOf(err) != providers.KindAuth || !strings.Contains(err.Error(), ".triton/config.json") {
		t.Errorf("a broken config.json: %v", err)
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
