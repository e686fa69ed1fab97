package cli

import (
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/sim"
)

// Triton's lists are complete, and it answers about no machine by its id.
func TestDriftIsUnknownWhileOwnersCannotBeLookedUp(t *testing.T) {
	var refused atomic.Bool
	byID := regexp.MustCompile(`^/[^/]+/machines/[0-9a-f-]{36}$`)
	newWorld(t, func(o *sim.Options) {
		o.Requested = func(r *http.Request) {
			if refused.Load() && byID.MatchString(r.URL.Path) {
				r.Header.Del("Authorization")
			}
		}
	})
	refused.Store(true)
	for _, args := range [][]string{nil, {"--filter", "finding:unknown"}, {"--filter", "finding:ambiguous"}} {
		r := rollcall(t, append([]string{"drift", "--exit-code"}, args...)...)
		if r.code != exit.Unknown || !strings.Contains(r.err, "whether all is in sync is unknown") || !strings.Contains(r.err, "did not answer when asked for it by id") {
			t.Errorf("%q: exit code %d, %s", args, r.code, r.err)
		}
	}
	refused.Store(false)
	if r := rollcall(t, "drift", "--exit-code"); r.code != exit.Drift || strings.Contains(r.err, "is unknown") {
		t.Errorf("once they answer: exit code %d, %s", r.code, r.err)
	}
}
