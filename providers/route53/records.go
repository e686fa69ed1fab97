package route53

import (
	"context"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"rollcall/providers"
	"rollcall/providers/awsapi"
	"rollcall/providers/itemcache"
)

const opRecords = "list records"

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

// zoneRead is one read of all record sets of a zone.
type zoneRead struct {
	zone  providers.Zone
	known *itemcache.Read[listedSet[[]providers.Record]]
	heard func() // is called after each answer, by one goroutine at a time

	keys    []key // of the sets that arrived, in order
	longest int   // number of sets of the longest page
	soa, ns bool  // that of the zone itself arrived
	// throttled is whether reading side by side was: then the next read is one page after the other too.
	throttled bool
}

// add counts the sets of a page and returns their records.
func (r *zoneRead) add(list []listedSet[[]providers.Record]) []providers.Record {
	var out []providers.Record
	for i := range list {
		k := list[i].key
		r.soa = r.soa || (k.Name == r.zone.Name && k.Type == "SOA")
		r.ns = r.ns || (k.Name == r.zone.Name && k.Type == "NS")
		r.keys = append(r.keys, k)
		for _, row := range list[i].value {
			out = append(out, bare(row))
		}
	}
	return out
}

// hold has the records of the last read of a zone held once: where rows has the same ones, those are used. Owners that
// were attached to them are left out when they are read again.
func (a *Account) hold(zoneID string, rows []providers.Record) {
	first := make(map[key]int, len(rows)) // of each set
	for i := range rows {
		k := key{Name: rows[i].Name, Type: rows[i].Type, ID: rows[i].SetID}
		if _, known := first[k]; !known {
			first[k] = i
		}
	}
	a.cache(zoneID).Replace(func(s listedSet[[]providers.Record]) listedSet[[]providers.Record] {
		at, ok := first[s.key]
		if end := at + len(s.value); ok && end <= len(rows) && slices.EqualFunc(rows[at:end], s.value, sameButOwners) {
			s.value = rows[at:end:end]
			s.key = key{Name: rows[at].Name, Type: rows[at].Type, ID: rows[at].SetID}
		}
		return s
	})
}

func sameButOwners(a, b providers.Record) bool {
	a, b = bare(a), bare(b)
	return a.Same(&b)
}

// bare returns a record as a list has it, without the owners that marker records name.
func bare(r providers.Record) providers.Record {
	r.Owners, r.BadMarkers, r.MarkerTTL = nil, nil, 0
	return r
}

// Records lists all records of a zone, with marker records and without owners attached. The listing is complete if it
// has as many record sets as the zone reports, including the zone's SOA and NS. Expected stays -1, because Route 53
// counts record sets, not values. A zone that was read before is read in ranges side by side, or one page after the
// other if the ranges do not fit the zone any more.
func (a *Account) Records(ctx context.Context, zone providers.Zone, page func([]providers.Record)) providers.Coverage {
	ctx, v := a.begin(ctx)
	if zone.ID == "" {
		return a.end(v, false, a.fail(providers.KindInvalid, opRecords, "the zone %s has no id", zone.Name))
	}
	z, before, err := a.zone(ctx, zone.ID)
	if err != nil {
		return a.end(v, false, err)
	}
	var mu sync.Mutex
	r := &zoneRead{zone: z, known: a.cache(z.ID).Begin(z.Name), heard: func() {
		mu.Lock()
		defer mu.Unlock()
		page(nil)
	}}
	if ranges := a.knownRanges(z.ID); len(ranges) > 1 {
		list, err := a.readRanges(ctx, r, ranges)
		if err == nil {
			rows := r.add(list)
			if err = a.checkRead(ctx, r, before); err == nil {
				v.Rows = len(rows)
				page(rows)
				a.keep(r)
				return a.end(v, true, nil)
			}
		}
		if ctx.Err() != nil {
			return a.end(v, false, err)
		}
		r.keys, r.soa, r.ns, r.throttled = nil, false, false, providers.KindOf(err) == providers.KindThrottled
	}
	landed := false
	err = listSets(ctx, a, opRecords, z.ID, start{}, r.items(), r.convert, func(list []listedSet[[]providers.Record], _ bool) bool {
		out := r.add(list)
		r.longest = max(r.longest, len(list))
		landed = true
		v.Rows += len(out)
		if len(out) > 0 {
			page(out)
		}
		return true
	})
	if err == nil {
		err = a.checkRead(ctx, r, before)
	}
	if err == nil {
		a.keep(r)
	}
	return a.end(v, landed, err)
}

func (r *zoneRead) items() *awsapi.Items[listedSet[[]providers.Record]] {
	return awsapi.NewItems("ResourceRecordSets", r.known, func(e *itemcache.Element) listedSet[[]providers.Record] { return listed(readSet(e), r.convert) })
}

func (r *zoneRead) convert(s *types.ResourceRecordSet) []providers.Record {
	return rows(r.zone.Name, s)
}

// checkRead returns why a read is not complete, or nil. before is the number of record sets that the zone had before it.
func (a *Account) checkRead(ctx context.Context, r *zoneRead, before int64) error {
	if sets := int64(len(r.keys)); sets != before {
		// The zone may have changed during the listing, which then matches the zone's present count.
		_, after, err := a.zone(ctx, r.zone.ID)
		if err != nil {
			return err
		}
		if sets != after {
			return a.incomplete(opRecords, "%d record sets arrived, the zone has %d", sets, after)
		}
	}
	if !r.soa || !r.ns {
		return a.incomplete(opRecords, "the SOA or NS record of %s itself is missing", r.zone.Name)
	}
	return nil
}

// keep keeps what a complete read has learned for the next one.
func (a *Account) keep(r *zoneRead) {
	r.known.Keep()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ranges[r.zone.ID] = []zoneRange{{}}
	if !r.throttled {
		a.ranges[r.zone.ID] = rangesOf(r.keys, r.longest)
	}
}
