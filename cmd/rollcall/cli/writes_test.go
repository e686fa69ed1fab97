package cli

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/cloudflare"
	"rollcall/providers/fleet"
	"rollcall/providers/route53"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// calls counts the requests that the embedded clouds have received, by what they are for.
type calls struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *calls) count(r *http.Request) {
	what := "read"
	switch {
	case r.Method != http.MethodGet && strings.Contains(r.URL.Path, "/dns_records"):
		what = "write to Cloudflare"
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/rrset"):
		what = "write to Route 53"
	case strings.Contains(r.URL.Path, "/dns_records"):
		what = "read from Cloudflare"
	case strings.HasSuffix(r.URL.Path, "/rrset"):
		what = "read from Route 53"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[what]++
}

// addDead adds n values to every zone, 250 of them to a name, whose instances all clouds had and have no more.
func addDead(t *testing.T, s *sim.Sim, n int) {
	t.Helper()
	w := s.World()
	clouds := w.Clouds()
	for _, zone := range w.Zones("") {
		markers := zone.Provider == providers.Route53
		if _, err := zone.Update(func(tx *world.Tx) error {
			at := tx.Now().Add(-24 * time.Hour).Truncate(time.Second)
			sets, marks := map[string][]string{}, map[string][]string{}
			for i := range n {
				c := clouds[i%len(clouds)]
				id := fmt.Sprintf("i-%017x", 0xdead0000+i)
				if c.Provider == providers.Triton {
					id = fmt.Sprintf("dead0000-0000-4000-8000-%012x", i)
				}
				name, value := fmt.Sprintf("gone%d.%s", i/250, zone.Name), fmt.Sprintf("203.0.%d.%d", i/250, i%250)
				o := providers.Owner{Fleet: w.FleetID, Cloud: c.Key, Instance: id, Registered: at}
				if markers {
					o = o.For("A", value)
				}
				text, err := o.Encode()
				if err != nil {
					return err
				}
				if !markers {
					tx.AddRecord(&world.Record{Name: name, Type: "A", Content: value, TTL: 60, Comment: text, Created: at, Modified: at})
					continue
				}
				sets[name] = append(sets[name], value)
				mark := providers.MarkerName(id, name)
				marks[mark] = append(marks[mark], providers.FormatTXT([]string{text}))
			}
			for _, name := range slices.Sorted(maps.Keys(sets)) {
				tx.Put(&world.Set{Name: name, Type: "A", TTL: 60, Values: sets[name]})
			}
			for _, name := range slices.Sorted(maps.Keys(marks)) {
				tx.Put(&world.Set{Name: name, Type: "TXT", TTL: 60, Values: marks[name]})
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAThousandDeadValuesGoInFewWrites leaves out the guards and the fresh evidence, whose calls depend on the clouds.
func TestAThousandDeadValuesGoInFewWrites(t *testing.T) {
	c := &calls{counts: map[string]int{}}
	s := newWorld(t, func(o *sim.Options) { o.Requested = c.count })
	addDead(t, s, 1000)
	ctx := t.Context()
	atCloudflare, err := cloudflare.New(cloudflare.Config{})
	if err != nil {
		t.Fatal(err)
	}
	atRoute53, err := route53.New(route53.Config{})
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
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Log("requests by what they are for: ", c.counts)
	if n := c.counts["write to Cloudflare"]; n == 0 || n > 5 {
		t.Errorf("%d write calls to Cloudflare", n)
	}
	if n := c.counts["write to Route 53"]; n == 0 || n > 4 {
		t.Errorf("%d write calls to Route 53", n)
	}
}
