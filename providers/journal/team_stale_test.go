package journal

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"rollcall/providers/providertest"
)

// staleList is a store whose lists lack keys that Get finds.
type staleList struct {
	*providertest.Store
	lacks func(number uint64) bool
	asked int
}

func (s *staleList) ListAfter(ctx context.Context, prefix, after string, most int) ([]string, error) {
	keys, err := s.Store.ListAfter(ctx, prefix, after, most)
	return slices.DeleteFunc(keys, func(k string) bool {
		number, ok := objectNumber(k)
		if ok && s.lacks(number) {
			s.asked++
			return true
		}
		return false
	}), err
}

func TestAStaleListHidesNoObjectAndFreesNoNumber(t *testing.T) {
	t.Parallel()
	const written = 12 // objects: six entries and their outcomes
	for name, lacks := range map[string]func(uint64) bool{
		"the last objects": func(n uint64) bool { return n > 8 }, "the first objects": func(n uint64) bool { return n < 4 },
		"objects in the middle": func(n uint64) bool { return n == 5 || n == 6 || n == 9 }, "every object": func(uint64) bool { return true },
		"every second object": func(n uint64) bool { return n%2 == 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := teamStore()
			a := newMember(t, s)
			for i := range written / 2 {
				es := begin(t, a.Journal, i)
				if err := a.End(Outcome{ID: es[0].ID, State: Done}); err != nil {
					t.Fatal(err)
				}
			}
			stale := &staleList{Store: s, lacks: lacks}
			reader, writer := newMember(t, stale), newMember(t, stale)
			if es := all(t, reader.Journal); len(es) != written/2 || es[len(es)-1].State != Done {
				t.Errorf("read %d of %d entries", len(es), written/2)
			}
			if ps := reader.Problems(); len(ps) > 0 {
				t.Errorf("problems: %+v", ps)
			}
			es := begin(t, writer.Journal, 7)
			if want := fmt.Sprint(written/2 + 1); es[0].ID != want {
				t.Errorf("the next entry has the number %s, not %s", es[0].ID, want)
			}
			if err := writer.End(Outcome{ID: es[0].ID, State: Done}); err != nil {
				t.Fatal(err)
			}
			if got := all(t, a.Journal); len(got) != written/2+1 || len(all(t, reader.Journal)) != len(got) || stale.asked == 0 {
				t.Errorf("%d entries; the list lacked %d keys", len(got), stale.asked)
			}
			verified(t, s)
			if _, problems, _, err := newMember(t, stale).Verify(nil); err != nil || len(problems) > 0 {
				t.Errorf("verify: %+v, %v", problems, err)
			}
		})
	}
}
