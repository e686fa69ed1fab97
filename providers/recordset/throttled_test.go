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
	for _, throttles := range [][2]int{{5, 0}, {0, 5}, {2, 3}} {
		if m, r := deleteOne(t.Context(), writer(), throttles); r.Err != nil || len(m.sets) > 0 {
			t.Errorf("%v: %+v; the zone holds %v", throttles, r, m.sets)
		}
	}
}

func TestACreateThatIsThrottledForGoodIsGivenUpAfterAMinuteAndADeleteAfterAThirdOfThat(t *testing.T) {
	start := time.Unix(1_770_000_000, 0)
	for op, most := range map[providers.Op]time.Duration{providers.OpCreate: time.Minute, providers.OpDelete: 20 * time.Second} {
		clock := providertest.NewClock(start)
		w := writer()
		w.Clock = clock.Clock
		var m *memory
		var r providers.Result
		if op == providers.OpDelete {
			m, r = deleteOne(t.Context(), w, [2]int{0, 1e6})
		} else {
			m = &memory{slow: [2]int{0, 1e6}}
			after := providers.Record{Zone: zoneName, Name: "a." + zoneName, Type: "A", TTL: 60, Value: "192.0.2.1"}
			r = w.Apply(t.Context(), m, providers.Zone{Name: zoneName, ID: "1"}, []providers.Change{{Op: op, After: after}})[0]
		}
		took := clock.Time().Sub(start)
		if providers.KindOf(r.Err) != providers.KindThrottled || (len(m.sets) > 0) != (op == providers.OpDelete) || took < most/2 || took > most || m.tries > 100 {
			t.Errorf("%s: %+v after %s and %d tries", op, r, took, m.tries)
		}
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
