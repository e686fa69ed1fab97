package dnsview_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// reaping is what the guards are asked on when the entry of a Triton node is removed as dead: all of them pass.
func reaping() (*guard.Evidence, *world) {
	w := newWorld()
	w.remove(tritonA, true)
	r := *w.record(wwwName, "A", "165.")
	e := &guard.Evidence{
		Now: testNow, Fleet: testFlt, Verb: index.VerbDeregister, Age: time.Minute, Grace: 10 * time.Minute,
		Change: &providers.Change{Op: providers.OpDelete, Before: r}, Answer: guard.InstanceAnswer{Asked: true, Key: keyEast, Gone: true},
		Reread: true, Removing: map[providers.Identity]bool{r.Identity(): true}, Owned: 20, Planned: 1, Threshold: 0.3, From: 10,
	}
	for i := range w.zone(cfZone).Records {
		if x := w.zone(cfZone).Records[i]; x.Name == r.Name && x.Type == r.Type {
			e.Found = append(e.Found, x)
		}
	}
	return e, w
}

// Each of the nine guards passes, fails because of what is known, and fails because nothing is. What
// coverage and journal rest on cannot speak against a change, only be missing.
func TestEachGuardPassesFailsAndFailsForWantOfEvidence(t *testing.T) {
	type asks = func(e *guard.Evidence) index.GuardResult
	asked := map[index.GuardID]asks{
		index.GuardCoverage: (*guard.Evidence).CheckCoverage, index.GuardOwner: (*guard.Evidence).CheckOwner, index.GuardInstance: (*guard.Evidence).CheckInstance,
		index.GuardAddress: (*guard.Evidence).CheckAddress, index.GuardUnchanged: (*guard.Evidence).CheckUnchanged, index.GuardGrace: (*guard.Evidence).CheckGrace,
		index.GuardMinimum: (*guard.Evidence).CheckMinimum, index.GuardThreshold: (*guard.Evidence).CheckThreshold, index.GuardJournal: (*guard.Evidence).CheckJournal,
	}
	const (
		passes = "passes"
		says   = "fails"
		lacks  = "fails for want of evidence"
	)
	same := func(*guard.Evidence, *world) {}
	running := func(e *guard.Evidence, w *world) {
		i := *w.instance(ec2B)
		i.ID = tritonA
		e.Answer = guard.InstanceAnswer{Asked: true, Key: keyEast, Instance: &i}
	}
	takeOut := func(e *guard.Evidence, w *world) {
		running(e, w)
		e.Verb = index.VerbQuiesce
		w.opts.Services[0].Minimum = 2
	}
	covered := map[index.GuardID]map[string]int{}
	for _, c := range []struct {
		guard index.GuardID
		want  string
		name  string
		mess  func(e *guard.Evidence, w *world)
	}{
		{index.GuardCoverage, passes, "every cloud is complete and fresh", same},
		{index.GuardCoverage, lacks, "a cloud failed", func(_ *guard.Evidence, w *world) { w.failCloud("aws-use1") }},
		{index.GuardCoverage, lacks, "a cloud was read too long ago", func(e *guard.Evidence, _ *world) { e.Now = e.Now.Add(2 * time.Minute) }},
		{index.GuardCoverage, lacks, "no cloud is configured", func(_ *guard.Evidence, w *world) { w.snap.Clouds = nil }},

		{index.GuardOwner, passes, "the marker names this fleet and an instance", same},
		{index.GuardOwner, says, "the marker names another fleet", func(e *guard.Evidence, _ *world) {
			e.Change.Before.Owners = []providers.Owner{{Fleet: "other", Cloud: keyEast, Instance: tritonA}}
		}},
		{index.GuardOwner, says, "there is no marker", func(e *guard.Evidence, _ *world) { e.Change.Before.Owners = nil }},
		{index.GuardOwner, says, "two markers disagree", func(e *guard.Evidence, _ *world) {
			e.Change.Before.Owners = append(e.Change.Before.Owners, owner(keyUse1, ec2A))
		}},
		{index.GuardOwner, says, "there is no fleet id here", func(e *guard.Evidence, _ *world) { e.Fleet = "" }},
		{index.GuardOwner, lacks, "the marker cannot be read", func(e *guard.Evidence, _ *world) { e.Change.Before.BadMarkers = []string{"rollcall1 ?"} }},

		{index.GuardInstance, passes, "its cloud says that it is gone", same},
		{index.GuardInstance, passes, "it is stopped and has not the address", func(e *guard.Evidence, w *world) {
			running(e, w)
			e.Answer.Instance.State = providers.StateStopped
		}},
		{index.GuardInstance, says, "its cloud shows it as running", running},
		{index.GuardInstance, says, "it is stopped and holds the address", func(e *guard.Evidence, w *world) {
			running(e, w)
			e.Answer.Instance.State = providers.StateStopped
			e.Answer.Instance.PublicIPs = append(e.Answer.Instance.PublicIPs, addr("165.225.128.1"))
		}},
		{index.GuardInstance, lacks, "nobody was asked", func(e *guard.Evidence, _ *world) { e.Answer = guard.InstanceAnswer{} }},
		{index.GuardInstance, lacks, "its cloud gave an error", func(e *guard.Evidence, _ *world) {
			e.Answer = guard.InstanceAnswer{Asked: true, Key: keyEast, Why: "HTTP 500"}
		}},
		{index.GuardInstance, lacks, "it is not found, where a deleted one is answered as gone", func(e *guard.Evidence, _ *world) {
			e.Answer = guard.InstanceAnswer{Asked: true, Key: keyEast, NotFound: true}
		}},
		{index.GuardInstance, lacks, "another account answered", func(e *guard.Evidence, _ *world) { e.Answer.Key = keyUse1 }},
		{index.GuardInstance, lacks, "it is not found, and may be too new", func(e *guard.Evidence, _ *world) {
			e.Answer.NotFound = true
			e.Change.Before.Owners[0].Registered = testNow.Add(-time.Minute)
		}},

		{index.GuardAddress, passes, "nobody has the address", same},
		{index.GuardAddress, says, "another instance of ours has it", func(_ *guard.Evidence, w *world) {
			w.instance(tritonB).PublicIPs = append(w.instance(tritonB).PublicIPs, addr("165.225.128.1"))
		}},
		{index.GuardAddress, says, "an elastic address of ours is it", func(_ *guard.Evidence, w *world) {
			c := w.cloud("aws-use1")
			c.Addresses = append(c.Addresses, providers.Address{IP: addr("165.225.128.1"), Cloud: "aws-use1"})
		}},
		{index.GuardAddress, says, "it is on the allow-list", func(_ *guard.Evidence, w *world) {
			w.opts.Allow = append(w.opts.Allow, netip.MustParsePrefix("165.225.128.0/24"))
		}},
		{index.GuardAddress, lacks, "where its target lies was not read", func(e *guard.Evidence, w *world) {
			e.Change.Before = *w.record(v1Name, "SRV", "sd-02")
			w.drop("sd-02.unilans.net", "A", "")
			w.failZone(r53Zone)
		}},

		{index.GuardUnchanged, passes, "it was read again and is the same", same},
		{index.GuardUnchanged, says, "its TTL is another one now", func(e *guard.Evidence, _ *world) {
			for i := range e.Found {
				e.Found[i].TTL++
			}
		}},
		{index.GuardUnchanged, says, "its marker is another one now", func(e *guard.Evidence, _ *world) {
			for i := range e.Found {
				e.Found[i].Owners = []providers.Owner{owner(keyUse1, ec2A)}
			}
		}},
		{index.GuardUnchanged, lacks, "it was not read again", func(e *guard.Evidence, _ *world) { e.Reread = false }},
		{index.GuardUnchanged, lacks, "it could not be read again", func(e *guard.Evidence, _ *world) { e.FoundErr = errors.New("timeout") }},

		{index.GuardGrace, passes, "the marker is old", same},
		{index.GuardGrace, passes, "the marker is as old as it has to be", func(e *guard.Evidence, _ *world) {
			e.Change.Before.Owners[0].Registered = testNow.Add(-10 * time.Minute)
		}},
		{index.GuardGrace, says, "the marker is a second too young", func(e *guard.Evidence, _ *world) {
			e.Change.Before.Owners[0].Registered = testNow.Add(-10*time.Minute + time.Second)
		}},
		{index.GuardGrace, says, "the marker is of the future", func(e *guard.Evidence, _ *world) {
			e.Change.Before.Owners[0].Registered = testNow.Add(time.Hour)
		}},
		{index.GuardGrace, lacks, "there is no marker", func(e *guard.Evidence, _ *world) { e.Change.Before.Owners = nil }},

		{index.GuardMinimum, passes, "what is removed is not alive", same},
		{index.GuardMinimum, passes, "the service keeps its minimum", func(e *guard.Evidence, w *world) {
			takeOut(e, w)
			w.opts.Services[0].Minimum = 1
		}},
		{index.GuardMinimum, says, "the service would fall below its minimum", takeOut},
		{index.GuardMinimum, says, "the name would become empty", func(e *guard.Evidence, _ *world) { e.Found = []providers.Record{e.Change.Before} }},
		{index.GuardMinimum, lacks, "what else the name holds could not be read", func(e *guard.Evidence, _ *world) { e.FoundErr = errors.New("timeout") }},

		{index.GuardThreshold, passes, "it is one of twenty", same},
		{index.GuardThreshold, passes, "as many go as may", func(e *guard.Evidence, _ *world) { e.Recent, e.Planned = 2, 4 }},
		{index.GuardThreshold, passes, "the zone is small", func(e *guard.Evidence, _ *world) { e.Owned, e.Planned = 9, 9 }},
		{index.GuardThreshold, says, "one too many goes", func(e *guard.Evidence, _ *world) { e.Recent, e.Planned = 2, 5 }},
		{index.GuardThreshold, says, "nothing may go", func(e *guard.Evidence, _ *world) { e.Threshold = 0 }},
		{index.GuardThreshold, lacks, "the zone was not read completely", func(_ *guard.Evidence, w *world) { w.failZone(cfZone) }},
		{index.GuardThreshold, lacks, "what went before cannot be read", func(e *guard.Evidence, _ *world) { e.RecentErr = errors.New("disk") }},

		{index.GuardJournal, passes, "it can be written to", same},
		{index.GuardJournal, lacks, "it cannot be written to", func(e *guard.Evidence, _ *world) { e.JournalErr = errors.New("no space left on device") }},
	} {
		t.Run(string(c.guard)+" "+c.want+": "+c.name, func(t *testing.T) {
			e, w := reaping()
			c.mess(e, w)
			e.View = w.view()
			g := asked[c.guard](e)
			if g.Guard != c.guard || g.Why == "" {
				t.Errorf("%+v", g)
			}
			if g.Pass != (c.want == passes) || g.NoEvidence != (c.want == lacks) {
				t.Errorf("it should be that it %s: %+v", c.want, g)
			}
			if !g.Pass && g.Satisfy == "" && c.name != "the marker names another fleet" {
				t.Errorf("nothing is said of what would satisfy it: %+v", g)
			}
		})
		if covered[c.guard] == nil {
			covered[c.guard] = map[string]int{}
		}
		covered[c.guard][c.want]++
	}
	for g := range asked {
		for _, want := range []string{passes, says, lacks} {
			if covered[g][want] == 0 && (want != says || g != index.GuardCoverage && g != index.GuardJournal) {
				t.Errorf("no case says that guard %s %s", g, want)
			}
		}
	}
}

