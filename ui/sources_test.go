package ui_test

import (
	"errors"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui"
)

// failing makes the read of a source fail; its rows are two minutes old.
func (r *rig) failing(err error) {
	r.f.publish(func(s *providers.Snapshot) {
		s.Clouds[3].Coverage, s.Clouds[3].RowsFrom = providers.Failed(epoch(), epoch(), err), epoch().Add(-2*time.Minute)
	})
}

func TestARefreshOfWhichASourceFailedDoesNotSayThatItIsGood(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("r")
	r.until("✓ refreshed")
	r.failing(&providers.Error{Kind: providers.KindThrottled, Op: "list machines", Source: "joyent-ams"})
	r.press("r")
	r.until("▲ 5 of 6 sources refreshed; not joyent-ams throttled, its rows are 2m old", "v sources")
	r.hasNot("✓ refreshed")
}

func TestASourceThatHangsIsNotAShortAnswerAndSaysHowOldItsRowsAreAtEveryWidth(t *testing.T) {
	for _, err := range []error{
		&providers.Error{Kind: providers.KindUnreachable, Op: "list", Source: "joyent-ams", Err: providers.Silent(errors.New("nothing came for 15s, after 0 rows"))},
		&providers.Error{Kind: providers.KindIncomplete, Op: "list", Source: "joyent-ams", Err: providers.Silent(errors.New("nothing came for 15s, after 100 rows"))},
	} {
		r := newRig(t, 200, 40).ready()
		r.failing(err)
		r.until("joyent-ams ▲ 2m old, no answer")
		for _, w := range []int{160, 140, 120, 100, 80, 60, 50} {
			r.send(tea.WindowSizeMsg{Width: w, Height: 40})
			r.has("▲ 2m old")
		}
	}
}

func TestARowOfTheLastRunSaysHowOldItIsAtEveryWidth(t *testing.T) {
	r := newRig(t, 200, 40).ready()
	r.f.publish(func(s *providers.Snapshot) {
		c := &s.Clouds[3]
		c.Coverage, c.RowsFrom, c.Earlier, c.Reading = providers.Coverage{}, epoch().Add(-3*time.Hour), true, true
	})
	r.until("joyent-ams 7 ◌ 3h old, reading…")
	for _, w := range []int{160, 140, 120, 100, 80, 60, 50} {
		r.send(tea.WindowSizeMsg{Width: w, Height: 40})
		r.has("◌ 3h old")
	}
}

func TestASourceThatIsReadForLongIsNotWell(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.has("joyent-ams 7 ✓")
	r.f.publish(func(s *providers.Snapshot) { s.Clouds[3].Reading = true })
	r.f.publish(func(s *providers.Snapshot) { s.Clouds[0].Instances = s.Clouds[0].Instances[1:] })
	r.until("Instances 29") // both are shown
	r.has("joyent-ams 7 ✓")
	r.clock.Advance(12 * time.Second)
	r.has("joyent-ams 7 ◌ 12s", "joyent-east 8 ✓")
	r.f.publish(func(s *providers.Snapshot) { s.Clouds[3].Reading = false })
	r.until("joyent-ams 7 ✓")
}

func TestEnterOnASourceShowsHowItIsAskedAndHowItAnswers(t *testing.T) {
	r := newRig(t, 140, 50, func(_ *ui.Options, f *fake) {
		for i, took := range []time.Duration{40, 50, 3000, 20, 30, 60} {
			f.calls = append(f.calls, rows.Call{Number: uint64(i), Time: epoch().Add(time.Duration(i) * time.Second), Account: "aws-use1", Operation: "EC2 DescribeInstances", Result: "200", Took: took * time.Millisecond})
		}
		f.calls = append(f.calls, rows.Call{Number: 9, Time: epoch(), Account: "joyent-ams", Operation: "GET machines", Result: "200"})
	}).ready()
	r.press("v")
	r.until("Sources 6")
	r.press("g", "enter")
	r.has(
		"account      123456789012", "region       us-east-1", "endpoint     https://api.example/aws-use1", "budget       40 calls can be sent at once",
		"half of the last 6 calls took up to 40ms, the slowest 3s", "Last calls", "03:00:05     EC2 DescribeInstances  200  60ms", "rows         9, 4s old",
	)
	r.hasNot("GET machines", "03:00:00")
}
