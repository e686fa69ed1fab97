package ec2_test

import (
	"net/netip"
	"slices"
	"testing"

	"rollcall/providers"
	"rollcall/providers/ec2"
	"rollcall/providers/sim/world"
)

func TestEC2SaysWhoHasAnAddress(t *testing.T) {
	s, cfg := startSim(t, 0)
	c, err := ec2.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	list, _ := s.World().Instances("aws-use1", func(i *world.Instance) bool { return i.State == providers.StateRunning }, 0, 1)
	elastic, balancer, nobody := netip.MustParseAddr("34.201.50.10"), netip.MustParseAddr("34.201.50.20"), netip.MustParseAddr("203.0.113.9")
	rows, err := c.Holders(t.Context(), []netip.Addr{elastic, balancer, nobody, list[0].Public, netip.MustParseAddr("2001:db8::1")})
	if err != nil {
		t.Fatal(err)
	}
	for a, want := range map[netip.Addr]bool{elastic: true, balancer: true, list[0].Public: true, nobody: false} {
		if slices.ContainsFunc(rows, func(r providers.Address) bool { return r.IP == a }) != want {
			t.Errorf("%s: %+v", a, rows)
		}
	}
	if rows, err := c.Holders(t.Context(), []netip.Addr{nobody}); err != nil || len(rows) > 0 {
		t.Errorf("%+v, %v", rows, err)
	}
}
