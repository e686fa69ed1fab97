// Package cloudflarefront speaks Cloudflare's API v4 over the world of the
// embedded clouds: tokens, zones and DNS records.
package cloudflarefront

import (
	"net/http"

	"rollcall/providers/sim/world"
)

// New gives the API under /client/v4.
func New(w *world.World) http.Handler {
	return http.NotFoundHandler()
}
