package cli

import (
	"context"
	"sync"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// readStatuses asks each cloud once for the status checks and scheduled events of its instances, side by side. What a cloud
// does not answer is missing, and stderr says so. The exit code stays, since the rows themselves are complete.
func (a *commands) readStatuses(ctx context.Context, s *app.Session) map[rows.InstanceKey]*rows.StatusObject {
	ctx, cancel := context.WithTimeout(ctx, app.OneShotTimeout)
	defer cancel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	out := map[rows.InstanceKey]*rows.StatusObject{}
	for _, c := range s.Clouds() {
		r, ok := c.Compute.(providers.StatusReader)
		if !ok || c.Err != nil {
			continue
		}
		wg.Go(func() {
			all, err := r.Statuses(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				a.Logf("rollcall: %s: status checks and scheduled events are not known: %s", words.Clean(c.Name), words.Clean(err.Error()))
				return
			}
			for id, condition := range all {
				out[rows.InstanceKey{Cloud: c.Name, ID: id}] = rows.NewStatus(&condition)
			}
		})
	}
	wg.Wait()
	return out
}
