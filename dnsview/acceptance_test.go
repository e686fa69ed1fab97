package dnsview_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// crowded is a service whose record set is too large to be swapped: old and new values together.
func crowded(values int) (*world, *providers.Record) {
	w := newWorld()
	for n := range values {
		host := fmt.Sprintf("host-%03d-with-a-name-that-is-quite-long-for-a-host.unilans.net", n)
		w.addRecord(providers.Record{Zone: r53Zone, Name: v1Name, Type: "SRV", TTL: 45, Value: "10 10 4218 " + host})
	}
	return w, w.record(v1Name, "SRV", "sd-02")
}

func TestARecordSetThatCannotBeSwappedInOneBatchIsLeftAloneWithTheSum(t *testing.T) {
	w, r := crowded(226)
	w.remove(tritonB, true)
	v := w.view()
	p := plan.Deregister(v, r.Identity())
	if len(p.Steps) != 0 || !strings.Contains(strings.Join(p.Skipped, "\n"), "characters together with their markers, and Route 53 takes 32000 at once") {
		t.Errorf("a removal: %+v", p)
	}
	if g := removal(v, &plan.Step{Change: &providers.Change{Op: providers.OpDelete, Before: *r}}).CheckAccepted(); g.Pass || !strings.Contains(g.Why, "32000") {
		t.Errorf("the guard: %+v", g)
	}
	if !slices.ContainsFunc(v.Findings, func(f dnsview.Finding) bool { return f.Class == dnsview.OverLimit && f.Name == v1Name+" SRV" }) {
		t.Error("nothing tells of the limit")
	}
	w, r = crowded(150)
	w.remove(tritonB, true)
	if p := plan.Deregister(w.view(), r.Identity()); len(p.Steps) != 1 {
		t.Errorf("a set that fits: %+v", p)
	}
}

func TestNoValueIsAddedThatCouldNotGoAgainAndTheLimitIsToldOfBefore(t *testing.T) {
	told := false
	for n := 100; ; n++ {
		w, _ := crowded(n)
		v := w.view()
		a := index.NewAcceptance(traits(providers.Route53), w.zone(r53Zone).Records)
		o := owner(keyUse1, ec2B)
		r := providers.Record{Zone: r53Zone, Name: v1Name, Type: "SRV", TTL: 45, Value: "10 10 4218 new-host-with-a-name-that-is-quite-long-for-a-host.unilans.net"}
		r.Owners = []providers.Owner{o.For(r.Type, r.Value)}
		told = told || slices.ContainsFunc(v.Findings, func(f dnsview.Finding) bool { return f.Class == dnsview.OverLimit && f.Name == v1Name+" SRV" })
		if why := a.WhyRefused(&providers.Change{Op: providers.OpCreate, After: r}); why != "" {
			if !told {
				t.Errorf("with %d values no more are taken (%s), and no finding told so before", n, why)
			}
			return
		}
		q := o
		q.Quiesced = true
		stays := r
		stays.Owners = []providers.Owner{q.For(r.Type, r.Value)}
		if why := a.WhyRefused(&providers.Change{Op: providers.OpDelete, Before: r, After: stays}); why != "" {
			t.Fatalf("with %d values one was added that cannot go: %s", n, why)
		}
	}
}

