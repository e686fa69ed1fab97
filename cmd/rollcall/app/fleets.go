package app

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"rollcall/providers"
)

// FleetInZones is a fleet that records of the zones belong to.
type FleetInZones struct {
	ID      string
	Records int // how many
}

// Fleets reads the zones of a discovery and returns the fleets that their records belong to, that with most of them first,
// and the names of the zones that could not be read, or not to their end within limit.
func (d *Discovery) Fleets(ctx context.Context, limit time.Duration) (fleets []FleetInZones, unread []string) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var mu sync.Mutex
	counts := map[string]int{}
	var wg sync.WaitGroup
	for _, z := range d.Zones {
		if z.Err != nil {
			unread = append(unread, z.Name)
			continue
		}
		wg.Go(func() {
			records, err := readZone(ctx, z)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				unread = append(unread, z.Name)
			}
			for i := range records {
				for _, o := range records[i].Owners {
					counts[o.Fleet]++
				}
			}
		})
	}
	wg.Wait()
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		fleets = append(fleets, FleetInZones{id, counts[id]})
	}
	slices.SortStableFunc(fleets, func(x, y FleetInZones) int { return cmp.Compare(y.Records, x.Records) })
	slices.Sort(unread)
	return fleets, unread
}

// readZone returns the records of a zone with their owners. With an error it returns those that were read before.
func readZone(ctx context.Context, z ZoneSource) ([]providers.Record, error) {
	zone, err := providers.FindZone(ctx, z.DNS, z.Name, z.ZoneChoice, "")
	if err != nil {
		return nil, err
	}
	var records []providers.Record
	cov := z.DNS.Records(ctx, zone, func(page []providers.Record) { records = append(records, page...) })
	providers.AttachOwners(records)
	return records, cov.Err
}

// String returns the fleet for people, such as "7f3a9c1e (76 records)".
func (f FleetInZones) String() string {
	return f.ID + " (" + providers.CountOf(f.Records, "record") + ")"
}
