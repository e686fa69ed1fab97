package cli

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/sim/world"
	"rollcall/userdata"
)

// simAgent makes the API calls of the simulated nodes' agents in one DNS account, through the same adapters and over
// HTTP.
type simAgent struct {
	dns providers.DNS
}

// node simulates one node: it registers when its machine is up, and deregisters at an orderly shutdown.
func (h *simHost) node(ctx context.Context, ev world.NodeEvent) {
	agent, ok := userdata.FindAgentConfig(ev.Instance.UserData)
	if !ok || agent.Register != userdata.RegisterAgent {
		return
	}
	p, err := h.newAgent(agent.DNS)
	if err == nil {
		err = p.act(ctx, ev, &agent)
	}
	if err != nil && ctx.Err() == nil {
		ev.Log(agentLine("%v", err))
		h.say("rollcall sim: node %s: %s", words.Clean(ev.Instance.Name), words.Clean(err.Error()))
	}
}

// consoleLines returns what the agent of a simulated node prints until it registers. Its service is healthy as soon as
// it is up.
func (h *simHost) consoleLines(i world.Instance) []string {
	agent, ok := userdata.FindAgentConfig(i.UserData)
	if !ok || agent.Register != userdata.RegisterAgent {
		return nil
	}
	need := max(agent.Health.Need, 1)
	return []string{
		agentLine("waiting for the health check: 0 of 1 passed"),
		agentLine("healthy: %d of %d health checks passed", need, need),
	}
}

// agentLine returns a line in the node agent's format.
func agentLine(format string, args ...any) string {
	return "rollcall-node: " + words.Clean(fmt.Sprintf(format, args...))
}

func (h *simHost) newAgent(at providers.Provider) (*simAgent, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p, ok := h.agents[at]; ok {
		return p, nil
	}
	// A node has a budget of its own, since real agents share none with a console.
	acc := app.NewAccounts(&app.Program{Env: h.env}, nil).DNSAccount(at, "", nil)
	if acc.Err != nil {
		return nil, acc.Err
	}
	p := &simAgent{dns: acc.DNS}
	h.agents[at] = p
	return p, nil
}

// backOff waits longer from try to try, with jitter so that two hundred nodes do not return in step.
func backOff(ctx context.Context, try int) error {
	d := min(100*time.Millisecond<<min(try, 6), 4*time.Second)
	return providers.Sleep(ctx, time.Duration(float64(d)*(0.5+rand.Float64())))
}

// nodeTries is the number of tries after which a node stops. The console finds what is left.
const nodeTries = 20

func (p *simAgent) act(ctx context.Context, ev world.NodeEvent, a *userdata.AgentConfig) error {
	var last error
	for try := range nodeTries {
		if try > 0 && backOff(ctx, try-1) != nil || ctx.Err() != nil {
			return nil
		}
		if last = p.actOnce(ctx, ev, a); last == nil {
			return nil
		}
		if k := providers.KindOf(last); k == providers.KindInvalid {
			break
		}
	}
	return last
}

func (p *simAgent) actOnce(ctx context.Context, ev world.NodeEvent, a *userdata.AgentConfig) error {
	zone, err := p.zone(ctx, a)
	if err != nil {
		return err
	}
	owner := providers.Owner{Fleet: a.Fleet, Cloud: ev.Cloud.Key, Instance: ev.Instance.ID, Registered: time.Now().Truncate(time.Second).UTC()}
	if ev.Up {
		out, err := p.keptOut(ctx, zone, a, owner)
		if err != nil {
			return err
		}
		if out {
			ev.Log(agentLine("quiesced by an operator: not registered"))
			return nil
		}
		made, err := p.register(ctx, zone, a, &ev.Instance, owner)
		if err != nil {
			return err
		}
		ev.Log(agentLine("registered %s", made))
		return nil
	}
	gone, err := p.deregister(ctx, zone, a, ev.Instance.Name, owner)
	switch {
	case err != nil:
		return err
	case len(gone) == 0:
		ev.Log(agentLine("nothing of this node is in DNS"))
	default:
		ev.Log(agentLine("deregistered %s", strings.Join(gone, ", ")))
	}
	return nil
}

