package rows

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/tree"
	"rollcall/providers"
)

// What Trends keeps.
const (
	TrendSteps = 8                      // per service and cloud
	trendStep  = time.Hour / TrendSteps // of which the lowest number counts
	trendEvery = time.Minute            // between two countings
	mostTrends = 20_000                 // services times clouds
	trendAge   = 90 * time.Second       // of rows that are still counted, if the view has no limit
)

// NoTrend is the number for a step in which nothing was known.
const NoTrend = -1

// Trends holds for each service and cloud how many nodes were in DNS and well in the last hour, as far as it was seen. It is safe
// for concurrent use. The zero value is empty.
type Trends struct {
	mu    sync.Mutex
	cells map[trendKey]*trend
	noted time.Time
}

type trendKey struct{ service, cloud string }

// trend holds the lowest numbers of the last steps, each at the remainder of the step's number.
type trend struct {
	step [TrendSteps]int64 // number of the step since 1970
	well [TrendSteps]int32
}

// Note counts the nodes of a view of a snapshot, at most once a minute. Of a cloud or zone that was not read completely just now
// nothing is noted.
func (t *Trends) Note(v *dnsview.View, snap *providers.Snapshot, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.noted) < trendEvery && !now.Before(t.noted) || snap.Beginning {
		return
	}
	t.noted = now
	table := newOverview(v, nil, tree.Build(v)) // which the view does not keep
	if t.cells == nil || len(t.cells) > mostTrends {
		t.cells = map[trendKey]*trend{}
	}
	limit := cmp.Or(v.Options.MaxAge, trendAge)
	known := map[string]bool{}
	for i := range snap.Clouds {
		c := &snap.Clouds[i]
		known[providers.Clean(c.Cloud.Name)] = c.Coverage.Complete() && c.Coverage.Age(now) <= limit
	}
	step := now.UnixNano() / int64(trendStep)
	for _, r := range table.Rows {
		if slices.ContainsFunc(snap.Zones, func(z providers.ZoneView) bool {
			return providers.InZone(r.members.Name, z.Zone.Name) && (!z.Coverage.Complete() || z.Coverage.Age(now) > limit)
		}) {
			continue
		}
		for i, cloud := range table.Clouds {
			if c := r.Clouds[i]; known[cloud] && c.All() > 0 && c.Unsure == 0 {
				t.note(trendKey{r.Name, cloud}, step, c.Well)
			}
		}
	}
}

func (t *Trends) note(k trendKey, step int64, well int) {
	cell := t.cells[k]
	if cell == nil {
		cell = &trend{}
		t.cells[k] = cell
	}
	at := step % TrendSteps
	if n := int32(well); cell.step[at] != step || n < cell.well[at] {
		cell.step[at], cell.well[at] = step, n
	}
}

// Of returns the lowest number in each step of the last hour, the oldest first, or NoTrend.
func (t *Trends) Of(service, cloud string, now time.Time) (out [TrendSteps]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	cell, last := t.cells[trendKey{service, cloud}], now.UnixNano()/int64(trendStep)
	for i := range out {
		step := last - TrendSteps + 1 + int64(i)
		if out[i] = NoTrend; cell != nil && cell.step[step%TrendSteps] == step {
			out[i] = int(cell.well[step%TrendSteps])
		}
	}
	return out
}
