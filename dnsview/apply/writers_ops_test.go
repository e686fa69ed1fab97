package apply_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/fleet"
)

// operator is a person at one of the consoles.
type operator struct {
	*scene
	n     int // which of the two
	c     *console
	rng   *rand.Rand
	view  *dnsview.View
	at    time.Time
	hosts map[string]intent // hosts that this operator lets join and leave by hand
	runs  []string
}

// look returns a view that is not older than a minute, as a console has it.
func (o *operator) look() *dnsview.View {
	if o.view == nil || o.clk.Now().Sub(o.at) > time.Minute {
		o.at = o.clk.Now()
		o.view = o.c.inspect(o.c.fleet.Refresh(context.Background()))
	}
	return o.view
}

// carry runs a plan, answers what a person is asked, and looks at the zones that were changed.
func (o *operator) carry(p plan.Plan) *apply.Report {
	if len(p.Steps) == 0 {
		return &apply.Report{Plan: p}
	}
	rep := o.c.engine().Run(context.Background(), p, apply.Confirm{SkipWait: quick()}, nil)
	if asks := rep.Asks(); len(asks) > 0 && o.rng.IntN(2) == 0 {
		var typed []string
		for _, a := range asks {
			typed = append(typed, a.Text)
		}
		rep = o.c.engine().Run(context.Background(), p, apply.Confirm{Typed: typed, SkipWait: quick()}, nil)
	}
	o.runs = append(o.runs, rep.Run)
	var zones []string
	for _, s := range p.Steps {
		if s.Change != nil && !slices.Contains(zones, s.Zone) {
			zones = append(zones, s.Zone)
		}
	}
	if len(zones) > 0 && rep.Count(apply.StepDone) > 0 {
		o.view = o.c.inspect(o.c.fleet.Refresh(context.Background(), zones...))
	}
	return rep
}

// mine returns a random running node that this operator has a say about.
func (o *operator) mine() (providers.InstanceRef, bool) {
	all, _ := o.running()
	all = slices.DeleteFunc(all, func(r providers.InstanceRef) bool { return half(r.ID) != o.n })
	if len(all) == 0 {
		return providers.InstanceRef{}, false
	}
	return all[o.rng.IntN(len(all))], true
}

// wish carries out a plan about a node, and notes what became of the wish.
func (o *operator) wish(id string, want intent, p plan.Plan) {
	if len(p.Steps) == 0 {
		return
	}
	since := o.doubt(id)
	rep := o.carry(p)
	if rep.OK() && len(rep.Steps) > 0 {
		o.intend(id, want, since)
	}
}

// work carries out so many operations, chosen by the seed.
func (o *operator) work(many int) {
	for range many {
		o.one(o.rng.IntN(100))
		o.progress.Add(1)
	}
}

