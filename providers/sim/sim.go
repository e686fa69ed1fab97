// Package sim is the embedded clouds: simulated instances and zones in this process, an HTTP front for each real API,
// an authoritative DNS server, an ssh-agent, and a control port for faults. Real clients work with it unchanged, and
// the code under test does not know it.
package sim

import (
	"context"
	"crypto"
	"net/http"
	"sync"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/dnsserver"
	"rollcall/providers/sim/sshagent"
	"rollcall/providers/sim/world"
)

// Options configure a simulation. The zero value is usable.
type Options struct {
	Seed      uint64          // the same seed makes the same world
	Instances int             // about how many; 0 for the default world of 60
	Clock     providers.Clock // of the world
	Delays    world.Delays    // the default delays if zero
	Page      int             // largest page of a list; 0 for each API's own
	// UserData returns the boot script of a seeded node of a service; may be nil.
	UserData func(service string, p providers.Provider) []byte
	// Node simulates a node's agent when its machine comes up or goes down, in a goroutine of its own; may be nil. It
	// is called only between the return of WriteConfig and Close.
	Node func(ctx context.Context, ev world.NodeEvent)
	// Machine runs launched instances, see world.Options; may be nil.
	Machine func(ev world.MachineEvent)
	// Console returns what the machine of an instance has written, see world.Options; it requires Machine.
	Console func(id string) (text string, at time.Time)
	// ConsoleLines returns what the boot script of a simulated instance writes, see world.Options; may be nil.
	ConsoleLines func(i world.Instance) []string
	// Changed is called for every change of a zone, see world.Options; may be nil.
	Changed func(c world.ZoneChange)
	// Requested is called with every request to an API before it is answered; may be nil. It may replace the body that
	// it reads.
	Requested func(r *http.Request)
	// Secrets returns the initial content of AWS's parameter store in every region, by name.
	Secrets func(w *world.World) map[string]string
	// RolePolicies returns the initial policies of the account's roles as JSON, by role. The default for
	// awsfront.NodeProfile is a built-in one.
	RolePolicies func(w *world.World) map[string]string
	// WriteConfig writes a config file once every port listens, and returns its path; may be nil. Its error makes Start
	// fail.
	WriteConfig func(e Endpoints) (path string, err error)
	// Dir is the folder of the ssh-agent's socket, created with mode 0700. If it is empty, or too long for a socket, a
	// temporary one is used.
	Dir string
	// Key is the ssh-agent's key, RSA or ECDSA, which the embedded Triton accepts; nil for an RSA key.
	Key crypto.Signer
}

// Sim is a running simulation. Its methods are safe for concurrent use.
type Sim struct {
	world     *world.World
	endpoints Endpoints
	ctx       context.Context // ends with the simulation
	cancel    context.CancelFunc
	wg        sync.WaitGroup
	servers   []*http.Server
	dns       *dnsserver.Server
	second    *dnsserver.Server
	agent     *sshagent.Agent
	requested func(r *http.Request)
	closeErr  error
}
