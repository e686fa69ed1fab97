package config

import (
	"cmp"
	"net/netip"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Defaults of optional keys.
const (
	DefaultRefresh   = 30 * time.Second
	DefaultGuardAge  = 60 * time.Second
	DefaultThreshold = 0.30
	DefaultFrom      = 10
	DefaultGrace     = 10 * time.Minute
	DefaultBootGrace = 5 * time.Minute
	DefaultWireGrace = 2 * time.Minute
)

// Pos is a place in the config file. The zero Pos means nowhere.
type Pos struct {
	File         string
	Line, Column int
}

// Config is the checked content of a config file, with defaults.
type Config struct {
	Path      string // empty if there is none
	Fleet     string // if empty, owned records are shown but not changed
	Clouds    []Cloud
	Zones     []Zone
	Services  []Service
	Guards    Guards
	Refresh   time.Duration // between two reads of one source
	Resolvers []string      // host:port of DNS servers that show what clients see
	Theme     string        // auto, dark or light; empty is auto
	// FirstScreen is the name of the console's first screen, one of Rules.Screens; empty is the fleet.
	FirstScreen string
	// Columns are those that lists of the console show unless others are chosen there, by the name of the list.
	Columns  map[string][]string
	Mouse    bool // the console reads the mouse; without it, the terminal does
	Keys     map[string][]string
	KeysPos  map[string]Pos
	Commands []Command // that the console runs for rows
	// RangesFile is a list of public address ranges in Amazon's format, and Ranges its content; without a file, the
	// built-in list.
	RangesFile string
	RangesPos  Pos
	Ranges     index.PublicRanges
	RangesRead bool      // Ranges was read from RangesFile
	RangesAt   FileStamp // stamp of RangesFile when it was last read
	// RangesErr is why RangesFile could not be read. Ranges then keeps the previous content, else the built-in list.
	RangesErr *Error
	// Wire makes the console and rollcall watch query name servers. Other commands do that with --wire, regardless of
	// this setting.
	Wire bool
	// Probe makes them also run the services' health checks from this machine, but never on nodes of a cloud whose API
	// listens on loopback.
	Probe bool
	Team  Team // the zero Team for none
	// State is the folder below StateDir for the journal and the last snapshot; see StateName.
	State string
}

// Cloud is one entry below clouds.
type Cloud struct {
	Pos        Pos
	Name       string
	Provider   providers.Provider
	Production bool
	Settings   providers.Settings // keys that its provider declares
}

// Zone is one entry below zones.
type Zone struct {
	Pos  Pos
	Name string // canonical
	providers.ZoneChoice
	Provider providers.Provider
	Settings providers.Settings // keys that its provider declares
	// Servers are the authoritative servers as host:port, if the delegation should not be followed: behind a split
	// horizon, or in a laboratory.
	Servers []string

	Threshold *float64 // overrides the one of guards; nil for that one
	From      int      // overrides the one of guards; 0 for that one
}

// Service is a declared service with its place in the file.
type Service struct {
	index.Service
	Pos  Pos
	Boot Boot
}

// Boot is how nodes of a service are launched, if it differs from the defaults.
type Boot struct {
	Template string            // empty for the default of the service's kind
	Set      map[string]string // variables of the template
	// Metadata maps keys of Triton's metadata to the environment variables that hold the values when nodes are
	// launched.
	Metadata map[string]string
}

// Guards are the limits of destructive changes.
type Guards struct {
	Age       time.Duration  // largest age of a cloud's read
	Threshold float64        // share of a zone's owned records that may go in ten minutes, 0 to 1
	From      int            // number of owned records from which the threshold applies
	Grace     time.Duration  // smallest age of a marker whose record can be dead
	BootGrace time.Duration  // a running node younger than this is not missing
	WireGrace time.Duration  // how long name servers may take to show a change
	Allow     []netip.Prefix // addresses that are never deleted
}

// Empty returns a config with the defaults and without sources.
func Empty() *Config {
	return &Config{
		Guards: Guards{
			Age: DefaultGuardAge, Threshold: DefaultThreshold, From: DefaultFrom,
			Grace: DefaultGrace, BootGrace: DefaultBootGrace, WireGrace: DefaultWireGrace,
		},
		Refresh: DefaultRefresh, Wire: true, Probe: true, Mouse: true,
		Ranges: index.PublishedRanges(),
	}
}

// DeclaredServices returns the services without their places in the file.
func (c *Config) DeclaredServices() []index.Service {
	out := make([]index.Service, len(c.Services))
	for i := range c.Services {
		out[i] = c.Services[i].Service
	}
	return out
}

// NameServers returns the authoritative servers of the zones that name them.
func (c *Config) NameServers() map[string][]string {
	out := map[string][]string{}
	for i := range c.Zones {
		if z := &c.Zones[i]; len(z.Servers) > 0 {
			out[z.Name] = z.Servers
		}
	}
	return out
}

// StateName returns the folder below StateDir for this config's journal and last snapshot: the configured one, else the
// fleet id, so that all configs of a fleet on this machine share one journal.
func (c *Config) StateName() string {
	return cmp.Or(c.State, c.Fleet, "default")
}

// ZoneOf returns the longest configured zone that contains a name; ok is false if there is none.
func (c *Config) ZoneOf(name string) (string, bool) {
	best, ok := "", false
	for i := range c.Zones {
		if z := c.Zones[i].Name; providers.InZone(name, z) && len(z) >= len(best) {
			best, ok = z, true
		}
	}
	return best, ok
}
