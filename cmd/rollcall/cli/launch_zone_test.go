package cli

import (
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/sim/world"
)

func TestALaunchThatNeedsAZoneWhichRefusesIsNotBegun(t *testing.T) {
	s := newWorld(t)
	before := must(t, "ls", "instances", "--all", "-o", "name")
	for zone, service := range map[string]string{"unilans.net": theV1, "scalability.expert": "www.scalability.expert"} {
		if err := s.World().SetFault(zone, world.AuthError); err != nil {
			t.Fatal(err)
		}
		for _, more := range [][]string{{"--set", "register=console"}, {"--create-profile", "mine"}} {
			args := append([]string{"launch", "--cloud", "aws-use1", "--service", service, "--yes", "--wait"}, more...)
			r := rollcall(t, args...)
			if r.code != exit.Unknown || strings.Count(r.err, "\n") != 1 || !strings.Contains(r.err, "zone "+zone+": ") || !strings.Contains(r.err, "nothing was launched") || r.out != "" {
				t.Errorf("%v: exit code %d, %q", args, r.code, r.err)
			}
		}
		if err := s.World().SetFault(zone, world.NoFault); err != nil {
			t.Fatal(err)
		}
	}
	if after := must(t, "ls", "instances", "--all", "-o", "name"); after != before {
		t.Errorf("instances before\n%s\nafter\n%s", before, after)
	}
}
