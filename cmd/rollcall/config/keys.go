package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"rollcall/providers"
)

// Rules describe what a config may contain.
type Rules struct {
	Providers []providers.Declaration // of clouds and zones, in the order of error messages
	Keys      KeyRules
	Screens   []string              // that the console can begin with; without any, first_screen is not checked
	Columns   map[string][]string   // names by list of the console; without any, columns are not checked
	Env       providers.Environment // whose home ~ is
	// Placeholders are the arguments of commands that are filled in. Without any, commands are not checked.
	Placeholders []string
}

// KeyRules describe which keys can be bound. Without actions nothing is checked.
type KeyRules struct {
	Actions map[string][]string             // default keys by action
	Normal  func(key string) string         // returns the canonical spelling of a key; may be nil
	Refuse  func(action, key string) string // returns why a key cannot be bound, or ""; may be nil
}

// keys reads the operator's bindings. checkKeys checks them as a whole.
func (r *reader) keys(n ast.Node, c *Config) {
	c.Keys, c.KeysPos = map[string][]string{}, map[string]Pos{}
	for _, e := range r.entries(n, "keys") {
		action := keyText(e.Key)
		c.KeysPos[action] = r.pos(e)
		var keys []string
		if _, ok := r.plain(e.Value).(*ast.SequenceNode); ok {
			r.toStrings(&keys, "the keys of "+action)(e.Value)
		} else if s, ok := r.text(e.Value, "the key of "+action); ok {
			keys = []string{s}
		}
		c.Keys[action] = keys
	}
}

func (r *reader) checkKeys(c *Config, rules KeyRules) {
	if len(rules.Actions) == 0 {
		return
	}
	names := slices.Sorted(maps.Keys(rules.Actions))
	for a, p := range c.KeysPos {
		if _, ok := rules.Actions[a]; !ok {
			r.failAt(p, didYouMean(a, names, "known are "+strings.Join(names, ", ")), "keys: there is no action %q", a)
		}
	}
	holder := map[string]string{}
	for _, a := range names {
		keys, bound := c.Keys[a]
		if !bound {
			keys = rules.Actions[a]
		}
		for _, k := range keys {
			if bound {
				if why := rules.refuse(a, k); why != "" {
					r.failAt(c.KeysPos[a], "bind another key", "keys: %s: %s", a, why)
				}
			}
			other, taken := holder[rules.normal(k)]
			holder[rules.normal(k)] = a
			if !taken || other == a {
				continue
			}
			p, ok := c.KeysPos[a]
			if !ok {
				p, ok = c.KeysPos[other]
			}
			if ok {
				r.failAt(p, "bind one of them to another key", "keys: %q is bound to %s and to %s", k, other, a)
			}
		}
	}
	r.checkCommandKeys(c, rules, holder)
}

// anyAction is an action to which any key that terminals send can be bound.
const anyAction = "help"

// checkCommandKeys checks the keys of commands against those of actions and of each other.
func (r *reader) checkCommandKeys(c *Config, rules KeyRules, holder map[string]string) {
	for i := range c.Commands {
		x := &c.Commands[i]
		if x.Key == "" {
			continue
		}
		if why := rules.refuse(anyAction, x.Key); why != "" {
			r.failAt(x.Pos, "write another key", "the command %s: %s", x.Name, why)
		}
		k := rules.normal(x.Key)
		if other, taken := holder[k]; taken {
			r.failAt(x.Pos, "bind one of them to another key", "the key %q of the command %s is bound to %s", x.Key, x.Name, other)
		}
		holder[k] = x.Name
	}
}

func (k KeyRules) normal(key string) string {
	if k.Normal == nil {
		return key
	}
	return k.Normal(key)
}

func (k KeyRules) refuse(action, key string) string {
	if k.Refuse == nil {
		return ""
	}
	return k.Refuse(action, key)
}
