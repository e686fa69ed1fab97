package rows

import (
	"fmt"
	"testing"
	"time"
)

func TestTheKeptHourIsBoundedAndBlankWhenItIsOldOrFromAClockThatWasAhead(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	step := now.UnixNano() / int64(trendStep)
	full := &Trends{cells: map[trendKey]*trend{}}
	for i := range mostTrends {
		c := &trend{cloud: "0123456789"}
		c.note(step, i)
		full.cells[trendKey{fmt.Sprintf("service-%05d.example.com", i), "aws-use1"}] = c
	}
	text, err := full.Encode(now)
	if err != nil || len(text) > TrendBytes || len(text) < TrendBytes/2 {
		t.Fatalf("%d bytes, %v", len(text), err)
	}
	for _, c := range []struct {
		later time.Duration
		known bool
	}{{0, true}, {50 * time.Minute, true}, {time.Hour + time.Minute, false}, {-10 * time.Minute, false}} {
		var next Trends
		if err := next.Restore(text, now.Add(c.later)); err != nil {
			t.Fatal(err)
		}
		if known := len(next.cells) > 1000; known != c.known {
			t.Errorf("after %s %d cells are known", c.later, len(next.cells))
		}
		k := trendKey{"service-00007.example.com", "aws-use1"}
		if got := next.Of(k.service, k.cloud, now); got[TrendSteps-1] != NoTrend {
			t.Errorf("%v is shown before the cloud was read", got)
		}
		if cell := next.cells[k]; c.known && cell.lastHour(step)[TrendSteps-1] != 7 {
			t.Errorf("after %s: %v", c.later, cell)
		}
	}
	for n := range 200 {
		var next Trends
		if err := next.Restore(text[:n], now); err == nil || len(next.cells) > 0 {
			t.Fatalf("a text that is cut off after %d bytes adds %d cells, %v", n, len(next.cells), err)
		}
	}
}
