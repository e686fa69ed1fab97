package rfc2136_test

import (
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/rfc2136"
)

func TestWhatTheNameServerRefusesSaysWhatToCorrect(t *testing.T) {
	n := startBIND(t, options+
		zoneConfig(grants)+
		`zone "noread.org" { type primary; file "noread.org.zone"; allow-transfer { none; }; update-policy { grant update. zonesub ANY; }; };`+"\n"+
		`zone "nowrite.org" { type primary; file "nowrite.org.zone"; allow-transfer { key update.; }; };`+"\n"+
		"", "noread.org", "nowrite.org")
	good := config(t, n)
	with := func(change func(c *rfc2136.Config)) rfc2136.Config {
		c := good
		change(&c)
		return c
	}
	for what, c := range map[string]struct {
		cfg        rfc2136.Config
		code, says string
		kind       providers.Kind
	}{
		"a key that the server does not have": {with(func(c *rfc2136.Config) { c.Key.Name = "other" }), "BADKEY", "does not know the key other", providers.KindAuth},
		"another secret":                      {with(func(c *rfc2136.Config) { c.Key.Secret = "b3RoZXI=" }), "BADSIG", "has another secret for the key update", providers.KindAuth},
		"another time": {with(func(c *rfc2136.Config) {
			c.Clock.Time = func() time.Time { return time.Now().Add(-10 * time.Minute) }
		}), "BADTIME", "the clocks of this machine and of the name server", providers.KindAuth},
		"no right to transfer":  {with(func(c *rfc2136.Config) { c.Zone = "noread.org" }), "REFUSED", "its allow-transfer must name the key", providers.KindAuth},
		"a zone that it lacks":  {with(func(c *rfc2136.Config) { c.Zone = "elsewhere.org" }), "REFUSED", "does not have the zone elsewhere.org", providers.KindAuth},
		"a server that is down": {with(func(c *rfc2136.Config) { c.Server = "127.0.0.1:1" }), "", "no connection to the name server 127.0.0.1:1", providers.KindUnreachable},
	} {
		t.Run(what, func(t *testing.T) {
			cov := rfc2136.New(c.cfg).Records(t.Context(), providers.Zone{Name: c.cfg.Zone, ID: c.cfg.Zone}, func(page []providers.Record) { t.Errorf("%d rows", len(page)) })
			e, _ := cov.Err.(*providers.Error) //nolint:errorlint // the adapter's own error
			if cov.State != providers.CoverageFailed || e == nil || e.Kind != c.kind || e.Code != c.code || !strings.Contains(e.Error(), c.says) {
				t.Fatalf("coverage %+v", cov)
			}
			if strings.Contains(e.Error(), c.cfg.Key.Secret) {
				t.Errorf("the secret is in %v", e)
			}
		})
	}
	t.Run("no right to write", func(t *testing.T) {
		a := rfc2136.New(with(func(c *rfc2136.Config) { c.Zone = "nowrite.org" }))
		z := providers.Zone{Name: "nowrite.org", ID: "nowrite.org"}
		r := providers.Record{Name: "x.nowrite.org", Type: "A", TTL: 60, Value: "192.0.2.9"}
		err := a.Apply(t.Context(), z, []providers.Change{{Op: providers.OpCreate, After: r}})[0].Err
		if providers.KindOf(err) != providers.KindAuth || !strings.Contains(err.Error(), "its update-policy or allow-update must grant it") {
			t.Error(err)
		}
	})
	t.Run("a clock that is wrong by less is measured", func(t *testing.T) {
		a := rfc2136.New(with(func(c *rfc2136.Config) {
			c.Clock.Time = func() time.Time { return time.Now().Add(-2 * time.Minute) }
		}))
		if cov := a.Records(t.Context(), providers.Zone{Name: zoneName}, func([]providers.Record) {}); !cov.Complete() || (cov.Skew-2*time.Minute).Abs() > 2*time.Second {
			t.Errorf("coverage %+v", cov)
		}
		if cov := rfc2136.New(good).Records(t.Context(), providers.Zone{Name: zoneName}, func([]providers.Record) {}); !cov.Complete() || cov.Skew != 0 {
			t.Errorf("coverage %+v", cov)
		}
	})
}

func TestAChangeThatThePolicyOfTheZoneForbidsDoesNotHoldUpTheOthers(t *testing.T) {
	n := startBIND(t, options+zoneConfig(`allow-transfer { key update.; }; update-policy { grant update. subdomain ours.example.org. ANY; };`))
	a := rfc2136.New(config(t, n))
	var changes []providers.Change
	for _, name := range []string{"a.ours", "www2", "b.ours"} {
		changes = append(changes, providers.Change{Op: providers.OpCreate, After: providers.Record{Name: name + "." + zoneName, Type: "A", TTL: 60, Value: "192.0.2.9"}})
	}
	for i, r := range a.Apply(t.Context(), providers.Zone{Name: zoneName, ID: zoneName}, changes) {
		if want := map[bool]providers.Kind{true: providers.KindAuth}[i == 1]; providers.KindOf(r.Err) != want {
			t.Errorf("change %d: %v", i, r.Err)
		}
	}
}
