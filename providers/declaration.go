package providers

import "slices"

// Declaration is what an adapter says of its provider: what it does, and what an entry of the config says of an account
// of it. It is data, and nothing changes it.
type Declaration struct {
	Provider  Provider
	Title     string // as people write it
	Computes  bool   // it runs instances
	ServesDNS bool   // it hosts zones
	OneZone   bool   // an account holds the one zone that its entry names, and no other

	// What its instances have, where it runs some.
	InstanceRoles bool // rights in AWS by a role, so that no key has to lie on them
	Metadata      bool // metadata beside the user data, which may hold what is secret

	// What its zones have, where it hosts some.
	Access  Access    // what limits who may write to them
	TTLs    *TTLRange // nil for every TTL that DNS has
	Proxies bool      // records may be proxied

	Keys []Key // of an entry of the config beside those that every entry has, in the order in which they are written
	// Check returns what is wrong with settings that are each right by themselves, such as "has no file", and what to do; two
	// empty texts when nothing is. It may be nil.
	Check    func(Settings) (what, do string)
	IDPrefix string // of the id of a zone, as other tools print it: it is not part of the id

	// Hints are the environment variables that say that a person means to use this provider, the one to name first. With
	// one of them set, an account that cannot be opened is a failed source, and not one that is not there.
	// Without hints the environment leads to no zones.
	Hints   []string
	Secrets []string // environment variables that may hold what the adapter authenticates with
}

// Access says what limits who may write to a zone.
type Access string

// The kinds of access. The empty one is a zone that nodes do not write to.
const (
	AccessIAM   Access = "IAM"   // a policy of AWS, for names and types
	AccessToken Access = "token" // an API token, for a whole zone
)

// TTLRange are the TTLs in seconds that records may have, and Auto one more that means what the provider chooses.
type TTLRange struct{ Min, Max, Auto uint32 }

// Holds reports whether a record may have the TTL.
func (t *TTLRange) Holds(ttl uint32) bool {
	return t == nil || ttl == t.Auto || ttl >= t.Min && ttl <= t.Max
}

// Key is one key of a config entry.
type Key struct {
	Name string
	Kind KeyKind
	Help string // for people; a part of a sentence
}

// KeyKind says what a key's value has to be.
type KeyKind string

// The kinds of keys. The value of a KeyBool is "true", or it is left out.
const (
	KeyText     KeyKind = "text"
	KeyURL      KeyKind = "URL"
	KeyPath     KeyKind = "path" // of a file: ~ is the home folder, and a relative one lies beside the config
	KeyBool     KeyKind = "bool"
	KeyVariable KeyKind = "variable" // the name of an environment variable, which holds a secret
)

// Key returns a key by its name.
func (d *Declaration) Key(name string) (Key, bool) {
	i := slices.IndexFunc(d.Keys, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return Key{}, false
	}
	return d.Keys[i], true
}

// Declared returns the declaration of a provider; nil when none of the list is its.
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

// Settings are the values of the keys of one account, in the order in which its adapter declares them.
type Settings []Setting

// Get returns a value; empty when the key is not set.
func (s Settings) Get(key string) string {
	for _, x := range s {
		if x.Key == key {
			return x.Value
		}
	}
	return ""
}

// SettingsOf returns the settings of key and value in turn. An empty value is left out.
func SettingsOf(pairs ...string) Settings {
	var out Settings
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, Setting{pairs[i], pairs[i+1]})
		}
	}
	return out
}
