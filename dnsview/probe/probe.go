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

// State says whether a node is well.
type State string

// The states of a node.
const (
	Well   State = "well"   // Need of the last Of looks passed
	Unwell State = "unwell" // Need of the last Of looks failed
	Unsure State = "unsure" // too few looks yet, or they say nothing
	// Unchecked: no one looked, and Result.Reason says why.
	Unchecked State = "unchecked"
)

// Result is how a node does.
type Result struct {
	Target
	State  State
	Reason string // one sentence
	Passed int    // of the looks that are remembered, Health.Of at most
	Failed int
	Error  string        // why the last look failed; empty when it passed
	At     time.Time     // of the last look that counts; zero when there is none
	Took   time.Duration // of the last look
}

// Options shape a Prober. The zero value never looks at anything.
type Options struct {
	On      bool          // look at all; see the package's documentation
	Timeout time.Duration // of one look; default 5 s, as the node agent has it
	AtOnce  int           // looks under way at the same time; default 32
	providers.Clock
	// Dial opens connections; default a net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// What a service that does not say gets: the same as the node agent's.
const (
	defaultNeed     = 2
	defaultOf       = 3
	defaultInterval = 5 * time.Second
)

// Prober looks at nodes and remembers the last few looks at each. It is safe
// for concurrent use.
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

// history is what is remembered of one node.
type history struct {
	health index.Health
	addr   netip.Addr
	looks  []bool // the newest last
	tried  time.Time
	at     time.Time
	took   time.Duration
	err    string
	unsure string // why the last look does not count
}

// New makes a Prober. It does no I/O.
func New(o Options) *Prober {
	o.Timeout = cmp.Or(o.Timeout, 5*time.Second)
	o.AtOnce = cmp.Or(o.AtOnce, 32)
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	return &Prober{o: o, nodes: map[key]*history{}}
}

// On reports whether the prober looks at all.
func (p *Prober) On() bool { return p.o.On }

// Check looks once at every node whose interval is over, a bounded number at the same
// time, and returns the state of all, in order. Nodes that are not among
// the targets any more are forgotten.
func (p *Prober) Check(ctx context.Context, targets []Target) []Result {
	looks := make([]*look, len(targets))
	var g errgroup.Group
	g.SetLimit(p.o.AtOnce)
	for i := range targets {
		t := &targets[i]
		if p.refusal(t) != "" || !p.due(t) {
			continue
		}
		g.Go(func() error {
			if ctx.Err() == nil {
				l := p.look(ctx, t)
				looks[i] = &l
			}
			return nil
		})
	}
	_ = g.Wait() // what failed stands in the looks
	if ctx.Err() != nil {
		// What was interrupted says nothing, and what was not is looked at again.
		looks = make([]*look, len(targets))
	}
	cutOff := allSilent(looks)
	out := make([]Result, len(targets))
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := map[key]bool{}
	for i := range targets {
		t := &targets[i]
		seen[keyOf(t)] = true
		if l := looks[i]; l != nil {
			p.note(t, l, cutOff)
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

// refusal says why a node is not looked at.
func (p *Prober) refusal(t *Target) string {
	switch h := &t.Health; {
	case !p.o.On:
		return "health checks from here are off"
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

// counts returns how many of how many looks decide.
func counts(h *index.Health) (need, of int) {
	if need, of = h.Need, h.Of; of <= 0 {
		need, of = cmp.Or(need, defaultNeed), max(need, defaultOf)
	}
	return max(1, min(need, of)), of
}

// due reports whether the interval since the last look is over. A node that
// moved, or whose check changed, begins anew.
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

// allSilent reports whether nothing at all could be reached, of several nodes.
func allSilent(looks []*look) bool {
	n := 0
	for _, l := range looks {
		if l == nil {
			continue
		}
		if n++; !l.silent {
			return false
		}
	}
	return n > 1
}

// note remembers a look, unless it says nothing about the node.
func (p *Prober) note(t *Target, l *look, cutOff bool) {
	h := p.nodes[keyOf(t)]
	if h == nil { // another Check was here, without this node
		return
	}
	h.tried, h.unsure = l.at, ""
	switch {
	case l.noRoute:
		h.unsure = "this machine has no way to it"
		return
	case cutOff:
		h.unsure = "no node at all could be reached from here"
		return
	}
	_, of := counts(&t.Health)
	h.looks = append(h.looks, l.err == "")
	h.looks = h.looks[max(0, len(h.looks)-of):]
	h.at, h.took, h.err = l.at, l.took, l.err
}
