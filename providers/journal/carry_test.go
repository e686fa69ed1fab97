package journal

import (
	"sync/atomic"
	"testing"

	"rollcall/providers/providertest"
)

func TestTwoThatCarryInTheSameEntriesAtOnceLeaveEachOnce(t *testing.T) {
	t.Parallel()
	s := teamStore()
	a, b := newMember(t, s), newMember(t, s)
	own := begin(t, newMember(t, teamStore()).Journal, 1, 2, 3)
	var begun atomic.Bool
	second := -1
	s.Fail(func(c providertest.StoreCall) providertest.StoreFault {
		if c.Op == "create" && c.Key == objectKey(1) && !begun.Swap(true) { // b comes first at the moment when a writes
			var err error
			if second, err = b.CarryIn(own); err != nil {
				t.Error(err)
			}
		}
		return providertest.StoreFault{}
	})
	first, err := a.CarryIn(own)
	if err != nil || first != 0 || second != 3 {
		t.Errorf("%d and %d entries were carried in, %v", first, second, err)
	}
	if es := verified(t, s); len(es) != 3 {
		t.Errorf("%d entries: %+v", len(es), es)
	}
}
