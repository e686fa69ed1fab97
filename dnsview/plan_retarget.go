package dnsview

import (
	"net/netip"
	"slices"
	"strconv"

	"rollcall/providers"
)

// PlanUpdate plans to give moved entries the address that their instance has now.
func PlanUpdate(v *View, records ...providers.Identity) Plan {
	b := newBuilder(v, VerbUpdate)
	if !b.fleet() {
		return b.end("")
	}
	b.eachOurs(records, func(r *providers.Record, o providers.Owner) {
		i := v.Instance(o.Cloud, o.Instance)
		if i == nil || i.State != providers.StateRunning {
			b.skip(r.Label() + ": its owner does not run, so there is no address to move it to")
			return
		}
		b.moveTo(r, o, i, Moved)
	})
	return b.end("Update " + plural(len(b.plan.Steps), "entry", "entries"))
}

// moveTo plans to point a record at an address of an instance, and to make that its owner.
func (b *builder) moveTo(r *providers.Record, o providers.Owner, i *providers.Instance, why Class) {
	old, isAddr := r.Addr()
	if !isAddr {
		b.skip(r.Label() + " is no address record")
		return
	}
	to, ok := b.goal(r, i)
	if !ok {
		return
	}
	after := *r
	if to != old { // an address that stays keeps its spelling
		after.Value = to.String()
	}
	o.Quiesced = o.Quiesced && o.Instance == i.ID && o.Cloud == b.v.index.keyOf(i) // it is taken out for its own node alone
	o.Cloud, o.Instance = b.v.index.keyOf(i), i.ID
	after, err := after.WithOwner(b.provider(after.Zone), o)
	if err != nil {
		b.skip(r.Label() + ": " + Clean(err.Error()))
		return
	}
	if after.Equal(r) {
		b.skip(r.Label() + " is right as it is: its owner has the address")
		return
	}
	ref := b.v.index.ref(i)
	sentence := "Change " + r.Label() + " to " + to.String() + ", the address of " + label(i)
	if to == old {
		sentence = "Make " + label(i) + " the owner of " + r.Label()
	}
	b.change(providers.Change{Op: providers.OpUpdate, Before: *r, After: after}, sentence, why, &ref)
}

// goal chooses the address of an instance that a record shall have, and says why there is none.
func (b *builder) goal(r *providers.Record, i *providers.Instance) (netip.Addr, bool) {
	old, _ := r.Addr()
	to, ok := b.v.index.addressOwed(r, i)
	if !ok {
		b.skip(r.Label() + ": " + label(i) + " has no address of that kind")
		return to, false
	}
	if there := b.holds(r, to); to != old && there != nil {
		what := "; quiesce it"
		if b.v.goesAsDead(r) != nil {
			what = "; deregister it"
		}
		if !marked(there) {
			what = ", " + b.v.index.adoptOr(there, "without a marker: adopt that first")
		}
		b.skip(r.Label() + ": the name has " + to.String() + " already" + what)
		return to, false
	}
	return to, true
}

// addressOwed chooses the address of an instance that an address record shall have: its own if it has it, and
// one that clients reach in a public zone.
func (x *index) addressOwed(r *providers.Record, i *providers.Instance) (netip.Addr, bool) {
	old, _ := r.Addr()
	if z := x.zoneName[r.Zone]; unreachable(old) && z != nil && !z.view.Zone.Private {
		return publicFor(i, r.Family())
	}
	if i.HasAddress(old) {
		return old, true
	}
	return addressFor(i, r.Family())
}

// holds returns the record by which the name and type of another have an address already, or nil.
func (b *builder) holds(r *providers.Record, a netip.Addr) *providers.Record {
	for _, s := range b.at(b.v.index.zoneName[r.Zone], r.Name, r.Type) {
		if h, ok := s.Addr(); ok && h == a {
			return s
		}
	}
	return nil
}

// PlanRetarget plans to give entries whose address belongs to someone else now
// a value and an owner that agree again. It deletes only what its owner has left, where the name has the
// address that the owner has now.
func PlanRetarget(v *View, records ...providers.Identity) Plan {
	b := newBuilder(v, VerbRetarget)
	if !b.fleet() {
		return b.end("")
	}
	b.eachOurs(records, func(r *providers.Record, o providers.Owner) {
		i := v.Instance(o.Cloud, o.Instance)
		running := i != nil && i.State == providers.StateRunning
		a, isAddr := r.Addr()
		h, held := v.index.holders[a]
		switch {
		case running && (v.index.holds(i, a) || v.index.freeAddress(r, o, i)):
			b.moveTo(r, o, i, Reused)
		case !isAddr && (i == nil || !running) && v.index.heirOf(r) != nil && b.isReused(r):
			o.Registered = b.now(r.Zone)
			b.giveTo(r, o, v.index.heirOf(r))
		case !isAddr:
			b.retargetHosts(r)
		case held && !v.index.noNodeOf(h, r):
			o.Registered = b.now(r.Zone)
			b.moveTo(r, o, h.inst, Reused)
		case running && b.leftBehind(r, o, i, Reused):
		default:
			b.skip(r.Label() + ": " + b.whyNotRetarget(r, h))
		}
	})
	return b.end("Retarget " + plural(len(b.plan.Steps), "entry", "entries"))
}

