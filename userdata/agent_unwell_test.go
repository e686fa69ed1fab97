package userdata

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// besideAnother returns an agent under watch whose node is in DNS beside another one, and what is done to the other.
func besideAnother(t *testing.T, dns providers.Provider, kind string) (r, other *rig) {
	t.Helper()
	r, other = two(t, dns)
	if kind == "dns-sd" {
		r.service()
		other.service()
		other.cfg.Host, r.cfg.Service = "{id}", "v7._theservice._tcp."+r.cfg.Zone
		other.cfg.Service = r.cfg.Service
	}
	other.must("register")
	return r, other
}

func TestAnUnwellNodeThatAnOperatorPutsBackLeavesDNSAgain(t *testing.T) {
	for _, dns := range []providers.Provider{providers.Cloudflare, providers.Route53} {
		t.Run(string(dns), func(t *testing.T) {
			r, _ := besideAnother(t, dns, "round-robin")
			r.watch()
			r.registered(1)
			r.well.Store(false)
			r.said(": deregistered ")
			console := newRig(t, r.sim, providers.Triton, dns, 1) // writes what the console would
			console.must("register")
			until(t, "it has left again", func() bool { return strings.Count(r.log(), ": deregistered ") > 1 })
			r.wantHeld()
			if n := strings.Count(r.log(), "unhealthy: "); n != 1 {
				t.Errorf("it is unhealthy once, and says so %d times", n)
			}
			r.well.Store(true)
			r.registered(2)
			r.well.Store(false)
			until(t, "it has left once more", func() bool { return strings.Count(r.log(), ": deregistered ") > 2 })
		})
	}
}

func TestAnUnwellNodeStaysWhereNoOtherIsUntilOneIsThere(t *testing.T) {
	for _, dns := range []providers.Provider{providers.Cloudflare, providers.Route53} {
		for _, kind := range []string{"round-robin", "dns-sd"} {
			t.Run(string(dns)+" "+kind, func(t *testing.T) {
				r, other := besideAnother(t, dns, kind)
				r.watch()
				r.registered(1)
				other.must("deregister")
				before := r.held()
				r.well.Store(false)
				r.said("no other node is in " + r.cfg.Service)
				if got := r.held(); !slices.Equal(got, before) || len(got) == 0 {
					t.Errorf("DNS holds %q of the node, want %q", got, before)
				}
				other.must("register")
				until(t, "it has left", func() bool { return len(r.held()) == 0 })
				other.must("deregister") // one that shuts down leaves though it is the last
				other.wantHeld()
			})
		}
	}
}

// Cloudflare has no compare-and-swap.
func TestNodesThatLeaveCloudflareAtOnceForTheyAreUnwellLeaveOneThere(t *testing.T) {
	for _, kind := range []string{"round-robin", "dns-sd"} {
		t.Run(kind, func(t *testing.T) {
			r, other := besideAnother(t, providers.Cloudflare, kind)
			var unwell, gone atomic.Bool
			r.between("cloudflare", func(_ http.ResponseWriter, req *http.Request) bool {
				if req.Method == http.MethodPost && unwell.Load() && !gone.Swap(true) {
					r.tamper(func(tx *world.Tx) {
						for _, c := range slices.Clone(tx.Records()) {
							if strings.Contains(c.Comment, " "+other.id+" ") {
								tx.RemoveRecord(c.ID)
							}
						}
					})
				}
				return false
			})
			r.watch()
			r.registered(1)
			before := r.held()
			unwell.Store(true)
			r.well.Store(false)
			r.registered(2)
			if got := r.held(); !slices.Equal(got, before) || !gone.Load() {
				t.Errorf("DNS holds %q of the node, want %q", got, before)
			}
		})
	}
}
