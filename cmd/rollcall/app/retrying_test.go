package app

import (
	"os"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/fleet"
)

func TestAPersonIsToldWhichCallIsMadeAgainWhyAndWhen(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	throttled := &providers.Error{Kind: providers.KindThrottled, Source: "joyent-ams", Op: "list machines", Err: os.ErrDeadlineExceeded}
	r := &retries{}
	for _, c := range []struct {
		r     budget.Retrying
		after time.Duration
		want  string
	}{
		{budget.Retrying{Account: "joyent-ams", Try: 1, Tries: 3, Took: 20 * time.Millisecond, Pause: 200 * time.Millisecond, Err: throttled}, 0, ""},
		{budget.Retrying{Account: "joyent-ams", Try: 1, Tries: 3, Took: time.Second, Pause: 12 * time.Second, Err: throttled}, 0, "joyent-ams: list machines: throttled: i/o timeout; that was try 1 of 3 and took 1s, the next is in 12s"},
		{budget.Retrying{Account: "joyent-ams", Try: 1, Tries: 3, Pause: 12 * time.Second, Err: throttled}, time.Second, ""}, // its callers wait side by side
		{budget.Retrying{Account: "aws-use1", Try: 2, Tries: 3, Took: 30 * time.Second, Pause: 100 * time.Millisecond, Err: throttled}, time.Second, "that was try 2 of 3 and took 30s, the next is in 100ms"},
		{budget.Retrying{Account: "joyent-ams", Tries: 3, Pause: 12 * time.Second, Err: os.ErrDeadlineExceeded}, 10 * time.Second, "joyent-ams: i/o timeout; going on in 12s"},
	} {
		now = now.Add(c.after)
		if got := r.text(c.r, now); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.r, got, c.want)
		}
	}
	if got := readingText([]fleet.Progress{{Name: "aws-use1", Rows: 12000, Since: 9 * time.Second}, {Name: "joyent-ams", Since: 9 * time.Second}}); got != "reading aws-use1 (12000 rows, 9s), joyent-ams (no answer yet, 9s)" {
		t.Errorf("%q", got)
	}
}
