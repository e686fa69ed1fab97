package launcher

import (
	"cmp"
	"context"
	"net/netip"
	"sync"

	"rollcall/dnsview/index"
	"rollcall/dnsview/probe"
	"rollcall/providers"
	"rollcall/providers/launch"
)

// nodeHealth makes the health checks of nodes without an agent: from here, if the config allows it, and never in the
// embedded clouds.
type nodeHealth struct {
	service  index.Service
	address  func(*providers.Instance) netip.Addr // that clients of the service are sent to
	clock    providers.Clock
	mayProbe func(cloud string) bool

	mu        sync.Mutex
	probers   map[string]*probe.Prober // one per node, since nodes come and go
	unchecked map[string]string        // remarks about nodes that were registered unchecked

	boot func(context.Context, launch.Node) (launch.BootState, error) // returns the state by the console log
}

func (s *Launcher) newNodeHealth(d *index.Service) *nodeHealth {
	h := &nodeHealth{service: *d, clock: s.Program.Clock, mayProbe: s.mayProbe, probers: map[string]*probe.Prober{}, unchecked: map[string]string{}}
	h.address = func(i *providers.Instance) netip.Addr { return index.WantedAddress(&h.service, s.zoneState(d.Zone), i) }
	return h
}

// zoneState returns what is known of a zone now, or nil.
func (s *Launcher) zoneState(name string) *index.ZoneState {
	if s.Fleet == nil {
		return nil
	}
	zones := s.Fleet.Snapshot().Zones
	for i := range zones {
		if providers.SameName(zones[i].Zone.Name, name) {
			return &index.ZoneState{View: &zones[i]}
		}
	}
	return nil
}

// mayProbe reports whether nodes of a cloud may be contacted from here.
func (s *Launcher) mayProbe(cloud string) bool {
	c, ok := s.Cloud(cloud)
	return ok && s.Config.Probe && !c.IsLocal()
}

// check checks a node if its interval has passed, and returns its health.
func (h *nodeHealth) check(ctx context.Context, n launch.Node) probe.Result {
	key := n.Cloud + "/" + n.Instance.ID
	h.mu.Lock()
	p, ok := h.probers[key]
	if !ok {
		p = probe.New(probe.Options{On: h.mayProbe(n.Cloud), Clock: h.clock})
		h.probers[key] = p
	}
	h.mu.Unlock()
	t := probe.Target{Service: h.service.Name, Instance: n.Instance.Ref(), Addr: h.address(&n.Instance), Health: h.service.Health}
	t.Health.Port = cmp.Or(t.Health.Port, h.service.Port)
	return p.Check(ctx, []probe.Target{t})[0]
}

// watch returns boot with the result of the health check added.
func (h *nodeHealth) watch(boot func(context.Context, launch.Node) (launch.BootState, error)) func(context.Context, launch.Node) (launch.BootState, error) {
	h.boot = boot
	return func(ctx context.Context, n launch.Node) (launch.BootState, error) {
		state, err := boot(ctx, n)
		switch r := h.check(ctx, n); r.State {
		case probe.Unchecked:
			return state, err
		case probe.Healthy:
			return launch.BootState{Stage: launch.StageHealthy}, nil
		default:
			state.Message = "the health check made from here: " + r.Reason
			return state, nil
		}
	}
}

// register returns do for nodes whose health check has passed. For a node that may not be checked from here it waits
// for the console log, if its cloud has one.
func (h *nodeHealth) register(do func(context.Context, launch.Node) error) func(context.Context, launch.Node) error {
	return func(ctx context.Context, n launch.Node) error {
		r := h.check(ctx, n)
		switch r.State {
		case probe.Healthy:
			return do(ctx, n)
		case probe.Unchecked:
		default:
			return providers.Errorf(providers.KindUnreachable, "register",
				"it waits for the health check made from here: %s; with probe: false in the config nodes are registered unseen", r.Reason)
		}
		seen, err := h.booted(ctx, n)
		if err != nil {
			return err
		}
		if err := do(ctx, n); err != nil {
			return err
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.unchecked[n.Cloud+"/"+n.Instance.ID] = "it was not checked from here (" + r.Reason + "): " + seen
		return nil
	}
}

// booted returns what is known of a node that may not be checked from here. It returns a temporary error until the
// console log shows that the boot has finished. Without a readable console log it returns "".
func (h *nodeHealth) booted(ctx context.Context, n launch.Node) (seen string, err error) {
	if h.boot == nil {
		return "its cloud says that it runs, and no more", nil
	}
	state, err := h.boot(ctx, n)
	switch k := providers.KindOf(err); {
	case k == providers.KindInvalid:
		return "its cloud has no console log, and says that it runs", nil
	case k == providers.KindAuth:
		return "its console log may not be read: " + err.Error(), nil
	case err != nil:
		return "", providers.Errorf(providers.KindUnreachable, "register", "it waits for its console log, which cannot be read: %v", err)
	case state.Failed:
		return "", providers.Errorf(providers.KindInvalid, "register", "its console log says that its boot script failed; look at it, and register the node once it is well")
	case state.Stage == launch.StageHealthy:
		return "its console log says that it is healthy", nil
	case state.Ended:
		return "its console log says that its boot script is through", nil
	}
	return "", providers.Errorf(providers.KindUnreachable, "register", "it may not be checked from here, and waits for its console log to say that its boot script is through")
}

// note returns a remark about a registered node, or "" if it was checked.
func (h *nodeHealth) note(n launch.Node) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.unchecked[n.Cloud+"/"+n.Instance.ID]
}
