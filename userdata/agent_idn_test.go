package userdata

import (
	"testing"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

func TestTheAgentRegistersItsNodeInAnInternationalizedZone(t *testing.T) {
	for _, dns := range []providers.Provider{providers.Cloudflare, providers.Route53} {
		t.Run(string(dns), func(t *testing.T) {
			s := startSim(t)
			z := s.World().AddZone(world.ZoneSpec{Name: "xn--bcher-kva.example", Provider: dns, Reference: "1"})
			r := newRig(t, s, providers.Triton, dns, 1)
			r.cfg.Zone, r.cfg.Service = z.Name, "pool."+z.Name
			if dns == providers.Cloudflare { // which finds such a zone by its Unicode name only
				r.cfg.ZoneID = z.ID
			}
			r.must("register")
			r.wantHeld("pool.xn--bcher-kva.example A " + r.addr)
			r.must("deregister")
			r.wantHeld()
		})
	}
}

func TestTheAgentWritesToTheZoneOfItsIDWhereTheAccountHasSeveralOfOneName(t *testing.T) {
	s := startSim(t)
	private := s.World().AddZone(world.ZoneSpec{Name: world.Route53Zone, Provider: providers.Route53, Reference: "1", VPCs: []world.VPC{{ID: "vpc-0a1b2c3d", Region: "us-east-1"}}})
	has := func(z *world.Zone, name string) (found bool) {
		z.View(func(tx *world.Tx) { found = tx.Set(name, "A", "") != nil })
		return found
	}
	r := newRig(t, s, providers.Triton, providers.Route53, 1)
	r.must("register") // by the name alone it is the public one
	r.wantHeld(r.cfg.Service + " A " + r.addr)
	if has(private, r.cfg.Service) {
		t.Error("the private zone was written to")
	}
	r.must("deregister")
	r.cfg.ZoneID = private.ID
	r.must("register")
	if public := s.World().Zones(providers.Route53)[0]; !has(private, r.cfg.Service) || has(public, r.cfg.Service) {
		t.Error("the zone of the id was not written to alone")
	}
}
