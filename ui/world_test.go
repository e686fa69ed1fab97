package ui_test

import (
	"fmt"
	"net/netip"
	"time"

	"rollcall/providers"
	"rollcall/providers/adapters"
)

// world makes the snapshot that the tests begin with.
func world(now time.Time) *providers.Snapshot {
	s := &providers.Snapshot{Seq: 1, Taken: now}
	type cloud struct {
		name   string
		p      providers.Provider
		region string
		n      int
		net    byte
		prod   bool
	}
	for _, c := range []cloud{
		{"aws-use1", providers.EC2, "us-east-1", 9, 20, true},
		{"aws-euw1", providers.EC2, "eu-west-1", 6, 40, false},
		{"joyent-east", providers.Triton, "us-east-1", 8, 60, false},
		{"joyent-ams", providers.Triton, "eu-ams-1", 7, 80, false},
	} {
		key := providers.NewCloudKey(c.p, "123456789012", c.region)
		started := now.Add(-4 * time.Second)
		v := providers.CloudView{
			Cloud:      providers.Cloud{Name: c.name, Provider: c.p, Traits: adapters.Declared(c.p).Traits, Region: c.region, Account: "123456789012", Key: key},
			Production: c.prod, RowsFrom: started, BudgetLeft: 40,
			Coverage: providers.Coverage{State: providers.CoverageComplete, Key: key, Rows: c.n, Expected: -1, Started: started, Finished: now.Add(-3 * time.Second)},
			Lookups:  map[string]providers.Lookup{},
		}
		for i := range c.n {
			name, service := fmt.Sprintf("www-%02d", i+1), "www"
			if i >= 4 {
				name, service = fmt.Sprintf("svc-%02d", i+1), "theservice"
			}
			if i >= 6 {
				name, service = fmt.Sprintf("build-%02d", i+1), "build"
			}
			id, typ := fmt.Sprintf("i-0%s%02x4c1d2e3f4a5", "abcd"[:2], int(c.net)+i), "t3.micro"
			if c.p == providers.Triton {
				id, typ = fmt.Sprintf("c2f0a1%02x-9b1e-4d3a-8f00-%012x", int(c.net)+i, i), "g4-highcpu-1G"
			}
			v.Instances = append(v.Instances, providers.Instance{
				Cloud: c.name, Key: key, Provider: c.p, ID: id, Name: c.name[len(c.name)-4:] + "-" + name,
				State: providers.StateRunning, Region: c.region, Type: typ, Image: "ubuntu-24.04",
				PublicIPs: []netip.Addr{netip.AddrFrom4([4]byte{54, 1, c.net, byte(i + 1)})}, PrivateIPs: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, c.net, byte(i + 1)})},
				Launched: now.Add(-time.Duration(30+i*17) * time.Hour), Tags: providers.TagsOf(map[string]string{"service": service, "env": "prod"}),
			})
		}
		s.Clouds = append(s.Clouds, v)
	}
	ams := &s.Clouds[3]
	ams.Instances[2].State = providers.StateStopped
	ams.Instances[2].PublicIPs = nil
	s.Clouds[1].Instances[5].State = providers.StatePending
	s.Clouds[1].Instances[5].Launched = now.Add(-40 * time.Second)
	gone := "c2f0a1ff-9b1e-4d3a-8f00-00000000dead"
	s.Clouds[2].Lookups[gone] = providers.Lookup{ID: gone, Asked: now.Add(-3 * time.Second), Gone: true, Final: true}
	gone2 := "i-0dead4c1d2e3f4a5"
	s.Clouds[0].Lookups[gone2] = providers.Lookup{ID: gone2, Asked: now.Add(-3 * time.Second), Gone: true}

	owner := func(c int, id string) providers.Owner {
		return providers.Owner{Fleet: fleetID, Cloud: s.Clouds[c].Cloud.Key, Instance: id, Registered: now.Add(-72 * time.Hour).Truncate(time.Second)}
	}
	complete := providers.Coverage{State: providers.CoverageComplete, Expected: -1, Started: now.Add(-5 * time.Second), Finished: now.Add(-4 * time.Second)}
	cf := providers.ZoneView{Zone: providers.Zone{Name: "scalability.expert", ID: "z1", Provider: providers.Cloudflare, Traits: adapters.Declared(providers.Cloudflare).Traits}, Coverage: complete, RowsFrom: complete.Started, BudgetLeft: 900}
	r53 := providers.ZoneView{Zone: providers.Zone{Name: "unilans.net", ID: "Z2", Provider: providers.Route53, Traits: adapters.Declared(providers.Route53).Traits}, Coverage: complete, RowsFrom: complete.Started, BudgetLeft: 40}
	n := 0
	add := func(z *providers.ZoneView, name, typ, value string, ttl uint32, o ...providers.Owner) {
		n++
		r := providers.Record{Zone: z.Zone.Name, Name: name, Type: typ, TTL: ttl, Value: value, Owners: o, Modified: now.Add(-72 * time.Hour)}
		if z.Zone.Provider == providers.Cloudflare {
			r.ID = fmt.Sprintf("rec%04d", n)
		}
		z.Records = append(z.Records, r)
	}
	add(&cf, "scalability.expert", "MX", "10 mail.scalability.expert", 300)
	add(&cf, "scalability.expert", "TXT", `"v=spf1 -all"`, 300)
	add(&cf, "mail.scalability.expert", "A", "203.0.113.9", 300)
	for c := range s.Clouds {
		for i := range 4 {
			inst := &s.Clouds[c].Instances[i]
			if c == 2 && i == 3 || len(inst.PublicIPs) == 0 {
				continue // missing, and the stopped one
			}
			add(&cf, "www.scalability.expert", "A", inst.PublicIPs[0].String(), 60, owner(c, inst.ID))
		}
	}
	add(&cf, "www.scalability.expert", "A", "54.1.80.3", 60, owner(3, ams.Instances[2].ID))
	add(&cf, "www.scalability.expert", "A", "165.225.1.9", 60, owner(2, gone))
	for i := range 2 {
		inst := &s.Clouds[0].Instances[4+i]
		host := fmt.Sprintf("n%d.v1._theservice._tcp.unilans.net", i+1)
		add(&r53, host, "A", inst.PublicIPs[0].String(), 60, owner(0, inst.ID).For("A", inst.PublicIPs[0].String()))
		srv := "0 10 4218 " + host
		add(&r53, "v1._theservice._tcp.unilans.net", "SRV", srv, 60, owner(0, inst.ID).For("SRV", srv))
	}
	add(&r53, "n9.v1._theservice._tcp.unilans.net", "A", "54.9.9.9", 60, owner(0, gone2).For("A", "54.9.9.9"))
	add(&r53, "v1._theservice._tcp.unilans.net", "TXT", `"txtvers=1"`, 60)
	add(&r53, "_services._dns-sd._udp.unilans.net", "PTR", "_theservice._tcp.unilans.net", 60)
	add(&r53, "_theservice._tcp.unilans.net", "PTR", "v1._theservice._tcp.unilans.net", 60)
	s.Zones = append(s.Zones, cf, r53)
	return s
}
