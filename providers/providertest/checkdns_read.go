package providertest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"rollcall/providers"
)

func (c *dnsCheck) everyType(t *testing.T) {
	in := "." + c.zone.Name
	var changes []providers.Change
	for _, r := range [][3]string{
		{"a.check", "A", "198.51.100.7"},
		{"a.check", "AAAA", "2001:db8::7"},
		{"*.check", "A", "198.51.100.8"},
		{"c.check", "CNAME", "a.check" + in},
		{"t.check", "TXT", `"plain text" "second"`},
		{"t.check", "TXT", `"quo\"te, back\\slash; \195\188 " "` + strings.Repeat("x", 255) + `"`},
		{"v1._check._tcp", "SRV", "0 10 4218 a.check" + in},
		{"_check._tcp", "PTR", "v1._check._tcp" + in},
		{"mx.check", "MX", "10 a.check" + in},
		{"caa.check", "CAA", `0 issue "letsencrypt.org"`},
	} {
		changes = append(changes, add(c.record(t, r[0], r[1], r[2])))
	}
	changes = append(changes, add(c.record(t, "o.check", "A", "198.51.100.9", ownerOf("i-0abc"))))
	if at := &c.zone.Traits; at.TTLs != nil && at.TTLs.Auto > 0 {
		auto := c.record(t, "auto.check", "A", "198.51.100.10")
		auto.TTL, auto.AutoTTL = 300, true
		changes = append(changes, add(auto))
		if at.CanProxy("A") {
			auto.Name, auto.Proxied = "proxied.check"+in, true
			changes = append(changes, add(auto))
		}
	}
	results := c.made(t, changes...)
	all := c.records(t)
	var undo []providers.Change
	for i := range changes {
		want := changes[i].After
		if !sameAs(results[i].Record, want) || results[i].Already {
			t.Errorf("result %+v, want %+v", results[i], want)
		}
		at := slices.IndexFunc(all, func(r providers.Record) bool { return sameAs(r, want) })
		if at < 0 {
			t.Errorf("%s is not listed", &want)
			continue
		}
		rows, err := c.Account.Lookup(t.Context(), c.zone, want.Name, want.Type)
		if err != nil || !slices.ContainsFunc(rows, func(r providers.Record) bool { return r.Equal(&all[at]) && r.Equal(&results[i].Record) }) {
			t.Errorf("error %v\nlooked up %+v\nlisted    %+v\nwritten   %+v", err, rows, all[at], results[i].Record)
		}
		undo = append(undo, drop(all[at]))
	}
	c.made(t, undo...)
}

func (c *dnsCheck) lookups(t *testing.T) {
	c.made(t, add(c.record(t, "look.check", "A", "198.51.100.1")), add(c.record(t, "look.check", "A", "198.51.100.2", ownerOf("i-0abc"))),
		add(c.record(t, "look.check", "TXT", `"text"`)), add(c.record(t, "below.look.check", "A", "198.51.100.3")))
	for typ, want := range map[string]int{"A": 2, "TXT": 1, "": 3, "AAAA": 0} {
		for _, name := range []string{"look.check." + c.zone.Name, "LOOK.Check." + c.zone.Name + "."} {
			rows, err := c.Account.Lookup(t.Context(), c.zone, name, typ)
			if err != nil || len(rows) != want {
				t.Errorf("%s %q: %d rows, want %d, error %v", name, typ, len(rows), want, err)
			}
			for _, r := range rows {
				if _, owned := r.Owner(); owned != (r.Value == "198.51.100.2") {
					t.Errorf("%s has the owners %v", &r, r.Owners)
				}
			}
		}
	}
	for _, label := range []string{"none.check", "zzz.check"} { // before and behind all others
		if rows := c.lookup(t, label, ""); len(rows) != 0 {
			t.Errorf("%s has %v", label, rows)
		}
	}
	if rows, err := c.Account.Lookup(t.Context(), c.zone, "www.not"+c.zone.Name, ""); providers.KindOf(err) != providers.KindInvalid {
		t.Errorf("a name of another zone: %v, %v", rows, err)
	}
	c.empty(t, "look.check", "below.look.check")
}

func (c *dnsCheck) unknown(t *testing.T) {
	// Zones of another id or name: their account is right, or the provider says no.
	notThere := []providers.Kind{providers.KindNotFound, providers.KindAuth}
	cov := c.Account.Records(t.Context(), c.Unknown, func(p []providers.Record) { t.Errorf("%d rows", len(p)) })
	if cov.State != providers.CoverageFailed || !slices.Contains(notThere, providers.KindOf(cov.Err)) {
		t.Errorf("coverage %+v", cov)
	}
	name := "www." + c.Unknown.Name
	if rows, err := c.Account.Lookup(t.Context(), c.Unknown, name, "A"); !slices.Contains(notThere, providers.KindOf(err)) {
		t.Errorf("lookup: %v, %v", rows, err)
	}
	r := providers.Record{Zone: c.Unknown.Name, Name: name, Type: "A", TTL: 77, Value: "198.51.100.1"}
	if err := c.Account.Apply(t.Context(), c.Unknown, []providers.Change{add(r)})[0].Err; !slices.Contains(notThere, providers.KindOf(err)) {
		t.Errorf("create: %v", err)
	}
	if z, err := providers.FindZone(t.Context(), c.Account, "not"+c.zone.Name, providers.ZoneChoice{}, ""); providers.KindOf(err) != providers.KindNotFound {
		t.Errorf("zone %+v, error %v", z, err)
	}
}

func (c *dnsCheck) cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sent := c.Writes.Sent()
	if cov := c.Account.Zones(ctx, func([]providers.Zone) {}); cov.Complete() || providers.KindOf(cov.Err) != providers.KindUnreachable {
		t.Errorf("zones: %+v", cov)
	}
	if cov := c.Account.Records(ctx, c.zone, func([]providers.Record) {}); cov.Complete() || providers.KindOf(cov.Err) != providers.KindUnreachable {
		t.Errorf("records: %+v", cov)
	}
	if rows, err := c.Account.Lookup(ctx, c.zone, "www."+c.zone.Name, "A"); providers.KindOf(err) != providers.KindUnreachable {
		t.Errorf("lookup: %v, %v", rows, err)
	}
	if err := c.Account.Apply(ctx, c.zone, []providers.Change{add(c.record(t, "late.check", "A", "198.51.100.1"))})[0].Err; providers.KindOf(err) != providers.KindUnreachable {
		t.Errorf("apply: %v", err)
	}
	if c.Writes.Sent() != sent || len(c.values(t, "late.check")) != 0 {
		t.Errorf("%d writes were sent", c.Writes.Sent()-sent)
	}
}