// keptOut reports whether an operator has quiesced a node, or evacuated its cloud from the zone or the service.
func (p *simAgent) keptOut(ctx context.Context, zone providers.Zone, a *userdata.AgentConfig, owner providers.Owner) (bool, error) {
	cloud := owner
	cloud.Instance = providers.EvacuationName(owner.Cloud)
	for _, at := range []struct {
		name string
		who  providers.Owner
	}{{a.Service, owner}, {a.Service, cloud}, {a.Zone, cloud}} {
		there, err := p.dns.Lookup(ctx, zone, providers.MarkerName(at.who.Instance, at.name), "TXT")
		if err != nil {
			return false, fmt.Errorf("look for markers of %s: %w", at.name, err)
		}
		if slices.ContainsFunc(there, func(r providers.Record) bool {
			o, ok := index.OwnerInMarker(&r)
			return ok && o.Quiesced && o.Same(at.who)
		}) {
			return true, nil
		}
	}
	return false, nil
}

// zone returns the zone that an agent writes to: the one with the given id, else the first public one of the name.
func (p *simAgent) zone(ctx context.Context, a *userdata.AgentConfig) (providers.Zone, error) {
	name := a.Zone
	if a.ZoneID != "" {
		return providers.FindZone(ctx, p.dns, name, providers.ZoneChoice{ID: a.ZoneID}, "")
	}
	var found *providers.Zone
	cov := p.dns.Zones(ctx, func(page []providers.Zone) {
		for i := range page {
			if found == nil && !page[i].Private && providers.SameName(page[i].Name, name) {
				found = &page[i]
			}
		}
	})
	switch {
	case found != nil:
		return *found, nil
	case cov.Err != nil:
		return providers.Zone{}, cov.Err
	}
	return providers.Zone{}, providers.Errorf(providers.KindNotFound, "find the zone", "there is no public zone %s", name)
}

// register creates a node's records in DNS and returns them as the node agent lists them.
func (p *simAgent) register(ctx context.Context, zone providers.Zone, a *userdata.AgentConfig, i *world.Instance, owner providers.Owner) (string, error) {
	all := []netip.Addr{i.Public, i.Public6}
	if a.Private {
		all = []netip.Addr{i.Private}
	}
	host, addresses := "", slices.DeleteFunc(all, func(addr netip.Addr) bool { return !addr.IsValid() || addr.Is6() && !a.IPv6 })
	if a.Kind == "dns-sd" {
		host = hostName(a, i.Name, i.ID)
	}
	var changes []providers.Change
	var made []string
	for _, set := range plan.NodeSets(a.Service, host, addresses, providers.SRV{Priority: a.Priority, Weight: a.Weight, Port: a.Port}) {
		there, err := p.dns.Lookup(ctx, zone, set.Name, set.Type)
		if err != nil {
			return "", fmt.Errorf("look for %s: %w", set.Name, err)
		}
		changes = append(changes, set.Changes(there, providers.Record{Zone: a.Zone, TTL: a.TTL, Proxied: a.Proxied && set.Type != "SRV", Owners: []providers.Owner{owner}})...)
		made = append(made, set.Name+" "+set.Type+" "+set.Values[0])
	}
	return strings.Join(made, ", "), p.apply(ctx, zone, changes)
}

// hostName returns the host name of an agent: its template's pattern with the node's name or id.
func hostName(a *userdata.AgentConfig, node, id string) string {
	host := strings.NewReplacer("{name}", providers.EscapeLabel(strings.ToLower(node)), "{id}", id).Replace(cmp.Or(a.Host, "{name}"))
	if !providers.InZone(host, a.Zone) {
		host += "." + a.Zone
	}
	return providers.CanonicalName(host)
}

func (p *simAgent) deregister(ctx context.Context, zone providers.Zone, a *userdata.AgentConfig, node string, owner providers.Owner) (gone []string, err error) {
	names := []struct{ name, typ string }{{a.Service, "A"}, {a.Service, "AAAA"}}
	if a.Kind == "dns-sd" {
		host := hostName(a, node, owner.Instance)
		names = []struct{ name, typ string }{{a.Service, "SRV"}, {host, "A"}, {host, "AAAA"}}
	}
	for _, n := range names {
		there, err := p.dns.Lookup(ctx, zone, n.name, n.typ)
		if err != nil {
			return gone, fmt.Errorf("look for %s: %w", n.name, err)
		}
		var changes []providers.Change
		for _, r := range there {
			if r.OwnedBy(owner) {
				changes = append(changes, providers.Change{Op: providers.OpDelete, Before: r})
				gone = append(gone, r.Name+" "+r.Type+" "+r.Value)
			}
		}
		if err := p.apply(ctx, zone, changes); err != nil {
			return gone, err
		}
	}
	return gone, nil
}

func (p *simAgent) apply(ctx context.Context, zone providers.Zone, changes []providers.Change) error {
	if len(changes) == 0 {
		return nil
	}
	for _, r := range providers.Apply(ctx, p.dns, zone, changes) {
		if r.Err != nil {
			return r.Err
		}
	}
	return nil
}
