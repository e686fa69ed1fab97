package probe

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Target is one node of one service.
type Target struct {
	Service  string // canonical name
	Instance providers.InstanceRef
	Addr     netip.Addr
	Health   index.Health
}

// State is the health of a node.
type State string

// The states of a node.
const (
	Healthy   State = "well"      // Need of the last Of checks passed
	Unhealthy State = "unwell"    // Need of the last Of checks failed
	Uncertain State = "unsure"    // too few checks yet, or the last one does not count
	Unchecked State = "unchecked" // no check is made; Result.Reason says why
)

// Result is the health of a node.
type Result struct {
	Target
	State  State
	Reason string // one sentence
	Passed int    // of the last checks, Health.Of at most
	Failed int
	Error  string    // why the last check failed; empty if it passed
	At     time.Time // of the last check that counts; zero if there is none
}

// Options configure a Prober. With the zero value it contacts no node.
type Options struct {
	On      bool          // run checks; see the package's documentation
	Timeout time.Duration // of one check; default 5 s, as in the node agent
	AtOnce  int           // concurrent checks; default 32
	providers.Clock
	// Dial opens connections; default a net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// defaultInterval is the interval of a service that declares none, as in the node agent.
const defaultInterval = 5 * time.Second

// Prober checks nodes and keeps the last few outcomes of each. It is safe for concurrent use.
type Prober struct {
	o Options

	mu    sync.Mutex
	nodes map[key]*history
}

type key struct {
	service string
	cloud   providers.CloudKey
	id      string
}

// history holds the last checks of one node.
type history struct {
	health    index.Health
	addr      netip.Addr
	passes    []bool    // whether each check passed, the newest last
	tried     time.Time // of the last check
	at        time.Time // of the last check that counts
	err       string    // its failure
	uncertain string    // why the last check does not count
}

// New returns a Prober. It does no I/O.
func New(o Options) *Prober {
	o.Timeout = cmp.Or(o.Timeout, 5*time.Second)
	o.AtOnce = cmp.Or(o.AtOnce, 32)
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	return &Prober{o: o, nodes: map[key]*history{}}
}

// On reports whether the prober runs checks.
func (p *Prober) On() bool { return p.o.On }

// Check runs the health check of every target whose interval is over, at most Options.AtOnce concurrently, and returns
// the results of all targets in order. It drops the outcomes of nodes that are not among the targets.
func (p *Prober) Check(ctx context.Context, targets []Target) []Result {
	attempts := make([]*attempt, len(targets))
	var g errgroup.Group
	g.SetLimit(p.o.AtOnce)
	for i := range targets {
		t := &targets[i]
		if p.refusal(t) != "" || !p.due(t) {
			continue
		}
		g.Go(func() error {
			if ctx.Err() == nil {
				l := p.attempt(ctx, t)
				attempts[i] = &l
			}
			return nil
		})
	}
	_ = g.Wait() // failures are in the attempts
	if ctx.Err() != nil {
		// Interrupted checks do not count, and the others are repeated.
		attempts = make([]*attempt, len(targets))
	}
	cutOff := allSilent(attempts)
	out := make([]Result, len(targets))
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := map[key]bool{}
	for i := range targets {
		t := &targets[i]
		seen[keyOf(t)] = true
		if l := attempts[i]; l != nil {
			p.record(t, l, cutOff)
		}
		out[i] = p.result(t)
	}
	for k := range p.nodes {
		if !seen[k] {
			delete(p.nodes, k)
		}
	}
	return out
}

func keyOf(t *Target) key { return key{t.Service, t.Instance.Key, t.Instance.ID} }

// refusal returns why a node is not checked, or "".
func (p *Prober) refusal(t *Target) string {
	switch h := &t.Health; {
	case !p.o.On:
		return "health checks from here are off: probe: false, or a cloud on this machine"
	case h.HTTP == "" && !h.TCP && h.Command != "":
		return "its health check is a command, which runs on the node only"
	case h.HTTP == "" && !h.TCP:
		return "its service declares no health check"
	case h.HTTP == "" && h.Port == 0:
		return "its health check has no port"
	case !t.Addr.IsValid():
		return "it has no address that clients are sent to"
	}
	return ""
}

// due reports whether the interval since the last check is over. If the address or the health check of a node has
// changed, earlier outcomes are dropped.
func (p *Prober) due(t *Target) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(t)
	h := p.nodes[k]
	if h == nil || h.addr != t.Addr || h.health != t.Health {
		p.nodes[k] = &history{addr: t.Addr, health: t.Health}
		return true
	}
	return h.tried.IsZero() || p.o.Now().Sub(h.tried) >= cmp.Or(t.Health.Interval, defaultInterval)
}

// allSilent reports whether several nodes were checked and none could be reached.
func allSilent(attempts []*attempt) bool {
	n := 0
	for _, l := range attempts {
		if l == nil {
			continue
		}
		if n++; !l.silent {
			return false
		}
	}
	return n > 1
}

// record stores the outcome of a check, unless it does not count. The caller holds the lock.
func (p *Prober) record(t *Target, l *attempt, cutOff bool) {
	h := p.nodes[keyOf(t)]
	if h == nil { // a concurrent Check without this node has removed it
		return
	}
	h.tried, h.uncertain = l.at, ""
	switch {
	case l.noRoute:
		h.uncertain = "this machine has no way to it"
		return
	case cutOff:
		h.uncertain = "no node at all could be reached from here"
		return
	}
	_, of := t.Health.Threshold()
	h.passes = append(h.passes, l.err == "")
	h.passes = h.passes[max(0, len(h.passes)-of):]
	h.at, h.err = l.at, l.err
}
