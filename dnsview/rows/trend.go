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
	read  int // clouds and zones that had been read then

	counts []nodeCount         // of the last view
	of     *dnsview.ServicesID // that this view has
}

// nodeCount is how many nodes a service has in one cloud that are in DNS and well. What is unsure of any of them is not counted.
type nodeCount struct {
	service string // not clean
	cloud   string
	well    int
}

type trendKey struct{ service, cloud string }

// trend holds the lowest numbers of the last steps, each at the remainder of the step's number.
type trend struct {
	cloud providers.CloudKey
	// restored says that the cell is of an earlier run, and that its cloud has not been read since: another account may have the
	// name now.
	restored bool
	step     [TrendSteps]int64 // number of the step since 1970
	well     [TrendSteps]int32
}

// Note counts the nodes of a view of a snapshot, once a minute and when more sources have been read, and reports whether it did. Of a cloud or zone that was not
// read completely just now nothing is noted.
func (t *Trends) Note(v *dnsview.View, snap *providers.Snapshot, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	limit := cmp.Or(v.Options.MaxAge, trendAge)
	known := map[string]providers.CloudKey{}
	for i := range snap.Clouds {
		if c := &snap.Clouds[i]; c.Coverage.Complete() && c.Coverage.Age(now) <= limit {
			known[providers.Clean(c.Cloud.Name)] = c.Coverage.Key
		}
	}
	read := len(known)
	for i := range snap.Zones {
		if c := &snap.Zones[i].Coverage; c.Complete() && c.Age(now) <= limit {
			read++
		}
	}
	soon := now.Sub(t.noted) < trendEvery && !now.Before(t.noted)
	if snap.Beginning || len(known) == 0 || soon && read <= t.read {
		return false
	}
	t.noted, t.read = now, read
	if id := v.ServicesID(); id != t.of {
		t.counts, t.of = nodeCounts(v), id
	}
	if t.cells == nil || len(t.cells) > mostTrends {
		t.cells = map[trendKey]*trend{}
	}
	step := now.UnixNano() / int64(trendStep)
	for _, c := range t.counts {
		key, ok := known[c.cloud]
		if !ok || slices.ContainsFunc(snap.Zones, func(z providers.ZoneView) bool {
			return providers.InZone(c.service, z.Zone.Name) && (!z.Coverage.Complete() || z.Coverage.Age(now) > limit)
		}) {
			continue
		}
		at := trendKey{providers.Clean(c.service), c.cloud}
		cell := t.cells[at]
		if cell == nil || cell.cloud != key {
			cell = &trend{cloud: key}
			t.cells[at] = cell
		}
		cell.restored = false
		cell.note(step, c.well)
	}
	return true
}

// nodeCounts counts the nodes of a view.
func nodeCounts(v *dnsview.View) []nodeCount {
	out := []nodeCount{}
	table := newOverview(v, nil, tree.Of(v))
	for _, r := range table.Rows {
		for i, cloud := range table.Clouds {
			if r.Clouds[i].All() > 0 && r.Clouds[i].Unsure == 0 {
				out = append(out, nodeCount{r.members.Name, cloud, r.Clouds[i].Well})
			}
		}
	}
	return out
}

// note notes a number in a step, of which the lowest is kept.
func (c *trend) note(step int64, well int) {
	at := step % TrendSteps
	if n := int32(well); c.step[at] < step || c.step[at] == step && n < c.well[at] {
		c.step[at], c.well[at] = step, n
	}
}

// Of returns the lowest number in each step of the last hour, the oldest first, or NoTrend.
func (t *Trends) Of(service, cloud string, now time.Time) (out [TrendSteps]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	cell := t.cells[trendKey{service, cloud}]
	if cell == nil || cell.restored {
		cell = &trend{}
	}
	return cell.lastHour(now.UnixNano() / int64(trendStep))
}

// lastHour returns the lowest number in each step up to last, the oldest first, or NoTrend.
func (c *trend) lastHour(last int64) (out [TrendSteps]int) {
	for i := range out {
		step := last - TrendSteps + 1 + int64(i)
		if out[i] = NoTrend; c.step[step%TrendSteps] == step {
			out[i] = int(c.well[step%TrendSteps])
		}
	}
	return out
}
