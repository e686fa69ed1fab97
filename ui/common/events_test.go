package common_test

import (
	"slices"
	"testing"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
)

func TestWhatRunsNeverWaitsForItsEventsToBeReceivedAndNoneIsLost(t *testing.T) {
	const n = 1000
	run, next := common.RunWithEvents(func(report func(int)) tea.Msg {
		for i := range n {
			report(i)
		}
		return "ended"
	}, func(events []int) tea.Msg { return events })
	if run() != "ended" { // nothing has received an event yet
		t.Error("the run did not end")
	}
	var got []int
	for msg := next(); msg != nil; msg = next() {
		got = append(got, msg.([]int)...)
	}
	if len(got) != n || !slices.IsSorted(got) {
		t.Errorf("%d events", len(got))
	}

	run, next = common.RunWithEvents(func(report func(int)) tea.Msg {
		for i := range n {
			report(i)
		}
		return nil
	}, func(events []int) tea.Msg { return events })
	go run()
	got = nil
	for msg := next(); msg != nil; msg = next() {
		got = append(got, msg.([]int)...)
	}
	if len(got) != n || !slices.IsSorted(got) {
		t.Errorf("%d events while it ran", len(got))
	}
}