func TestThePlanRefusesWhatTheProviderWouldRefuse(t *testing.T) {
	long := strings.Repeat("a", 60)
	deep := strings.Join([]string{long, long, long, long}, ".") + ".unilans.net"
	o := providers.Owner{Fleet: testFlt, Cloud: keyUse1, Instance: ec2A, Registered: longAgo}
	named := []providers.Record{
		{Name: "alias.z", Type: "CNAME", Value: "elsewhere.z"},
		{Name: "host.z", Type: "A", Value: "192.0.2.1"},
		{Name: "split.z", Type: "A", Value: "192.0.2.1", SetID: "blue", Policy: "weighted 10", Weight: 10},
		{Name: "elb.z", Type: "A", Value: "lb.amazonaws.com", Alias: true},
	}
	both := []providers.Provider{providers.Route53, providers.Cloudflare}
	for _, c := range []struct {
		what string
		on   []providers.Provider
		r    providers.Record
		want string
	}{
		{"beside a CNAME", both, providers.Record{Name: "alias.z", Type: "A", Value: "192.0.2.9"}, "nothing can stand beside it"},
		{"a CNAME beside others", both, providers.Record{Name: "host.z", Type: "CNAME", Value: "x.z"}, "cannot stand beside them"},
		{"beside a weighted set", both[:1], providers.Record{Name: "split.z", Type: "A", Value: "192.0.2.9"}, "routing policy (weighted)"},
		{"into an alias", both[:1], providers.Record{Name: "elb.z", Type: "A", Value: "192.0.2.9"}, "alias record of Route 53"},
		{"a name too long", both, providers.Record{Name: strings.Repeat(long+".", 4) + "quite.long.z", Type: "A", Value: "192.0.2.9"}, "255 at most"},
		{"a label too long", both, providers.Record{Name: long + "abcdef.z", Type: "A", Value: "192.0.2.9"}, "63 is the most"},
		{"a marker's name too long", both[:1], providers.Record{Name: deep[:len(deep)-10], Type: "A", Value: "192.0.2.9", Owners: []providers.Owner{o}}, "marker has no room"},
		{"an IPv6 address in A", both, providers.Record{Name: "new.z", Type: "A", Value: "2001:db8::1"}, "no value of type A"},
		{"no SRV", both, providers.Record{Name: "new.z", Type: "SRV", Value: "1 2 70000 a.z"}, "no value of type SRV"},
		{"a TTL beyond DNS", both, providers.Record{Name: "new.z", Type: "A", Value: "192.0.2.9", TTL: 1 << 31}, "more than DNS allows"},
		{"a TTL beyond Cloudflare", both[1:], providers.Record{Name: "new.z", Type: "A", Value: "192.0.2.9", TTL: 100_000}, "Cloudflare takes 30 to 86400"},
		{"a TTL below Cloudflare", both[1:], providers.Record{Name: "new.z", Type: "A", Value: "192.0.2.9", TTL: 20}, "Cloudflare takes 30"},
		{"a proxied TXT", both[1:], providers.Record{Name: "new.z", Type: "TXT", Value: `"a"`, Proxied: true}, "cannot be proxied"},
		{"a weight", both[:1], providers.Record{Name: "w.z", Type: "A", Value: "192.0.2.9", SetID: "a", Weight: 256}, "0 to 255"},
		{"what is right", both, providers.Record{Name: "new.z", Type: "A", Value: "192.0.2.9", TTL: 60, Owners: []providers.Owner{o}}, ""},
		{"one more value", both, providers.Record{Name: "host.z", Type: "A", Value: "192.0.2.9", TTL: 60}, ""},
		{"a value of a set", both[:1], providers.Record{Name: "split.z", Type: "A", Value: "192.0.2.9", SetID: "blue", Policy: "weighted 10", Weight: 10}, ""},
	} {
		for _, p := range c.on {
			got := index.NewAcceptance(traits(p), named).WhyRefused(&providers.Change{Op: providers.OpCreate, After: c.r})
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("%s at %s: %q, want %q", c.what, p, got, c.want)
			}
		}
	}
}

func TestARecordWithACommentOfAPersonIsNotAdopted(t *testing.T) {
	w := newWorld()
	w.addRecord(providers.Record{Zone: cfZone, Name: "app.scalability.expert", Type: "A", Value: "34.200.16.1", TTL: 300, ID: "app", Comment: "the web of the shop"})
	r := w.record("app.scalability.expert", "A", "34.")
	v := w.view()
	f := v.FindingsOfRecord(r)
	if len(f) != 1 || f[0].Class != dnsview.Unmarked || f[0].Remedy != dnsview.NoRemedy || !strings.Contains(f[0].Reason, "clear it at Cloudflare first") {
		t.Errorf("%+v", f)
	}
	p := plan.Adopt(v, r.Identity())
	if len(p.Steps) != 0 || !strings.Contains(strings.Join(p.Skipped, "\n"), `"the web of the shop"), which an owner marker would overwrite: clear it at Cloudflare first`) {
		t.Errorf("%+v", p)
	}
}

func TestANodeIsNotRegisteredBesideACNAMEOrARoutingPolicy(t *testing.T) {
	for what, r := range map[string]providers.Record{
		"a CNAME": {Zone: r53Zone, Name: rrName, Type: "CNAME", Value: "www.example.com"}, "a latency set": {Zone: r53Zone, Name: rrName, Type: "A", Value: "192.0.2.1", SetID: "eu", Policy: "latency eu-west-1"},
	} {
		w := newWorld()
		w.declare(index.Service{Name: rrName, Kind: index.RoundRobin, TTL: 60, Select: map[string]string{"service": "www"}})
		w.addRecord(r)
		if p := plan.Register(w.view(), rrName, w.instance(ec2A).Ref()); len(p.Steps) != 0 || !strings.Contains(strings.Join(p.Skipped, "\n"), "stand") {
			t.Errorf("beside %s: %+v", what, p)
		}
	}
}
