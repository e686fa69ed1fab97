package budget

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestListingsLeaveTheReserveOfTheBurstAndHalfOfTheRateToOtherCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, began := New("acct", 10, 50), time.Now()
		a.Reserve(20)
		a.Reserve(50) // only the first counts
		ctx := ForListing(t.Context())
		wait := func(ctx context.Context, calls int) {
			t.Helper()
			for range calls {
				if err := a.Wait(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		wait(ctx, 30)
		if took := time.Since(began); took != 0 || a.Left() != 20 {
			t.Fatalf("the listing's part of the burst took %v, and %d calls are left", took, a.Left())
		}
		wait(t.Context(), 20)
		if took := time.Since(began); took != 0 {
			t.Fatalf("the reserve took %v", took)
		}
		var listings, others time.Duration
		var both sync.WaitGroup
		both.Go(func() { wait(ctx, 50); listings = time.Since(began) })
		both.Go(func() { wait(t.Context(), 50); others = time.Since(began) })
		both.Wait()
		if listings != 10*time.Second || others > 10*time.Second {
			t.Fatalf("50 calls of a listing took %v, and 50 others meanwhile %v; the rate is 10 a second for both", listings, others)
		}
	})
}

func TestAListingThatGivesUpGivesItsCallBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := New("acct", 1, 3)
		a.Reserve(2)
		ctx := ForListing(t.Context())
		if err := a.Wait(ctx); err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if err := a.Wait(short); !NotSent(err) || a.Left() != 2 {
			t.Fatalf("%v, and %d are left", err, a.Left())
		}
		began := time.Now()
		if err := a.Wait(ctx); err != nil || time.Since(began) != 2*time.Second {
			t.Fatalf("%v after %v", err, time.Since(began))
		}
	})
}

func TestAnAccountWithoutALimitReservesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, began := New("acct", 0, 1), time.Now()
		a.Reserve(20)
		for range 100 {
			if err := a.Wait(ForListing(t.Context())); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Fatal(took)
		}
	})
}

func TestReadsSideBySideReturnTheirResultsInOrderAndNoMoreThanAllowedAreUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var under, most atomic.Int32
		got, err := SideBySide(t.Context(), 7, 3, func(_ context.Context, i int) (int, error) {
			defer under.Add(-1)
			if n := under.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Duration(10-i) * time.Second)
			return i * i, nil
		})
		if err != nil || most.Load() != 3 || !slices.Equal(got, []int{0, 1, 4, 9, 16, 25, 36}) {
			t.Fatalf("%v, %v, at most %d at once", got, err, most.Load())
		}
		broken := errors.New("broken")
		got, err = SideBySide(t.Context(), 100, 2, func(ctx context.Context, i int) (int, error) {
			switch i {
			case 0:
				return 1, nil
			case 1:
				time.Sleep(time.Second)
				return 0, broken
			case 2:
				<-ctx.Done()
				return 0, ctx.Err()
			}
			t.Errorf("read %d begins after the error", i)
			return 0, nil
		})
		if !errors.Is(err, broken) || got[0] != 1 {
			t.Fatalf("%v, %v", got[0], err)
		}
	})
}