func (o *operator) one(dice int) {
	v := o.look()
	switch {
	case dice < 18:
		o.did("deregister --dead")
		o.carry(plan.DeregisterDead(v))
	case dice < 34:
		o.did("register")
		all, _ := o.running()
		if len(all) > 0 {
			o.carry(plan.Register(v, "", all[o.rng.IntN(len(all))], all[o.rng.IntN(len(all))]))
		}
	case dice < 46:
		o.did("quiesce")
		if ref, ok := o.mine(); ok {
			o.wish(ref.ID, wantsOut, plan.Quiesce(v, ref))
		}
	case dice < 58:
		o.did("return")
		var out []providers.InstanceRef
		for _, id := range o.wished(o.n) {
			out = append(out, o.refs(id)...)
		}
		slices.SortFunc(out, func(a, b providers.InstanceRef) int { return compare(a.ID, b.ID) })
		if len(out) > 0 {
			ref := out[o.rng.IntN(len(out))]
			o.wish(ref.ID, wantsIn, plan.Return(v, ref))
		}
	case dice < 63:
		o.did("drain")
		if ref, ok := o.mine(); ok {
			o.drain(v, ref)
		}
	case dice < 69:
		o.did("adopt")
		var ids []providers.Identity
		for i := range v.Findings {
			if f := &v.Findings[i]; f.Class == dnsview.Unmarked && f.Remedy == dnsview.RemedyAdopt {
				ids = append(ids, f.Record.Identity())
			}
		}
		if len(ids) > 0 {
			o.carry(plan.Adopt(v, ids[o.rng.IntN(len(ids))]))
		}
	case dice < 75:
		o.did("undo")
		o.undo()
	case dice < 84:
		o.did("join")
		o.hand(true)
	case dice < 92:
		o.did("leave")
		o.hand(false)
	default:
		o.did("remedy")
		var some []*dnsview.Finding
		for i := range v.Findings {
			if f := &v.Findings[i]; f.Remedy != dnsview.NoRemedy && f.Remedy != dnsview.RemedyAdopt {
				some = append(some, f)
			}
		}
		if len(some) == 0 {
			return
		}
		f := some[o.rng.IntN(len(some))]
		if (f.Remedy == dnsview.RemedyQuiesce || f.Remedy == dnsview.RemedyReturn) && f.Instance != nil {
			if half(f.Instance.ID) != o.n {
				return // the other one's node
			}
			o.doubt(f.Instance.ID) // what was wished of it before is over
		}
		o.carry(plan.ForFindings(v, f))
	}
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// refs returns the instance with an id, when it runs.
func (o *operator) refs(id string) []providers.InstanceRef {
	all, _ := o.running()
	return slices.DeleteFunc(all, func(r providers.InstanceRef) bool { return r.ID != id })
}

// drain takes a node out of DNS and terminates it.
func (o *operator) drain(v *dnsview.View, ref providers.InstanceRef) {
	p := plan.Drain(v, ref)
	if len(p.Steps) == 0 {
		return
	}
	since := o.doubt(ref.ID)
	o.switched(ref.ID, false) // from here on it may go
	rep := o.carry(p)
	if i, err := o.world().Instance(ref.Cloud, ref.ID); err == nil && i.State == providers.StateRunning {
		o.switched(ref.ID, true)
	}
	if rep.OK() {
		o.intend(ref.ID, wantsOut, since)
	}
}

// undo takes back one of the last runs of this console, but the power of machines.
func (o *operator) undo() {
	if len(o.runs) == 0 {
		return
	}
	last := o.runs[max(0, len(o.runs)-6):]
	p, err := o.c.engine().UndoPlan(last[o.rng.IntN(len(last))])
	if err != nil {
		return
	}
	p.Steps = slices.DeleteFunc(p.Steps, func(s plan.Step) bool { return s.Kind != plan.StepChange })
	var about []string
	for i := range p.Steps {
		c := p.Steps[i].Change
		for _, side := range []providers.Record{c.Before, c.After, c.Record()} {
			for _, w := range side.Owners {
				about = append(about, w.Instance)
			}
			if side.IsMarker() {
				if w, ok := decoded(side.Value); ok {
					about = append(about, w.Instance)
				}
			}
		}
		if id := p.Steps[i].Instance.ID; id != "" {
			about = append(about, id)
		}
	}
	o.unsure(about)
	o.carry(p)
	o.unsure(about) // the other console may have wished something meanwhile
}

// unsure notes that it is not clear any more what is wanted of some nodes and hosts.
func (o *operator) unsure(ids []string) {
	for _, id := range ids {
		if _, ok := o.hosts[id]; ok {
			o.hosts[id] = unclear
		} else {
			o.doubt(id)
		}
	}
}

// partialZone is a zone of which only the names of a change are read, as for a host's own change.
type partialZone struct {
	providers.WritableDNS
	clock providers.Clock
}

func (n partialZone) Records(context.Context, providers.Zone, func([]providers.Record)) providers.Coverage {
	return providers.Coverage{State: providers.CoveragePartial, Expected: -1, Started: n.clock.Now(), Finished: n.clock.Now(), Err: errors.New("only the names of this change are read")}
}

// hostNode is a host that joins by hand: every other one the DNS-SD service, the others a round-robin name at Cloudflare.
func hostNode(id string, k int) (zone string, n plan.Node) {
	n = plan.Node{Host: id[len(providers.HostPrefix):], Port: 4218, Priority: 10, Weight: 10, TTL: 60, Addresses: []netip.Addr{netip.AddrFrom4([4]byte{198, 18, byte(k / 250), byte(k%250 + 1)})}}
	if k%4 < 2 {
		n.Service, _ = dnssd.ParseName(v1)
		return sdZone, n
	}
	n.RoundRobin = "hands." + cfZone
	return cfZone, n
}

// hand lets a host join or leave.
func (o *operator) hand(join bool) {
	k := o.rng.IntN(10)*2 + o.n
	o.handle(fmt.Sprintf("%sh%03d", providers.HostPrefix, k), k, join)
}

func (o *operator) handle(id string, k int, join bool) bool {
	zone, n := hostNode(id, k)
	o.hosts[id] = unclear
	at := slices.IndexFunc(o.c.opts.Zones, func(z apply.ZoneTarget) bool { return z.Zone.Name == zone })
	target := o.c.opts.Zones[at]
	z := plan.Zone{Zone: target.Zone, Fleet: o.c.opts.Fleet, Now: o.clk.Now()}
	var made plan.Planned
	err := z.ReadForLeave(context.Background(), o.c.dns[zone], n)
	if join {
		err = z.ReadForJoin(context.Background(), o.c.dns[zone], n)
	}
	if err != nil {
		return false
	}
	if join {
		made, err = plan.Join(z, n)
	} else {
		made, err = plan.Leave(z, n)
	}
	if err != nil {
		return false
	}
	opts := o.c.opts
	account := partialZone{o.c.dns[zone], o.clk.Clock}
	opts.Clouds, opts.Zones = nil, []apply.ZoneTarget{{Zone: target.Zone, DNS: account}}
	opts.Sources = fleet.New(fleet.Options{Zones: []fleet.ZoneSource{{Name: zone, ZoneChoice: providers.ZoneChoice{ID: target.Zone.ID}, Provider: target.Zone.Provider, Traits: target.Zone.Traits, DNS: account}}, Clock: o.clk.Clock, Timeout: never})
	rep := apply.New(opts).Run(context.Background(), made.Plan, apply.Confirm{}, nil)
	if len(made.Plan.Steps) > 0 {
		o.runs = append(o.runs, rep.Run)
	}
	if !rep.OK() && len(made.Plan.Steps) > 0 {
		return false
	}
	if len(made.Plan.Steps) > 0 || !o.stormy.Load() { // what is there was perhaps not read as it is
		o.hosts[id] = map[bool]intent{true: wantsIn, false: wantsOut}[join]
	}
	return true
}
