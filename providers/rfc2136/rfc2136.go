// Package rfc2136 is the adapter for a zone on a name server of one's own, such as BIND, Knot or PowerDNS. It reads the
// zone by transfer (AXFR, RFC 5936) and changes it by dynamic update (RFC 2136), both over TCP and signed with a TSIG
// key (RFC 8945).
package rfc2136

import (
	"cmp"
	"context"
	"net"
	"time"

	"rollcall/providers"
	"rollcall/providers/adapter"
	"rollcall/providers/budget"
	"rollcall/providers/recordset"
)

// Provider is the provider's name in the config.
const Provider providers.Provider = "rfc2136"

// Adapter returns the provider of zones on one's own name servers.
func Adapter() adapter.Adapter {
	return adapter.Adapter{
		Declaration: providers.Declaration{
			Provider: Provider, Traits: traits(), ServesDNS: true, OneZone: true,
			Keys: []providers.Key{
				{Name: "server", Kind: providers.KeyText, Help: "host:port of the zone's primary name server; port 53 if left out"},
				{Name: "key_file", Kind: providers.KeyPath, Help: "file of the TSIG key, as tsig-keygen writes it"},
			},
			Check: func(s providers.Settings) (what, do string) {
				switch {
				case s.Get("server") == "":
					return "has no server", "add server: with the host:port of its primary name server"
				case s.Get("key_file") == "":
					return "has no key_file", "add key_file: with the path of a TSIG key as tsig-keygen writes it"
				}
				return "", ""
			},
		},
		Open: open,
	}
}

// traits returns the traits of such zones. A set may have as many values as always fit into the message that replaces
// it.
func traits() providers.Traits {
	return providers.Traits{
		Title: "the name server", Markers: providers.MarkerInBatch, ListsSOA: true,
		Sets: &providers.RecordSetLimits{Values: maxSetValues, BatchValues: 2 * maxSetValues, BatchChars: 32_000},
	}
}

func open(o adapter.Opening) (a adapter.Account, err error) {
	key, err := ReadKey(o.Settings.Get("key_file"))
	if err != nil {
		return a, err
	}
	a.From = "TSIG key " + key.Name
	a.DNS = New(Config{Zone: o.Name, Server: o.Settings.Get("server"), Key: key, Clock: o.Clock})
	return a, nil
}

// Config selects a zone.
type Config struct {
	Zone    string // its name
	Server  string // host:port of the primary name server
	Key     Key
	Clock   providers.Clock
	Timeout time.Duration                                                        // longest wait for a connection and for each message of an answer; 15 s if 0
	Dial    func(ctx context.Context, network, address string) (net.Conn, error) // nil for a net.Dialer
}

// Account is one zone of a name server. It is safe for concurrent use.
type Account struct {
	zone, server string
	key          Key
	clock        providers.Clock
	timeout      time.Duration
	dial         func(ctx context.Context, network, address string) (net.Conn, error)
	writer       recordset.Writer
	tries        *budget.Account // repeats reads that failed

	// reading is the right to transfer the zone, and to use last. Those that wait find the copy of the one before.
	reading chan struct{}
	last    *zoneCopy // as the last transfer returned it; nil before the first
}

var _ providers.WritableDNS = (*Account)(nil)

// New returns an account. It does no I/O.
func New(cfg Config) *Account {
	server := cfg.Server
	if _, _, err := net.SplitHostPort(server); err != nil {
		server = net.JoinHostPort(server, "53")
	}
	a := &Account{
		zone: providers.CanonicalName(cfg.Zone), server: server, key: cfg.Key, clock: cfg.Clock, dial: cfg.Dial,
		timeout: cmp.Or(cfg.Timeout, 15*time.Second), reading: make(chan struct{}, 1),
		writer: recordset.Writer{Spelling: spelling, Limits: limits, Clock: cfg.Clock},
		tries:  budget.New(server, 0, 1, budget.WithClock(cfg.Clock)),
	}
	if a.dial == nil {
		a.dial = new(net.Dialer).DialContext
	}
	return a
}

// Credentials implements providers.CredentialHolder.
func (a *Account) Credentials(context.Context) ([]providers.Credential, error) {
	return []providers.Credential{{What: "the secret of the TSIG key " + a.key.Name, Value: []byte(a.key.Secret)}}, nil
}
