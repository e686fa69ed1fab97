// Package sim is the embedded clouds: a world of instances and zones in this
// process, an HTTP front for each real API, an authoritative DNS server, an
// ssh-agent, and a control port that switches faults. Real clients talk to it
// unchanged; the code that it fronts for never knows it.
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

// Options shape a simulation. The zero value is usable.
type Options struct {
	Seed      uint64          // the same seed makes the same world
	Instances int             // about how many; 0 for the default world of 60
	Clock     providers.Clock // of the world
	Delays    world.Delays    // how long things take; the world's own when zero
	Page      int             // the most rows of one page of a list; 0: as many as each API returns
	// UserData returns the boot script of a seeded node of a service; may be nil.
	UserData func(service string, p providers.Provider) []byte
	// Node plays what a node's agent does when its machine comes up or goes
	// down, in a goroutine of its own; may be nil. It is never called before
	// WriteConfig has returned, and not after Close.
	Node func(ctx context.Context, ev world.NodeEvent)
	// Machine runs the instances that are launched, see world.Options; may be nil.
	Machine func(ev world.MachineEvent)
	// Console is what the machine of an instance has written, see world.Options; it goes with Machine.
	Console func(id string) (text string, at time.Time)
	// ConsoleLines returns what the boot script of a simulated instance writes, see world.Options; may be nil.
	ConsoleLines func(i world.Instance) []string
	// Changed is reported every change of a zone, see world.Options; may be nil.
	Changed func(c world.ZoneChange)
	// Secrets are in AWS's parameter store from the beginning, in every region, by name.
	Secrets func(w *world.World) map[string]string
	// RolePolicies are the policies that roles of the account have from the beginning, in JSON and by
	// role. That of awsfront.NodeProfile is one of the world's own otherwise.
	RolePolicies func(w *world.World) map[string]string
	// WriteConfig writes a config file for the world once every port listens,
	// and returns its path; may be nil. An error of it ends Start.
	WriteConfig func(e Endpoints) (path string, err error)
	// Dir is where the ssh-agent's socket lies; it is made with mode 0700.
	// Without it, or when it is too deep for a socket, a temporary one is used.
	Dir string
	// Key is what the ssh-agent holds and the embedded Triton accepts, RSA or ECDSA; an RSA key when nil.
	Key crypto.Signer
}

// Sim is a running world. Its methods are safe for concurrent use.
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
	closeErr  error
}
