package userdata

import (
	"fmt"
	"net/http"
	"strings"
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
