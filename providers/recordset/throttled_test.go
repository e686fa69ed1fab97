package recordset_test

import (
	"context"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/recordset"
)

// deleteOne has a zone of one value throttle so many reads and batches, and deletes the value.
func deleteOne(ctx context.Context, w *recordset.Writer, throttles [2]int) (*memory, providers.Result) {
	k := recordset.Key{Name: "a." + zoneName, Type: "A"}
	m := &memory{sets: recordset.Sets{k: {Key: k, TTL: 60, Values: []string{"192.0.2.1"}}}, slow: throttles}
	before := providers.Record{Zone: zoneName, Name: k.Name, Type: "A", TTL: 60, Value: "192.0.2.1"}
	return m, w.Apply(ctx, m, providers.Zone{Name: zoneName, ID: "1"}, []providers.Change{{Op: providers.OpDelete, Before: before}})[0]
}

func TestABatchThatIsThrottledForSomeSecondsIsMade(t *testing.T) {
	for _, throttles := range [][2]int{{8, 0}, {0, 8}, {4, 4}} {
		if m, r := deleteOne(t.Context(), writer(), throttles); r.Err != nil || len(m.sets) > 0 {
			t.Errorf("%v: %+v; the zone holds %v", throttles, r, m.sets)
		}
	}
}

func TestABatchThatIsThrottledForGoodIsGivenUpAfterAMinute(t *testing.T) {
	clock := providertest.NewClock(time.Unix(1_770_000_000, 0))
	w := writer()
	w.Clock = clock.Clock
	m, r := deleteOne(t.Context(), w, [2]int{0, 1e6})
	took := clock.Time().Sub(time.Unix(1_770_000_000, 0))
	if providers.KindOf(r.Err) != providers.KindThrottled || len(m.sets) != 1 || took < 40*time.Second || took > 70*time.Second || m.tries > 100 {
		t.Errorf("%+v after %s and %d tries", r, took, m.tries)
	}
}

func TestAThrottledBatchIsGivenUpAsNotMadeBeforeItsTimeEnds(t *testing.T) {
	start := time.Now()
	clock := providertest.NewClock(start)
	w := writer()
	w.Clock = clock.Clock
	ctx, cancel := context.WithDeadline(t.Context(), start.Add(30*time.Second))
	defer cancel()
	m, r := deleteOne(ctx, w, [2]int{0, 1e6})
	if providers.KindOf(r.Err) != providers.KindThrottled || len(m.sets) != 1 || clock.Time().After(start.Add(31*time.Second)) {
		t.Errorf("%+v after %s", r, clock.Time().Sub(start))
	}
}
