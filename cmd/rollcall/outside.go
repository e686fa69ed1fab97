package main

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/probe"
	"rollcall/dnsview/wire"
	"rollcall/providers"
)

// outside looks at what no API tells: what name servers answer, and whether
// nodes are well. Its methods are safe for concurrent use; none but run and the
// one-shot rounds takes long.
type outside struct {
	now    func() time.Time
	wire   *wire.Checker // nil when name servers are not asked
	prober *probe.Prober
	// lab are the clouds whose API listens on this machine's loopback. The addresses of
	// their instances belong to somebody else out there, so nothing knocks at them.
	lab map[string]bool

	told    chan struct{} // something has changed; coalesced
	changes chan struct{} // the same for the console, with a pause between two

	mu      sync.Mutex
	gen     uint64 // grows with every change
	seq     uint64 // of the latest snapshot
	zones   map[string]*zoneAnswers
	names   []string // of the zones, sorted
	visible map[nameKey]bool
	targets []probe.Target
	health  []dnsview.HealthState
}

// nameKey is one question: a name and a type.
type nameKey struct{ name, typ string }

// Rates of one-shot commands: somebody waits for them, and they are over soon.
const (
	roundRate  = 100
	roundBurst = 20
)

// watchOutside makes the outside of a session that goes on: what the config
// allows, at a pace that is no nuisance.
func (s *session) watchOutside() *outside {
	o := s.newOutside(probe.Options{On: s.config.Probe, Now: s.app.now})
	if s.config.Wire {
		o.wire = wire.New(s.wireOptions())
	}
	return o
}

// askOutside makes the outside of a one-shot command, which asks name servers only.
func (s *session) askOutside() *outside {
	o := s.newOutside(probe.Options{})
	w := s.wireOptions()
	w.Rate, w.Burst = roundRate, roundBurst
	o.wire = wire.New(w)
	return o
}

func (s *session) newOutside(p probe.Options) *outside {
	o := &outside{
		now: s.app.now, prober: probe.New(p), lab: map[string]bool{},
		told: make(chan struct{}, 1), changes: make(chan struct{}, 1), zones: map[string]*zoneAnswers{},
	}
	for i := range s.clouds {
		if s.clouds[i].inLab() {
			o.lab[s.clouds[i].name] = true
		}
	}
	for _, z := range s.zones {
		if z.err == nil {
			name := providers.CanonicalName(z.name)
			o.zones[name] = newZoneAnswers()
			o.names = append(o.names, name)
		}
	}
	slices.Sort(o.names)
	return o
}

func (s *session) wireOptions() wire.Options {
	return wire.Options{Resolvers: s.config.Resolvers, Servers: s.config.NameServers(), Now: s.app.now}
}

// inLab reports whether the API of a cloud listens on this machine's loopback.
func (c *cloudSource) inLab() bool {
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

// feed hands over a snapshot that is about to be inspected: its names are asked
// for from now on. A snapshot that is older than one before changes nothing.
func (o *outside) feed(snap *providers.Snapshot) {
	now := o.now()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.wire == nil || snap.Seq < o.seq {
		return
	}
	o.seq = snap.Seq
	for i := range snap.Zones {
		z := &snap.Zones[i]
		if a := o.zones[providers.CanonicalName(z.Zone.Name)]; a != nil {
			a.read(z, o.names, now)
		}
	}
}

// nodes hands over what was made of a snapshot: its nodes are looked at from now on.
func (o *outside) nodes(v *dnsview.View) {
	if !o.prober.On() {
		return
	}
	targets := slices.DeleteFunc(probe.Targets(v), func(t probe.Target) bool { return o.lab[t.Instance.Cloud] })
	o.mu.Lock()
	defer o.mu.Unlock()
	o.targets = targets
}

// look says which records somebody looks at: their names come first.
func (o *outside) look(records []providers.Identity) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.visible = make(map[nameKey]bool, len(records))
	for i := range records {
		r := &records[i]
		o.visible[nameKey{providers.CanonicalName(r.Name), r.Type}] = true
		if z := o.zones[providers.CanonicalName(r.Zone)]; z != nil {
			z.rouse()
		}
	}
}

// add puts what was found outside into the options of an inspection.
func (o *outside) add(to *dnsview.Options) {
	now := o.now()
	o.mu.Lock()
	defer o.mu.Unlock()
	to.Health = o.health
	for _, name := range o.names {
		z := o.zones[name]
		if z.state.Zone != "" {
			to.WireZones = append(to.WireZones, z.state)
		}
		to.Wire = z.states(to.Wire, now)
	}
}

// generation grows whenever what add gives has changed in a way that shows.
func (o *outside) generation() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.gen
}

// changed notes that something looks different now. The lock is held.
func (o *outside) changed() {
	o.gen++
	select {
	case o.told <- struct{}{}:
	default:
	}
}

// answered takes in what the servers said of one name.
func (o *outside) answered(zone string, r *wire.Result) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.zones[zone].take(r) {
		o.changed()
	}
}

// judged takes in what the servers of a zone are.
func (o *outside) judged(zone string, r *wire.ZoneResult) {
	o.mu.Lock()
	defer o.mu.Unlock()
	z := o.zones[zone]
	old := z.state
	z.state = r.View()
	if old.State != z.state.State || old.Reason != z.state.Reason || !slices.Equal(old.Problems, z.state.Problems) ||
		old.Confirmed != z.state.Confirmed || !slices.Equal(old.Unresolved, z.state.Unresolved) {
		o.changed()
	}
}

// probed takes in how the nodes are.
func (o *outside) probed(results []probe.Result) {
	health := probe.Views(results)
	o.mu.Lock()
	defer o.mu.Unlock()
	if !slices.EqualFunc(o.health, health, func(a, b dnsview.HealthState) bool {
		a.At, b.At = time.Time{}, time.Time{}
		return a == b
	}) {
		o.changed()
	}
	o.health = health
}

// probeAll looks at the nodes whose turn it is.
func (o *outside) probeAll(ctx context.Context) {
	o.mu.Lock()
	targets := o.targets
	o.mu.Unlock()
	if results := o.prober.Check(ctx, targets); ctx.Err() == nil {
		o.probed(results)
	}
}
