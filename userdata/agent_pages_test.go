package userdata

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"rollcall/providers"
)

// A 200 of a proxy, or of a provider that has a bad day, says nothing of the zone: a node that believed it would stay in DNS when it goes.
func TestAnAnswerThatIsNoListIsNotTakenForAnEmptyOne(t *testing.T) {
	for dns, pages := range map[providers.Provider][]string{
		providers.Cloudflare: {
			"<html><body>sign in</body></html>", `{"success":true}`, `{"success":true,"result":null}`, `{"success":true,"result":[]}`, `{"success":true,"result":{}}`, `[]`, `null`, `"x"`, ``,
			`{"success":true,"result":[],"result_info":{}}`, `{"success":true,"result":[7],"result_info":{"total_pages":1,"total_count":1}}`, `{"success":true,"errors":["x"]}`,
		},
		providers.Route53: {
			"<html><body>sign in</body></html>", "<!DOCTYPE html><html></html>", "<ErrorResponse/>", "<ListResourceRecordSetsResponse/>", "{}", "", "<a>", "<ListHostedZonesByNameResponse><HostedZones/></ListHostedZonesByNameResponse>",
		},
	} {
		t.Run(string(dns), func(t *testing.T) {
			r := node(t, providers.Triton, dns)
			r.must("register")
			z, err := r.sim.World().Zone(r.cfg.Zone)
			if err != nil {
				t.Fatal(err)
			}
			r.cfg.ZoneID = z.ID
			for round := range 2 { // no run has more tries than ten
				n := 0
				was := r.cfg.Endpoints[string(dns)]
				half := pages[round*len(pages)/2 : (round+1)*len(pages)/2]
				r.between(string(dns), func(w http.ResponseWriter, _ *http.Request) bool {
					if n++; n > len(half) {
						return false
					}
					fmt.Fprint(w, half[n-1])
					return true
				})
				said := r.must("deregister")
				if strings.Contains(said, "nothing of this node") || n <= len(half) {
					t.Errorf("it said %s", said)
				}
				r.wantHeld()
				r.cfg.Endpoints[string(dns)] = was
				r.must("register")
			}
		})
	}
}

// A provider that has a bad day can show a whole zone as empty, in answers of its own form.
func TestANodeThatGoesBelievesNoEmptyZone(t *testing.T) {
	for dns, empty := range map[providers.Provider]string{
		providers.Cloudflare: `{"success":true,"errors":[],"messages":[],"result":[],"result_info":{"page":1,"per_page":1000,"count":0,"total_count":0,"total_pages":0}}`,
		providers.Route53:    `<ListResourceRecordSetsResponse><ResourceRecordSets></ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>2</MaxItems></ListResourceRecordSetsResponse>`,
	} {
		t.Run(string(dns), func(t *testing.T) {
			r := node(t, providers.Triton, dns)
			z, err := r.sim.World().Zone(r.cfg.Zone)
			if err != nil {
				t.Fatal(err)
			}
			r.cfg.ZoneID = z.ID
			r.must("register")
			var left atomic.Int64 // so many answers are empty
			r.between(string(dns), func(w http.ResponseWriter, req *http.Request) bool {
				if req.Method != http.MethodGet || left.Add(-1) < 0 {
					return false
				}
				fmt.Fprint(w, empty)
				return true
			})
			left.Store(1e6)
			if code, said := r.run("deregister"); code == 0 || !strings.Contains(said, "the zone is empty") {
				t.Errorf("exit code %d while the zone is shown as empty:\n%s", code, said)
			}
			r.wantHeld("pool." + z.Name + " A " + r.addr)
			for _, n := range []int64{1, 2, 5} {
				left.Store(n)
				if said := r.must("deregister"); strings.Contains(said, "nothing of this node") {
					t.Errorf("after %d empty answers it said %s", n, said)
				}
				r.wantHeld()
				r.must("register")
			}
			r.must("deregister")
			if said := r.must("deregister"); !strings.Contains(said, "nothing of this node") {
				t.Errorf("of a node that is not in DNS it said %s", said)
			}
		})
	}
}
