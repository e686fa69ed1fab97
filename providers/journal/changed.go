package journal

import (
	"maps"
	"slices"
	"strings"
	"time"

	"rollcall/providers"
)

// Changed is a source that an entry has changed: a zone, or a cloud by its key.
type Changed struct {
	Zone  string
	Cloud providers.CloudKey
}

// changedLately is how old an outcome may be, by the clock of the store, whose source may not have been read since.
const changedLately = time.Minute

// Changed returns, in order and once each, the sources that other writers have changed a short time ago by outcomes that
// were read since the last call. It does not ask the store.
func (j *Journal) Changed() []Changed {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.team == nil {
		return nil
	}
	out := slices.SortedFunc(maps.Keys(j.team.changed), func(a, b Changed) int {
		return strings.Compare(a.Zone+" "+string(a.Cloud), b.Zone+" "+string(b.Cloud))
	})
	clear(j.team.changed)
	return out
}

// ReadNew reads what other members have written since the last read, as every method does that asks the store. It does
// nothing more.
func (j *Journal) ReadNew() error { return j.locked(func() error { return nil }) }

// noteChanged notes the sources of an entry that has ended, by an outcome that the store got at a time.
func (j *Journal) noteChanged(e *Entry, at time.Time) {
	if e.Writer == j.writer || e.State == Failed || e.State == Refused || j.clock.Now().Sub(at) > changedLately {
		return
	}
	all := []Changed{{Zone: providers.CanonicalName(e.Zone)}}
	if e.Instance != nil && e.Kind != KindChange {
		all = append(all, Changed{Cloud: e.Instance.Key})
	}
	if e.Launch != nil {
		all = append(all, Changed{Cloud: e.Launch.Key})
	}
	for _, c := range all {
		if c != (Changed{}) {
			j.team.changed[c] = true
		}
	}
}
