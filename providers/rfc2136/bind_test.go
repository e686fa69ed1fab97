package rfc2136_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/rfc2136"
)

const zoneName = "example.org"

// options are those of a BIND that many writers use at once, and whose sets may have many values.
const options = "recursion no; max-records-per-type 0; transfers-out 500; update-quota 500; tcp-clients 1000; };\n"

// zoneText is the zone's master file.
const zoneText = "$TTL 300\n@ IN SOA ns1 hostmaster 1 3600 600 86400 120\n@ IN NS ns1\n@ IN NS ns2\nns1 IN A 192.0.2.53\nns2 IN A 192.0.2.54\nwww IN A 192.0.2.1\n"

func zoneConfig(more string) string {
	return fmt.Sprintf("zone %q { type primary; file %q; %s };\n", zoneName, zoneName+".zone", more)
}

// grants lets the key read and write the zone.
var grants = fmt.Sprintf("allow-transfer { key %q; }; update-policy { grant %q zonesub ANY; };", providertest.NamedKey, providertest.NamedKey)

// startBIND runs BIND with the zone, and with a master file for each other zone.
func startBIND(t *testing.T, config string, others ...string) *providertest.Named {
	t.Helper()
	files := map[string]string{zoneName: zoneText}
	for _, z := range others {
		files[z] = zoneText
	}
	n := providertest.StartNamed(t, config, files)
	n.UntilServed(zoneName)
	return n
}

// config returns the config of an account. Its clock waits a tenth of what it is asked to.
func config(t *testing.T, n *providertest.Named) rfc2136.Config {
	t.Helper()
	key, err := rfc2136.ReadKey(filepath.Join(n.Dir, "update.key"))
	if err != nil {
		t.Fatal(err)
	}
	wait := func(ctx context.Context, d time.Duration) error { return providers.Sleep(ctx, d/10) }
	return rfc2136.Config{Zone: zoneName, Server: n.Addr, Key: key, Clock: providers.Clock{Wait: wait}}
}

func watched(cfg rfc2136.Config, w *providertest.Writes) rfc2136.Config {
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		return &watchedConn{Conn: c, w: w}, err
	}
	return cfg
}

// watchedConn counts updates, which a message says in its third byte.
type watchedConn struct {
	net.Conn
	w    *providertest.Writes
	lost bool
}

func (c *watchedConn) Write(b []byte) (int, error) {
	if len(b) > 4 && b[4]>>3&15 == 5 {
		c.lost = c.w.Begin()
	}
	return c.Conn.Write(b)
}

func (c *watchedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.lost {
		c.w.End()
		return 0, net.ErrClosed
	}
	return n, err
}

func TestTheAdapterWorksAgainstBIND(t *testing.T) {
	n := startBIND(t, options+zoneConfig(grants))
	cfg, writes := config(t, n), &providertest.Writes{}
	providertest.CheckDNS(t, providertest.DNS{
		Account: rfc2136.New(watched(cfg, writes)), Writes: writes, Another: func() providers.WritableDNS { return rfc2136.New(cfg) },
		Zone: zoneName, Unknown: providers.Zone{Name: "elsewhere.org", ID: "elsewhere.org"}, Joins: 200,
	})
}
