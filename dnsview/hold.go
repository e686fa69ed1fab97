package dnsview

import (
	"maps"
	"reflect"
	"slices"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// sameClock is how far the clock of a source may seem to move between two reads: the Date header has whole seconds.
const sameClock = 2 * time.Second

// StillHolds reports whether Inspect of a later snapshot with these options would find what v found: sources and rows are the
// same, and no time has come at which a finding changes. Only times differ, such as the ages of reads: those of v are
// older, by the longest age of a read that is not stale. It does not look into o.Wire, o.WireZones and o.Health: they are
// the same if o.Observed is. Its cost grows with the number of sources, not of rows.
func (v *View) StillHolds(s *providers.Snapshot, o index.Options) bool {
	return v.Options.Observed == o.Observed && v.Options.Annotations == o.Annotations && !passed(o.Annotations.NextEnd(v.Options.Now), o.Now) && !passed(v.Index.HoldsUntil(), o.Now) && !passed(v.until, o.Now) && v.sameSources(s, &o) && v.sameRows(s)
}

func passed(until, now time.Time) bool { return !until.IsZero() && !now.Before(until) }

// sameRows reports whether a later snapshot with the sources of v has its instances and records, and as much is known of
// single ones.
func (v *View) sameRows(s *providers.Snapshot) bool {
	return slices.EqualFunc(v.Snapshot.Clouds, s.Clouds, func(a, b providers.CloudView) bool {
		return providers.ShareRows(a.Instances, b.Instances) && maps.EqualFunc(a.Lookups, b.Lookups, providers.Lookup.Same)
	}) && slices.EqualFunc(v.Snapshot.Zones, s.Zones, func(a, b providers.ZoneView) bool {
		return providers.ShareRows(a.Records, b.Records) && len(a.Appeared) == len(b.Appeared)
	})
}

// sameSources reports whether a later snapshot has the sources of v, in the same states, and the options are those of v but
// for what was observed. It does not compare what sameRows does.
func (v *View) sameSources(s *providers.Snapshot, o *index.Options) bool {
	return !passed(v.Index.MadeUntil(), o.Now) && v.sameNames(s, o) && slices.EqualFunc(v.Snapshot.Clouds, s.Clouds, sameCloud) && slices.EqualFunc(v.Snapshot.Zones, s.Zones, sameZone) &&
		v.sameAges(s, o.Now)
}

// sameNames reports whether a later snapshot has the sources of v, in whatever states, and the options are those of v but for
// what was observed.
func (v *View) sameNames(s *providers.Snapshot, o *index.Options) bool {
	return !o.Now.Before(v.Options.Now) && sameOptions(&v.Options, o) && v.Snapshot.Beginning == s.Beginning && slices.Equal(v.Snapshot.Forgotten, s.Forgotten) &&
		slices.EqualFunc(v.Snapshot.Clouds, s.Clouds, func(a, b providers.CloudView) bool {
			return a.Cloud.Name == b.Cloud.Name && a.Cloud.Key == b.Cloud.Key && providers.ShareRows(a.Addresses, b.Addresses)
		}) && slices.EqualFunc(v.Snapshot.Zones, s.Zones, func(a, b providers.ZoneView) bool { return reflect.DeepEqual(a.Zone, b.Zone) })
}

// sameAges reports whether the sources of a later snapshot are stale now if and only if those of v were, and the rows of
// those that are not complete are as old.
func (v *View) sameAges(s *providers.Snapshot, now time.Time) bool {
	same := func(was, is *providers.Coverage, rowsFrom, rowsNow time.Time) bool {
		state := is.At(now, v.Options.MaxAge)
		return was.At(v.Options.Now, v.Options.MaxAge) == state && (state == providers.CoverageComplete || rowsFrom.Equal(rowsNow))
	}
	for i := range s.Clouds {
		was, is := &v.Snapshot.Clouds[i], &s.Clouds[i]
		if !same(&was.Coverage, &is.Coverage, was.RowsFrom, is.RowsFrom) || v.Index.IsDoubted(was) && !was.RowsFrom.Equal(is.RowsFrom) {
			return false
		}
	}
	for i := range s.Zones {
		if was, is := &v.Snapshot.Zones[i], &s.Zones[i]; !same(&was.Coverage, &is.Coverage, was.RowsFrom, is.RowsFrom) {
			return false
		}
	}
	return true
}

func sameOptions(a, b *index.Options) bool {
	return a.Fleet == b.Fleet && a.MaxAge == b.MaxAge && a.BootGrace == b.BootGrace && a.CreateGrace == b.CreateGrace &&
		a.WireGrace == b.WireGrace && a.Ranges == b.Ranges && slices.Equal(a.Allow, b.Allow) &&
		maps.Equal(a.Own, b.Own) && slices.Equal(a.Held, b.Held) && reflect.DeepEqual(a.Services, b.Services)
}

func sameCloud(a, b providers.CloudView) bool {
	return a.Unconfigured == b.Unconfigured && a.Earlier == b.Earlier && a.ReadBy == b.ReadBy && sameError(a.StoreErr, b.StoreErr) && a.Left == b.Left && sameCoverage(&a.Coverage, &b.Coverage, a.Reading == b.Reading)
}

func sameZone(a, b providers.ZoneView) bool {
	return sameCoverage(&a.Coverage, &b.Coverage, a.Reading == b.Reading) &&
		a.Earlier == b.Earlier && a.ReadBy == b.ReadBy && sameError(a.StoreErr, b.StoreErr) && a.Left == b.Left
}

// sameCoverage compares what findings say of a read; reading counts before the first one.
func sameCoverage(a, b *providers.Coverage, reading bool) bool {
	return a.State == b.State && (a.State != providers.CoverageNone || reading) && a.Key == b.Key && a.Account == b.Account &&
		(a.Skew-b.Skew).Abs() < sameClock && sameError(a.Err, b.Err)
}

func sameError(a, b error) bool {
	return (a == nil) == (b == nil) && (a == nil || a.Error() == b.Error())
}
