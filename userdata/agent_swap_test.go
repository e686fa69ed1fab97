package userdata

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// The agent finds its marker without its value, and before it creates the value another writer changes the marker.
func TestAValueIsCreatedOnlyBesideTheMarkerThatTheAgentHasRead(t *testing.T) {
	for name, quiesced := range map[string]bool{"the marker is deleted": false, "the node is quiesced": true} {
		t.Run(name, func(t *testing.T) {
			r := node(t, providers.Triton, providers.Route53)
			r.must("register")
			marker := providers.MarkerName(r.id, r.cfg.Service)
			r.tamper(func(tx *world.Tx) { tx.Delete(tx.Set(r.cfg.Service, "A", "")) })
			o := providers.Owner{Fleet: r.cfg.Fleet, Cloud: r.key, Instance: r.id, Registered: time.Unix(1_700_000_000, 0), Quiesced: true}.For("A", r.addr)
			text, err := o.Encode()
			if err != nil {
				t.Fatal(err)
			}
			tries, bare := 0, false
			r.between("route53", func(_ http.ResponseWriter, req *http.Request) bool {
				bare = bare || len(r.held()) == 0 && slices.Contains(r.at(r.cfg.Service, "A"), r.addr)
				if req.Method != http.MethodPost {
					return false
				}
				if tries++; tries == 1 {
					r.tamper(func(tx *world.Tx) {
						tx.Delete(tx.Set(marker, "TXT", ""))
						if quiesced {
							tx.Put(&world.Set{Name: marker, Type: "TXT", TTL: 60, Values: []string{`"` + text + `"`}})
						}
					})
				}
				return false
			})
			said := r.must("register")
			switch at := r.at(r.cfg.Service, "A"); {
			case quiesced && (len(at) > 0 || tries > 1 || !strings.Contains(said, "quiesced by an operator")):
				t.Errorf("DNS holds %q after %d batches; it said %q", at, tries, said)
			case !quiesced:
				r.wantHeld(r.cfg.Service + " A " + r.addr)
			}
			if bare {
				t.Error("the value stood in DNS without its marker")
			}
		})
	}
}