func (b *builder) isReused(r *providers.Record) bool {
	f := b.v.telling(r)
	return f != nil && f.Class == Reused
}

// giveTo plans to make an instance the owner of a record whose value stays.
func (b *builder) giveTo(r *providers.Record, o providers.Owner, i *providers.Instance) {
	o.Quiesced = false
	o.Cloud, o.Instance = b.v.index.keyOf(i), i.ID
	after, err := r.WithOwner(b.provider(r.Zone), o)
	if err != nil {
		b.skip(r.Label() + ": " + Clean(err.Error()))
		return
	}
	ref := b.v.index.ref(i)
	b.change(providers.Change{Op: providers.OpUpdate, Before: *r, After: after}, "Make "+label(i)+" the owner of "+r.Label(), Reused, &ref)
}

// whyNotRetarget says why there is no one to whom an entry can be given, and what can be done instead.
func (b *builder) whyNotRetarget(r *providers.Record, h holder) string {
	instead := "quiesce it, or retarget it to a node by name"
	if b.v.goesAsDead(r) != nil {
		instead = "deregister it, or retarget it to a node by name"
	}
	addr, _ := r.Addr()
	prefix, allowed := b.v.index.allowed(addr)
	switch {
	case h.inst == nil && h.addr == nil && allowed:
		return "its address is on the allow-list (" + prefix.String() + "): take it off there if the entry is to go"
	case h.inst == nil && h.addr == nil:
		return "none of our instances has its address: " + instead
	case h.inst == nil:
		return "its address belongs to none of our instances, but to " + addressLabel(h.addr) + ": " + instead
	case h.inst.State != providers.StateRunning:
		return label(h.inst) + ", which has the address, does not run: " + instead
	}
	return label(h.inst) + ", which has the address, is no node of " + Clean(b.v.ServiceOf(r)) + ": " + instead
}

// retargetHosts says what can be done about a value that leads to a host name, whose address is what has an owner.
func (b *builder) retargetHosts(r *providers.Record) {
	hosts, _ := b.v.index.addressesOf(r)
	if slices.ContainsFunc(hosts, func(h *providers.Record) bool {
		f := b.v.telling(h)
		a, _ := h.Addr()
		return f != nil && f.Class == Reused && !b.v.index.noNodeOf(b.v.index.holders[a], h)
	}) {
		b.skip(r.Label() + ": retarget its host name first")
		return
	}
	if f := b.v.telling(r); f != nil {
		b.skip(f.Reason)
		return
	}
	b.skip(r.Label() + " leads to its host name, and there is nothing to retarget")
}

// PlanRetargetTo plans to point one entry at an address of the instance given, and to make that its owner.
func PlanRetargetTo(v *View, record providers.Identity, to providers.InstanceRef) Plan {
	b := newBuilder(v, VerbRetarget)
	if !b.fleet() {
		return b.end("")
	}
	r, i := b.record(record), b.instance(to)
	if r == nil || i == nil {
		return b.end("")
	}
	o, ok := b.ours(r)
	switch {
	case !ok:
	case i.State != providers.StateRunning:
		b.skip(label(i) + " does not run")
	default:
		o.Registered = b.now(r.Zone)
		b.moveTo(r, o, i, Reused)
	}
	return b.end("")
}

// PlanAdopt plans to write owner markers for records that hold our addresses and have none.
func PlanAdopt(v *View, records ...providers.Identity) Plan {
	b := newBuilder(v, VerbAdopt)
	if !b.fleet() {
		return b.end("")
	}
	for _, id := range once(records) {
		r := b.record(id)
		if r == nil {
			continue
		}
		i := v.InstanceOf(r)
		switch {
		case marked(r):
			b.skip(r.Label() + " has a marker already")
		case r.Alias:
			b.skip(r.Label() + " is an alias, which is read-only")
		case v.ControllerOf(r) != "":
			b.skip(r.Label() + " is not adopted: it " + v.index.adoptOr(r, ""))
		case i == nil:
			b.skip(r.Label() + ": none of our instances has its address")
		case i.State != providers.StateRunning:
			b.skip(r.Label() + ": " + label(i) + " does not run")
		default:
			after, err := r.WithOwner(b.provider(r.Zone), providers.Owner{Fleet: v.Options.Fleet, Cloud: v.index.keyOf(i), Instance: i.ID, Registered: b.now(r.Zone)})
			if err != nil {
				b.skip(r.Label() + ": " + Clean(err.Error()))
				continue
			}
			s := "Mark " + r.Label() + " as owned by " + label(i)
			if b.provider(r.Zone) == providers.Cloudflare && r.Comment != "" {
				s += ", in place of its comment " + strconv.Quote(Clean(r.Comment))
			}
			ref := v.index.ref(i)
			b.change(providers.Change{Op: providers.OpUpdate, Before: *r, After: after}, s, Unmarked, &ref)
		}
	}
	return b.end("Adopt " + plural(len(b.plan.Steps), "record", "records"))
}
