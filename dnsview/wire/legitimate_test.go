package wire

import (
	"slices"
	"testing"

	"rollcall/providers"
	"rollcall/providers/adapters"
)

// A server may answer with less than the API holds, or with something in its place. Only what can never be right counts.
func TestAnAnswerThatMayBeRightIsNoDisagreement(t *testing.T) {
	rec := func(name, typ, value, set, policy string) providers.Record {
		return providers.Record{Zone: testZone, Name: name, Type: typ, Value: value, TTL: 60, SetID: set, Policy: policy}
	}
	alias := func(set, policy string) providers.Record {
		r := rec("www.example.com", "A", "lb.elsewhere.net", set, policy)
		r.Alias = true
		return r
	}
	cname := rec("www.example.com", "CNAME", "target.elsewhere.net", "", "")
	const (
		one    = "www.example.com. 60 IN A 192.0.2.1"
		two    = "www.example.com. 60 IN A 192.0.2.2"
		three  = "www.example.com. 60 IN A 192.0.2.3"
		other  = "www.example.com. 60 IN TXT x" // the name is there, and has no address
		follow = "www.example.com. 60 IN CNAME target.elsewhere.net."
	)
	two2 := func(policy string) []providers.Record {
		return []providers.Record{rec("www.example.com", "A", "192.0.2.1", "a", policy), rec("www.example.com", "A", "192.0.2.2", "b", policy)}
	}
	germany := []providers.Record{rec("www.example.com", "A", "192.0.2.1", "de", "country=DE"), rec("www.example.com", "A", "192.0.2.2", "eu", "continent=EU")}
	for _, c := range []struct {
		name     string
		provider providers.Provider
		records  []providers.Record
		answers  []string
		found    []string // what the finders know of other names
		want     State
	}{
		{"an alias as it is", providers.Cloudflare, []providers.Record{cname}, []string{follow}, nil, InSync},
		{"an alias that is flattened", providers.Cloudflare, []providers.Record{cname}, []string{one, two}, nil, InSync},
		{"an alias that is flattened to IPv6", providers.Cloudflare, []providers.Record{cname}, []string{"www.example.com. 60 IN AAAA 2001:db8::1"}, nil, InSync},
		{"an alias of another name", providers.Cloudflare, []providers.Record{cname}, []string{"www.example.com. 60 IN CNAME other.elsewhere.net."}, nil, Propagating},
		{"a flattened alias of a name without an address", providers.Cloudflare, []providers.Record{cname}, []string{other}, nil, InSync},
		{"a flattened alias that has no address though its target has", providers.Cloudflare, []providers.Record{cname}, []string{other}, []string{"target.elsewhere.net. 60 IN A 192.0.2.7"}, Propagating},
		{"an alias that is not there", providers.Cloudflare, []providers.Record{cname}, nil, []string{"target.elsewhere.net. 60 IN A 192.0.2.7"}, Propagating},
		{"nobody flattens at Route 53", providers.Route53, []providers.Record{cname}, []string{one}, nil, Propagating},
		{"an alias at the apex is always flattened", providers.Cloudflare, []providers.Record{rec(testZone, "CNAME", "target.elsewhere.net", "", "")}, []string{"example.com. 60 IN A 192.0.2.1"}, nil, InSync},
		{"a place without a record set, and no default", providers.Route53, germany, []string{other}, nil, InSync},
		{"one of the places", providers.Route53, germany, []string{two}, nil, InSync},
		{"a value of no place", providers.Route53, germany, []string{three}, nil, Propagating},
		{"a name that is not there at all", providers.Route53, germany, nil, nil, Propagating},
		{"no value in spite of a default", providers.Route53, append(germany, rec("www.example.com", "A", "192.0.2.3", "rest", "country=*")), []string{other}, nil, Propagating},
		{"networks without a record set, and no default", providers.Route53, []providers.Record{rec("www.example.com", "A", "192.0.2.1", "x", "cidr-collection=c cidr-location=office")}, []string{other}, nil, InSync},
		{"one of the weighted", providers.Route53, two2("weighted"), []string{one}, nil, InSync},
		{"one of the healthy", providers.Route53, two2("multivalue health=h"), []string{two}, nil, InSync},
		{"all of the healthy", providers.Route53, two2("multivalue health=h"), []string{one, two}, nil, InSync},
		{"the secondary", providers.Route53, two2("failover=PRIMARY"), []string{two}, nil, InSync},
		{"none of the weighted", providers.Route53, two2("weighted"), []string{other}, nil, Propagating},
		{"one too many of the weighted", providers.Route53, two2("weighted"), []string{one, three}, nil, Propagating},
		{"an alias record", providers.Route53, []providers.Record{alias("", "")}, []string{one, three}, nil, InSync},
		{"an alias record of a target that is not well", providers.Route53, []providers.Record{alias("", "alias-health")}, []string{other}, nil, InSync},
		{"an alias record that is not there", providers.Route53, []providers.Record{alias("", "")}, nil, nil, Propagating},
		{"an alias record among weighted ones", providers.Route53, append(two2("weighted"), alias("c", "weighted")), []string{three}, nil, InSync},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := serve(t, authority(t, testZone, c.answers...))
			finder := serve(t, cache(t, "elsewhere.net", c.found...))
			z := providers.Zone{Name: testZone, Provider: c.provider, Traits: adapters.Declared(c.provider).Traits}
			ck := New(fast(Options{Finders: []string{finder}, Servers: map[string][]string{testZone: {server}}}))
			_, got := check(t, ck, z, Questions(z, c.records)...)
			for _, r := range got {
				if r.State != c.want {
					t.Errorf("%s, want %s: %s", r.State, c.want, r.Reason)
				}
			}
		})
	}
}

func TestNobodyIsAskedForWhatTheServersOfTheZoneDoNotAnswer(t *testing.T) {
	rec := func(name, typ, value string) providers.Record {
		return providers.Record{Zone: testZone, Name: name, Type: typ, Value: value, TTL: 60}
	}
	got := Questions(zone, []providers.Record{
		rec("d.example.com", "DNAME", "elsewhere.net"), rec("x.d.example.com", "A", "192.0.2.1"),
		rec("sub.example.com", "NS", "ns.sub.example.com"), rec("ns.sub.example.com", "A", "192.0.2.1"),
		rec("self.example.com", "NS", "self.example.com"), rec("self.example.com", "A", "192.0.2.1"),
		rec("sub.example.com", "DS", "1 13 2 00"),
	})
	var names []string
	for _, q := range got {
		names = append(names, q.Name+"/"+q.Type)
	}
	if want := []string{"d.example.com/DNAME", "sub.example.com/NS", "self.example.com/NS", "sub.example.com/DS"}; !slices.Equal(names, want) {
		t.Errorf("%v", names)
	}
}
