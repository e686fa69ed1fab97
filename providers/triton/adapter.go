package triton

import (
	"cmp"
	"net"
	"net/url"
	"path/filepath"
	"strings"

	"rollcall/providers"
	"rollcall/providers/adapter"
)

// Adapter returns the Triton provider.
func Adapter() adapter.Adapter {
	return adapter.Adapter{
		Declaration: providers.Declaration{
			Provider: providers.Triton, Traits: traits(), Computes: true,
			Keys: []providers.Key{
				{Name: "profile", Kind: providers.KeyText, Help: "profile of the triton CLI"},
				{Name: "url", Kind: providers.KeyURL, Help: "CloudAPI"},
				{Name: "account", Kind: providers.KeyText, Help: "login name of the account"},
				{Name: "user", Kind: providers.KeyText, Help: "sub-user (RBAC)"},
				{Name: "key_id", Kind: providers.KeyText, Help: "fingerprint of the key"},
				{Name: "key_file", Kind: providers.KeyPath, Help: "private key; empty for ssh-agent, then ~/.ssh"},
				{Name: "endpoint", Kind: providers.KeyURL, Help: "the same as url"},
				{Name: "insecure_tls", Kind: providers.KeyBool, Help: "do not verify the server's certificate"},
			},
			Check: func(s providers.Settings) (what, do string) {
				if s.Get("url") != "" && s.Get("endpoint") != "" {
					return "has a url and an endpoint", "keep one of the two"
				}
				return "", ""
			},
			Hints: []string{"TRITON_PROFILE", "TRITON_URL", "TRITON_ACCOUNT", "SDC_URL", "SDC_ACCOUNT"}, Secrets: []string{"TRITON_KEY_MATERIAL", "SDC_KEY_MATERIAL"},
		},
		Open:       open,
		Discovered: discovered,
	}
}

func traits() providers.Traits {
	return providers.Traits{
		Title: "Triton", Metadata: true, IDPattern: "????????-????-????-????-????????????", FindsNewAtOnce: true,
		UserData: 65536, // CloudAPI documents no limit; this keeps a request well below what it reads
	}
}

func open(o adapter.Opening) (a adapter.Account, err error) {
	s := o.Settings
	cfg := Config{
		Name: o.Name, URL: cmp.Or(s.Get("url"), s.Get("endpoint")), Account: s.Get("account"), User: s.Get("user"), KeyID: s.Get("key_id"), KeyFile: s.Get("key_file"),
		Profile: s.Get("profile"), InsecureTLS: s.Get("insecure_tls") != "", Clock: o.Clock, Env: o.Env,
	}
	cfg.Budget = o.Budgets.Account("triton "+cfg.Profile+" "+cfg.URL+" "+cfg.Account, o.Name, defaultRate, defaultBurst)
	a.Budget, a.From = cfg.Budget, cfg.credentialSource()
	c, err := New(cfg)
	if err != nil {
		return a, err
	}
	a.Compute = c
	return a, nil
}

// credentialSource returns where the key is looked for first, in words.
func (c *Config) credentialSource() string {
	switch profile := cmp.Or(c.Profile, c.Env.Getenv("TRITON_PROFILE")); {
	case c.KeyFile != "":
		return c.KeyFile
	case c.KeyID != "":
		return "the key " + c.KeyID
	case c.Profile == "" && c.env("KEY_ID") != "":
		return "the key " + c.env("KEY_ID")
	case profile != "":
		return "profile " + profile
	}
	return "the current profile of the triton CLI"
}

// discovered returns the data centre that the triton CLI would use.
func discovered(env providers.Environment, _ adapter.Account) (name string, settings providers.Settings) {
	c := Config{Env: env}
	return c.discoveredName(), providers.SettingsOf("url", c.env("URL"), "account", c.env("ACCOUNT"))
}

// discoveredName returns a short name: the first label of CloudAPI's host, which is the data centre, or the profile.
func (c *Config) discoveredName() string {
	if u, err := url.Parse(c.env("URL")); err == nil {
		if host := u.Hostname(); host != "" && net.ParseIP(host) == nil && strings.Contains(host, ".") {
			return "triton-" + strings.SplitN(host, ".", 2)[0]
		}
	}
	if p := c.Env.Getenv("TRITON_PROFILE"); p != "" && p != envProfile && p == filepath.Base(p) {
		return "triton-" + p
	}
	return "triton"
}
