package launcher

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
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

// credentialTime is how long a source may take to say what it authenticates with.
const credentialTime = 5 * time.Second

// secretVariables returns the environment variables that hold what rollcall authenticates with: those that adapters declare,
// and those that the config names. c may be nil.
func secretVariables(c *config.Config) (names []string) {
	all := app.Declarations()
	for i := range all {
		names = append(names, all[i].Secrets...)
	}
	if c == nil {
		return names
	}
	for i := range c.Zones {
		for _, x := range c.Zones[i].Settings {
			if k, _ := providers.Declared(all, c.Zones[i].Provider).Key(x.Key); k.Kind == providers.KeyVariable {
				names = append(names, x.Value)
			}
		}
	}
	return names
}

// heldInEnvironment returns the credentials that environment variables hold.
func heldInEnvironment(variables ...string) []userdata.Held {
	var out []userdata.Held
	for _, name := range variables {
		if v := os.Getenv(name); v != "" {
			out = append(out, userdata.Held{What: "the value of " + words.Clean(name) + ", which rollcall works with,", Value: []byte(v)})
		}
	}
	return out
}

// held returns the credentials that rollcall works with, and those that nodes are given as metadata. A source that cannot
// say what it authenticates with has nothing that could stand anywhere.
func (s *Launcher) held(ctx context.Context) []userdata.Held {
	ctx, cancel := context.WithTimeout(ctx, credentialTime)
	defer cancel()
	out := heldInEnvironment(secretVariables(s.Config)...)
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
			out = append(out, userdata.Held{What: c.What + ", which rollcall works with,", Value: c.Value})
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
			v := []byte(os.Getenv(name))
			if len(v) > 0 && !slices.ContainsFunc(out, func(h userdata.Held) bool { return string(h.Value) == string(v) }) {
				out = append(out, userdata.Held{What: "the metadata " + words.Clean(key) + " of nodes", Value: v, Nodes: true})
			}
		}
	}
	return out
}

// Held is held for commands that need no config: of the one that there is, else of the environment alone.
func Held(ctx context.Context, a *app.Program) []userdata.Held {
	s := app.NewSession(a, nil, nil, nil)
	if path, err := config.Find(a.Config); err == nil && path != "" {
		if c, err := config.Load(ctx, path, app.Rules()); err == nil { // a command that needs the config reports its mistakes
			clouds, zones := app.NewAccounts(a.Clock, func(budget.Retrying) {}).Configured(ctx, c)
			s = app.NewSession(a, c, clouds, zones)
		}
	}
	return New(s).held(ctx)
}

// RefuseHeld returns an error when a launch would hand on what rollcall itself works with, however it is written: in a boot
// script, in metadata, in a tag, in the name of its nodes, or in a value of a variable of the template.
func (s *Launcher) RefuseHeld(ctx context.Context, spec *launch.Spec, values map[string]string) error {
	held := slices.DeleteFunc(s.held(ctx), func(h userdata.Held) bool { return h.Nodes })
	for _, place := range handedOn(spec, values) {
		if found := userdata.FindHeld([]byte(place.text), held); len(found) > 0 {
			return fmt.Errorf("nothing was launched: in %s, %s; give nodes a role, a token of their own, or let the console register them", place.what, found[0].What)
		}
	}
	for i := range spec.Nodes {
		if i > 0 && bytes.Equal(spec.Nodes[i].UserData, spec.Nodes[i-1].UserData) {
			continue // nodes of one cloud have one script
		}
		if found := userdata.FindHeld(spec.Nodes[i].UserData, held); len(found) > 0 {
			return fmt.Errorf("nothing was launched: in the user data for %s, line %d, %s; give nodes a role, a token of their own, or let the console register them", words.Clean(spec.Nodes[i].Cloud), found[0].Line, found[0].What)
		}
	}
	return nil
}

// handedOn returns the texts of a launch beside its boot scripts that the cloud or the nodes are given, with where each stands.
func handedOn(spec *launch.Spec, values map[string]string) (out []struct{ what, text string }) {
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
