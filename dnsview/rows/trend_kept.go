package rows

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"rollcall/providers"
)

// TrendBytes is the most that Encode returns and Restore accepts.
const TrendBytes = 1 << 20

// keptTrends is what a later run knows of the last hour.
type keptTrends struct {
	Format int         `json:"format"`
	Last   int64       `json:"last"` // number of the newest step
	Step   int64       `json:"step"` // seconds
	Cells  []keptTrend `json:"cells"`
}

type keptTrend struct {
	Service string             `json:"service"`
	Cloud   string             `json:"cloud"`
	Key     providers.CloudKey `json:"key"`
	Well    [TrendSteps]int    `json:"well"` // the oldest first, or NoTrend
}

// Encode returns the last hour for Restore in a later run. Cells that do not fit into TrendBytes are left out, the last by name
// first.
func (t *Trends) Encode(now time.Time) ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := keptTrends{Format: 1, Last: now.UnixNano() / int64(trendStep), Step: int64(trendStep / time.Second), Cells: []keptTrend{}}
	size := 100
	for _, k := range slices.SortedFunc(maps.Keys(t.cells), func(a, b trendKey) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.cloud, b.cloud))
	}) {
		cell := t.cells[k]
		kept := keptTrend{k.service, k.cloud, cell.cloud, cell.lastHour(out.Last)}
		if kept.Key == "" || slices.Max(kept.Well[:]) == NoTrend {
			continue
		}
		text, err := json.Marshal(kept)
		if err != nil {
			return nil, fmt.Errorf("encode the last hour: %w", err)
		}
		if size += len(text) + 1; size > TrendBytes {
			break
		}
		out.Cells = append(out.Cells, kept)
	}
	return json.Marshal(out)
}

// Restore adds what Encode returned in an earlier run, as far as it is of the last hour. It is shown once its clouds have been read
// and are the same accounts. A text of another form is an error and adds nothing.
func (t *Trends) Restore(text []byte, now time.Time) error {
	if len(text) > TrendBytes {
		return fmt.Errorf("the last hour has %d bytes, and %d is the most", len(text), TrendBytes)
	}
	var kept keptTrends
	if err := json.Unmarshal(text, &kept); err != nil {
		return fmt.Errorf("read the last hour: %w", err)
	}
	last := now.UnixNano() / int64(trendStep)
	if kept.Format != 1 || kept.Step != int64(trendStep/time.Second) || kept.Last > last || kept.Last <= last-TrendSteps {
		return nil // of another version, of a clock that was ahead, or too old
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cells == nil {
		t.cells = map[trendKey]*trend{}
	}
	for _, k := range kept.Cells {
		cell := t.cells[trendKey{k.Service, k.Cloud}]
		if cell == nil {
			cell = &trend{cloud: k.Key, restored: true}
			t.cells[trendKey{k.Service, k.Cloud}] = cell
		}
		for i, well := range k.Well {
			if step := kept.Last - TrendSteps + 1 + int64(i); well >= 0 && cell.cloud == k.Key && step > last-TrendSteps {
				cell.note(step, well)
			}
		}
	}
	return nil
}
