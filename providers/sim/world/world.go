// Package world is the state behind the embedded clouds: clouds with their instances and addresses, zones with their
// records, simulated time that moves instances from pending to running, and faults. It knows no API and no wire format;
// the HTTP and DNS fronts read and change it.
package world

import (
	"container/heap"
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"rollcall/providers"
)

// Options configure a World. The zero value is usable.
type Options struct {
	Seed      uint64 // the same seed makes the same world
	Instances int    // about how many; 0 for the default world of 60
	Clock     providers.Clock
	Delays    Delays // DefaultDelays if zero
	Page      int    // largest page of a list; 0 for each API's own
	// UserData returns the boot script of a service's seeded nodes, so that the agent acts at their stop and start as
	// on a real node. It may be nil.
	UserData func(service string, p providers.Provider) []byte
	// Node is called when a node's agent would act. It makes the agent's API calls in a goroutine of its own. It may be
	// nil.
	Node func(ctx context.Context, ev NodeEvent)
	// Machine, if not nil, runs launched instances on real machines; seeded ones are still simulated. Run calls it with
	// each power change, in order, and it must not block. An instance with a machine stays stopping or shutting down
	// until Halted is called.
	Machine func(ev MachineEvent)
	// Console returns what the machine of an instance has written to its console, and when it wrote last; it requires
	// Machine.
	Console func(id string) (text string, at time.Time)
	// ConsoleLines returns the lines that the boot script of a simulated instance writes to the console until the agent
	// acts. It may be nil.
	ConsoleLines func(i Instance) []string
	// Changed is called for every change of a zone, in order. It must neither block nor call the World. It may be nil.
	Changed func(c ZoneChange)
}

// Delays are the durations of simulated processes.
type Delays struct {
	Boot      time.Duration // pending to running
	Agent     time.Duration // running until the agent has registered the node
	Stop      time.Duration // stopping to stopped, shutting-down to terminated
	Forget    time.Duration // how long EC2 still lists a terminated instance
	Delegate  time.Duration // Cloudflare: a new zone is pending until it is delegated
	Propagate time.Duration // Route 53: change accepted until the name servers serve it
}

// DefaultDelays returns delays that are short enough for a demo and long enough to be noticed.
func DefaultDelays() Delays {
	return Delays{
		Boot: 3 * time.Second, Agent: 3 * time.Second, Stop: 2 * time.Second,
		Forget: time.Hour, Delegate: 2 * time.Second, Propagate: 500 * time.Millisecond,
	}
}

// NodeEvent is an occasion for a node's agent to act.
type NodeEvent struct {
	Up       bool // true: the machine is up, register; false: it shuts down, deregister
	Cloud    Cloud
	Instance Instance // a copy
	// Log writes a line to the instance's console, with a time before it.
	Log func(text string)
}

// MachineEvent is a power change of an instance's machine: Start, Stop, Reboot, Terminate or PowerLoss.
type MachineEvent struct {
	Power    Power
	Cloud    Cloud
	Instance Instance // a copy; at Start with its new addresses
}

// World is the state of one simulation. Its methods are safe for concurrent use.
type World struct {
	mu        sync.Mutex
	clock     providers.Clock
	rng       *rand.Rand
	delays    Delays
	clouds    []*cloud
	zones     atomic.Pointer[[]*Zone] // replaced as a whole, so that it can be read without the lock
	madeZones int                     // number of zones ever made
	due       dueHeap
	seq       uint64
	wake      chan struct{}
	node      func(context.Context, NodeEvent)
	pending   []NodeEvent // events to deliver after the lock is released

	machine     func(MachineEvent)
	machines    []MachineEvent // like pending
	console     func(string) (string, time.Time)
	consoleText func(Instance) []string

	page    int
	changed func(ZoneChange)

	FleetID     string      // the fleet id in all markers
	Credentials Credentials // that the fronts accept
	Faults      *Faults
	services    []ServiceSeed
}

// Credentials are the only credentials that the fronts accept.
type Credentials struct {
	AWSAccount      string // 12 digits
	AWSKeyID        string
	AWSSecret       string
	TritonAccount   string // login
	TritonAccountID string // UUID
	CloudflareToken string
	NodeToken       string // a second Cloudflare token, for nodes
	CloudflareUser  string // account id, 32 hex digits
}

// New returns a filled world. It changes only when it is used.
func New(o Options) *World {
	if o.Delays == (Delays{}) {
		o.Delays = DefaultDelays()
	}
	w := &World{
		clock: o.Clock, delays: o.Delays, node: o.Node, machine: o.Machine, console: o.Console, consoleText: o.ConsoleLines, page: o.Page, changed: o.Changed,
		rng:  rand.New(rand.NewPCG(o.Seed, 0x726f6c6c)),
		wake: make(chan struct{}, 1),
	}
	w.Faults = newFaults()
	w.zones.Store(new([]*Zone))
	w.seed(o)
	return w
}

// PageOf returns the page size for a requested limit.
func (w *World) PageOf(limit int) int {
	if w.page > 0 && limit > w.page {
		return w.page
	}
	return limit
}

// Now returns the simulated time.
func (w *World) Now() time.Time { return w.clock.Now() }

// Run advances time until ctx ends: it carries out due events and starts the agents of nodes. Without Run time advances
// when the world is read, but no agent acts.
func (w *World) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		w.mu.Lock()
		w.advance()
		events := w.pending
		machines := w.machines
		w.pending, w.machines = nil, nil
		next := time.Hour
		if len(w.due) > 0 {
			next = max(w.due[0].at.Sub(w.clock.Now()), time.Millisecond)
		}
		w.mu.Unlock()
		for _, ev := range machines {
			w.machine(ev)
		}
		for _, ev := range events {
			if w.node != nil {
				wg.Go(func() { w.node(ctx, ev) })
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(next):
		case <-w.wake:
		}
	}
}

// lock takes the lock and advances the world to now.
func (w *World) lock() {
	w.mu.Lock()
	w.advance()
}

// unlock releases the lock, and wakes Run if there are events.
func (w *World) unlock() {
	work := len(w.pending) > 0 || len(w.machines) > 0 || len(w.due) > 0
	w.mu.Unlock()
	if work {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

// after runs f, under the lock, once d has passed.
func (w *World) after(d time.Duration, f func()) {
	w.seq++
	heap.Push(&w.due, due{at: w.clock.Now().Add(d), seq: w.seq, f: f})
}

func (w *World) advance() {
	now := w.clock.Now()
	for len(w.due) > 0 && !w.due[0].at.After(now) {
		heap.Pop(&w.due).(due).f()
	}
}

// Wake makes Run check for due events; a test with its own clock calls it after moving the clock.
func (w *World) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

type due struct {
	at  time.Time
	seq uint64
	f   func()
}

type dueHeap []due

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	return h[i].at.Before(h[j].at) || (h[i].at.Equal(h[j].at) && h[i].seq < h[j].seq)
}
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)   { *h = append(*h, x.(due)) }
func (h *dueHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
