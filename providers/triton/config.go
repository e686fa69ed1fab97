package triton

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// Config selects the account, the data centre and the key. Empty fields are taken from one profile, as the triton CLI
// chooses it: the one named here, else in TRITON_PROFILE, else its current profile, else the environment.
type Config struct {
	Name        string   // the cloud's short name, for instances and errors
	URL         string   // CloudAPI, e.g. https://us-east-1.api.example.com
	Account     string   // login name of the account that signs
	ActAs       string   // login name of another account whose instances are meant, or empty
	User        string   // sub-user (RBAC), or empty
	Roles       []string // what the sub-user takes up (RBAC); none for its default roles
	KeyID       string   // MD5 or SHA256 fingerprint of the key
	KeyFile     string   // private key; empty for ssh-agent, then ~/.ssh
	AgentSocket string   // ssh-agent; empty for SSH_AUTH_SOCK
	Profile     string   // a profile of the triton CLI, or "env" for the environment
	InsecureTLS bool     // do not verify the server's certificate

	Budget *budget.Account // nil for a budget of its own
	Clock  providers.Clock

	Transport http.RoundTripper // what carries requests; nil for a transport of its own
	Env       providers.Environment
	Home      string // folder of .ssh, and of .triton unless XDG_CONFIG_HOME has a triton; empty for the user's home
}

// envProfile is the triton CLI's name for the environment variables.
const envProfile = "env"

// resolve returns the config with its empty fields filled, and the profile that fills them. That is zero if none is empty.
func (c Config) resolve() (Config, cliProfile, error) {
	if c.Home == "" {
		c.Home, _ = c.Env.Home() // without a home there are no profiles and no ~/.ssh
	}
	var p cliProfile
	if c.Profile != "" || !c.complete() {
		var err error
		if p, err = c.chosenProfile(); err != nil {
			return c, p, err
		}
		c.fill(p)
	}
	c.AgentSocket = cmp.Or(c.AgentSocket, c.Env.Getenv("SSH_AUTH_SOCK"))
	return c, p, c.check(p)
}

func (c *Config) complete() bool {
	return c.URL != "" && c.Account != "" && (c.KeyID != "" || c.KeyFile != "")
}

// check returns what is missing in a config that p has filled.
func (c *Config) check(p cliProfile) error {
	for _, x := range []struct{ have, what, key, variable, field string }{
		{c.URL, "URL", "url", "TRITON_URL", "url"},
		{c.Account, "account", "account", "TRITON_ACCOUNT", "account"},
		{c.KeyID + c.KeyFile, "key", "key_id", "TRITON_KEY_ID", "keyId"},
	} {
		if x.have != "" {
			continue
		}
		if p.path != "" {
			return c.profileError(p.name, fmt.Errorf("%s has no %s: complete it, or set %s in the config", p.path, x.field, x.key))
		}
		return &providers.Error{Kind: providers.KindAuth, Source: c.Name, Op: "set up", Err: fmt.Errorf(
			"no Triton %s: set %s in the config, or %s, or a profile of the triton CLI", x.what, x.key, x.variable)}
	}
	if u, err := url.Parse(c.URL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return &providers.Error{Kind: providers.KindInvalid, Source: c.Name, Op: "set up", Err: fmt.Errorf("%q is no http or https URL", providers.Brief(c.URL))}
	}
	return nil
}

func (c *Config) fill(p cliProfile) {
	if c.URL == "" {
		c.URL = p.URL
		// Whether certificates are verified belongs to the URL, not to the account.
		c.InsecureTLS = c.InsecureTLS || p.Insecure
	}
	if c.Account == "" {
		c.Account = p.Account
		c.User, c.ActAs = cmp.Or(c.User, p.User), cmp.Or(c.ActAs, p.ActAs)
		if c.Roles == nil {
			c.Roles = p.Roles
		}
	}
	if c.KeyID == "" && c.KeyFile == "" {
		c.KeyID = p.KeyID
	}
}
