package cli

import (
	"testing"

	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
)

func TestACommandAsksACloudWhoItIsOnceForAllItsListsAndAgainWhenSomethingIsGone(t *testing.T) {
	var q simtest.Calls
	newWorld(t, func(o *sim.Options) { o.Requested = q.Count })
	must(t, "ls", "instances")
	clouds, lookups := 0, 0
	for cloud, n := range q.ByCloud() {
		ec2, triton := n["ec2 DescribeInstances"] > 0, n["GET /ops/machines"] > 0
		if !ec2 && !triton {
			continue // no cloud, but an account of DNS
		}
		clouds++
		byID := n[simtest.InstancesByID] + n[simtest.MachineByID]
		lookups += byID
		questions, each := []string{"GET /ops", "GET /ops/datacenters"}, 1 // "gone" counts if the same account answers afterwards
		if ec2 {
			questions, each = []string{"sts GetCallerIdentity"}, 2 // and the answers are those of the account that is asked before
		}
		rounds := min(byID, 2)                    // of lookups: one for the markers of each zone, unless one round has those of both
		ofZones := min(n[simtest.FromRoute53], 1) // the account of Route 53, which is asked in the same region, says once whose its zones are
		for _, what := range questions {
			if asked := n[what] - ofZones; asked < 1+each*min(rounds, 1) || asked > 1+each*rounds {
				t.Errorf("%s: %d times %s in %v, with up to %d rounds of lookups", cloud, asked, what, n, rounds)
			}
		}
	}
	if clouds != 4 || lookups == 0 {
		t.Errorf("%d clouds and %d lookups prove nothing: %v", clouds, lookups, q.ByCloud())
	}
	t.Log(q.ByCloud())
}
