package triton

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"rollcall/providers"
	"rollcall/providers/textfile"
)

// cliProfile is a profile of the triton CLI, as in profiles.d/NAME.json of its folder, or as the environment holds it.
type cliProfile struct {
	name string // "env" for the environment
	path string // of its file, or empty

	URL      string   `json:"url"`
	Account  string   `json:"account"`
	ActAs    string   `json:"actAsAccount"`
	User     string   `json:"user"`
	Roles    []string `json:"roles"`
	KeyID    string   `json:"keyId"`
	Insecure bool     `json:"insecure"`
}

// maxProfile is the largest size of a triton CLI file in bytes.
const maxProfile = 1 << 20

// chosenProfile returns the profile that the triton CLI would use (its lib/cli.js): the one that is named, else its current
// one, which `triton profile set` chooses, else the environment.
func (c *Config) chosenProfile() (cliProfile, error) {
	name := cmp.Or(c.Profile, c.Env.Getenv("TRITON_PROFILE"))
	if name == "" {
		path := filepath.Join(c.cliDir(), "config.json")
		data, err := textfile.Read(path, maxProfile)
		var cfg struct {
			Profile string `json:"profile"`
		}
		if err == nil {
			err = json.Unmarshal(data, &cfg)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return cliProfile{}, &providers.Error{Kind: providers.KindAuth, Source: c.Name, Op: "read the triton CLI's current profile", Err: inFile(path, err)}
		}
		name = cfg.Profile
	}
	if name == "" || name == envProfile {
		return c.fromEnv(), nil
	}
	return c.readProfile(name)
}

func (c *Config) env(name string) string {
	return cmp.Or(c.Env.Getenv("TRITON_"+name), c.Env.Getenv("SDC_"+name))
}

func (c *Config) fromEnv() cliProfile {
	insecure := cmp.Or(c.env("TLS_INSECURE"), c.env("TESTING")) // the old name of the same setting
	return cliProfile{
		name: envProfile, URL: c.env("URL"), Account: c.env("ACCOUNT"), User: c.env("USER"), KeyID: c.env("KEY_ID"),
		ActAs: c.Env.Getenv("TRITON_ACT_AS"), Roles: c.envRoles(),
		Insecure: insecure != "" && insecure != "0" && insecure != "false",
	}
}

// envRoles returns the roles of TRITON_ROLE, which the triton CLI adds to any profile.
func (c *Config) envRoles() []string {
	text := c.Env.Getenv("TRITON_ROLE")
	if text == "" {
		return nil
	}
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// cliDir returns the folder of the triton CLI: $XDG_CONFIG_HOME/triton, or ~/.triton, where old versions always look.
func (c *Config) cliDir() string {
	if xdg := c.Env.Getenv("XDG_CONFIG_HOME"); xdg != "" {
		dir := filepath.Join(xdg, "triton")
		if _, err := os.Stat(dir); err == nil {
			return dir
		}
	}
	return filepath.Join(c.Home, ".triton")
}

func (c *Config) readProfile(name string) (cliProfile, error) {
	if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return cliProfile{}, c.profileError(name, errors.New("no name of a profile"))
	}
	p := cliProfile{name: name, path: filepath.Join(c.cliDir(), "profiles.d", name+".json")}
	data, err := textfile.Read(p.path, maxProfile)
	if errors.Is(err, fs.ErrNotExist) {
		return p, c.profileError(name, fmt.Errorf("there is no %s; `triton profile list` shows the profiles", p.path))
	}
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err != nil {
		return p, c.profileError(name, inFile(p.path, err))
	}
	if roles := c.envRoles(); len(roles) > 0 {
		p.Roles = roles
	}
	return p, nil
}

// inFile returns err with the path of the file that it is about.
func inFile(path string, err error) error {
	if strings.Contains(err.Error(), path) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

func (c *Config) profileError(name string, err error) error {
	return &providers.Error{Kind: providers.KindAuth, Source: c.Name, Op: fmt.Sprintf("read triton profile %q", providers.Brief(name)), Err: err}
}
