package route53

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"rollcall/providers"
	"rollcall/providers/awsapi"
	"rollcall/providers/itemcache"
)

// Records lists all records of a zone, with marker records and without owners attached. The listing is complete if it
// has as many record sets as the zone reports, including the zone's SOA and NS. Expected stays -1, because Route 53
// counts record sets, not values.
func (a *Account) Records(ctx context.Context, zone providers.Zone, page func([]providers.Record)) providers.Coverage {
	const op = "list records"
	ctx, v := a.begin(ctx)
	if zone.ID == "" {
		return a.end(v, false, a.fail(providers.KindInvalid, op, "the zone %s has no id", zone.Name))
	}
	z, before, err := a.zone(ctx, zone.ID)
	if err != nil {
		return a.end(v, false, err)
	}
	landed, sets, soa, ns := false, int64(0), false, false
	known := a.cache(z.ID).Begin(z.Name)
	err = listSets(ctx, a, op, zone.ID, start{}, awsapi.NewItems("ResourceRecordSets", known), func(s *types.ResourceRecordSet) []providers.Record { return rows(z.Name, s) },
		func(list []listedSet[[]providers.Record], _ bool) bool {
			var out []providers.Record
			for i := range list {
				k := list[i].key
				soa = soa || (k.name == z.Name && k.typ == "SOA")
				ns = ns || (k.name == z.Name && k.typ == "NS")
				out = append(out, list[i].value...)
			}
			landed = true
			sets += int64(len(list))
			v.Rows += len(out)
			if len(out) > 0 {
				page(out)
			}
			return true
		})
	if err == nil && sets != before {
		// The zone may have changed during the listing, which then matches the zone's present count.
		var after int64
		if _, after, err = a.zone(ctx, zone.ID); err == nil && sets != after {
			err = a.incomplete(op, "%d record sets arrived, the zone has %d", sets, after)
		}
	}
	if err == nil && (!soa || !ns) {
		err = a.incomplete(op, "the SOA or NS record of %s itself is missing", z.Name)
	}
	if err == nil {
		known.Keep()
	}
	return a.end(v, landed, err)
}

// setCache holds the records of each record set of a zone.
type setCache = itemcache.Cache[listedSet[[]providers.Record]]

func (a *Account) cache(zoneID string) *setCache {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.caches[zoneID] == nil {
		a.caches[zoneID] = &setCache{}
	}
	return a.caches[zoneID]
}
