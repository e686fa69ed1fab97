package main

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/probe"
	"rollcall/providers"
	"rollcall/providers/launch"
)

// nodeHealth makes the health checks of nodes that have no agent to make them:
// from here, where the config has it so, and never in a lab.
type nodeHealth struct {
	service dnsview.Service
	now     func() time.Time
	may     func(cloud string) bool

	mu      sync.Mutex
	probers map[string]*probe.Prober // each node has its own: they come and go one by one
}

func (s *session) newNodeHealth(d *dnsview.Service) *nodeHealth {
	return &nodeHealth{service: *d, now: s.app.now, may: s.mayProbe, probers: map[string]*probe.Prober{}}
}

// mayProbe reports whether the nodes of a cloud are contacted from here.
func (s *session) mayProbe(cloud string) bool {
	c, ok := s.cloud(cloud)
	return ok && s.config.Probe && !c.inLab()
}

// check looks at a node when its interval is over, and says how it is.
func (h *nodeHealth) check(ctx context.Context, n launch.Node) probe.Result {
	key := n.Cloud + "/" + n.Instance.ID
	h.mu.Lock()
	p, ok := h.probers[key]
	if !ok {
		p = probe.New(probe.Options{On: h.may(n.Cloud), Now: h.now})
		h.probers[key] = p
	}
	h.mu.Unlock()
	t := probe.Target{Service: h.service.Name, Instance: n.Instance.Ref(), Addr: reached(n.Instance.PublicIPs), Health: h.service.Health}
	if t.Health.Port == 0 {
		t.Health.Port = h.service.Port
	}
	return p.Check(ctx, []probe.Target{t})[0]
}

// reached is the address that clients of a new node are sent to.
func reached(public []netip.Addr) netip.Addr {
	for _, a := range public {
		if a.Is4() {
			return a
		}
	}
	if len(public) > 0 {
		return public[0]
	}
	return netip.Addr{}
}

// watch adds what the health check says to what the console log tells.
func (h *nodeHealth) watch(boot func(context.Context, launch.Node) (launch.BootState, error)) func(context.Context, launch.Node) (launch.BootState, error) {
	return func(ctx context.Context, n launch.Node) (launch.BootState, error) {
		state, err := boot(ctx, n)
		switch r := h.check(ctx, n); r.State {
		case probe.Unchecked:
			return state, err
		case probe.Well:
			return launch.BootState{Stage: launch.StageHealthy}, nil
		default:
			state.Message = "the health check made from here: " + r.Reason
			return state, nil
		}
	}
}

// register lets a node into DNS once its health check has passed. A node that
// cannot be checked from here is not kept waiting.
func (h *nodeHealth) register(do func(context.Context, launch.Node) error) func(context.Context, launch.Node) error {
	return func(ctx context.Context, n launch.Node) error {
		if r := h.check(ctx, n); r.State != probe.Well && r.State != probe.Unchecked {
			return providers.Errorf(providers.KindUnreachable, "register",
				"it waits for the health check made from here: %s; with probe: false in the config nodes are registered unseen", r.Reason)
		}
		return do(ctx, n)
	}
}
