package launcher

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/words"
	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/launch"
	"rollcall/userdata"
)

// credentialTime is how long a source may take to return its credentials.
const credentialTime = 5 * time.Second

// environmentCredentials returns the credentials in environment variables.
func environmentCredentials(env providers.Environment, variables ...string) []userdata.Credential {
	var out []userdata.Credential
	for _, name := range variables {
		if v := env.Getenv(name); v != "" {
			out = append(out, userdata.Credential{What: "the value of " + words.Clean(name) + ", which rollcall works with,", Value: []byte(v)})
		}
	}
	return out
}

// credentials returns rollcall's own credentials, and those that nodes get as metadata. It skips sources whose
// credentials cannot be determined.
func (s *Launcher) credentials(ctx context.Context) []userdata.Credential {
	ctx, cancel := context.WithTimeout(ctx, credentialTime)
	defer cancel()
	out := environmentCredentials(s.Program.Env, app.SecretVariables(s.Config)...)
	ask := func(from any) {
		h, ok := from.(providers.CredentialHolder)
		if !ok {
			return
		}
		all, err := h.Credentials(ctx)
		if err != nil {
			return
		}
		for _, c := range all {
			out = append(out, userdata.Credential{What: c.What + ", which rollcall works with,", Value: c.Value})
		}
	}
	for i := range s.Clouds() {
		ask(s.Clouds()[i].Compute)
	}
	for i := range s.Zones() {
		ask(s.Zones()[i].DNS)
	}
	if s.Config == nil {
		return out
	}
	given := []Metadata{s.Metadata}
	for i := range s.Config.Services {
		given = append(given, s.Config.Services[i].Boot.Metadata)
	}
	for _, from := range given {
		for key, name := range from {
			v := []byte(s.Program.Env.Getenv(name))
			if len(v) > 0 && !slices.ContainsFunc(out, func(h userdata.Credential) bool { return string(h.Value) == string(v) }) {
				out = append(out, userdata.Credential{What: "the metadata " + words.Clean(key) + " of nodes", Value: v, Nodes: true})
			}
		}
	}
	return out
}

// ConsoleCredentials returns the credentials for commands that need no config: those of the config if there is one,
// else those of the environment.
func ConsoleCredentials(ctx context.Context, a *app.Program) []userdata.Credential {
	s := app.NewSession(a, nil, nil, nil)
	if path, err := config.Find(a.Env, a.Config); err == nil && path != "" {
		if c, err := config.Load(ctx, path, app.Rules(a.Env)); err == nil { // commands that need the config report its mistakes
			clouds, zones := app.NewAccounts(a, func(budget.Retrying) {}).Configured(ctx, c)
			s = app.NewSession(a, c, clouds, zones)
		}
	}
	return New(s).credentials(ctx)
}

// RefuseCredentials returns an error if a launch would disclose rollcall's own credentials, in any encoding: in a boot
// script, metadata, a tag, a node name, or a template value.
func (s *Launcher) RefuseCredentials(ctx context.Context, spec *launch.Spec, values map[string]string) error {
	held := slices.DeleteFunc(s.credentials(ctx), func(h userdata.Credential) bool { return h.Nodes })
	for _, place := range sentTexts(spec, values) {
		if found := userdata.FindCredentials([]byte(place.text), held); len(found) > 0 {
			return fmt.Errorf("nothing was launched: in %s, %s; give nodes a role, a token of their own, or let the console register them", place.what, found[0].What)
		}
	}
	for i := range spec.Nodes {
		if i > 0 && bytes.Equal(spec.Nodes[i].UserData, spec.Nodes[i-1].UserData) {
			continue // all nodes of a cloud have the same script
		}
		if found := userdata.FindCredentials(spec.Nodes[i].UserData, held); len(found) > 0 {
			return fmt.Errorf("nothing was launched: in the user data for %s, line %d, %s; give nodes a role, a token of their own, or let the console register them", words.Clean(spec.Nodes[i].Cloud), found[0].Line, found[0].What)
		}
	}
	return nil
}

// sentTexts returns the texts other than boot scripts that a launch sends to clouds or nodes, with the place of each.
func sentTexts(spec *launch.Spec, values map[string]string) (out []struct{ what, text string }) {
	add := func(what string, texts ...string) {
		for _, t := range texts {
			out = append(out, struct{ what, text string }{what, t})
		}
	}
	pairs := func(kind string, of map[string]string) {
		for _, k := range slices.Sorted(maps.Keys(of)) {
			add(kind+" "+words.Clean(k), of[k])
			add("the name of a "+kind, k)
		}
	}
	pairs("tag", spec.Tags)
	pairs("variable", values)
	add("the name of the nodes", spec.NamePrefix)
	for i := range spec.Nodes {
		pairs("metadata", spec.Nodes[i].Metadata)
	}
	return out
}
