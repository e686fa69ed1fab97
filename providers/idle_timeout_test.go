package providers_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
)

func TestAReadEndsWhenItIsSilentAndNotWhenItIsLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := providers.WithIdleTimeout(t.Context(), 15*time.Second)
		defer s.Stop()
		for range 20 { // four and a half minutes, page by page
			time.Sleep(14 * time.Second)
			if s.Err() != nil {
				t.Fatal("a read that goes on was ended")
			}
			s.Received()
			if d, ok := s.Deadline(); !ok || time.Until(d) != 15*time.Second {
				t.Fatalf("the deadline is in %s", time.Until(d))
			}
		}
		began := time.Now()
		child, cancel := context.WithTimeout(s, time.Hour)
		defer cancel()
		<-child.Done()
		if took := time.Since(began); took != 15*time.Second || !s.Expired() {
			t.Errorf("ended after %s, over %v", took, s.Expired())
		}
		partial := providers.Coverage{State: providers.CoveragePartial, Rows: 7, Err: child.Err()}
		if c := s.Why("aws-use1", "list instances", partial); !strings.Contains(c.Err.Error(), "nothing came for 15s, after 7 rows") {
			t.Error(c.Err)
		}
		said := providers.Coverage{State: providers.CoverageFailed, Err: providers.Errorf(providers.KindThrottled, "list", "the provider asked to wait")}
		if c := s.Why("aws-use1", "list instances", said); !errors.Is(c.Err, said.Err) {
			t.Errorf("what the source said is lost: %v", c.Err)
		}
	})
}

func TestAReadEndsWithItsCallerAndThatIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		s := providers.WithIdleTimeout(ctx, 15*time.Second)
		defer s.Stop()
		if d, _ := s.Deadline(); time.Until(d) != 5*time.Second {
			t.Errorf("the deadline is in %s", time.Until(d))
		}
		<-s.Done()
		if s.Expired() {
			t.Error("it is taken for silence")
		}
	})
}
