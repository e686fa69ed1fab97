package triton

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/textfile"
)

// Config selects the account, the data centre and the key. Empty fields are taken from where the triton CLI looks: the
// profile named here, TRITON_* and SDC_* variables, and the CLI's current profile.
type Config struct {
	Name        string // the cloud's short name, for instances and errors
	URL         string // CloudAPI, e.g. https://us-east-1.api.example.com
	Account     string // login name of the account
	User        string // sub-user (RBAC), or empty
	KeyID       string // MD5 or SHA256 fingerprint of the key
	KeyFile     string // private key; empty for ssh-agent, then ~/.ssh
	AgentSocket string // ssh-agent; empty for SSH_AUTH_SOCK
	Profile     string // a profile of the triton CLI; it overrides the environment
	InsecureTLS bool   // do not verify the server's certificate

	Budget *budget.Account // nil for a budget of its own
	Clock  providers.Clock

	Transport http.RoundTripper // what carries requests; nil for a transport of its own
	Env       providers.Environment
	Home      string // folder of .triton and .ssh; empty for the user's home
}

// cliProfile is a profile of the triton CLI, as in ~/.triton/profiles.d/NAME.json.
type cliProfile struct {
	Name     string `json:"name"`
	URL      string `json:"url"`
	Account  string `json:"account"`
	User     string `json:"user"`
	KeyID    string `json:"keyId"`
	Insecure bool   `json:"insecure"`
}

// envProfile is the triton CLI's name for the environment variables.
const envProfile = "env"

// resolve returns the config with its empty fields filled.
func (c Config) resolve() (Config, error) {
	if c.Home == "" {
		c.Home, _ = c.Env.Home() // without a home there are no profiles and no ~/.ssh
	}
	env := c.fromEnv()
	if c.Profile != "" && c.Profile != envProfile {
		p, err := c.readProfile(c.Profile)
		if err != nil {
			return c, err
		}
		c.fill(p)
		c.fill(env)
	} else {
		c.fill(env)
		if c.Profile == "" && !c.complete() {
			p, err := c.currentProfile()
			if err != nil {
				return c, err
			}
			c.fill(p)
		}
	}
	c.AgentSocket = cmp.Or(c.AgentSocket, c.Env.Getenv("SSH_AUTH_SOCK"))
	return c, c.check()
}

func (c *Config) complete() bool {
	return c.URL != "" && c.Account != "" && (c.KeyID != "" || c.KeyFile != "")
}

func (c *Config) check() error {
	missing := func(what, how string) error {
		return &providers.Error{Kind: providers.KindAuth, Source: c.Name, Op: "set up", Err: fmt.Errorf("no Triton %s: %s", what, how)}
	}
	switch {
	case c.URL == "":
		return missing("URL", "set url in the config, or TRITON_URL, or a profile of the triton CLI")
	case c.Account == "":
		return missing("account", "set account in the config, or TRITON_ACCOUNT, or a profile of the triton CLI")
	case c.KeyID == "" && c.KeyFile == "":
		return missing("key", "set key_id in the config, or TRITON_KEY_ID, to the fingerprint of a key of the account")
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
		c.User = cmp.Or(c.User, p.User)
	}
	if c.KeyID == "" && c.KeyFile == "" {
		c.KeyID = p.KeyID
	}
}

func (c *Config) env(name string) string {
	if v := c.Env.Getenv("TRITON_" + name); v != "" {
		return v
	}
	return c.Env.Getenv("SDC_" + name)
}

func (c *Config) fromEnv() cliProfile {
	insecure := cmp.Or(c.env("TLS_INSECURE"), c.env("TESTING")) // the old name of the same setting
	return cliProfile{
		Name: envProfile, URL: c.env("URL"), Account: c.env("ACCOUNT"), User: c.env("USER"), KeyID: c.env("KEY_ID"),
		Insecure: insecure != "" && insecure != "0" && insecure != "false",
	}
}

// maxProfile is the largest size of a triton CLI file in bytes.
const maxProfile = 1 << 20

// currentProfile returns the profile that the triton CLI uses without flags: the one named by TRITON_PROFILE, or chosen
// by `triton profile set`. It is no error if there is none.
func (c *Config) currentProfile() (cliProfile, error) {
	name := c.Env.Getenv("TRITON_PROFILE")
	if name == "" {
		data, err := textfile.Read(filepath.Join(c.tritonDir(), "config.json"), maxProfile)
		if err != nil {
			return cliProfile{}, nil
		}
		var cfg struct {
			Profile string `json:"profile"`
		}
		if err := json.Unmarshal(data, &cfg); err != nil {
			return cliProfile{}, c.profileError("config.json", err)
		}
		name = cfg.Profile
	}
	if name == "" || name == envProfile {
		return cliProfile{}, nil
	}
	return c.readProfile(name)
}

func (c *Config) tritonDir() string { return filepath.Join(c.Home, ".triton") }

func (c *Config) readProfile(name string) (cliProfile, error) {
	if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return cliProfile{}, c.profileError(name, errors.New("no name of a profile"))
	}
	data, err := textfile.Read(filepath.Join(c.tritonDir(), "profiles.d", name+".json"), maxProfile)
	if errors.Is(err, fs.ErrNotExist) {
		return cliProfile{}, c.profileError(name, errors.New("there is no such profile of the triton CLI; `triton profile list` shows them"))
	}
	if err != nil {
		return cliProfile{}, c.profileError(name, err)
	}
	var p cliProfile
	if err := json.Unmarshal(data, &p); err != nil {
		return cliProfile{}, c.profileError(name, err)
	}
	return p, nil
}

func (c *Config) profileError(name string, err error) error {
	return &providers.Error{Kind: providers.KindAuth, Source: c.Name, Op: fmt.Sprintf("read triton profile %q", providers.Brief(name)), Err: err}
}
