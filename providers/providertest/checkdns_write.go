package providertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rollcall/providers"
)

func (c *dnsCheck) comeAndGo(t *testing.T) {
	first, second := c.record(t, "rr.check", "A", "198.51.100.1", ownerOf("i-0aaa")), c.record(t, "rr.check", "A", "198.51.100.2", ownerOf("i-0bbb"))
	sent := c.Writes.Sent()
	c.made(t, add(first))
	if n := c.Writes.Sent() - sent; n != 1 {
		t.Errorf("a value and its marker took %d writes", n)
	}
	c.made(t, add(second))
	rows := c.lookup(t, "rr.check", "A")
	if len(rows) != 2 {
		t.Fatalf("rows %+v", rows)
	}
	for _, r := range rows {
		want := map[string]string{"198.51.100.1": "i-0aaa", "198.51.100.2": "i-0bbb"}[r.Value]
		if o, ok := r.Owner(); !ok || o.Instance != want || !o.Registered.Equal(registered) || o.Fleet != "7f3a9c1e" || o.Cloud != "aabbccddee" {
			t.Errorf("%s has the owners %+v", &r, r.Owners)
		}
	}
	sent = c.Writes.Sent()
	c.made(t, drop(rows[0]))
	if n := c.Writes.Sent() - sent; n != 1 {
		t.Errorf("to take both away took %d writes", n)
	}
	if left := c.lookup(t, "rr.check", "A"); len(left) != 1 || !sameAs(left[0], rows[1]) {
		t.Errorf("rows %+v, want %+v", left, rows[1])
	}
	c.empty(t, "rr.check")
}

func (c *dnsCheck) ttls(t *testing.T) {
	c.made(t, add(c.record(t, "ttl.check", "A", "198.51.100.1")))
	other := c.record(t, "ttl.check", "A", "198.51.100.2")
	other.TTL = 99
	want := uint32(99)
	if c.zone.Traits.Sets != nil {
		want = 77
	}
	if r := c.made(t, add(other))[0]; r.Record.TTL != want {
		t.Errorf("result %+v, want a TTL of %d", r, want)
	}
	for _, r := range c.lookup(t, "ttl.check", "A") {
		if r.Value == other.Value && r.TTL != want || r.Value != other.Value && r.TTL != 77 {
			t.Errorf("%s has a TTL of %d", &r, r.TTL)
		}
	}
	c.empty(t, "ttl.check")
}

func (c *dnsCheck) addTwice(t *testing.T) {
	owned := c.record(t, "twice.check", "A", "198.51.100.1", ownerOf("i-0aaa"))
	plain := c.record(t, "twice.check", "A", "198.51.100.2")
	later := ownerOf("i-0aaa")
	later.Registered = later.Registered.AddDate(0, 0, 1)
	made := c.made(t, add(owned), add(plain))
	for i, again := range []providers.Record{c.record(t, "twice.check", "A", "198.51.100.1", later), plain} {
		if r := c.made(t, add(again))[0]; !r.Already || !r.Record.Equal(&made[i].Record) {
			t.Errorf("the second time is %+v, the first was %+v", r, made[i])
		}
	}
	c.refused(t, add(c.record(t, "twice.check", "A", "198.51.100.1", ownerOf("i-0bbb"))), providers.KindConflict)
	c.refused(t, add(c.record(t, "twice.check", "A", "198.51.100.2", ownerOf("i-0bbb"))), providers.KindConflict)
	for _, r := range c.lookup(t, "twice.check", "A") {
		if o, ok := r.Owner(); ok != (r.Value == owned.Value) || ok && !o.Same(ownerOf("i-0aaa")) {
			t.Errorf("%s has the owners %v", &r, r.Owners)
		}
	}
	c.empty(t, "twice.check")
}

