package route53_test

import (
	"net/http"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/providertest"
	"rollcall/providers/route53"
)

func TestTheLostReplyOfAnAddIsLookedUp(t *testing.T) {
	f := newFake(t)
	f.lose = 1
	res := apply(f.account(), create(rec("A", "54.1.1.1", owner("i-1"))))
	wantDone(t, res)
	if res[0].Already || !res[0].LookedUp || f.made() != 1 || len(f.values()) != 1 {
		t.Errorf("result %+v after %d batches", res[0], f.made())
	}
}

func TestAnAddIsSentAgainWhenTheLostRequestDidNothing(t *testing.T) {
	f := newFake(t)
	f.onChange = func(w http.ResponseWriter, _ *changeBatch) bool {
		f.onChange = nil
		hangUp(w)
		return true
	}
	wantDone(t, apply(f.account(), create(rec("A", "54.1.1.1"))))
	if len(f.values()) != 1 {
		t.Errorf("values %v", f.values())
	}
}

func TestTheLostReplyOfADeleteIsUncertain(t *testing.T) {
	f := newFake(t)
	a := f.account()
	wantDone(t, apply(a, create(rec("A", "54.1.1.1"))))
	f.lose = 1
	wantKind(t, apply(a, remove(rec("A", "54.1.1.1")))[0].Err, providers.KindUncertain)
	if f.made() != 2 {
		t.Errorf("%d batches", f.made())
	}
}

func TestAServerErrorOnADeleteIsUncertain(t *testing.T) {
	f := newFake(t)
	a := f.account()
	wantDone(t, apply(a, create(rec("A", "54.1.1.1"))))
	f.onChange = func(w http.ResponseWriter, _ *changeBatch) bool {
		apiError(w, http.StatusInternalServerError, "InternalFailure", "oops")
		return true
	}
	wantKind(t, apply(a, remove(rec("A", "54.1.1.1")))[0].Err, providers.KindUncertain)
}

func TestABusyZoneIsTriedAgainForAddsOnly(t *testing.T) {
	f := newFake(t)
	a := f.account()
	busy := 0
	f.onChange = func(w http.ResponseWriter, _ *changeBatch) bool {
		if busy++; busy > 3 {
			return false
		}
		apiError(w, http.StatusBadRequest, "PriorRequestNotComplete", "The request was rejected because Route 53 was still processing a prior request.")
		return true
	}
	wantDone(t, apply(a, create(rec("A", "54.1.1.1"))))
	busy = 0
	wantKind(t, apply(a, remove(rec("A", "54.1.1.1")))[0].Err, providers.KindConflict)
	if busy != 1 {
		t.Errorf("the delete was sent %d times", busy)
	}
}

func TestAThrottledChangeIsTriedAgain(t *testing.T) {
	f := newFake(t)
	began := time.Now()
	clk := providertest.NewClock(began)
	a, err := route53.New(route53.Config{AWS: staticConfig(), Endpoint: f.url, Clock: clk.Clock, Budget: budget.New("r53", 0, 1, budget.WithClock(clk.Clock))})
	if err != nil {
		t.Fatal(err)
	}
	throttled, most := 0, 8
	f.onChange = func(w http.ResponseWriter, _ *changeBatch) bool {
		if throttled++; throttled > most {
			return false
		}
		apiError(w, http.StatusBadRequest, "Throttling", "Rate exceeded")
		return true
	}
	wantDone(t, apply(a, create(rec("A", "54.1.1.1"))))
	if waited := clk.Time().Sub(began); waited < 8*time.Second {
		t.Errorf("8 throttles in %s: the account was called again within a second", waited)
	}
	throttled, most = 0, 1e6
	wantKind(t, apply(a, remove(rec("A", "54.1.1.1")))[0].Err, providers.KindThrottled)
}
