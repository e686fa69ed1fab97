package plan

import (
	"slices"
	"strconv"
	"strings"

	"rollcall/dnsview"
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// ForFindings plans the remedies of findings. Findings whose remedy differs from that of the first are skipped.
func ForFindings(v *dnsview.View, findings ...*dnsview.Finding) Plan {
	var remedy dnsview.Remedy
	var skipped []string
	var ids []providers.Identity
	var some []*dnsview.Finding
	for _, f := range findings {
		switch {
		case f.Remedy == dnsview.NoRemedy:
			skipped = append(skipped, f.Reason)
			continue
		case remedy == dnsview.NoRemedy:
			remedy = f.Remedy
		case remedy != f.Remedy:
			skipped = append(skipped, "another remedy ("+string(f.Remedy)+") is for: "+f.Reason)
			continue
		}
		some = append(some, f)
		if f.Record != nil {
			ids = append(ids, f.Record.Identity())
		}
	}
	var p Plan
	switch remedy {
	case dnsview.RemedyDelete:
		p = Deregister(v, ids...)
	case dnsview.RemedyQuiesce:
		p = planQuiesce(v, some)
	case dnsview.RemedyUpdate:
		p = planUpdate(v, some)
	case dnsview.RemedyReplace:
		p = planReplace(v, ids)
	case dnsview.RemedyDedupe:
		p = planDedupe(v, some)
	case dnsview.RemedyRetarget:
		p = Retarget(v, ids...)
	case dnsview.RemedyAdopt:
		p = Adopt(v, ids...)
	case dnsview.RemedyReturn:
		var refs []providers.InstanceRef
		for _, f := range some {
			if f.Instance != nil && !slices.Contains(refs, *f.Instance) {
				refs = append(refs, *f.Instance)
			}
		}
		p = Return(v, refs...)
	case dnsview.RemedyRegister, dnsview.RemedyComplete:
		p = planComplete(v, some)
	default:
		p = Plan{Title: "Nothing to do"}
	}
	p.Skipped = append(p.Skipped, skipped...)
	return p
}

// planQuiesce plans to quiesce the records of stopped nodes, and all records that lead clients of a service to an
// unhealthy node.
func planQuiesce(v *dnsview.View, findings []*dnsview.Finding) Plan {
	var ids []providers.Identity
	for _, f := range findings {
		if f.Class != dnsview.Unhealthy || f.Instance == nil || f.Record == nil {
			if f.Record != nil {
				ids = append(ids, f.Record.Identity())
			}
			continue
		}
		s := v.Index.ServicesByName[f.Service]
		if s == nil {
			continue
		}
		var rs []*providers.Record
		for _, m := range s.Records {
			if o, ok := m.Record.Owner(); ok && o.Cloud == f.Instance.Key && o.Instance == f.Instance.ID {
				rs = append(rs, m.Record)
			}
		}
		slices.SortFunc(rs, index.CompareRecords)
		for _, r := range rs {
			ids = append(ids, r.Identity())
		}
	}
	return QuiesceRecords(v, ids...)
}

// planUpdate plans to correct records by their nodes and services, with one change for each record.
func planUpdate(v *dnsview.View, findings []*dnsview.Finding) Plan {
	b := newBuilder(v, index.VerbUpdate)
	if !b.hasFleet() {
		return b.end("")
	}
	wrong := map[providers.Identity][]*dnsview.Finding{}
	var order []providers.Identity
	ttls := map[index.SetID]uint32{}
	for _, f := range findings {
		if f.Record == nil {
			continue
		}
		if s := v.Index.ServicesByName[f.Service]; f.Class == dnsview.TTL && s != nil && b.v.Index.Traits(f.Record.Zone).Sets != nil {
			ttls[index.SetOf(f.Record)] = s.TTL
		}
		id := f.Record.Identity()
		if wrong[id] == nil {
			order = append(order, id)
		}
		wrong[id] = append(wrong[id], f)
	}
	for _, id := range order {
		if r := b.record(id); r != nil {
			b.update(r, wrong[id], ttls[index.SetOf(r)])
		}
	}
	return b.end("Update " + index.Plural(len(b.plan.Steps), "entry", "entries"))
}

// update plans one change of a record for all findings about it. ttl is the TTL that another change of the plan sets
// for the record set, or zero.
func (b *builder) update(r *providers.Record, wrong []*dnsview.Finding, ttl uint32) {
	o, ok := b.ours(r)
	if !ok {
		return
	}
	var i *providers.Instance
	if !o.Host() {
		if i = b.v.Instance(o.Cloud, o.Instance); i == nil || i.State != providers.StateRunning {
			b.skip(r.Label() + ": its owner does not run, so it is not changed")
			return
		}
	}
	if i != nil && slices.ContainsFunc(wrong, func(f *dnsview.Finding) bool { return f.Class == dnsview.Moved }) && b.deleteFormerAddress(r, o, i, dnsview.Moved) {
		return
	}
	after := *r
	var why []string
	slices.SortStableFunc(wrong, func(x, y *dnsview.Finding) int { return strings.Compare(string(x.Class), string(y.Class)) })
	for _, f := range wrong {
		s := b.v.Index.ServicesByName[f.Service]
		switch {
		case f.Class == dnsview.Moved && i != nil:
			to, ok := b.addressFor(r, i)
			if !ok {
				continue
			}
			after.Value = to.String()
			why = append(why, "its value to "+to.String()+", the address of "+index.Label(i))
		case s == nil:
			b.skip("service " + index.Clean(f.Service) + " is not declared")
		default:
			if w := b.asDeclared(&after, f.Class, s.Service); w != "" {
				why = append(why, w)
			}
		}
	}
	if after.Equal(r) {
		return
	}
	if ttl > 0 {
		after.TTL = ttl
	}
	after, err := after.WithOwner(b.v.Index.Traits(after.Zone).Markers, o)
	if err != nil {
		b.skip(r.Label() + ": " + index.Clean(err.Error()))
		return
	}
	sentence := "Change " + r.Label() + ": " + strings.Join(why, ", ")
	if len(why) == 1 && wrong[0].Class == dnsview.Moved {
		sentence = "Change " + r.Label() + " to " + after.Value + ", the address of " + index.Label(i)
	}
	ref := wrong[0].Instance
	if i != nil {
		at := b.v.Index.Ref(i)
		ref = &at
	}
	b.change(providers.Change{Op: providers.OpUpdate, Before: *r, After: after}, sentence, wrong[0].Class, ref)
}

// deleteFormerAddress plans to delete an address that its owner no longer has, or has in another scope, if the name has
// the owner's current address already. It reports whether that is so.
func (b *builder) deleteFormerAddress(r *providers.Record, o providers.Owner, i *providers.Instance, reason dnsview.Class) bool {
	to, ok := b.v.Index.Superseded(r, o, i)
	if !ok {
		return false
	}
	ref := b.v.Index.Ref(i)
	b.change(providers.Change{Op: providers.OpDelete, Before: *r}, "Delete "+r.Label()+", which "+index.Label(i)+" has left: the name has "+to.String()+" of it too", reason, &ref)
	return true
}

// asDeclared sets one field of a record to the value that its service declares. It returns the change in words, "" if
// there is none.
func (b *builder) asDeclared(r *providers.Record, c dnsview.Class, s *index.Service) string {
	switch c {
	case dnsview.TTL:
		if r.TTL == s.TTL && !r.AutoTTL || s.TTL == 0 {
			return ""
		}
		r.TTL, r.AutoTTL = s.TTL, false
		whose := "its TTL"
		if b.v.Index.Traits(r.Zone).Sets != nil {
			whose = "the TTL of its record set"
		}
		return whose + " to " + strconv.Itoa(int(s.TTL)) + " s"
	case dnsview.Proxied:
		if s.Proxied == nil || r.Proxied == *s.Proxied {
			return ""
		}
		r.Proxied = *s.Proxied
		if r.Proxied {
			r.TTL, r.AutoTTL = 300, true // a proxied record has no other TTL
			return "to be proxied"
		}
		if s.TTL > 0 {
			r.TTL, r.AutoTTL = s.TTL, false
		}
		return "not to be proxied"
	case dnsview.Weight:
		if r.Type != "SRV" {
			if s.Weight == nil {
				return ""
			}
			r.Weight = int64(*s.Weight)
			return "its weight to " + strconv.Itoa(int(*s.Weight))
		}
		srv, ok := providers.ParseSRV(r.Value)
		if !ok {
			return ""
		}
		if s.Priority != 0 {
			srv.Priority = s.Priority
		}
		if s.Weight != nil {
			srv.Weight = *s.Weight
		}
		r.Value = srv.String()
		return "its priority to " + strconv.Itoa(int(srv.Priority)) + " and its weight to " + strconv.Itoa(int(srv.Weight))
	}
	return ""
}

// planReplace plans to replace addresses that cannot be reached from outside by public ones. If the name has the public
// address already, the other one is deleted.
func planReplace(v *dnsview.View, records []providers.Identity) Plan {
	b := newBuilder(v, index.VerbUpdate)
	if !b.hasFleet() {
		return b.end("")
	}
	b.eachOurs(records, func(r *providers.Record, o providers.Owner) {
		i := v.Instance(o.Cloud, o.Instance)
		_, isAddr := r.Addr()
		if i == nil || i.State != providers.StateRunning || !isAddr {
			b.skip(r.Label() + ": its owner does not run, so there is no address to replace it with")
			return
		}
		to, ok := v.Index.AddressFor(r, i)
		if !ok {
			b.skip(r.Label() + ": " + index.Label(i) + " has no public address of that kind")
			return
		}
		ref := v.Index.Ref(i)
		after := *r
		after.Value = to.String()
		if n := b.planned[after.Identity()]; n > 0 || b.recordWithAddress(r, to) != nil {
			b.change(providers.Change{Op: providers.OpDelete, Before: *r}, "Delete "+r.Label()+", which cannot be reached from outside: the name has "+to.String()+" of "+index.Label(i)+" too", dnsview.Private, &ref)
			return
		}
		after, err := after.WithOwner(b.v.Index.Traits(after.Zone).Markers, o)
		if err != nil {
			b.skip(r.Label() + ": " + index.Clean(err.Error()))
			return
		}
		b.planned[after.Identity()] = b.change(providers.Change{Op: providers.OpUpdate, Before: *r, After: after}, "Change "+r.Label()+" to "+to.String()+", the public address of "+index.Label(i), dnsview.Private, &ref)
	})
	return b.end("Replace " + index.Plural(len(b.plan.Steps), "address", "addresses"))
}

// planDedupe plans to delete the younger of equal records.
func planDedupe(v *dnsview.View, findings []*dnsview.Finding) Plan {
	b := newBuilder(v, index.VerbUpdate)
	if !b.hasFleet() {
		return b.end("")
	}
	for _, f := range findings {
		r := b.record(f.Record.Identity())
		if r == nil {
			continue
		}
		if _, twice := b.planned[r.Identity()]; twice {
			continue
		}
		o, ok := index.RegisteredOwner(r)
		if !ok || o.Fleet != v.Options.Fleet {
			b.skip(r.Label() + " is not clearly ours")
			continue
		}
		ref := providers.InstanceRef{Cloud: v.Index.CloudLabel(o.Cloud), Key: o.Cloud, ID: o.Instance}
		if i := v.Instance(o.Cloud, o.Instance); i != nil {
			ref = v.Index.Ref(i)
		}
		b.planned[r.Identity()] = b.change(providers.Change{Op: providers.OpDelete, Before: *r}, "Delete "+r.Label()+" ("+index.RecordID(r)+"), which is there twice: the older one stays", dnsview.Duplicate, &ref)
	}
	return b.end("Remove " + index.Plural(len(b.plan.Steps), "duplicate", "duplicates"))
}

// planComplete plans the missing records that findings name.
func planComplete(v *dnsview.View, findings []*dnsview.Finding) Plan {
	b := newBuilder(v, index.VerbRegister)
	if !b.hasFleet() {
		return b.end("")
	}
	for _, f := range findings {
		switch f.Class {
		case dnsview.SRVNoAddress:
			b.restoreAddress(f)
			continue
		case dnsview.SRVNoPTR, dnsview.SRVNoTXT, dnsview.TypeNotListed:
			b.completeChain(f)
			continue
		}
		s := v.Index.ServicesByName[f.Service]
		if s == nil {
			b.skip("service " + index.Clean(f.Service) + " is not declared")
			continue
		}
		if f.Instance == nil {
			b.incarnation(s)
			continue
		}
		if i := b.instance(*f.Instance); i != nil {
			b.register(s, i)
		}
	}
	return b.end("Register " + index.Plural(len(findings), "node", "nodes"))
}

// restoreAddress plans the addresses of the target of an SRV record of ours.
func (b *builder) restoreAddress(f *dnsview.Finding) {
	r := b.record(f.Record.Identity())
	if r == nil {
		return
	}
	o, ok := b.ours(r)
	if !ok {
		return
	}
	i := b.v.Instance(o.Cloud, o.Instance)
	if i == nil || i.State != providers.StateRunning {
		b.skip(r.Label() + ": its node does not run, so its address cannot be restored")
		return
	}
	srv, ok := providers.ParseSRV(r.Value)
	z := b.v.Index.ZoneOf(srv.Target)
	if !ok || z == nil {
		b.skip(r.Label() + ": the zone of " + index.Clean(srv.Target) + " is not read here")
		return
	}
	s := &index.DeclaredService{Service: &index.Service{TTL: r.TTL}, ReadZone: z}
	if d := b.v.Index.ServicesByName[r.Name]; d != nil {
		s.Service = d.Service
	}
	own := providers.Owner{Fleet: b.v.Options.Fleet, Cloud: o.Cloud, Instance: o.Instance, Registered: b.now(z.Name)}
	for _, set := range NodeSets(srv.Target, "", index.WantedAddresses(nil, s.Service, z, i), providers.SRV{}) {
		b.address(s, &set, i, own)
	}
}

// completeChain plans the record that is missing in the chain of DNS-SD.
func (b *builder) completeChain(f *dnsview.Finding) {
	r := b.record(f.Record.Identity())
	if r == nil {
		return
	}
	var txt dnssd.TXT
	if s := b.v.Index.ServicesByName[f.Service]; s != nil {
		txt = dnssd.FromMap(s.TXT)
	}
	switch f.Class {
	case dnsview.SRVNoPTR:
		b.announce(announcement(f.Zone, r.Name, txt)[1], f.Class)
	case dnsview.SRVNoTXT:
		b.announce(announcement(f.Zone, r.Name, txt)[0], f.Class)
	case dnsview.TypeNotListed:
		b.announce(pointer(f.Zone, dnssd.EnumerationOf(f.Name), f.Name), f.Class)
	}
}