func (c *dnsCheck) adopt(t *testing.T) {
	made := c.made(t, add(c.record(t, "adopt.check", "A", "198.51.100.1")), add(c.record(t, "adopt.check", "A", "198.51.100.2")))
	c.made(t, alter(made[1].Record, c.record(t, "adopt.check", "A", "198.51.100.2", ownerOf("i-0bbb"))))
	for _, r := range c.lookup(t, "adopt.check", "A") {
		if o, ok := r.Owner(); ok != (r.Value == "198.51.100.2") || ok && !o.Same(ownerOf("i-0bbb")) {
			t.Errorf("%s has the owners %v", &r, r.Owners)
		}
	}
	c.empty(t, "adopt.check")
}

func (c *dnsCheck) stale(t *testing.T) {
	base := c.made(t, add(c.record(t, "stale.check", "A", "198.51.100.1", ownerOf("i-0aaa"))))[0].Record
	owned := func(change func(o *providers.Owner)) func(t *testing.T, r *providers.Record) {
		return func(t *testing.T, r *providers.Record) {
			o := r.Owners[0]
			change(&o)
			was, err := r.WithOwner(c.zone.Traits.Markers, o)
			if err != nil {
				t.Fatal(err)
			}
			*r = was
		}
	}
	for name, change := range map[string]func(t *testing.T, r *providers.Record){
		"another TTL":   func(_ *testing.T, r *providers.Record) { r.TTL = 78 },
		"another value": func(_ *testing.T, r *providers.Record) { r.Value = "198.51.100.7" },
		"no owner":      func(_ *testing.T, r *providers.Record) { r.Owners, r.Comment = nil, "" },
		"another owner": owned(func(o *providers.Owner) { o.Instance = "i-0bbb" }),
		"another fleet": owned(func(o *providers.Owner) { o.Fleet = "ffff" }),
		"another cloud": owned(func(o *providers.Owner) { o.Cloud = "0000000000" }),
		"later marked":  owned(func(o *providers.Owner) { o.Registered = o.Registered.AddDate(1, 0, 0) }),
		"quiesced":      owned(func(o *providers.Owner) { o.Quiesced = true }),
	} {
		t.Run(name, func(t *testing.T) {
			was, sent := base, c.Writes.Sent()
			was.Owners = slices.Clone(base.Owners)
			change(t, &was)
			c.refused(t, drop(was), providers.KindConflict)
			after := was
			after.TTL = 120
			c.refused(t, alter(was, after), providers.KindConflict)
			if c.Writes.Sent() != sent {
				t.Errorf("%d writes were sent", c.Writes.Sent()-sent)
			}
		})
	}
	if rows := c.lookup(t, "stale.check", "A"); len(rows) != 1 || !rows[0].Equal(&base) {
		t.Errorf("rows %+v, want %+v", rows, base)
	}
	c.empty(t, "stale.check")
}

func (c *dnsCheck) missing(t *testing.T) {
	was := c.made(t, add(c.record(t, "gone.check", "A", "198.51.100.1", ownerOf("i-0aaa"))))[0].Record
	c.made(t, drop(was))
	sent := c.Writes.Sent()
	after := was
	after.TTL = 120
	c.refused(t, alter(was, after), providers.KindConflict)
	// A record that has an id of its own is known to be gone for good.
	r := c.Account.Apply(t.Context(), c.zone, []providers.Change{drop(was)})[0]
	if providers.KindOf(r.Err) != providers.KindConflict && !r.Already || (was.ID != "") != r.Already {
		t.Errorf("the second delete is %+v", r)
	}
	if c.Writes.Sent() != sent || len(c.values(t, "gone.check")) != 0 {
		t.Errorf("%d writes were sent", c.Writes.Sent()-sent)
	}
}

