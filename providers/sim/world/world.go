// Package world is the state behind the embedded clouds: clouds with their
// instances and addresses, zones with their records, time that moves instances
// from pending to running, and faults. It knows no API and no wire format: the
// HTTP and DNS fronts read and change it.
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

// Options shape a world. The zero value is usable.
type Options struct {
	Seed      uint64 // the same seed makes the same world
	Instances int    // about how many; 0 for the default world of 60
	Clock     providers.Clock
	Delays    Delays // DefaultDelays when zero
	Page      int    // the most rows of one page of a list; 0: as many as the API returns
	// UserData returns the boot script that the seeded nodes of a service were
	// launched with, so that the agent acts at their stop and start as on a real node. It may be nil.
	UserData func(service string, p providers.Provider) []byte
	// Node is reported when a node's agent would act. It runs in a goroutine of its
	// own, makes the agent's API calls, and may be nil.
	Node func(ctx context.Context, ev NodeEvent)
	// Machine, when not nil, runs the instances that are launched in this world on machines of
	// their own; the seeded ones are simulated all the same. Run calls it with
	// each change of power, in order, and it must not block. An instance with a machine stays
	// stopping or shutting down until Halted is called.
	Machine func(ev MachineEvent)
	// Console is what the machine of an instance has written to its console, and
	// when it wrote last; it goes with Machine.
	Console func(id string) (text string, at time.Time)
	// ConsoleLines returns what the boot script of a simulated instance
	// writes to the console until the agent acts, line by line. It may be nil.
	ConsoleLines func(i Instance) []string
	// Changed is reported every change of a zone, in the order in which they are made. It must
	// neither block nor call the world. It may be nil.
	Changed func(c ZoneChange)
}

// Delays are how long things take in the world.
type Delays struct {
	Boot      time.Duration // pending to running
	Agent     time.Duration // running until the agent has registered the node
	Stop      time.Duration // stopping to stopped, shutting-down to terminated
	Forget    time.Duration // how long EC2 still lists a terminated instance
	Delegate  time.Duration // Cloudflare: a new zone is pending until the registry delegates it
	Propagate time.Duration // Route 53: change accepted until the name servers answer it
}

// DefaultDelays are short enough for a demo and long enough to be seen.
func DefaultDelays() Delays {
	return Delays{
		Boot: 3 * time.Second, Agent: 3 * time.Second, Stop: 2 * time.Second,
		Forget: time.Hour, Delegate: 2 * time.Second, Propagate: 500 * time.Millisecond,
	}
}

// NodeEvent says what a node's agent would do now.
type NodeEvent struct {
	Up       bool // true: the machine is up, register; false: it is shutting down, deregister
	Cloud    Cloud
	Instance Instance // a copy
	// Log writes a line to the instance's console, with the time before it.
	Log func(text string)
}

// MachineEvent says what happens to the machine of an instance: Start, Stop,
// Reboot, Terminate or PowerLoss.
type MachineEvent struct {
	Power    Power
	Cloud    Cloud
	Instance Instance // a copy; at Start with the addresses that it has from now on
}

// World is a whole embedded world. Its methods are safe for concurrent use.
type World struct {
	mu        sync.Mutex
	clock     providers.Clock
	rng       *rand.Rand
	delays    Delays
	clouds    []*cloud
	zones     atomic.Pointer[[]*Zone] // replaced as a whole, so that it can be read without the lock
	madeZones int                     // how many zones there have been
	due       dueHeap
	seq       uint64
	wake      chan struct{}
	node      func(context.Context, NodeEvent)
	pending   []NodeEvent // events to hand out once the lock is free

	machine  func(MachineEvent)
	machines []MachineEvent // as pending
	console  func(string) (string, time.Time)
	says     func(Instance) []string

	page    int
	changed func(ZoneChange)

	FleetID     string      // the fleet id of every marker in the world
	Credentials Credentials // what the fronts accept
	Faults      *Faults
	services    []ServiceSeed
}

// Credentials are what the fronts accept; everything else is refused.
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

// New makes a world and fills it. It is at rest until someone touches it.
func New(o Options) *World {
	if o.Delays == (Delays{}) {
		o.Delays = DefaultDelays()
	}
	w := &World{
		clock: o.Clock, delays: o.Delays, node: o.Node, machine: o.Machine, console: o.Console, says: o.ConsoleLines, page: o.Page, changed: o.Changed,
		rng:  rand.New(rand.NewPCG(o.Seed, 0x726f6c6c)),
		wake: make(chan struct{}, 1),
	}
	w.Faults = newFaults()
	w.zones.Store(new([]*Zone))
	w.seed(o)
	return w
}

// PageOf returns how many rows a page has when limit are asked for.
func (w *World) PageOf(limit int) int {
	if w.page > 0 && limit > w.page {
		return w.page
	}
	return limit
}

// Now is the world's clock.
func (w *World) Now() time.Time { return w.clock.Now() }

// Run moves time on until ctx ends: it carries out what has fallen due and
// starts the agents of nodes. Without Run time still moves whenever the world is
// read, but no agent acts.
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

// lock takes the lock and brings the world up to now.
func (w *World) lock() {
	w.mu.Lock()
	w.advance()
}

// unlock returns the lock back, and wakes Run if there is something to do.
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

// after has f run, under the lock, once d has passed.
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

// Wake makes Run look again; a test with a clock of its own calls it after
// moving the clock.
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
