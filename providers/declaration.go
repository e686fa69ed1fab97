package providers

import "slices"

// Declaration describes a provider as its adapter declares it: what it can do, and which keys the config entry of an
// account takes. It is constant data.
type Declaration struct {
	Provider  Provider
	Computes  bool // it runs instances
	ServesDNS bool // it hosts zones
	OneZone   bool // an account holds only the zone that its config entry names

	Traits

	Keys []Key // of a config entry beside the common ones, in the order in which they are written
	// Check returns what is wrong with settings that are each valid alone, such as "has no file", and what to do; two
	// empty strings if nothing is. It may be nil.
	Check    func(Settings) (what, do string)
	IDPrefix string // prefix of a zone id in other tools' output; it is not part of the id

	// InstancePage and ZonePage return the address of a page in the provider's web console. They are nil if it has none.
	// They are for the provider's own endpoints, whose hosts end in one of Hosts.
	InstancePage func(i *Instance) string
	ZonePage     func(z *Zone) string
	Hosts        []string

	// Hints are the environment variables that show that a person means to use this provider, the one to name first. If
	// one is set, an account that cannot be opened is a failed source; otherwise it is left out. Without hints the
	// environment leads to no zones.
	Hints   []string
	Secrets []string // environment variables that may hold the adapter's credentials
}

// Key is one key of a config entry.
type Key struct {
	Name string
	Kind KeyKind
	Help string // help text for people; part of a sentence
}

// KeyKind is the kind of value that a key takes.
type KeyKind string

// The kinds of keys. A KeyBool is "true" or left out.
const (
	KeyText     KeyKind = "text"
	KeyURL      KeyKind = "URL"
	KeyPath     KeyKind = "path" // a file: ~ is the home folder, and a relative path starts at the config's folder
	KeyBool     KeyKind = "bool"
	KeyVariable KeyKind = "variable" // the name of an environment variable that holds a secret
)

// Key returns the key of this name.
func (d *Declaration) Key(name string) (Key, bool) {
	i := slices.IndexFunc(d.Keys, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return Key{}, false
	}
	return d.Keys[i], true
}

// Declared returns the declaration of p among all, or nil.
func Declared(all []Declaration, p Provider) *Declaration {
	for i := range all {
		if all[i].Provider == p {
			return &all[i]
		}
	}
	return nil
}

// Setting is the value of one key.
type Setting struct{ Key, Value string }

// Settings are the values of an account's keys, in the order in which its adapter declares them.
type Settings []Setting

// Get returns the value of key, or "" if it is not set.
func (s Settings) Get(key string) string {
	for _, x := range s {
		if x.Key == key {
			return x.Value
		}
	}
	return ""
}

// SettingsOf returns the settings of alternating keys and values, without those whose value is empty.
func SettingsOf(pairs ...string) Settings {
	var out Settings
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, Setting{pairs[i], pairs[i+1]})
		}
	}
	return out
}
