package ui_test

import (
	"testing"
	"time"

	"rollcall/dnsview/rows"
	"rollcall/ui"
)

func TestTheCallsSayWhatWasAskedOfWhomAndHowItWasAnswered(t *testing.T) {
	r := newRig(t, 120, 40, func(_ *ui.Options, f *fake) {
		f.calls = []rows.Call{
			{Number: 1, Time: epoch(), Account: "aws-use1", Operation: "EC2 DescribeInstances", Result: "200", Took: 41 * time.Millisecond, Bytes: 12345},
			{Number: 2, Time: epoch(), Account: "cloudflare", Operation: "GET api.example/client/v4/zones", Result: "429 throttled", Failed: true, Took: 3200 * time.Millisecond, Waited: 7 * time.Second},
			{Number: 3, Time: epoch(), Account: "joyent-ams", Operation: "GET ams.example/my/machines", Result: "no answer", Failed: true, Error: "connection reset", Took: time.Second},
		}
	})
	r.until("Instances 30")
	r.press("C")
	r.until("Calls 3", "EC2 DescribeInstances", "✓ 200", "41ms", "12345", "✖ 429 throttled", "3.2s", "7s", "✖ no answer", "connection reset")
	r.press("enter")
	r.has("GET ams.example/my/machines", "joyent-ams", "1s to the end of the answer", "connection reset")
	r.press("esc", "/")
	r.typeText("describe")
	r.until("Calls 1/3")
	r.press("esc", "esc", "esc")
	r.until("Instances 30")
	r.press(":")
	r.typeText("calls")
	r.press("enter")
	r.until("Calls 3")
}

func TestWhereRoomIsShortACallStillShowsWhatWasAskedFor(t *testing.T) {
	r := newRig(t, 80, 24, func(_ *ui.Options, f *fake) {
		f.calls = []rows.Call{{Number: 1, Time: epoch(), Account: "joyent-ams", Operation: "GET api.ams.example.com/ops/machines", Result: "200"}}
	})
	r.until("rollcall")
	r.press("C")
	r.until("Calls 1", "/machines")
}
