package providers

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestACompleteReadGrowsStale(t *testing.T) {
	at := time.Unix(1_790_000_000, 0)
	c := Coverage{State: CoverageComplete, Started: at, Finished: at.Add(time.Second)}
	if got := c.At(at.Add(time.Minute), time.Minute); got != CoverageComplete {
		t.Errorf("at the limit: %s", got)
	}
	if got := c.At(at.Add(time.Minute+1), time.Minute); got != CoverageStale {
		t.Errorf("past the limit: %s", got)
	}
	c.State = CoveragePartial
	if got := c.At(at.Add(time.Hour), time.Minute); got != CoveragePartial {
		t.Errorf("an old partial read is %s", got)
	}
}

func TestAnErrorIsClassifiedByTheFirstOfOursInItsChain(t *testing.T) {
	throttled := &Error{Kind: KindThrottled, Source: "aws-use1", Op: "list", Code: "RequestLimitExceeded", RetryAfter: time.Second, Err: errors.New("slow down")}
	for _, c := range []struct {
		err  error
		want Kind
	}{
		{nil, ""},
		{throttled, KindThrottled},
		{fmt.Errorf("refresh: %w", throttled), KindThrottled},
		{context.DeadlineExceeded, KindUnreachable},
		{fmt.Errorf("x: %w", context.Canceled), KindUnreachable},
		{errors.New("?"), KindOther},
	} {
		if got := KindOf(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
	if RetryAfter(fmt.Errorf("x: %w", throttled)) != time.Second {
		t.Error("the wait that was asked for is lost")
	}
	if want := "aws-use1: list: throttled (RequestLimitExceeded): slow down"; throttled.Error() != want {
		t.Errorf("%q", throttled.Error())
	}
}

func TestOnlyTheCloudsOwnWordMeansGone(t *testing.T) {
	for k, want := range map[Kind]bool{
		KindGone: true, KindNotFound: true, KindAuth: false, KindThrottled: false, KindUnreachable: false,
		KindIncomplete: false, KindInvalid: false, KindOther: false, KindUncertain: false, KindConflict: false, KindLimit: false,
	} {
		if got := IsGone(&Error{Kind: k}); got != want {
			t.Errorf("%s: %v", k, got)
		}
	}
	if IsGone(nil) {
		t.Error("no error means gone")
	}
}

func TestACloudKeyDependsOnWhatTheCloudSaysOfItself(t *testing.T) {
	k := NewCloudKey(EC2, "123456789012", "us-east-1")
	if len(k) != 10 {
		t.Errorf("%q", k)
	}
	for _, o := range []CloudKey{NewCloudKey(Triton, "123456789012", "us-east-1"), NewCloudKey(EC2, "210987654321", "us-east-1"), NewCloudKey(EC2, "123456789012", "us-east-2")} {
		if o == k {
			t.Error("two clouds have one key")
		}
	}
}
