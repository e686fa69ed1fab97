package wire

import (
	"cmp"
	"context"
	"net"
	"slices"
	"sync"
	"time"

	"rollcall/providers"
)

// Options configure a Checker. With the zero value it finds servers through the resolvers of this machine, and shows no
// resolvers' answers.
type Options struct {
	// Resolvers are the resolvers (host:port) whose answers are shown beside the authoritative ones.
	Resolvers []string
	// Finders are the resolvers (host:port) that find name servers and their addresses. The default is Resolvers, else
	// those of /etc/resolv.conf.
	Finders []string
	// Servers are, by zone, the authoritative servers (host:port) of zones whose delegation should not be followed.
	Servers map[string][]string
	// Port is the port of name servers that are found; default "53".
	Port string
	// Rate is the most queries per second to one server; default 50. Burst is how many may be sent at once; default 10.
	// AtOnce is how many may be pending at one server; default 8.
	Rate   float64
	Burst  int
	AtOnce int
	// Timeout limits one try; default 2 s. Tries is the number of tries over UDP, before one over TCP; default 2.
	Timeout time.Duration
	Tries   int
	// Keep is how long a found delegation is cached; default 10 min.
	Keep time.Duration
	providers.Clock
	// Dial opens connections, "udp" or "tcp"; default a net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// ResolvConf is the file with the default finders.
	ResolvConf string
}

// Checker queries name servers. It remembers the behaviour of each server, the found delegations, and since when each
// name is in its state. It is safe for concurrent use. Sockets are opened for one call, so there is nothing to close.
type Checker struct {
	o Options

	mu      sync.Mutex
	servers map[string]*server
	zones   map[string]*delegation
	seen    map[seenKey]seen
	failing map[string]*failing // by zone
}

type seenKey struct{ zone, name, typ string }

// seen is the last state of a name, and the values of the API at that time.
type seen struct {
	state       State
	want        []string
	since, last time.Time
}

// New returns a Checker. It does no I/O.
func New(o Options) *Checker {
	o.Port = cmp.Or(o.Port, "53")
	o.Rate = cmp.Or(o.Rate, 50)
	o.Burst = cmp.Or(o.Burst, 10)
	o.AtOnce = cmp.Or(o.AtOnce, 8)
	o.Timeout = cmp.Or(o.Timeout, 2*time.Second)
	o.Tries = cmp.Or(o.Tries, 2)
	o.Keep = cmp.Or(o.Keep, 10*time.Minute)
	o.ResolvConf = cmp.Or(o.ResolvConf, "/etc/resolv.conf")
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if len(o.Finders) == 0 {
		o.Finders = o.Resolvers
	}
	o.Finders = slices.Clone(o.Finders)
	servers := map[string][]string{}
	for z, s := range o.Servers {
		servers[providers.CanonicalName(z)] = slices.Clone(s)
	}
	o.Servers = servers
	return &Checker{o: o, servers: map[string]*server{}, zones: map[string]*delegation{}, seen: map[seenKey]seen{}, failing: map[string]*failing{}}
}

// askAgain ends the pauses of servers, and makes the next call find the servers of each zone anew.
func (c *Checker) askAgain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for zone, d := range c.zones {
		expired := *d
		expired.until = time.Time{}
		c.zones[zone] = &expired
	}
	for _, s := range c.servers {
		s.endPauses()
	}
}
