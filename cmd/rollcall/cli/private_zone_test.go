package cli

import (
	"strings"
	"testing"

	"rollcall/providers/sim/world"
)

// ownedAddresses returns the values of the address records that have an owner, of those that a filter lets through.
func ownedAddresses(t *testing.T, filter string) (out []string) {
	t.Helper()
	for _, r := range objects(t, "ls", "records", "--filter", filter, "-o", "json") {
		if typ := r["type"]; r["owner"] != nil && (typ == "A" || typ == "AAAA") {
			out = append(out, r["value"].(string))
		}
	}
	return out
}

func TestLaunchedNodesAreRegisteredWithTheirPrivateAddressesWhereTheseAreMeant(t *testing.T) {
	s := newWorld(t)
	addZone(t, s, world.Route53Zone, true, "10.9.8.7")
	reconfigure(t, "name: unilans.net, provider", "name: unilans.net, private: true, provider", "name: www.scalability.expert,", "name: www.scalability.expert, address: private,")
	for _, register := range []string{"agent", "console"} {
		must(t, "launch", "--cloud", "aws-use1", "--service", theV1, "--set", "register="+register, "--wait", "--yes")
	}
	got := ownedAddresses(t, "zone:unilans.net")
	for _, a := range got {
		if !strings.HasPrefix(a, "10.") {
			t.Errorf("the private zone has %s", a)
		}
	}
	if len(got) != 2 {
		t.Errorf("the private zone has %q", got)
	}
	before := ownedAddresses(t, "zone:scalability.expert")
	must(t, "launch", "--cloud", "aws-use1,joyent-east", "--service", theWWW, "--set", "register=console", "--wait", "--yes")
	near := 0
	for _, a := range ownedAddresses(t, "zone:scalability.expert") {
		if strings.HasPrefix(a, "10.") {
			near++
		}
	}
	if near != 2 {
		t.Errorf("of the nodes of %s %d are registered with private addresses; before %q", theWWW, near, before)
	}
}
