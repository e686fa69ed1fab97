package userdata

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/providers"
)

// privateAddress changes the private addresses of a node; its public one stays.
func (r *rig) privateAddress(at providers.Provider, v4, v6 string) {
	if at == providers.EC2 {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.imds["meta-data/local-ipv4"], r.imds["meta-data/ipv6"] = v4, v6
		return
	}
	r.write(filepath.Join(r.dir, "md", "sdc:nics"), fmt.Sprintf(`[{"ip":%q,"ips":["%s/24"]},{"ips":["127.0.0.1/8","169.254.1.1/16","fe80::7/64","%s/24","%s/64"]}]`, r.addr, r.addr, v4, v6))
}

func TestANodeRegistersItsPrivateAddressesWhereTheseAreMeant(t *testing.T) {
	everywhere(t, func(t *testing.T, at, dns providers.Provider) {
		r := node(t, at, dns)
		r.cfg.Private, r.cfg.IPv6 = true, true
		name := "pool." + r.cfg.Zone
		r.privateAddress(at, "10.1.2.3", "2a01:4f8::7")
		r.must("register")
		r.wantHeld(name + " A 10.1.2.3")
		r.privateAddress(at, "10.1.2.4", "fd00::7")
		r.must("register")
		r.wantHeld(name+" A 10.1.2.4", name+" AAAA fd00::7")
		if said := r.must("register"); !strings.Contains(said, "already registered") {
			t.Errorf("it said %q", said)
		}
		r.must("deregister")
		r.wantHeld()
	})
}

func TestANodeWithoutAPrivateAddressDoesNotRegisterItsPublicOneInstead(t *testing.T) {
	everywhere(t, func(t *testing.T, at, dns providers.Provider) {
		r := node(t, at, dns)
		r.cfg.Private = true
		r.privateAddress(at, "", "")
		if code, said := r.run("register"); code != 1 || !strings.Contains(said, "this node has no private address") {
			t.Errorf("%d %s", code, said)
		}
		r.wantHeld()
	})
}

func TestANodeRegistersThePrivateAddressOfItsNetworkWhateverItsRange(t *testing.T) {
	r := node(t, providers.EC2, providers.Route53)
	r.cfg.Private = true
	r.privateAddress(providers.EC2, "54.240.1.2", "")
	r.must("register")
	r.wantHeld("pool." + r.cfg.Zone + " A 54.240.1.2")
}

func TestTheAddressesOfTheAgentAreThoseThatTheServiceDeclaresOrItsZoneHas(t *testing.T) {
	for _, c := range []struct {
		address string
		private bool
		want    bool
	}{{"", false, false}, {"", true, true}, {"private", false, true}, {"public", true, false}, {"auto", true, true}} {
		in := input(providers.EC2, "address", c.address)
		if c.address == "" {
			delete(in.Values, "address")
		}
		in.ZoneID, in.ZonePrivate = "Z1", c.private
		r, err := Render("nginx-roundrobin", in)
		if err != nil {
			t.Fatal(err)
		}
		if r.Agent.Private != c.want {
			t.Errorf("address %q, private zone %t: private addresses %t", c.address, c.private, r.Agent.Private)
		}
	}
}

// By its name an agent finds a public zone, which may be there too.
func TestAnAgentIsNotSentToAPrivateZoneByItsName(t *testing.T) {
	in := input(providers.EC2)
	in.ZonePrivate = true
	if _, err := Render("nginx-roundrobin", in); err == nil || !strings.Contains(err.Error(), "is a private zone, which the agent does not find by its name") {
		t.Errorf("%v", err)
	}
	in.Values["register"] = RegisterConsole
	if _, err := Render("nginx-roundrobin", in); err != nil {
		t.Error(err)
	}
}
