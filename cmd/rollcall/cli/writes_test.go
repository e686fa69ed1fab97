package cli

import (
	"strings"
	"testing"

	"rollcall/providers"
	"rollcall/providers/cloudflare"
	"rollcall/providers/fleet"
	"rollcall/providers/route53"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
)

// TestAThousandDeadValuesGoInFewWrites leaves out the guards and the fresh evidence, whose calls depend on the clouds.
func TestAThousandDeadValuesGoInFewWrites(t *testing.T) {
	var c simtest.Calls
	s := newWorld(t, func(o *sim.Options) { o.Requested = c.Count })
	simtest.AddDead(t, s.World(), 1000)
	ctx := t.Context()
	atCloudflare, err := cloudflare.New(cloudflare.Config{Env: environment(t)})
	if err != nil {
		t.Fatal(err)
	}
	atRoute53, err := route53.New(route53.Config{Env: environment(t)})
	if err != nil {
		t.Fatal(err)
	}
	for _, account := range []fleet.DNS{atCloudflare, atRoute53} {
		var zones []providers.Zone
		account.Zones(ctx, func(page []providers.Zone) { zones = append(zones, page...) })
		for _, z := range zones {
			var rows []providers.Record
			if cov := account.Records(ctx, z, func(page []providers.Record) { rows = append(rows, page...) }); !cov.Complete() {
				t.Fatal(cov.Err)
			}
			providers.AttachOwners(rows)
			var changes []providers.Change
			for i := range rows {
				if strings.HasPrefix(rows[i].Name, "gone") && rows[i].Type == "A" {
					changes = append(changes, providers.Change{Op: providers.OpDelete, Before: rows[i]})
				}
			}
			if len(changes) != 1000 {
				t.Fatalf("%d values", len(changes))
			}
			for i, r := range providers.Apply(ctx, account, z, changes) {
				if r.Err != nil {
					t.Fatalf("%s: %v", changes[i].Before.Label(), r.Err)
				}
			}
		}
	}
	for _, z := range s.World().Zones("") {
		z.View(func(tx *world.Tx) {
			for _, r := range tx.Records() {
				if strings.HasPrefix(r.Name, "gone") {
					t.Fatalf("%s %s is still there", r.Name, r.Content)
				}
			}
			for _, r := range tx.Sets() {
				if strings.Contains(r.Name, "gone") {
					t.Fatalf("%s %v is still there", r.Name, r.Values)
				}
			}
		})
	}
	if n := c.Of(simtest.ToCloudflare); n == 0 || n > 5 {
		t.Errorf("%d write calls to Cloudflare", n)
	}
	if n := c.Of(simtest.ToRoute53); n == 0 || n > 4 {
		t.Errorf("%d write calls to Route 53", n)
	}
}
