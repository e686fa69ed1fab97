package dnsview

import (
	"maps"
	"slices"
	"sync"
	"time"

	"rollcall/dnsview/index"
)

// An inspection goes through stages, one after the other, and each stage has parts, which may be looked at at once. What
// a part finds follows from the rows, the options, the stages before it and the time. A later inspection of the same rows
// takes over each part of which nothing else has changed.

// stageState is what an inspector knows of its stages.
type stageState struct {
	last        *View           // with the same rows, or but for differs; nil for none
	differs     *index.Changes  // how the rows differ from those of last; nil if they are the same
	reports     map[int32]bool  // numbers of zones with records of which something else was reported than in last
	targets     bool            // other SRV records have no finding than in last
	tables      []*memberTables // of the declared services, as far as they were needed
	unwell      map[unwellNode]bool
	stale       bool           // what the stages after this one read is not what it was in last
	stages      [][]*inspector // with their parts
	taken       int            // parts that are those of last
	readsSeen   bool           // the part has read Options.Seen
	readsOthers bool           // the part has read rows that Changes does not name for those that it is about
	until       time.Time      // the first moment at which time alone changes the part, or any; zero for never
}

// reads says what a stage reads beside the rows and the options that View.sameRows compares.
type reads int

const (
	kept     reads = iota // nothing but what the stages before it have found
	observed              // what was observed too
	anew                  // what is not that of last
)

// split finds what n things lead to in parts of size, on all CPUs, as the next stage. Each part has an inspector of its own
// and reads what is known of the whole. It returns the inspectors in order.
func (in *inspector) split(what reads, n, size int, differs func(part int) bool, find func(part *inspector, from, to int)) []*inspector {
	was := in.partsOfLast()
	if in.stale || what == anew || what == observed && (in.last == nil || in.last.Options.Observed != in.Options.Observed) {
		was = nil
	}
	sameSeen := sync.OnceValue(func() bool {
		return maps.EqualFunc(in.last.Options.Seen, in.Options.Seen, time.Time.Equal)
	})
	parts := make([]*inspector, (n+size-1)/size)
	index.Parallel(n, size, func(from, to int) {
		at := from / size
		if at < len(was) && !passed(was[at].until, in.Options.Now) && (!was[at].readsSeen || sameSeen()) &&
			(in.differs == nil || !was[at].readsOthers && !differs(at)) {
			parts[at] = was[at]
			return
		}
		part := &inspector{Index: in.Part(), reported: in.reported}
		find(part, from, to)
		part.until = part.HoldsUntil()
		part.keepPlaces()
		part.Index, part.reported, part.values, part.first = nil, nil, index.Table[valueKey]{}, nil
		parts[at] = part
	})
	in.stages = append(in.stages, parts)
	for n, p := range parts {
		if n < len(was) && was[n] == p {
			in.taken++
		}
		if !p.until.IsZero() && (in.until.IsZero() || p.until.Before(in.until)) {
			in.until = p.until
		}
	}
	return parts
}

// keepPlaces notes the places of the records of the findings instead of pointers at them, and the nodes that they are about.
func (in *inspector) keepPlaces() {
	for _, f := range in.out {
		if f.node = -1; f.Instance != nil {
			f.node = in.KnownNode(f.Instance.Key, f.Instance.ID)
		}
		if p, ok := in.PlaceOf(f.Record); ok {
			f.place, f.placed, f.Record = p, true, nil
		}
	}
}

// partsOfLast returns the parts of the next stage in the last view, or nil.
func (in *inspector) partsOfLast() []*inspector {
	if in.last == nil || len(in.stages) >= len(in.last.stages) {
		return nil
	}
	return in.last.stages[len(in.stages)]
}

// sameReports reports whether what other stages read of two parts of the records of a zone is the same.
func sameReports(a, b *inspector) bool {
	return a == b || slices.Equal(a.own, b.own) && slices.Equal(a.srvs, b.srvs) && slices.Equal(a.markers, b.markers) && slices.Equal(a.quiesced, b.quiesced)
}

// changed returns the findings that were not taken over, and those of the last view that are gone with the parts that had
// them.
func (in *inspector) changed() (found []*Finding, gone map[*Finding]bool) {
	gone = map[*Finding]bool{}
	for n, parts := range in.stages {
		for i, p := range parts {
			var was *inspector
			if in.last != nil && i < len(in.last.stages[n]) {
				was = in.last.stages[n][i]
			}
			if was == p {
				continue
			}
			found = append(found, p.out...)
			if was != nil {
				for _, f := range was.out {
					gone[f] = true
				}
			}
		}
	}
	return found, gone
}

// sorted returns the findings in order: those that were found, and those of the last view that are not gone.
func (in *inspector) sorted(found []*Finding, gone map[*Finding]bool) []*Finding {
	in.sortFindings(found)
	if in.last == nil {
		return found
	}
	out := make([]*Finding, 0, len(in.last.sorted)-len(gone)+len(found))
	for _, f := range in.last.sorted {
		if gone[f] {
			continue
		}
		for len(found) > 0 && in.compareRanked(found[0], f) < 0 {
			out, found = append(out, found[0]), found[1:]
		}
		out = append(out, f)
	}
	return append(out, found...)
}

// keepsRecords reports whether the records of the findings that are taken over are there. It is a safeguard: a part that
// has found something about a record that is gone is looked at again.
func (in *inspector) keepsRecords(gone map[*Finding]bool) bool {
	if in.differs == nil || len(in.differs.Gone) == 0 {
		return true
	}
	return !slices.ContainsFunc(in.last.sorted, func(f *Finding) bool {
		return f.placed && in.differs.Gone[f.place] && !gone[f]
	})
}
