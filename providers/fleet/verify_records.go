package fleet

import (
	"context"
	"fmt"
	"slices"

	"rollcall/providers"
)

// maxRecordLookups is the number of vanished records that are looked up before a listing without them is accepted.
const maxRecordLookups = 8

// verifyRecords returns why a zone listing that looks complete is not accepted, or nil, also if the listing is
// incomplete anyway. last are the records held before, if any. Some of the records that vanished are looked up by id if
// the account is a RecordFinder. A listing that is empty, or under half of last, is read again: both must agree, and
// some vanished records are looked up by name if they were not by id. heard is called for each page that arrives.
func verifyRecords(ctx context.Context, dns providers.RecordLister, zone providers.Zone, cov providers.Coverage, rows, last []providers.Record, heard func()) error {
	if !cov.Complete() {
		return nil
	}
	gone := sampleVanished(last, rows)
	short := ""
	switch {
	case len(rows) == 0 && zone.Traits.ListsSOA:
		return fmt.Errorf("the list is empty, and a zone always has its SOA record")
	case len(rows) == 0:
		short = "the list is empty"
	case 2*len(rows) < len(last):
		short = fmt.Sprintf("the list has %d records and had %d before", len(rows), len(last))
	}
	finder, canFind := dns.(providers.RecordFinder)
	if canFind {
		for i := range gone {
			there, err := finder.HasRecord(ctx, zone, gone[i])
			if err != nil {
				return fmt.Errorf("the list is without %s, which was there before, and it could not be asked for: %w", gone[i].String(), err)
			}
			if there {
				return fmt.Errorf("the list left out %s, which exists", gone[i].String())
			}
		}
	}
	if short == "" {
		return nil
	}
	var again []providers.Record
	if cov := dns.Records(ctx, zone, func(page []providers.Record) { again = append(again, page...); heard() }); !cov.Complete() {
		return fmt.Errorf("%s, and a second read did not come to its end: %w", short, cov.Err)
	}
	if len(again) != len(rows) {
		return fmt.Errorf("%s, and a second read gave %d", short, len(again))
	}
	if other := sampleVanished(again, rows); len(other) > 0 {
		return fmt.Errorf("%s, and is without %s, which a second read gave", short, other[0].String())
	}
	getter, ok := dns.(providers.RecordGetter)
	if !ok || canFind {
		return nil
	}
	for i := range gone {
		r := &gone[i]
		now, err := getter.Lookup(ctx, zone, r.Name, r.Type)
		if err != nil {
			return fmt.Errorf("%s, and %s could not be asked for: %w", short, r.String(), err)
		}
		if slices.ContainsFunc(now, func(n providers.Record) bool {
			return n.Type == r.Type && providers.FoldValue(n.Type, n.Value) == providers.FoldValue(r.Type, r.Value)
		}) {
			return fmt.Errorf("the list left out %s, which exists", r.String())
		}
	}
	return nil
}

// sampleVanished returns some of the records in was but not in is, evenly spread.
func sampleVanished(was, is []providers.Record) []providers.Record {
	if slices.EqualFunc(was, is, sameKey) {
		return nil
	}
	have := make(map[providers.Identity]bool, len(is))
	for i := range is {
		have[is[i].Identity()] = true
	}
	var gone []providers.Record
	for i := range was {
		if !have[was[i].Identity()] {
			gone = append(gone, was[i])
		}
	}
	if len(gone) <= maxRecordLookups {
		return gone
	}
	out := make([]providers.Record, maxRecordLookups)
	for i := range out {
		out[i] = gone[i*len(gone)/maxRecordLookups]
	}
	return out
}

// sameKey reports whether two records are spelled alike in all that identifies them.
func sameKey(a, b providers.Record) bool {
	return a.Name == b.Name && a.Type == b.Type && a.Value == b.Value && a.ID == b.ID && a.SetID == b.SetID && a.Zone == b.Zone
}
