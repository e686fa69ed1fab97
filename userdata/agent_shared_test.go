package userdata

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rollcall/providers"
)

// two returns two nodes of one name.
func two(t *testing.T, dns providers.Provider) (a, b *rig) {
	t.Helper()
	s := startSim(t)
	return newRig(t, s, providers.Triton, dns, 1), newRig(t, s, providers.Triton, dns, 2)
}

// An elastic address moves to another node, or two networks have equal private addresses.
func TestAValueThatAnotherNodeOwnsTooStaysWhenOneOfThemGoes(t *testing.T) {
	for name, gone := range map[string]func(a *rig){
		"it rechecks": func(a *rig) { a.setAddress("54.99.7.7"); a.must("register") },
		"it leaves":   func(a *rig) { a.must("deregister") },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := two(t, providers.Route53)
			a.must("register")
			b.setAddress(a.addr)
			b.must("register")
			b.addr = a.addr
			gone(a)
			b.wantHeld(b.cfg.Service + " A " + b.addr)
			if got := a.held(); slices.Contains(got, a.cfg.Service+" A "+a.addr) {
				t.Errorf("DNS holds %q of the node that goes", got)
			}
			b.must("deregister")
			if got := b.at(b.cfg.Service, "A"); slices.Contains(got, b.addr) {
				t.Errorf("the name has %q", got)
			}
		})
	}
}

// Both have looked before one of them writes.
func TestTwoNodesOfADNSSDServiceWithOneNameEachHaveTheirOwnHostName(t *testing.T) {
	for _, dns := range []providers.Provider{providers.Cloudflare, providers.Route53} {
		t.Run(string(dns), func(t *testing.T) {
			a, b := two(t, dns)
			for _, r := range []*rig{a, b} {
				r.service()
				r.write(filepath.Join(r.dir, "md", "sdc:alias"), "web-01\n")
			}
			first := true
			b.between(string(dns), func(_ http.ResponseWriter, req *http.Request) bool {
				if req.Method == http.MethodPost && first {
					first = false
					a.must("register")
				}
				return false
			})
			b.must("register")
			a.must("register")
			want := func(r *rig, host string) []string {
				return slices.Sorted(slices.Values([]string{host + " A " + r.addr, r.cfg.Service + " SRV 0 7 4218 " + host}))
			}
			a.wantHeld(want(a, "web-01."+a.cfg.Zone)...)
			b.wantHeld(want(b, b.id+"."+a.cfg.Zone)...)
			b.must("deregister")
			b.wantHeld()
			a.wantHeld(want(a, "web-01."+a.cfg.Zone)...)
		})
	}
}

// The user data of a node, or an image of it, is used in another region, account or data centre. A data centre whose CloudAPI
// names none is known by its URL.
func TestANodeMarksItsRecordsWithTheKeyOfTheCloudThatItRunsIn(t *testing.T) {
	for _, at := range []providers.Provider{providers.EC2, providers.Triton} {
		t.Run(string(at), func(t *testing.T) {
			r := node(t, at, providers.Route53)
			key := func(place string) {
				t.Helper()
				if want := string(providers.NewCloudKey(at, "999999999999", place)); !strings.Contains(r.must("status"), want) {
					t.Errorf("its key is not %s of %s", want, place)
				}
			}
			r.mu.Lock()
			r.imds["dynamic/instance-identity/document"] = fmt.Sprintf(`{"accountId":"999999999999","region":"eu-north-1","instanceId":%q}`, r.id)
			r.mu.Unlock()
			r.write(filepath.Join(r.dir, "md", "sdc:owner_uuid"), "999999999999")
			r.write(filepath.Join(r.dir, "md", "sdc:datacenter_name"), "eu-north-1")
			for place, want := range map[string]string{"us-east-1": "eu-north-1", "cloudapi.internal:8443": "cloudapi.internal:8443"} {
				if at == providers.EC2 {
					want = "eu-north-1"
				}
				in := input(at, "register", RegisterAgent)
				in.Place = place
				rendered, err := Render("nginx-roundrobin", in)
				if err != nil {
					t.Fatal(err)
				}
				r.cfg.Place = rendered.Agent.Place
				key(want)
			}
		})
	}
}
