package dnsserver

import (
	"testing"

	"github.com/miekg/dns"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

func TestAZoneIsAnsweredAsSoonAsItIsMadeAPrivateOneNever(t *testing.T) {
	w, s := startFirst(t)
	ask := func(name string, typ uint16) *dns.Msg {
		t.Helper()
		m := new(dns.Msg)
		m.SetQuestion(name, typ)
		r, err := dns.Exchange(m, s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	vpc := []world.VPC{{ID: "vpc-0a1b2c3d", Region: "us-east-1"}}
	private := w.AddZone(world.ZoneSpec{Name: "shop.example", Provider: providers.Route53, VPCs: vpc, Reference: "1"})
	if r := ask("shop.example.", dns.TypeSOA); r.Rcode != dns.RcodeRefused {
		t.Errorf("a private zone is answered: %v", r)
	}
	public := w.AddZone(world.ZoneSpec{Name: "shop.example", Provider: providers.Route53, Reference: "2"})
	second := w.AddZone(world.ZoneSpec{Name: "shop.example", Provider: providers.Route53, Reference: "3"})
	r := ask("shop.example.", dns.TypeNS)
	if len(r.Answer) != 2 || !r.Authoritative {
		t.Fatalf("the public zone: %v", r)
	}
	for _, rr := range r.Answer {
		if ns := providers.CanonicalName(rr.(*dns.NS).Ns); ns != public.NameServers[0] && ns != public.NameServers[1] || ns == second.NameServers[0] {
			t.Errorf("the name server %s is not of the zone that was there first", ns)
		}
	}
	// A zone below a private one is looked for among the public ones.
	w.AddZone(world.ZoneSpec{Name: "in.unilans.net", Provider: providers.Route53, VPCs: vpc, Reference: "4"})
	if r := ask("in.unilans.net.", dns.TypeSOA); r.Rcode != dns.RcodeNameError {
		t.Errorf("a name that only a private zone has: %v", r)
	}
	for _, z := range []*world.Zone{public, second, private} {
		if err := w.RemoveZone(z); err != nil {
			t.Fatal(err)
		}
	}
	if r := ask("shop.example.", dns.TypeSOA); r.Rcode != dns.RcodeRefused {
		t.Errorf("a zone that went is answered: %v", r)
	}
}
