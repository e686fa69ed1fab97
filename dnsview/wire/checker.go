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

// Options shape a Checker. The zero value is usable: it finds servers with the
// resolvers of this machine, and shows none.
type Options struct {
	// Resolvers are host:port of the resolvers whose answers are shown beside the authoritative ones.
	Resolvers []string
	// Finders are host:port of resolvers that find name servers and their
	// addresses. Default: Resolvers, and without any those of /etc/resolv.conf.
	Finders []string
	// Servers names, by zone, the authoritative servers (host:port), for zones whose
	// delegation is not to be followed.
	Servers map[string][]string
	// Port is where name servers that are found listen; default "53".
	Port string
	// Rate bounds questions per second to one server; default 50. Burst is how many
	// may go out at once; default 10. AtOnce is how many to one server may be under way; default 8.
	Rate   float64
	Burst  int
	AtOnce int
	// Timeout bounds one try; default 2 s. Tries over UDP: default 2, then TCP once.
	Timeout time.Duration
	Tries   int
	// Keep is how long a delegation that was found is believed; default 10 min.
	Keep time.Duration
	providers.Clock
	// Dial opens connections, "udp" or "tcp"; default a net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// ResolvConf is the file that default finders come from.
	ResolvConf string
}

// Checker asks name servers. It remembers how each server behaved, which
// delegations it found and since when each name is in its state. It is safe for
// concurrent use. Sockets are opened for one call and reused during it, so
// there is nothing to close.
type Checker struct {
	o Options

	mu      sync.Mutex
	servers map[string]*server
	zones   map[string]*delegation
	seen    map[seenKey]seen
	failing map[string]*failing // by zone
}

type seenKey struct{ zone, name, typ string }

// seen is the state of a name as it was seen last, and what the API said of it then.
type seen struct {
	state       State
	want        []string
	since, last time.Time
}

// New makes a Checker. It does no I/O.
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
