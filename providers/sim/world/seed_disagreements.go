package world

import (
	"fmt"
	"net/netip"
	"time"

	"rollcall/providers"
)

// seedDisagreements adds the default world's differences between clouds and DNS: in each zone two dead entries, one
// dangling, one missing, one moved, one stopped. Each is made by the events that cause it in real clouds.
func (s *seeder) seedDisagreements() {
	www, v1 := roles[0], roles[1]
	for n, ro := range []role{www, v1} {
		at := s.begin.Add(time.Duration(n) * time.Hour)
		first := max(90, s.count(ro)+1) // after the names of the healthy nodes
		name := func(k int) string { return fmt.Sprintf("%s-%02d", ro.prefix, first+k) }
		east, ams, use1, euw1 := s.w.cloud("joyent-east"), s.w.cloud("joyent-ams"), s.w.cloud("aws-use1"), s.w.cloud("aws-euw1")

		// Dead: after a power loss the agent removed no records.
		for k, c := range []*cloud{east, ams} {
			s.removeInstance(s.node(c, ro, first+k, 90+k))
		}
		// Dangling: the same, and Amazon gave the address to another customer.
		i := s.launch(use1, ro, name(2), at)
		i.Public = netip.MustParseAddr([]string{"34.201.44.17", "34.201.45.18"}[n])
		s.register(use1, i, i.Public)
		if n == 0 {
			s.removeInstance(i)
		} else { // EC2 still lists this one
			i.State, i.Changed = providers.StateTerminated, s.w.clock.Now().Add(-14*time.Minute)
			i.Public, i.Private = netip.Addr{}, netip.Addr{}
		}
		// Missing: the agent never reached the API.
		s.launch(east, ro, name(3), at)
		// Moved: a stop and a start gave the node another address.
		i = s.launch(euw1, ro, name(4), at)
		s.register(euw1, i, i.Public)
		i.Public = s.w.newIP(euw1)
		if n == 0 { // the host fails again
			i.Status = &Status{Events: []ScheduledEvent{{
				ID: "instance-event-0c4d5e6f708192a3b", Code: "instance-retirement",
				Description: "The instance is running on degraded hardware", NotBefore: s.w.clock.Now().Add(3 * 24 * time.Hour).Truncate(time.Hour),
			}}}
		}
		// Stopped: a crash of the machine left its record in DNS.
		i = s.launch(ams, ro, name(5), at)
		s.register(ams, i, i.Public)
		i.State = providers.StateStopped
	}
}

// removeInstance removes an instance some minutes ago, so that the cloud no longer lists it.
func (s *seeder) removeInstance(i *Instance) {
	for _, c := range s.w.clouds {
		if c.byID[i.ID] == i {
			s.w.forget(c, i)
			c.gone[i.ID] = s.w.clock.Now().Add(-14 * time.Minute)
			return
		}
	}
}

// seedForeignRows adds rows outside this fleet: foreign records in both zones, a record of another team, an unmarked
// record of a node of this fleet, and elastic addresses and interfaces without an instance.
func (s *seeder) seedForeignRows() {
	s.addRecord(Record{Name: "legacy." + CloudflareZone, Type: "A", Content: "198.51.100.23", TTL: 3600, Comment: "old colo, ask finance"})
	s.addSet("legacy."+Route53Zone, "A", 3600, "198.51.100.24")
	other := providers.Owner{Fleet: "c0ffee42", Cloud: providers.NewCloudKey(providers.EC2, "210987654321", "us-west-2"), Instance: "i-0fedcba9876543210", Registered: s.begin}
	comment, err := other.Encode()
	if err != nil {
		panic(err)
	}
	s.addRecord(Record{Name: "shop." + CloudflareZone, Type: "A", Content: "198.51.100.99", TTL: 60, Comment: comment})

	use1 := s.w.cloud("aws-use1")
	eip := netip.MustParseAddr("34.201.50.10")
	use1.addresses = append(use1.addresses,
		Address{ID: "eipalloc-0a1b2c3d4e5f60718", IP: eip, Kind: providers.AddressElastic, Note: "spare"},
		Address{ID: "eni-0b1c2d3e4f5061728", IP: netip.MustParseAddr("34.201.50.20"), Private: netip.MustParseAddr("10.16.200.9"), Kind: providers.AddressInterface, Note: "ELB app/front/5d2f0c8a9b7e6d1c"})
	s.addRecord(Record{Name: "lb." + CloudflareZone, Type: "A", Content: "34.201.50.20", TTL: 60, Comment: "front load balancer"})

	// A database record entered by hand: of this fleet, but without a marker.
	for _, i := range s.w.cloud("joyent-ams").instances {
		if i.Tags["service"] == "db" {
			s.addSet("db."+Route53Zone, "A", 300, i.Public.String())
			break
		}
	}
}
