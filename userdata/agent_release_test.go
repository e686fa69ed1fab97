package userdata

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/providers"
)

// lastRelease is the commit that the last release was built from.
const lastRelease = "87ec615b9fa313a0edf5aef32d11626ddb43bcb4"

// releaseAgent returns the agent of the last release, from the history of this repository.
func releaseAgent(t *testing.T) string {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), "git", "show", lastRelease+":userdata/node/rollcall-node").Output()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the agent of the last release is not in the history: %v", err)
		}
		t.Skipf("OLD AND NEW AGENTS ARE NOT TRIED TOGETHER: the agent of the last release is not in the history: %v", err)
	}
	return string(text)
}

func TestAgentsOfTheLastReleaseAndOfThisOneJoinAndLeaveOneNameAndLoseNobody(t *testing.T) {
	old := releaseAgent(t)
	for _, dns := range []providers.Provider{providers.Cloudflare, providers.Route53} {
		for _, kind := range []string{"round-robin", "dns-sd"} {
			t.Run(string(dns)+" "+kind, func(t *testing.T) {
				s := startSim(t)
				rigs := make([]*rig, 6)
				agents := func(i int, other bool) { // every second node has the old agent; other turns that round
					r := rigs[i]
					text := slimAgent(providers.Triton, dns)
					if (i%2 == 0) != other {
						text = old
					}
					r.write(r.agent, text)
				}
				for i := range rigs {
					rigs[i] = newRig(t, s, providers.Triton, dns, i+1)
					if kind == "dns-sd" {
						rigs[i].service()
						rigs[i].write(rigs[i].dir+"/md/sdc:alias", fmt.Sprintf("node-%d\n", i))
					}
					agents(i, false)
				}
				before := records(t, s, rigs[0].cfg.Zone)
				all := func(which func(i int) bool, f func(r *rig)) {
					var wg sync.WaitGroup
					for i, r := range rigs {
						if which(i) {
							wg.Go(func() { f(r) })
						}
					}
					wg.Wait()
				}
				everyone := func(int) bool { return true }
				whole := func(what string, in func(i int) bool) {
					t.Helper()
					for i, r := range rigs {
						want := 0
						if in(i) {
							want = map[string]int{"round-robin": 1, "dns-sd": 2}[kind]
						}
						if got := r.held(); len(got) != want {
							t.Errorf("%s: node %d has %q", what, i, got)
						}
					}
				}
				all(everyone, func(r *rig) { r.must("register") })
				whole("all have joined", everyone)
				joined := records(t, s, rigs[0].cfg.Zone)

				// Each node is brought up to date, or back: the other agent finds all in place.
				for i := range rigs {
					agents(i, true)
				}
				all(everyone, func(r *rig) {
					if said := r.must("register"); !strings.Contains(said, "already registered") {
						t.Errorf("it misreads what the other agent left: %s", said)
					}
				})
				if got := records(t, s, rigs[0].cfg.Zone); fmt.Sprint(got) != fmt.Sprint(joined) {
					t.Error("the other agents have changed records that were right")
				}

				// Some leave by the agent that did not register them, some move.
				left := func(i int) bool { return i < 2 }
				all(everyone, func(r *rig) {
					if i := slices.Index(rigs, r); left(i) {
						r.must("deregister")
					} else if i < 4 {
						r.setAddress(fmt.Sprintf("54.99.7.%d", i+1))
						r.must("register")
					}
				})
				whole("two have left", func(i int) bool { return !left(i) })

				// They come back, and at last each leaves by the agent that it began with.
				all(left, func(r *rig) { r.must("register") })
				whole("they are back", everyone)
				for i := range rigs {
					agents(i, false)
				}
				all(everyone, func(r *rig) { r.must("deregister") })
				if got := records(t, s, rigs[0].cfg.Zone); fmt.Sprint(got) != fmt.Sprint(before) {
					t.Error("something is left of them, or of others is gone")
				}
			})
		}
	}
}

// A node that an operator took out with one release stays out with the other.
func TestANodeThatWasQuiescedStaysOutWithTheAgentOfEitherRelease(t *testing.T) {
	old := releaseAgent(t)
	for _, dns := range []providers.Provider{providers.Cloudflare, providers.Route53} {
		r := node(t, providers.Triton, dns)
		r.must("register")
		r.quiesce(time.Unix(1_700_000_000, 0))
		for _, text := range []string{old, slimAgent(providers.Triton, dns)} {
			r.write(r.agent, text)
			if said := r.must("register"); !strings.Contains(said, "quiesced by an operator") || len(r.at(r.cfg.Service, "A")) != 0 {
				t.Errorf("%s: it said %q", dns, said)
			}
		}
	}
}

// A rendered boot script of either release sets up its agent over that of the other: the config is the same for both.
func TestTheAgentOfEitherReleaseReadsTheConfigOfTheOther(t *testing.T) {
	old := releaseAgent(t)
	r := node(t, providers.EC2, providers.Route53)
	r.cfg.Recheck, r.cfg.IPv6 = 60, true
	for _, text := range []string{old, slimAgent(providers.EC2, providers.Route53)} {
		r.write(r.agent, text)
		if said := r.must("status"); !strings.Contains(said, `"healthy": true`) || !strings.Contains(said, r.cfg.Service+" A "+r.addr) {
			t.Errorf("it said %s", said)
		}
	}
}
