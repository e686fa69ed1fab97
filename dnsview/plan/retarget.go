package plan

import (
	"net/netip"
	"slices"
	"strconv"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Update plans to set moved entries to the current address of their instance.
func Update(v *dnsview.View, records ...providers.Identity) Plan {
	b := newBuilder(v, index.VerbUpdate)
	if !b.hasFleet() {
		return b.end("")
	}
	b.eachOurs(records, func(r *providers.Record, o providers.Owner) {
		i := v.Instance(o.Cloud, o.Instance)
		if i == nil || i.State != providers.StateRunning {
			b.skip(r.Label() + ": its owner does not run, so there is no address to move it to")
			return
		}
		b.moveTo(r, o, i, dnsview.Moved)
	})
	return b.end("Update " + index.Plural(len(b.plan.Steps), "entry", "entries"))
}

// moveTo plans to set a record to an address of an instance, which becomes its owner.
func (b *builder) moveTo(r *providers.Record, o providers.Owner, i *providers.Instance, why dnsview.Class) {
	old, isAddr := r.Addr()
	if !isAddr {
		b.skip(r.Label() + " is no address record")
		return
	}
	to, ok := b.addressFor(r, i)
	if !ok {
		return
	}
	after := *r
	if to != old { // an address that stays keeps its spelling
		after.Value = to.String()
	}
	o.Quiesced = o.Quiesced && o.Instance == i.ID && o.Cloud == b.v.Index.KeyOf(i) // it is taken out for its own node alone
	o.Cloud, o.Instance = b.v.Index.KeyOf(i), i.ID
	after, err := after.WithOwner(b.v.Index.Traits(after.Zone).Markers, o)
	if err != nil {
		b.skip(r.Label() + ": " + index.Clean(err.Error()))
		return
	}
	if after.Equal(r) {
		b.skip(r.Label() + " is right as it is: its owner has the address")
		return
	}
	ref := b.v.Index.Ref(i)
	sentence := "Change " + r.Label() + " to " + to.String() + ", the address of " + index.Label(i)
	if to == old {
		sentence = "Make " + index.Label(i) + " the owner of " + r.Label()
	}
	b.change(providers.Change{Op: providers.OpUpdate, Before: *r, After: after}, sentence, why, &ref)
}

// addressFor returns the address of an instance that a record should have. If there is none, the record is skipped with
// the reason.
func (b *builder) addressFor(r *providers.Record, i *providers.Instance) (netip.Addr, bool) {
	old, _ := r.Addr()
	to, ok := b.v.Index.AddressFor(r, i)
	if !ok {
		b.skip(r.Label() + ": " + index.Label(i) + " has no address of that kind")
		return to, false
	}
	if there := b.recordWithAddress(r, to); to != old && there != nil {
		what := "; quiesce it"
		if b.v.FindingForDelete(r) != nil {
			what = "; deregister it"
		}
		if !index.Marked(there) {
			what = ", " + b.v.Index.AdoptOr(there, "without a marker: adopt that first")
		}
		b.skip(r.Label() + ": the name has " + to.String() + " already" + what)
		return to, false
	}
	return to, true
}

// recordWithAddress returns the record of r's name and type that has an address, or nil.
func (b *builder) recordWithAddress(r *providers.Record, a netip.Addr) *providers.Record {
	for _, s := range b.recordsAt(b.v.Index.ZonesByName[r.Zone], r.Name, r.Type) {
		if h, ok := s.Addr(); ok && h == a {
			return s
		}
	}
	return nil
}

// Retarget plans to correct entries whose address belongs to another instance now, so that value and owner agree again.
// An entry is deleted only if its owner no longer has the address and the name has the owner's current one.
func Retarget(v *dnsview.View, records ...providers.Identity) Plan {
	b := newBuilder(v, index.VerbRetarget)
	if !b.hasFleet() {
		return b.end("")
	}
	b.eachOurs(records, func(r *providers.Record, o providers.Owner) {
		i := v.Instance(o.Cloud, o.Instance)
		running := i != nil && i.State == providers.StateRunning
		a, isAddr := r.Addr()
		h, held := v.Index.HolderOf(a)
		switch {
		case running && (v.Index.Holds(i, a) || v.Index.FreeAddress(r, o, i)):
			b.moveTo(r, o, i, dnsview.Reused)
		case !isAddr && (i == nil || !running) && v.Index.NewHolder(r) != nil && b.isReused(r):
			o.Registered = b.now(r.Zone)
			b.changeOwner(r, o, v.Index.NewHolder(r))
		case !isAddr:
			b.retargetHosts(r)
		case held && !v.Index.HeldByNoNode(h, r):
			o.Registered = b.now(r.Zone)
			b.moveTo(r, o, h.Instance, dnsview.Reused)
		case running && b.deleteFormerAddress(r, o, i, dnsview.Reused):
		default:
			b.skip(r.Label() + ": " + b.whyNotRetarget(r, h))
		}
	})
	return b.end("Retarget " + index.Plural(len(b.plan.Steps), "entry", "entries"))
}

func (b *builder) isReused(r *providers.Record) bool {
	f := b.v.LivenessFinding(r)
	return f != nil && f.Class == dnsview.Reused && f.Certain()
}

// changeOwner plans to make an instance the owner of a record and to keep its value.
func (b *builder) changeOwner(r *providers.Record, o providers.Owner, i *providers.Instance) {
	o.Quiesced = false
	o.Cloud, o.Instance = b.v.Index.KeyOf(i), i.ID
	after, err := r.WithOwner(b.v.Index.Traits(r.Zone).Markers, o)
	if err != nil {
		b.skip(r.Label() + ": " + index.Clean(err.Error()))
		return
	}
	ref := b.v.Index.Ref(i)
	b.change(providers.Change{Op: providers.OpUpdate, Before: *r, After: after}, "Make "+index.Label(i)+" the owner of "+r.Label(), dnsview.Reused, &ref)
}

// whyNotRetarget returns why no instance can become the owner of an entry, and what to do instead.
func (b *builder) whyNotRetarget(r *providers.Record, h index.Holder) string {
	instead := "quiesce it, or retarget it to a node by name"
	if b.v.FindingForDelete(r) != nil {
		instead = "deregister it, or retarget it to a node by name"
	}
	addr, _ := r.Addr()
	prefix, allowed := b.v.Index.Allowed(addr)
	switch {
	case h.Instance == nil && h.Address == nil && allowed:
		return "its address is on the allow-list (" + prefix.String() + "): take it off there if the entry is to go"
	case h.Instance == nil && h.Address == nil:
		return "none of our instances has its address: " + instead
	case h.Instance == nil:
		return "its address belongs to none of our instances, but to " + index.AddressLabel(h.Address) + ": " + instead
	case h.Instance.State != providers.StateRunning:
		return index.Label(h.Instance) + ", which has the address, does not run: " + instead
	}
	return index.Label(h.Instance) + ", which has the address, is no node of " + index.Clean(b.v.ServiceOf(r)) + ": " + instead
}

// retargetHosts skips a value that leads to a host name, with what to do about it. The owner of the host name's address
// decides.
func (b *builder) retargetHosts(r *providers.Record) {
	hosts, _ := b.v.Index.AddressesOf(r)
	if slices.ContainsFunc(hosts, func(h *providers.Record) bool {
		f := b.v.LivenessFinding(h)
		a, _ := h.Addr()
		holder, _ := b.v.Index.HolderOf(a)
		return f != nil && f.Class == dnsview.Reused && !b.v.Index.HeldByNoNode(holder, h)
	}) {
		b.skip(r.Label() + ": retarget its host name first")
		return
	}
	if f := b.v.LivenessFinding(r); f != nil {
		b.skip(f.Reason)
		return
	}
	b.skip(r.Label() + " leads to its host name, and there is nothing to retarget")
}

// RetargetTo plans to set one entry to an address of an instance, which becomes its owner.
func RetargetTo(v *dnsview.View, record providers.Identity, to providers.InstanceRef) Plan {
	b := newBuilder(v, index.VerbRetarget)
	if !b.hasFleet() {
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
		b.skip(index.Label(i) + " does not run")
	default:
		o.Registered = b.now(r.Zone)
		b.moveTo(r, o, i, dnsview.Reused)
	}
	return b.end("")
}

// Adopt plans to write owner markers for unmarked records with our addresses.
func Adopt(v *dnsview.View, records ...providers.Identity) Plan {
	b := newBuilder(v, index.VerbAdopt)
	if !b.hasFleet() {
		return b.end("")
	}
	for _, id := range unique(records) {
		r := b.record(id)
		if r == nil {
			continue
		}
		i := v.InstanceOf(r)
		switch {
		case index.Marked(r):
			b.skip(r.Label() + " has a marker already")
		case r.Alias:
			b.skip(r.Label() + " is an alias, which is read-only")
		case v.ControllerOf(r) != "":
			b.skip(r.Label() + " is not adopted: it " + v.Index.AdoptOr(r, ""))
		case i == nil:
			b.skip(r.Label() + ": none of our instances has its address")
		case i.State != providers.StateRunning:
			b.skip(r.Label() + ": " + index.Label(i) + " does not run")
		default:
			after, err := r.WithOwner(b.v.Index.Traits(r.Zone).Markers, providers.Owner{Fleet: v.Options.Fleet, Cloud: v.Index.KeyOf(i), Instance: i.ID, Registered: b.now(r.Zone)})
			if err != nil {
				b.skip(r.Label() + ": " + index.Clean(err.Error()))
				continue
			}
			s := "Mark " + r.Label() + " as owned by " + index.Label(i)
			if b.v.Index.Traits(r.Zone).Markers == providers.MarkerInComment && r.Comment != "" {
				s += ", in place of its comment " + strconv.Quote(index.Clean(r.Comment))
			}
			ref := v.Index.Ref(i)
			b.change(providers.Change{Op: providers.OpUpdate, Before: *r, After: after}, s, dnsview.Unmarked, &ref)
		}
	}
	return b.end("Adopt " + index.Plural(len(b.plan.Steps), "record", "records"))
}