func TestARemovalAsDeadIsAskedAboutByAllGuardsInTheirOrder(t *testing.T) {
	e, w := reaping()
	e.View = w.view()
	want := []index.GuardID{index.GuardCoverage, index.GuardOwner, index.GuardInstance, index.GuardAddress, index.GuardUnchanged, index.GuardGrace, index.GuardMinimum}
	got := guard.Check(e)
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for n, g := range got {
		if g.Guard != want[n] || !g.Pass {
			t.Errorf("%d: %+v", n, g)
		}
	}
}

// Private networks of two clouds may give one address to a node each.
func TestAnEntryIsTakenOutThoughANodeOfAnotherCloudHasItsAddressToo(t *testing.T) {
	for name, answered := range map[string]bool{"as it was read": false, "as its cloud has just answered": true} {
		for _, id := range []string{ec2A, tritonA} {
			t.Run(name+", "+id, func(t *testing.T) {
				w := newWorld()
				both := addr("10.0.0.1")
				w.instance(ec2A).PrivateIPs, w.instance(tritonA).PrivateIPs = []netip.Addr{both}, []netip.Addr{both}
				w.drop(wwwName, "A", "")
				w.addRecord(cfRecord(wwwName, both.String(), w.instance(id).Key, id))
				v := w.view()
				r := w.record(wwwName, "A", both.String())
				p := plan.QuiesceRecords(v, r.Identity())
				if len(p.Steps) == 0 {
					t.Fatalf("%+v", p)
				}
				e := removal(v, &p.Steps[len(p.Steps)-1])
				if e.Verb = index.VerbQuiesce; answered {
					i := *w.instance(id)
					e.Answer = guard.InstanceAnswer{Asked: true, Key: i.Key, Instance: &i}
				}
				if g := e.CheckAddress(); !g.Pass || g.Why != "the address is the node's own" {
					t.Errorf("%+v", g)
				}
			})
		}
	}
}
