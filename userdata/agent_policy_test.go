package userdata

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
)

// roleNode is a node whose instance has a role with a policy, and no other credentials.
func roleNode(t *testing.T, dns providers.Provider, policy func(s *world.World) Policy) *rig {
	t.Helper()
	s := simtest.Start(t, sim.Options{
		Seed: 1, Delays: simtest.Quick, Secrets: func(w *world.World) map[string]string {
			return map[string]string{"/rollcall/cloudflare-token": w.Credentials.CloudflareToken}
		},
		RolePolicies: func(w *world.World) map[string]string { return map[string]string{"rollcall-node": policy(w).JSON()} },
	})
	r := newRig(t, s, providers.EC2, dns, 1)
	keys := s.World().Credentials.SessionKeys(world.Session{Profile: "rollcall-node", Name: r.id, Until: time.Now().Add(time.Hour)})
	r.imds["meta-data/iam/security-credentials/node"] = fmt.Sprintf(`{"AccessKeyId":%q,"SecretAccessKey":%q,"Token":%q}`, keys.KeyID, keys.Secret, keys.Token)
	return r
}

// poolPolicy is what the nodes of a service need in the Route 53 zone of the world.
func poolPolicy(service, kind string) func(w *world.World) Policy {
	return func(w *world.World) Policy {
		z := w.Zones(providers.Route53)[0]
		return NodePolicy(adapters.Declared(providers.EC2).IDPattern, []PolicyService{{Name: service + "." + z.Name, Kind: kind, Zone: z.Name, ZoneID: z.ID}}, nil)
	}
}

func TestTheAgentDoesAllOfItsWorkWithThePolicyOfItsService(t *testing.T) {
	r := roleNode(t, providers.Route53, poolPolicy("pool", "round-robin"))
	r.must("register")
	r.wantHeld(r.cfg.Service + " A " + r.addr)
	r.must("deregister")
	r.wantHeld()
	r = roleNode(t, providers.Route53, poolPolicy("v1._theservice._tcp", "dns-sd"))
	r.cfg.Service, r.cfg.Kind = "v1._theservice._tcp."+r.cfg.Zone, "dns-sd"
	r.must("register")
	if got := r.held(); len(got) != 2 {
		t.Errorf("DNS holds %q of the node", got)
	}
	r.must("deregister")
	r.wantHeld()
}

func TestTheAgentOfACloudflareServiceReadsItsTokenWithThePolicyThatNamesIt(t *testing.T) {
	token := func(name string) func(w *world.World) Policy {
		return func(w *world.World) Policy {
			return NodePolicy(adapters.Declared(providers.EC2).IDPattern, nil, []string{"arn:aws:ssm:us-east-1:" + w.Credentials.AWSAccount + ":parameter/" + name})
		}
	}
	r := roleNode(t, providers.Cloudflare, token("rollcall/cloudflare-token"))
	r.must("register")
	r.wantHeld(r.cfg.Service + " A " + r.addr)
	r = roleNode(t, providers.Cloudflare, token("rollcall/another"))
	if code, said := r.run("register"); code == 0 || !strings.Contains(said, "ssm:GetParameter") {
		t.Errorf("exit code %d: %s", code, said)
	}
	r.wantHeld()
}

func TestTheAgentSaysWhatItsRoleDoesNotAllow(t *testing.T) {
	for what, policy := range map[string]func(w *world.World) Policy{
		"of another service": poolPolicy("else", "round-robin"),
		"of another zone": func(*world.World) Policy {
			return NodePolicy(adapters.Declared(providers.EC2).IDPattern, []PolicyService{{Name: "pool.unilans.net", Kind: "round-robin", Zone: "unilans.net", ZoneID: "Z0OTHER"}}, nil)
		},
		"that may do nothing": func(*world.World) Policy { return Policy{Version: policyVersion, Statement: []Statement{}} },
	} {
		r := roleNode(t, providers.Route53, policy)
		code, said := r.run("register")
		if code == 0 || !strings.Contains(said, "is not authorized to perform: route53:") {
			t.Errorf("a policy %s: exit code %d, %s", what, code, said)
		}
		r.wantHeld()
	}
	// Credentials that have run out are no better.
	r := roleNode(t, providers.Route53, poolPolicy("pool", "round-robin"))
	keys := r.sim.World().Credentials.SessionKeys(world.Session{Profile: "rollcall-node", Name: r.id, Until: time.Now().Add(-time.Second)})
	r.imds["meta-data/iam/security-credentials/node"] = fmt.Sprintf(`{"AccessKeyId":%q,"SecretAccessKey":%q,"Token":%q}`, keys.KeyID, keys.Secret, keys.Token)
	c := r.command("register")
	out, err := c.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "expired") {
		t.Errorf("%v: %s", err, out)
	}
	r.wantHeld()
}
