package main

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
	"rollcall/dnsview/probe"
	"rollcall/dnsview/wire"
	"rollcall/providers"
)

// observer collects what no API says: what name servers answer, and whether nodes are well.
// Its methods are safe for concurrent use; none but run takes long.
type observer struct {
	wire   *wire.Scheduler // nil when name servers are not asked
	prober *probe.Prober
	// local are the clouds whose API listens on this machine's loopback. The addresses of
	// their instances belong to others on the internet, so none is probed.
	local map[string]bool

	probed  chan struct{} // the health of a node has changed; coalesced
	changes chan struct{} // something has changed; coalesced, with a pause between two

	mu      sync.Mutex
	gen     uint64 // grows when the health of a node changes
	targets []probe.Target
	health  []dnsview.HealthState
}

// Rates of one-shot commands: an operator waits for them, and they are over soon.
const (
	roundRate  = 100
	roundBurst = 20
)

// Pauses of what goes on in the background.
const (
	changeEvery = 500 * time.Millisecond // between two values of changes: each costs the console a build
	probeEvery  = time.Second            // between two checks of which nodes are due
)

// newObserver makes the observer of a session that goes on: what the config allows, at a
// pace that is no nuisance.
func (s *session) newObserver() *observer {
	o := s.observerOf(probe.Options{On: s.config.Probe, Now: s.app.now})
	if s.config.Wire {
		o.wire = wire.NewScheduler(s.readableZones(), s.wireOptions())
	}
	return o
}

// newRoundObserver makes the observer of a one-shot command, which asks name servers only.
func (s *session) newRoundObserver() *observer {
	o := s.observerOf(probe.Options{})
	w := s.wireOptions()
	w.Rate, w.Burst = roundRate, roundBurst
	o.wire = wire.NewScheduler(s.readableZones(), w)
	return o
}

func (s *session) observerOf(p probe.Options) *observer {
	o := &observer{prober: probe.New(p), local: map[string]bool{}, probed: make(chan struct{}, 1), changes: make(chan struct{}, 1)}
	for i := range s.clouds() {
		if s.clouds()[i].isLocal() {
			o.local[s.clouds()[i].name] = true
		}
	}
	return o
}

// readableZones names the zones that could be set up.
func (s *session) readableZones() []string {
	var names []string
	for _, z := range s.zones() {
		if z.err == nil {
			names = append(names, z.name)
		}
	}
	return names
}

func (s *session) wireOptions() wire.Options {
	return wire.Options{Resolvers: s.config.Resolvers, Servers: s.config.NameServers(), Now: s.app.now}
}

// isLocal reports whether the API of a cloud listens on this machine's loopback.
func (c *cloudSource) isLocal() bool {
	e, ok := c.compute.(interface{ Endpoint() string })
	return ok && onLoopback(e.Endpoint())
}

// onLoopback reports whether an API listens on this very machine: embedded
// clouds, and other stand-ins for real ones.
func onLoopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	a, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && a.Unmap().IsLoopback()
}

// observations are what no API says.
type observations struct {
	names  []dnsview.WireState
	zones  []dnsview.WireZone
	health []dnsview.HealthState
}

// setSnapshot has the names of a snapshot asked for from now on. A nil observer asks nobody.
func (o *observer) setSnapshot(snap *providers.Snapshot) {
	if o != nil && o.wire != nil {
		o.wire.SetSnapshot(snap)
	}
}

// setNodes has the nodes of a view probed from now on.
func (o *observer) setNodes(v *dnsview.View) {
	if o == nil || !o.prober.On() {
		return
	}
	targets := slices.DeleteFunc(probe.Targets(v), func(t probe.Target) bool { return o.local[t.Instance.Cloud] })
	o.mu.Lock()
	defer o.mu.Unlock()
	o.targets = targets
}

// prioritize has the names of these records asked for first.
func (o *observer) prioritize(records []providers.Identity) {
	if o.wire != nil {
		o.wire.Prioritize(records)
	}
}

// observations returns what was observed last; nothing for a nil observer.
func (o *observer) observations() (out observations) {
	if o == nil {
		return out
	}
	if o.wire != nil {
		out.names, out.zones = o.wire.States()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	out.health = o.health
	return out
}

// generation grows whenever observations returns something else.
func (o *observer) generation() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.wire == nil {
		return o.gen
	}
	return o.gen + o.wire.Changes()
}

// run asks name servers and probes nodes until ctx ends.
func (o *observer) run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { o.forward(ctx) })
	if o.wire != nil {
		wg.Go(func() { o.wire.Run(ctx) })
	}
	if o.prober.On() {
		wg.Go(func() {
			for wire.Sleep(ctx, probeEvery) {
				o.probeAll(ctx)
			}
		})
	}
}

// forward passes changes on with a pause between two: a first round of answers is thousands
// of changes.
func (o *observer) forward(ctx context.Context) {
	var answered <-chan struct{}
	if o.wire != nil {
		answered = o.wire.Changed()
	}
	for {
		select {
		case <-answered:
		case <-o.probed:
		case <-ctx.Done():
			return
		}
		select {
		case o.changes <- struct{}{}:
		default:
		}
		if !wire.Sleep(ctx, changeEvery) {
			return
		}
	}
}

// probeAll probes the nodes that are due.
func (o *observer) probeAll(ctx context.Context) {
	o.mu.Lock()
	targets := o.targets
	o.mu.Unlock()
	results := o.prober.Check(ctx, targets)
	if ctx.Err() != nil {
		return
	}
	health := probe.Views(results)
	o.mu.Lock()
	defer o.mu.Unlock()
	same := slices.EqualFunc(o.health, health, func(a, b dnsview.HealthState) bool {
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

// unaskedLines says, zone by zone, what name servers were not asked for or did not
// answer, and whether that leaves something unknown.
func (o *observer) unaskedLines() (lines []string, unknown bool) {
	for _, u := range o.wire.Unasked() {
		if u.Private {
			lines = append(lines, u.Zone+" is a private zone: no public name server answers for it, so none was asked")
			continue
		}
		unknown = true
		if u.Waiting > 0 {
			lines = append(lines, fmt.Sprintf("name servers of %s: %s of %d not asked in time: what they answer is unknown", u.Zone, words.Plural(u.Waiting, "name"), u.Names))
		}
		if u.Silent > 0 {
			lines = append(lines, fmt.Sprintf("name servers of %s: no answer for %s: %s", u.Zone, words.Plural(u.Silent, "name"), words.Clean(u.Why)))
		}
	}
	return lines, unknown
}