func (c *dnsCheck) updateInPlace(t *testing.T) {
	was := c.made(t, add(c.record(t, "up.check", "A", "198.51.100.1", ownerOf("i-0aaa"))))[0].Record
	is := c.record(t, "up.check", "A", "198.51.100.2", ownerOf("i-0bbb"))
	is.TTL = 120
	r := c.made(t, alter(was, is))[0]
	if !sameAs(r.Record, is) || r.Record.ID != was.ID {
		t.Errorf("result %+v, want %+v", r.Record, is)
	}
	rows := c.lookup(t, "up.check", "")
	if len(rows) != 1 || !rows[0].Equal(&r.Record) {
		t.Fatalf("rows %+v, want %+v", rows, r.Record)
	}
	c.refused(t, drop(was), providers.KindConflict) // of what was changed meanwhile
	c.empty(t, "up.check")
}

func (c *dnsCheck) quiesced(t *testing.T) {
	if c.comments {
		t.Skip("a comment goes with its record: plans make a marker record of its own")
	}
	before := c.record(t, "q.check", "A", "198.51.100.1", ownerOf("i-0aaa"))
	was := c.made(t, add(before), add(c.record(t, "q.check", "A", "198.51.100.2")))[0].Record
	quiet := ownerOf("i-0aaa").For("A", "198.51.100.1")
	quiet.Quiesced = true
	change := drop(was)
	change.After.Owners = []providers.Owner{quiet}
	c.made(t, change)
	marker := c.lookup(t, "i-0aaa._rollcall.q.check", "TXT")
	if len(marker) != 1 || !strings.Contains(marker[0].Value, " q A 198.51.100.1") || !slices.Equal(c.values(t, "q.check"), []string{"198.51.100.2"}) {
		t.Fatalf("marker %+v, values %v", marker, c.values(t, "q.check"))
	}
	back := add(before)
	back.Before = marker[0]
	c.made(t, back)
	marker = c.lookup(t, "i-0aaa._rollcall.q.check", "TXT")
	if len(marker) != 1 || strings.Contains(marker[0].Value, " q ") || len(c.values(t, "q.check")) != 2 {
		t.Errorf("marker %+v, values %v", marker, c.values(t, "q.check"))
	}
	c.empty(t, "q.check")
}

func (c *dnsCheck) orphan(t *testing.T) {
	text, err := ownerOf("i-0aaa").For("A", "198.51.100.1").Encode()
	if err != nil {
		t.Fatal(err)
	}
	c.made(t, add(c.record(t, "i-0aaa._rollcall.orphan.check", "TXT", providers.FormatTXT([]string{text}))))
	all := c.records(t)
	at := slices.IndexFunc(all, func(r providers.Record) bool { return r.IsMarker() && strings.Contains(r.Name, "orphan.check") })
	if at < 0 {
		t.Fatal("the marker is not listed")
	}
	c.made(t, drop(all[at]))
	c.empty(t, "orphan.check")
}

func (c *dnsCheck) invalid(t *testing.T) {
	foreign := c.record(t, "bad.check", "A", "198.51.100.1")
	foreign.Name = "www.not" + c.zone.Name
	long := c.record(t, "bad.check", "A", "198.51.100.1")
	long.Owners, long.Comment = []providers.Owner{ownerOf(providers.HostPrefix+strings.Repeat("x", 100)).For("A", long.Value)}, ""
	ttl := c.record(t, "bad.check", "A", "198.51.100.1")
	ttl.TTL = 1 << 31
	for name, change := range map[string]providers.Change{
		"a bad address":           add(c.record(t, "bad.check", "A", "198.51.100.256")),
		"an IPv6 address in A":    add(c.record(t, "bad.check", "A", "2001:db8::1")),
		"an IPv4 address in AAAA": add(c.record(t, "bad.check", "AAAA", "198.51.100.1")),
		"a bad SRV":               add(c.record(t, "bad.check", "SRV", "1 2 x")),
		"a bad MX":                add(c.record(t, "bad.check", "MX", "mail")),
		"a bad TXT":               add(c.record(t, "bad.check", "TXT", `"not closed`)),
		"no value":                add(c.record(t, "bad.check", "A", "")),
		"a name of another zone":  add(foreign),
		"no operation":            {After: c.record(t, "bad.check", "A", "198.51.100.1")},
		"a TTL that DNS lacks":    add(ttl),
		"a marker without room":   add(long),
	} {
		t.Run(name, func(t *testing.T) {
			if name == "a bad TXT" && c.comments {
				t.Skip("Cloudflare's API takes a text in any form, and zones hold such")
			}
			sent := c.Writes.Sent()
			c.refused(t, change, providers.KindInvalid)
			if c.Writes.Sent() != sent {
				t.Errorf("%d writes were sent", c.Writes.Sent()-sent)
			}
		})
	}
	was := c.made(t, add(c.record(t, "bad.check", "A", "198.51.100.1")))[0].Record
	other := was
	other.Name = "elsewhere.check." + c.zone.Name
	sent := c.Writes.Sent()
	c.refused(t, alter(was, other), providers.KindInvalid)
	if c.Writes.Sent() != sent {
		t.Error("a change of the name was sent")
	}
	c.empty(t, "bad.check")
}

