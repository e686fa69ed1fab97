package userdata

import (
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// An evacuation is marked at the zone or at the service.
func TestANodeOfAnEvacuatedCloudStaysOutUntilTheMarkerIsGone(t *testing.T) {
	everywhere(t, func(t *testing.T, at, dns providers.Provider) {
		for _, name := range []string{"the zone", "the service", "another cloud"} {
			t.Run(name, func(t *testing.T) {
				r := node(t, at, dns)
				z, err := r.sim.World().Zone(r.cfg.Zone)
				if err != nil {
					t.Fatal(err)
				}
				key, scope := r.key, r.cfg.Zone
				switch name {
				case "the service":
					scope = r.cfg.Service
				case "another cloud":
					key = "0123456789"
				}
				m, err := providers.EvacuationRecord(r.cfg.Zone, scope, providers.EvacuationOwner(r.cfg.Fleet, key, time.Unix(1_700_000_000, 0), time.Time{}))
				if err != nil {
					t.Fatal(err)
				}
				change := func(there bool) {
					if _, err = z.Update(func(tx *world.Tx) error {
						switch {
						case dns == providers.Route53 && there:
							tx.Put(&world.Set{Name: m.Name, Type: "TXT", TTL: 60, Values: []string{m.Value}})
						case dns == providers.Route53:
							tx.Delete(tx.Set(m.Name, "TXT", ""))
						case there:
							tx.AddRecord(&world.Record{ID: "0123456789abcdef0123456789abcdef", Name: m.Name, Type: "TXT", Content: m.Value, TTL: 60})
						default:
							tx.RemoveRecord("0123456789abcdef0123456789abcdef")
						}
						return nil
					}); err != nil {
						t.Fatal(err)
					}
				}
				change(true)
				said := r.must("register")
				if name == "another cloud" {
					if len(r.at(r.cfg.Service, "A")) != 1 {
						t.Errorf("it said %q", said)
					}
					return
				}
				if !strings.Contains(said, "quiesced by an operator: not registered") || len(r.at(r.cfg.Service, "A")) != 0 {
					t.Errorf("it said %q", said)
				}
				if said := r.must("status"); !strings.Contains(said, `"quiesced": true`) {
					t.Errorf("status: %s", said)
				}
				change(false)
				if said := r.must("register"); len(r.at(r.cfg.Service, "A")) != 1 {
					t.Errorf("afterwards it said %q", said)
				}
			})
		}
	})
}
