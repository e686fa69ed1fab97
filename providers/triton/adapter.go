package triton

import (
	"cmp"
	"context"
	"net"
	"net/url"
	"slices"
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
				{Name: "act_as", Kind: providers.KeyText, Help: "login name of another account, whose instances are meant"},
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
		Places:     places,
	}
}

func traits() providers.Traits {
	return providers.Traits{
		Title: "Triton", Metadata: true, IDPattern: "????????-????-????-????-????????????", FindsNewAtOnce: true, KeepsDeleted: true,
		UserData: 65536, // CloudAPI documents no limit; this keeps a request well below what it reads
	}
}

func open(o adapter.Opening) (a adapter.Account, err error) {
	s := o.Settings
	cfg, p, err := Config{
		Name: o.Name, URL: cmp.Or(s.Get("url"), s.Get("endpoint")), Account: s.Get("account"), User: s.Get("user"), ActAs: s.Get("act_as"),
		KeyID: s.Get("key_id"), KeyFile: s.Get("key_file"), Profile: s.Get("profile"), InsecureTLS: s.Get("insecure_tls") != "", Clock: o.Clock, Env: o.Env,
	}.resolve()
	cfg.Budget = o.Budgets.Account("triton "+cfg.URL+" "+cfg.Account+" "+cfg.Profile, o.Name, defaultRate, defaultBurst)
	a.Budget, a.From = cfg.Budget, cfg.credentialSource(p)
	if err != nil {
		return a, err
	}
	cfg.Profile = "" // it is read
	c, err := New(cfg)
	if err != nil {
		return a, err
	}
	a.Compute = c
	return a, nil
}

// credentialSource returns where the key of a config that p has filled is looked for first, in words.
func (c *Config) credentialSource(p cliProfile) string {
	switch {
	case c.KeyFile != "":
		return c.KeyFile
	case c.KeyID == "":
		return ""
	case c.KeyID != p.KeyID:
		return "the key " + c.KeyID
	case p.path != "":
		return "profile " + p.name + " of the triton CLI"
	case c.Env.Getenv("TRITON_KEY_ID") != "":
		return "TRITON_KEY_ID"
	}
	return "SDC_KEY_ID"
}

// discovered returns the data centre that the triton CLI would use. Its settings name the profile, if it is of one, so that
// another current profile or environment leads nowhere else.
func discovered(env providers.Environment, _ adapter.Account) (name string, settings providers.Settings) {
	c, p, err := Config{Env: env}.resolve()
	switch {
	case p.path != "":
		return "triton-" + p.name, providers.SettingsOf("profile", p.name)
	case err != nil && p.name == "": // what names the current profile cannot be read
		return "triton", nil
	}
	return nameOf(c.URL, "triton"), providers.SettingsOf("url", c.URL, "account", c.Account)
}

// places returns the data centres that CloudAPI lists, by name.
func places(ctx context.Context, o adapter.Opening, opened adapter.Account) ([]adapter.Place, error) {
	c, ok := opened.Compute.(*Cloud)
	if !ok {
		return nil, nil
	}
	centres, err := c.dataCentres(ctx)
	if err != nil {
		return nil, err
	}
	var found []adapter.Place
	for name, address := range centres {
		s := slices.Clone(o.Settings)
		i := slices.IndexFunc(s, func(x providers.Setting) bool { return x.Key == "url" })
		if i < 0 {
			s, i = append(s, providers.Setting{Key: "url"}), len(s)
		}
		s[i].Value = address
		found = append(found, adapter.Place{Name: "triton-" + providers.Brief(name), Settings: s})
	}
	slices.SortFunc(found, adapter.Place.Compare)
	return found, nil
}

// nameOf returns a short name of the data centre at a CloudAPI URL: the first label of its host, or other if it has none.
func nameOf(cloudAPI, other string) string {
	if u, err := url.Parse(cloudAPI); err == nil {
		if host := u.Hostname(); host != "" && net.ParseIP(host) == nil && strings.Contains(host, ".") {
			return "triton-" + strings.SplitN(host, ".", 2)[0]
		}
	}
	return other
}