func (c *dnsCheck) oneBad(t *testing.T) {
	c.made(t, add(c.record(t, "alias.check", "CNAME", "one0.check."+c.zone.Name)))
	var changes []providers.Change
	var labels []string
	for i := range 10 {
		labels = append(labels, fmt.Sprintf("one%d.check", i))
		changes = append(changes, add(c.record(t, labels[i], "A", fmt.Sprintf("198.51.100.%d", i), ownerOf(fmt.Sprintf("i-%d", i)))))
	}
	changes = slices.Insert(changes, 3, add(c.record(t, "alias.check", "A", "198.51.100.99", ownerOf("i-99"))))
	for i, r := range c.Account.Apply(t.Context(), c.zone, changes) {
		kind := providers.KindOf(r.Err)
		if (i == 3) != (kind == providers.KindInvalid || kind == providers.KindConflict) || i != 3 && kind != "" {
			t.Errorf("change %d: %v", i, r.Err)
		}
	}
	for _, l := range labels {
		if len(c.values(t, l)) != 1 {
			t.Errorf("%s has %v", l, c.values(t, l))
		}
	}
	if rows := c.lookup(t, "alias.check", ""); len(rows) != 1 || rows[0].Type != "CNAME" {
		t.Errorf("beside the CNAME stands %+v", rows)
	}
	c.empty(t, append(labels, "alias.check")...)
}

func (c *dnsCheck) manyChanges(t *testing.T) {
	var changes []providers.Change
	var labels []string
	for n := range 6 {
		labels = append(labels, fmt.Sprintf("many%d.check", n))
		for i := range 60 {
			value := fmt.Sprintf("198.51.%d.%d", n, i)
			changes = append(changes, add(c.record(t, labels[n], "A", value, ownerOf(fmt.Sprintf("i-%017d", n*60+i)))))
		}
	}
	c.made(t, changes...)
	for _, l := range labels {
		rows := c.lookup(t, l, "A")
		for _, r := range rows {
			if _, ok := r.Owner(); !ok {
				t.Errorf("%s has the owners %v", &r, r.Owners)
			}
		}
		if len(rows) != 60 {
			t.Errorf("%s has %d values", l, len(rows))
		}
	}
	c.empty(t, labels...)
}

func (c *dnsCheck) fullSet(t *testing.T) {
	sets := c.zone.Traits.Sets
	if sets == nil {
		t.Skip("there are no sets")
	}
	var changes []providers.Change
	for i := range sets.Values {
		changes = append(changes, add(c.record(t, "full.check", "A", fmt.Sprintf("198.51.%d.%d", i/200, i%200))))
	}
	c.made(t, changes...)
	c.refused(t, add(c.record(t, "full.check", "A", "198.52.0.1")), providers.KindLimit)
	if n := len(c.values(t, "full.check")); n != sets.Values {
		t.Errorf("%d values", n)
	}
	c.empty(t, "full.check")
}
