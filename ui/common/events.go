package common

import (
	"context"

	tea "charm.land/bubbletea/v2"
)

// RunWithEvents returns a command that runs do, and one that receives the next events that do reports, all that are
// available, as a message. The second one is to be repeated after each of its messages; it returns nil when do has
// returned.
func RunWithEvents[E any](ctx context.Context, do func(report func(E)) tea.Msg, received func([]E) tea.Msg) (run, next tea.Cmd) {
	events := make(chan E, 64)
	run = func() tea.Msg {
		defer close(events)
		return do(func(e E) {
			select {
			case events <- e:
			case <-ctx.Done():
			}
		})
	}
	next = func() tea.Msg {
		e, ok := <-events
		if !ok {
			return nil
		}
		out := []E{e}
		for {
			select {
			case e, ok := <-events:
				if !ok {
					return received(out)
				}
				out = append(out, e)
			default:
				return received(out)
			}
		}
	}
	return run, next
}
