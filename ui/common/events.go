package common

import (
	"sync"

	tea "charm.land/bubbletea/v2"
)

// RunWithEvents returns a command that runs do, and one that receives the next events that do reports, all that are
// available, as a message. The second one is to be repeated after each of its messages; it returns nil when do has
// returned. do never waits for its events to be received: the console may be suspended, or the terminal with a shell.
func RunWithEvents[E any](do func(report func(E)) tea.Msg, received func([]E) tea.Msg) (run, next tea.Cmd) {
	var mu sync.Mutex
	var events []E
	more := make(chan struct{}, 1) // there are events
	run = func() tea.Msg {
		defer close(more)
		return do(func(e E) {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, e)
			select {
			case more <- struct{}{}:
			default:
			}
		})
	}
	next = func() tea.Msg {
		for {
			_, running := <-more
			mu.Lock()
			out := events
			events = nil
			mu.Unlock()
			if len(out) > 0 {
				return received(out)
			}
			if !running {
				return nil
			}
		}
	}
	return run, next
}
