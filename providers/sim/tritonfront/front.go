// Package tritonfront speaks Triton's CloudAPI over the world of the embedded
// clouds, one handler for each data centre.
package tritonfront

import (
	"net/http"
	"time"

	"golang.org/x/crypto/ssh"

	"rollcall/providers/sim/world"
)

// Options shape one data centre's front.
type Options struct {
	Cloud       string            // the cloud's name in the world
	Keys        []ssh.PublicKey   // the keys of the account
	DataCenters map[string]string // URL of each data centre, by its name
	Now         func() time.Time  // the clock that signatures are judged by; time.Now when nil
}

// New gives the CloudAPI of one data centre.
func New(w *world.World, o Options) http.Handler {
	return http.NotFoundHandler()
}
