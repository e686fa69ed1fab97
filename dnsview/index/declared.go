package index

import (
	"net/netip"
	"time"

	"rollcall/providers"
)

// ServiceKind is how clients find the nodes of a service.
type ServiceKind string

// The kinds of service.
const (
	RoundRobin ServiceKind = "round-robin"
	DNSSD      ServiceKind = "dns-sd"
)

// Service declares what should be: which nodes, under which name, how.
type Service struct {
	Name     string // canonical: www.scalability.expert, or v1._theservice._tcp.unilans.net
	Kind     ServiceKind
	Zone     string  // canonical zone name; found from Name when the config leaves it out
	TTL      uint32  // seconds; 0 when not declared
	Proxied  *bool   // nil when not declared
	Port     uint16  // DNS-SD
	Priority uint16  // DNS-SD, of a new node
	Weight   *uint16 // DNS-SD, of a new node; nil when not declared, see WeightOfNew
	TXT      map[string]string
	Clouds   []string          // cloud names; empty for all
	Select   map[string]string // tag name to wanted value; a node matches when all do
	Minimum  int               // live members below which nothing live is taken out
	Health   Health
	IPv6     bool         // AAAA records are wanted too
	Address  AddressScope // empty for that of the zone, see ScopeIn
	// Linger is how long open connections live after the TTL: a drain waits it too.
	Linger time.Duration
}

// Health is how a node is found to be well.
type Health struct {
	HTTP     string // path, for an HTTP check
	TCP      bool
	Port     uint16
	Command  string // run on the node only
	Interval time.Duration
	Need, Of int // k of n
}

// WeightOfNew returns the SRV weight of a new node.
func (s *Service) WeightOfNew() uint16 {
	if s.Weight == nil {
		return providers.DefaultWeight
	}
	return *s.Weight
}

// Selects reports whether the instance is meant to be a node of the service.
// A service without a selector selects nothing by itself: its nodes are those
// that markers name.
func (s *Service) Selects(i *providers.Instance) bool {
	if len(s.Select) == 0 {
		return false
	}
	if len(s.Clouds) > 0 {
		found := false
		for _, c := range s.Clouds {
			found = found || c == i.Cloud
		}
		if !found {
			return false
		}
	}
	for k, v := range s.Select {
		if i.Tags.Get(k) != v {
			return false
		}
	}
	return true
}

// IsMemberValue reports whether the members of a service are found by a record at its name.
func (s *Service) IsMemberValue(r *providers.Record) bool {
	if s.Kind == DNSSD {
		return r.Type == "SRV"
	}
	return s.Kind == RoundRobin && (r.Type == "A" || r.Type == "AAAA") && !r.Alias
}

// Options are what Inspect needs beside the snapshot. The zero value of every
// field is usable.
type Options struct {
	Fleet       string // this fleet's id; empty: owned records are shown, nothing owned is changed
	Services    []Service
	Now         time.Time
	MaxAge      time.Duration // a read older than this is stale; 0 for never
	BootGrace   time.Duration // a running node younger than this is in flight, not missing
	CreateGrace time.Duration // a marker younger than this is in flight, not dead
	Allow       []netip.Prefix
	Ranges      PublicRanges // the clouds' public ranges; nil when not known

	// Own are the markers that the journal has written last: their time of change says nothing of their age.
	Own providers.OwnWrites
	// Held is what resolvers may hold with a longer TTL than the present one. No finding depends on it.
	Held []Held
	// TakenOut are the values that were taken out of DNS, as the journal last had them, by their identity without an id: more
	// than one of a value that several record sets had. No finding depends on them.
	TakenOut map[providers.Identity][]providers.Record

	// Seen says when findings were first seen by earlier scans, by Finding.Key; View.Seen
	// makes it for the next scan. Without it every scan is the first one.
	Seen map[string]time.Time
	// Wire holds what name servers answered, name by name, and WireZones what
	// they are to their zones. Without them no finding about the wire is made.
	Wire      []*WireState
	WireZones []WireZone
	// WireGrace is how long name servers may take to show a change; default 2 min.
	WireGrace time.Duration
	// Observed is a number that is the same as long as Wire, WireZones and Health say the same.
	Observed uint64
	// Health holds the outcomes of the health checks of nodes.
	Health []HealthState
	// ASCII says that names are shown as they are on the wire, and not in Unicode.
	ASCII bool
	// Annotations are what operators wrote; nil for nothing. No finding depends on them.
	Annotations *Annotations
}

// Readable returns a text as it is shown: with its internationalized names in Unicode unless ASCII is set.
func (o *Options) Readable(text string) string {
	if o.ASCII {
		return text
	}
	return Readable(text)
}

// PublicRanges reports whether an address lies in a range that a cloud rents out.
type PublicRanges interface {
	// Lookup returns the owner of the range (e.g. "Amazon EC2 us-east-1") and the date of the published list.
	Lookup(netip.Addr) (owner string, published time.Time, ok bool)
}
