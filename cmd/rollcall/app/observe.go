package app

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/probe"
	"rollcall/dnsview/wire"
	"rollcall/providers"
)

// Observer collects what APIs do not show: answers of name servers, and the health of nodes. Its methods are safe for
// concurrent use. Only Run takes long.
type Observer struct {
	Wire   *wire.Scheduler // nil if name servers are not queried
	Prober *probe.Prober
	// Local are the clouds whose API listens on this machine's loopback. Their instances' addresses belong to others on
	// the internet, so they are not probed.
	Local map[string]bool

	probed  chan struct{} // receives when the health of a node has changed; coalesced
	Changes chan struct{} // receives when anything has changed; coalesced, with a pause in between

	mu      sync.Mutex
	gen     uint64 // increases when the health of a node changes
	Targets []probe.Target
	health  []index.HealthState
}

// Rates of one-shot commands, which are short and have a waiting operator.
const (
	roundRate  = 100
	roundBurst = 20
)

// Pauses in the background.
const (
	changeEvery = 500 * time.Millisecond // between two sends to Changes: each makes the console inspect again
	probeEvery  = time.Second            // between two checks for due nodes
)

// NewObserver returns the observer of a long-running session, as the config allows and at a low rate.
func (s *Session) NewObserver() *Observer {
	o := s.observerOf(probe.Options{On: s.Config.Probe, Clock: s.Program.Clock})
	if s.Config.Wire {
		o.Wire = wire.NewScheduler(s.readableZones(), s.wireOptions())
	}
	return o
}

// NewRoundObserver returns the observer of a one-shot command, which only queries name servers.
func (s *Session) NewRoundObserver() *Observer {
	o := s.observerOf(probe.Options{})
	w := s.wireOptions()
	w.Rate, w.Burst = roundRate, roundBurst
	o.Wire = wire.NewScheduler(s.readableZones(), w)
	return o
}

func (s *Session) observerOf(p probe.Options) *Observer {
	o := &Observer{Prober: probe.New(p), Local: map[string]bool{}, probed: make(chan struct{}, 1), Changes: make(chan struct{}, 1)}
	for i := range s.Clouds() {
		if s.Clouds()[i].IsLocal() {
			o.Local[s.Clouds()[i].Name] = true
		}
	}
	return o
}

// readableZones returns the zones that could be set up.
func (s *Session) readableZones() []string {
	var names []string
	for _, z := range s.Zones() {
		if z.Err == nil {
			names = append(names, z.Name)
		}
	}
	return names
}

func (s *Session) wireOptions() wire.Options {
	return wire.Options{Resolvers: s.Config.Resolvers, Servers: s.Config.NameServers(), Clock: s.Program.Clock}
}

// IsLocal reports whether the API of a cloud listens on this machine's loopback.
func (c *CloudSource) IsLocal() bool {
	e, ok := c.Compute.(interface{ Endpoint() string })
	return ok && onLoopback(e.Endpoint())
}

// onLoopback reports whether an API listens on this machine, as embedded clouds and other simulations do.
func onLoopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	a, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && a.Unmap().IsLoopback()
}

// observations is what was observed outside the APIs, and its generation.
type observations struct {
	gen    uint64
	names  []*index.WireState
	zones  []index.WireZone
	health []index.HealthState
}

// setSnapshot sets the snapshot for whose names name servers are queried. It does nothing on a nil observer.
func (o *Observer) setSnapshot(snap *providers.Snapshot) {
	if o != nil && o.Wire != nil {
		o.Wire.SetSnapshot(snap)
	}
}

// setNodes sets the view whose nodes are probed.
func (o *Observer) setNodes(v *dnsview.View) {
	if o == nil || !o.Prober.On() {
		return
	}
	targets := slices.DeleteFunc(probe.Targets(v), func(t probe.Target) bool { return o.Local[t.Instance.Cloud] })
	o.mu.Lock()
	defer o.mu.Unlock()
	o.Targets = targets
}

// Prioritize moves the names of these records to the front of the queue.
func (o *Observer) Prioritize(records []providers.Identity) {
	if o.Wire != nil {
		o.Wire.Prioritize(records)
	}
}

// AskAgain makes the name servers be queried again for every name, at their usual pace.
func (o *Observer) AskAgain() {
	if o != nil && o.Wire != nil {
		o.Wire.AskAgain()
	}
}

// observations returns the latest observations; none for a nil observer.
func (o *Observer) observations() (out observations) {
	if o == nil {
		return out
	}
	out.gen = o.Generation() // first: what changes meanwhile counts as new
	if o.Wire != nil {
		out.names, out.zones = o.Wire.States()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	out.health = o.health
	return out
}

// Generation returns a number that increases whenever observations change.
// It is 0 for a nil observer.
func (o *Observer) Generation() uint64 {
	if o == nil {
		return 0
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.Wire == nil {
		return o.gen
	}
	return o.gen + o.Wire.Changes()
}

// Run queries name servers and probes nodes until ctx ends.
func (o *Observer) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { o.forward(ctx) })
	if o.Wire != nil {
		wg.Go(func() { o.Wire.Run(ctx) })
	}
	if o.Prober.On() {
		wg.Go(func() {
			for providers.Sleep(ctx, probeEvery) == nil {
				o.ProbeAll(ctx)
			}
		})
	}
}

// forward passes on changes with a pause in between, because a first round of answers causes thousands of them.
func (o *Observer) forward(ctx context.Context) {
	var answered <-chan struct{}
	if o.Wire != nil {
		answered = o.Wire.Changed()
	}
	for {
		select {
		case <-answered:
		case <-o.probed:
		case <-ctx.Done():
			return
		}
		select {
		case o.Changes <- struct{}{}:
		default:
		}
		if providers.Sleep(ctx, changeEvery) != nil {
			return
		}
	}
}

// ProbeAll probes the nodes that are due.
func (o *Observer) ProbeAll(ctx context.Context) {
	o.mu.Lock()
	targets := o.Targets
	o.mu.Unlock()
	results := o.Prober.Check(ctx, targets)
	if ctx.Err() != nil {
		return
	}
	health := probe.Views(results)
	o.mu.Lock()
	defer o.mu.Unlock()
	same := slices.EqualFunc(o.health, health, func(a, b index.HealthState) bool {
		a.At, b.At = time.Time{}, time.Time{}
		return a == b
	})
	o.health = health
	if same {
		return
	}
	o.gen++
	select {
	case o.probed <- struct{}{}:
	default:
	}
}

// UnaskedLines returns, zone by zone, what name servers were not asked or did not answer, and whether that leaves
// anything unknown.
func (o *Observer) UnaskedLines() (lines []string, unknown bool) {
	for _, u := range o.Wire.Unasked() {
		if u.Private {
			lines = append(lines, u.Zone+" is a private zone: no public name server answers for it, so none was asked")
			continue
		}
		unknown = true
		if u.Waiting > 0 {
			lines = append(lines, fmt.Sprintf("name servers of %s: %s of %d not asked in time: what they answer is unknown", u.Zone, providers.CountOf(u.Waiting, "name"), u.Names))
		}
		if u.Silent > 0 {
			lines = append(lines, fmt.Sprintf("name servers of %s: no answer for %s: %s", u.Zone, providers.CountOf(u.Silent, "name"), words.Clean(u.Why)))
		}
	}
	return lines, unknown
}
