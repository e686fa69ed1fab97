package config

import (
	"cmp"
	"net/netip"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Defaults of what the file may leave out.
const (
	DefaultRefresh   = 30 * time.Second
	DefaultGuardAge  = 60 * time.Second
	DefaultThreshold = 0.30
	DefaultFrom      = 10
	DefaultGrace     = 10 * time.Minute
	DefaultBootGrace = 5 * time.Minute
	DefaultWireGrace = 2 * time.Minute
)

// Pos is a place in the config file; the zero Pos is nowhere.
type Pos struct {
	File         string
	Line, Column int
}

// Config is what a config file says, checked, with defaults filled in.
type Config struct {
	Path      string // file it was read from; empty when there is none
	Fleet     string // empty: owned records are shown, nothing owned is changed
	Clouds    []Cloud
	Zones     []Zone
	Services  []Service
	Guards    Guards
	Refresh   time.Duration // between two reads of one source
	Resolvers []string      // host:port of DNS servers that are asked what clients see
	Keys      map[string][]string
	KeysPos   map[string]Pos
	// RangesFile is a list of public address ranges as Amazon publishes it, and Ranges what
	// it says; without a file, what rollcall knows by heart.
	RangesFile string
	RangesPos  Pos
	Ranges     index.PublicRanges
	RangesRead bool      // Ranges is a list that was read from RangesFile
	RangesAt   FileStamp // of RangesFile when it was read last
	// RangesErr is why RangesFile could not be read; Ranges is then what was read before, else what rollcall knows by heart.
	RangesErr *Error
	// Wire has the console and rollcall watch ask name servers what they answer.
	// Commands ask when they are given --wire, whatever this says.
	Wire bool
	// Probe has them make the health checks that services declare from this
	// machine too. Nodes of a cloud whose API listens on loopback are left alone all the same.
	Probe bool
	// State names the folder below StateDir that the journal and the last
	// snapshot go to; see StateName.
	State string
}

// Cloud is one entry below clouds.
type Cloud struct {
	Pos        Pos
	Name       string
	Provider   providers.Provider
	Production bool
	Settings   providers.Settings // the keys that its provider declares
}

// Zone is one entry below zones.
type Zone struct {
	Pos      Pos
	Name     string // canonical
	ID       string // the provider's own, where the account has several zones of this name
	Provider providers.Provider
	Settings providers.Settings // the keys that its provider declares
	// Servers are host:port of its authoritative servers, where its delegation is
	// not to be followed: behind a split horizon, in a laboratory.
	Servers []string

	Threshold *float64 // in place of the one of guards; nil for that one
	From      int      // in place of the one of guards; 0 for that one
}

// Service is a declared service with its place in the file.
type Service struct {
	index.Service
	Pos  Pos
	Boot Boot
}

// Boot says how nodes of a service are launched, where the defaults do not fit.
type Boot struct {
	Template string            // empty for the one that fits the service's kind
	Set      map[string]string // variables of the template
	// Metadata says, by key of Triton's metadata, which environment variable holds the value
	// when nodes are launched.
	Metadata map[string]string
}

// Guards are the limits of destructive changes.
type Guards struct {
	Age       time.Duration  // a cloud's read must be younger
	Threshold float64        // share of a zone's owned records that may go in ten minutes, 0 to 1
	From      int            // the threshold holds once a zone has this many owned records
	Grace     time.Duration  // a marker must be older before its record can be dead
	BootGrace time.Duration  // a running node younger than this is not missing yet
	WireGrace time.Duration  // how long name servers may take to show a change
	Allow     []netip.Prefix // addresses that are never deleted
}

// Empty returns a config that has the defaults and no sources.
func Empty() *Config {
	return &Config{
		Guards: Guards{
			Age: DefaultGuardAge, Threshold: DefaultThreshold, From: DefaultFrom,
			Grace: DefaultGrace, BootGrace: DefaultBootGrace, WireGrace: DefaultWireGrace,
		},
		Refresh: DefaultRefresh, Wire: true, Probe: true,
		Ranges: index.PublishedRanges(),
	}
}

// DeclaredServices returns the services without their places.
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

// StateName is the folder below StateDir for this config's journal and last
// snapshot: what the file says, else the fleet id, so that all configs of one
// fleet on this machine share one journal.
func (c *Config) StateName() string {
	return cmp.Or(c.State, c.Fleet, "default")
}

// ZoneOf returns the configured zone that a name lies in, the longest when there are several; ok is false for none.
func (c *Config) ZoneOf(name string) (string, bool) {
	best, ok := "", false
	for i := range c.Zones {
		if z := c.Zones[i].Name; providers.InZone(name, z) && len(z) >= len(best) {
			best, ok = z, true
		}
	}
	return best, ok
}
