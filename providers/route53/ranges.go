package route53

import (
	"context"
	"slices"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// A zone is read side by side in ranges, each from the first record set of a name to the first one of the next range.
// Where the next range begins is what its own answer shows, so nothing is concluded from the order of names, and ranges
// that meet leave out no record set that existed during the whole read.

// rangesAtOnce is the largest number of calls under way for one zone.
const rangesAtOnce = 16

// zoneRange is a part of a zone, as the last complete read saw it.
type zoneRange struct {
	name string // where it begins, canonical; empty for the start of the zone
	sets int    // number of record sets
}

// rangesOf divides a zone into ranges of at most one page, given its record sets in order. A range is somewhat shorter
// than a page, so that it can grow, and longer if a name has more sets.
func rangesOf(keys []key, page int) []zoneRange {
	size := max(1, page-page/20)
	out := []zoneRange{{}}
	first := 0 // set of the name of keys[i]
	for i := range keys {
		if i > 0 && keys[i].Name != keys[i-1].Name {
			first = i
		}
		last := &out[len(out)-1]
		if last.sets++; last.sets > size {
			if own := i - first + 1; own < last.sets {
				last.sets -= own
				out = append(out, zoneRange{name: keys[first].Name, sets: own})
			}
		}
	}
	return out
}

func (a *Account) knownRanges(zoneID string) []zoneRange {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ranges[zoneID]
}

// listedRange is what has been read of a range.
type listedRange struct {
	sets []listedSet[[]providers.Record]
	next *start // where the next page begins; nil at the end of the zone
	page int    // number of sets of the longest page
}

// readRanges returns the record sets of a zone in order. If two ranges do not meet, it is KindIncomplete.
func (a *Account) readRanges(ctx context.Context, r *zoneRead, ranges []zoneRange) ([]listedSet[[]providers.Record], error) {
	parts, err := budget.SideBySide(ctx, len(ranges), rangesAtOnce, func(ctx context.Context, i int) (*listedRange, error) {
		p := &listedRange{next: &start{}}
		if ranges[i].name != "" {
			p.next.name = nameToWire(ranges[i].name)
		}
		return p, a.readOn(ctx, r, p)
	})
	if err != nil {
		return nil, err
	}
	ends := make([]*key, len(parts)) // the first set of the next range; nil for the end of the zone
	for i := range parts[1:] {
		if first := parts[i+1].sets; len(first) > 0 {
			ends[i] = &first[0].key
		}
	}
	_, err = budget.SideBySide(ctx, len(parts), rangesAtOnce, func(ctx context.Context, i int) (struct{}, error) {
		return struct{}{}, a.readUntil(ctx, r, parts[i], ends[i], ranges[i].sets+2*setPage)
	})
	if err != nil {
		return nil, err
	}
	var all []listedSet[[]providers.Record]
	for _, p := range parts {
		all = append(all, p.sets...)
		r.longest = max(r.longest, p.page)
	}
	return all, checkSets(a, opRecords, map[key]bool{}, all)
}

// readOn reads the next page of a range.
func (a *Account) readOn(ctx context.Context, r *zoneRead, p *listedRange) error {
	before := *p.next
	list, next, err := listPage(ctx, a, opRecords, r.zone.ID, before, r.items(), r.convert)
	if err != nil {
		return err
	}
	if next != nil && (*next == before || len(list) == 0) {
		return a.incomplete(opRecords, "where the next page begins repeats, or a page is empty")
	}
	p.sets, p.next, p.page = append(p.sets, list...), next, max(p.page, len(list))
	r.heard()
	return nil
}

// readUntil reads the rest of a range, up to the set end, which is the first of the next range. A range that does not
// come to its end within limit sets is KindIncomplete.
func (a *Account) readUntil(ctx context.Context, r *zoneRead, p *listedRange, end *key, limit int) error {
	for {
		if end != nil {
			if i := slices.IndexFunc(p.sets, func(s listedSet[[]providers.Record]) bool { return s.key == *end }); i >= 0 {
				p.sets = p.sets[:i]
				return nil
			}
		}
		switch {
		case p.next == nil && end == nil, p.next != nil && end != nil && p.next.key() == *end:
			return nil
		case p.next == nil || len(p.sets) > limit:
			return a.incomplete(opRecords, "two ranges of the zone do not meet: it has changed")
		}
		if err := a.readOn(ctx, r, p); err != nil {
			return err
		}
	}
}

func (s *start) key() key { return key{Name: nameFromWire(s.name), Type: s.typ, ID: s.id} }

// ExpectRecords implements providers.RecordExpecter. Once the zone has been read, what that read has decoded is held once.
func (a *Account) ExpectRecords(zone providers.Zone, rows []providers.Record) {
	switch {
	case zone.ID == "":
		return
	case len(a.knownRanges(zone.ID)) > 0:
		a.hold(zone.ID, rows)
		return
	}
	var keys []key
	for i := range rows {
		if k := (key{Name: rows[i].Name, Type: rows[i].Type, ID: rows[i].SetID}); len(keys) == 0 || keys[len(keys)-1] != k {
			keys = append(keys, k)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ranges[zone.ID] = rangesOf(keys, setPage)
}
