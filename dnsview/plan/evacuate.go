package plan

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/services"
	"rollcall/providers"
)

// Evacuation is a request to take all nodes of one cloud out of DNS.
type Evacuation struct {
	Cloud   providers.CloudKey
	Service string        // only from this service; empty for all
	For     time.Duration // after which a finding reminds of it; 0 for never
	Reason  string        // for the journal; not written to DNS, which is public
}

// Evacuated is what an evacuation concerns.
type Evacuated struct {
	Cloud string             `json:"cloud"`     // name of the cloud
	Key   providers.CloudKey `json:"cloud_key"` // its key
	// Confirm is the one text that answers the guards that a person can answer: the cloud and the number of values that go.
	Confirm string `json:"confirm"`
	// Remains is what remains of each service.
	Remains []services.Remaining `json:"remains"`
}

// clean returns a copy without control characters, nil for nil.
func (e *Evacuated) clean() *Evacuated {
	if e == nil {
		return nil
	}
	out := Evacuated{Cloud: index.Clean(e.Cloud), Key: providers.CloudKey(index.Clean(string(e.Key))), Confirm: index.Clean(e.Confirm), Remains: slices.Clone(e.Remains)}
	for i := range out.Remains {
		r := &out.Remains[i]
		r.Service, r.Clouds = index.Clean(r.Service), slices.Clone(r.Clouds)
		for n := range r.Clouds {
			r.Clouds[n] = index.Clean(r.Clouds[n])
		}
	}
	return &out
}

// Lines returns one clean line for each service about what remains of it; none for nil.
func (e *Evacuated) Lines() (lines []string) {
	if e == nil {
		return nil
	}
	for i := range e.Remains {
		lines = append(lines, e.Remains[i].Text())
	}
	return lines
}

// Evacuates reports whether the plan evacuates a cloud, also by a redo or by the undo of a return.
func (p *Plan) Evacuates() bool { return p.Evacuated != nil || p.again != "" }

// Confirm returns the one text that answers the guards of a plan that evacuates a cloud, and of a replacement the name of its node, or
// their number, which its terminations ask for anyway. It is "" for other plans, whose guards ask for texts of their own.
func (p *Plan) Confirm() string {
	switch {
	case p.Evacuated != nil:
		return p.Evacuated.Confirm
	case p.Verb == index.VerbReplace:
		return NameOrCount(p.Terminated())
	}
	return p.again
}

// confirmText returns the text for a plan that evacuates a cloud: its name and the number of values that go.
func (p *Plan) confirmText(cloud string) string {
	gone := 0
	for i := range p.Steps {
		if c := p.Steps[i].Change; c != nil && c.Op == providers.OpDelete && !c.Before.IsMarker() {
			gone++
		}
	}
	return cloud + " " + strconv.Itoa(gone)
}

// evacuatesAgain returns the name of the cloud that a plan marks as evacuated, or "".
func (p *Plan) evacuatesAgain() string {
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Change == nil || s.Change.Op != providers.OpCreate || !s.Change.After.IsMarker() {
			continue
		}
		if o, ok := index.OwnerInMarker(&s.Change.After); ok && o.Evacuates() {
			if at := slices.IndexFunc(p.Steps, func(s Step) bool { return s.Instance.Key == o.Cloud && s.Instance.Cloud != "" }); at >= 0 {
				return index.Clean(p.Steps[at].Instance.Cloud)
			}
			return index.Clean(string(o.Cloud))
		}
	}
	return ""
}

// Evacuate plans to quiesce all nodes of a cloud, whatever their state, as known by their owner markers. Markers of the
// cloud come first, which keep out nodes that boot meanwhile. Skipped lists what leads to the cloud and is not moved.
func Evacuate(v *dnsview.View, e Evacuation) Plan {
	b := newBuilder(v, index.VerbEvacuate)
	if !b.hasFleet() {
		return b.end("")
	}
	x := v.Index
	cloud := x.CloudLabel(e.Cloud)
	scopes := b.scopes(e.Service)
	switch {
	case e.Service == "":
	case !IsService(x, e.Service):
		b.skip("there is no service " + index.Clean(e.Service) + " in the zones that are read here")
		return b.end("")
	case !b.isOurService(e.Service):
		b.skip(index.Clean(e.Service) + " is left alone: no record of this fleet there")
		b.notMoved(e, cloud)
		return b.end("")
	}
	var records []*providers.Record
	for _, z := range x.Zones {
		name, ok := scopes[z.Name]
		if !ok {
			continue
		}
		if why := x.ZoneRefused(z.Name); why != "" {
			b.skip(why + ", so nothing of " + cloud + " is taken out of it")
			continue
		}
		b.markEvacuated(e, z, name, cloud)
		for i := range z.View.Records {
			r := &z.View.Records[i]
			if b.ofCloud(r, e.Cloud) && b.inScope(r, e.Service) {
				records = append(records, r)
			}
		}
	}
	slices.SortFunc(records, func(a, c *providers.Record) int {
		if d := srvFirst(a, c); d != 0 {
			return d
		}
		return index.CompareRecords(a, c)
	})
	for _, r := range records {
		b.quiesce(r, dnsview.Evacuated)
	}
	b.notMoved(e, cloud)
	what := "Evacuate " + cloud
	if e.Service != "" {
		what += " from " + index.Clean(e.Service)
	}
	if why := index.Clean(strings.TrimSpace(e.Reason)); why != "" {
		what += ": " + why
	}
	p := b.end(what)
	if len(p.Steps) > 0 {
		p.Title = what
	}
	p.Evacuated = &Evacuated{Cloud: cloud, Key: e.Cloud, Confirm: p.confirmText(cloud), Remains: b.remains(e.Cloud, records)}
	return p
}

// scopes returns for each zone in which something is evacuated the name at which that is marked.
func (b *builder) scopes(service string) map[string]string {
	out := map[string]string{}
	if service != "" {
		if z := b.v.Index.ZoneOf(service); z != nil {
			out[z.Name] = providers.CanonicalName(service)
		}
		return out
	}
	for _, z := range b.v.Index.Zones {
		if !b.v.Index.OnlyListed(z.Name) {
			out[z.Name] = z.Name
		}
	}
	return out
}

// IsService reports whether a name is that of a service, declared or in DNS, where agents look for an evacuation.
func IsService(x *index.Index, service string) bool {
	name := providers.CanonicalName(service)
	z := x.ZoneOf(name)
	return z != nil && name != z.Name && (x.ServicesByName[name] != nil || slices.ContainsFunc(z.Named(name), isNodeValue))
}

// isNodeValue reports whether a record is of a type that leads to nodes.
func isNodeValue(r *providers.Record) bool {
	return r.Type == "SRV" || r.Type == "A" || r.Type == "AAAA"
}

// isOurService reports whether this fleet has a record or a marker at the name of a service or below it, or may get one:
// that of a declared service which no other fleet has.
func (b *builder) isOurService(service string) bool {
	x, name := b.v.Index, providers.CanonicalName(service)
	foreign := false
	z := x.ZoneOf(name)
	if z.State != providers.CoverageComplete {
		return true // not known
	}
	for i := range z.View.Records {
		r := &z.View.Records[i]
		if !providers.InZone(r.Name, name) {
			continue
		}
		o, ok := r.Owner()
		if r.IsMarker() {
			o, ok = index.OwnerInMarker(r)
		}
		if ok && o.Fleet == b.v.Options.Fleet {
			return true
		}
		foreign = foreign || ok && isNodeValue(r)
	}
	return x.ServicesByName[name] != nil && !foreign
}

// ofCloud reports whether a record has a marker of this fleet that names a node of the cloud.
func (b *builder) ofCloud(r *providers.Record, key providers.CloudKey) bool {
	return !r.IsMarker() && slices.ContainsFunc(r.Owners, func(o providers.Owner) bool {
		return o.Cloud == key && o.Fleet == b.v.Options.Fleet && !o.Host()
	})
}

// inScope reports whether a record belongs to a service, or to one below it; any does if service is empty.
func (b *builder) inScope(r *providers.Record, service string) bool {
	if service == "" || providers.InZone(r.Name, service) {
		return true
	}
	if r.Type != "A" && r.Type != "AAAA" {
		return false
	}
	leads := false
	for _, s := range b.srvTo(r) {
		if !providers.InZone(s.Name, service) {
			return false // other clients still need the host name
		}
		leads = true
	}
	return leads
}

// markEvacuated plans the markers of an evacuation at a name of a zone: since and until when, and which values were out of
// DNS before it.
func (b *builder) markEvacuated(e Evacuation, z *index.ZoneState, name, cloud string) {
	x := b.v.Index
	now := b.now(z.Name)
	var until time.Time
	if e.For > 0 {
		until = now.Add(e.For)
	}
	ref := providers.InstanceRef{Cloud: cloud, Key: e.Cloud}
	create := func(o providers.Owner, sentence string) {
		r, err := providers.EvacuationRecord(z.Name, name, o)
		if err != nil {
			b.skip(index.Clean(r.Name) + ": " + index.Clean(err.Error()))
			return
		}
		b.change(providers.Change{Op: providers.OpCreate, After: r}, sentence, dnsview.Evacuated, &ref)
	}
	for _, have := range x.EvacuationsOf(e.Cloud) {
		if have.Zone != z || have.Name != name {
			continue
		}
		if e.For > 0 { // repeated with another end
			o, _ := index.OwnerInMarker(have.Record)
			after := *have.Record
			text, err := providers.EvacuationOwner(o.Fleet, o.Cloud, o.Registered, until).Encode()
			if after.Value = providers.FormatTXT([]string{text}); err == nil {
				b.change(providers.Change{Op: providers.OpUpdate, Before: *have.Record, After: after}, "Mark in "+index.Clean(name)+" until when "+cloud+" is evacuated", dnsview.Evacuated, &ref)
			}
		}
		return
	}
	o := providers.EvacuationOwner(b.v.Options.Fleet, e.Cloud, now, until)
	create(o, "Mark "+cloud+" as evacuated in "+index.Clean(name)+", so that its nodes stay out")
	for _, m := range x.QuiescedMarkers {
		if m.Zone == z && m.Owner.Cloud == e.Cloud && !x.QuiescedThere(m) {
			create(o.Before(m.Name, m.Owner.Type, m.Owner.Value), "Note that "+index.ShortID(m.Owner.Instance)+" was out of "+index.Clean(m.Name)+" before")
		}
	}
}

// notMoved lists what still leads to a cloud when its nodes are evacuated: records without a marker of this fleet, and
// aliases of names that have such records.
func (b *builder) notMoved(e Evacuation, cloud string) {
	x := b.v.Index
	in := map[netip.Addr]bool{}                       // addresses in the cloud
	private := map[netip.Addr][]*providers.Instance{} // who has a private address, in the cloud and in others
	for _, z := range x.Zones {
		for i := range z.View.Records {
			if r := &z.View.Records[i]; b.ofCloud(r, e.Cloud) {
				if a, ok := r.Addr(); ok {
					in[a] = true
				}
			}
		}
	}
	for n := range x.Nodes {
		if i := x.Nodes[n].Instance; i != nil && !i.State.Dead() {
			for _, a := range i.PrivateIPs {
				private[a.Unmap()] = append(private[a.Unmap()], i)
			}
		}
	}
	if cv := x.CloudView(e.Cloud); cv != nil {
		for i := range cv.Instances {
			if !cv.Instances[i].State.Dead() {
				for _, a := range cv.Instances[i].PublicIPs {
					in[a.Unmap()] = true
				}
			}
		}
		for i := range cv.Addresses {
			in[cv.Addresses[i].IP.Unmap()] = true
		}
	}
	named := func(name string) bool {
		cv := x.CloudView(e.Cloud)
		return cv != nil && slices.ContainsFunc(cv.Instances, func(i providers.Instance) bool { return !i.State.Dead() && i.NamedBy(name) })
	}
	stays := map[string]bool{} // names that still lead there
	var aliases []*providers.Record
	for _, z := range x.Zones {
		for i := range z.View.Records {
			r := &z.View.Records[i]
			if _, goes := b.planned[r.Identity()]; goes || !b.inScope(r, e.Service) {
				continue
			}
			switch a, ok := r.LeadsTo(); {
			case !ok && (r.Alias || r.Type == "CNAME" && !named(r.Target())):
				aliases = append(aliases, r)
			case ok && in[a] && !b.ofCloud(r, e.Cloud): // of those with a marker it was said why
				stays[r.Name] = true
				why := "is " + index.Whose(r)
				if !index.Marked(r) {
					why = x.AdoptOr(r, "has no owner marker: adopt it first")
				}
				b.list(r.Label() + " leads to " + cloud + " and is not moved: it " + why)
			case ok && in[a]:
				stays[r.Name] = true
			case b.ofCloud(r, e.Cloud):
			case r.Target() != "" && named(r.Target()):
				stays[r.Name] = true
				b.list(r.Label() + " leads to " + cloud + " and is not moved")
			case ok && !index.Marked(r):
				if why := b.byPrivateAddress(r, private[a], e.Cloud); why != "" {
					stays[r.Name] = true
					b.list(why)
				}
			}
		}
	}
	for _, r := range aliases {
		if to := providers.FoldValue("CNAME", r.Value); stays[to] {
			b.list(r.Label() + " is an alias of a name that leads to " + cloud + ", and is not moved")
		} else if cv := x.CloudView(e.Cloud); cv != nil && r.Alias && cv.Cloud.Region != "" && strings.Contains(to, "."+cv.Cloud.Region+".") {
			b.list(r.Label() + " is an alias of what seems to be in " + cloud + ", and is not moved")
		}
	}
}

// byPrivateAddress returns that a record without a marker leads to one of the instances with its private address, which is in
// the cloud; "" if none is. Instances of other clouds may have the same address.
func (b *builder) byPrivateAddress(r *providers.Record, have []*providers.Instance, key providers.CloudKey) string {
	x := b.v.Index
	at := slices.IndexFunc(have, func(i *providers.Instance) bool { return x.KeyOf(i) == key })
	if at < 0 {
		return ""
	}
	why := r.Label() + " is a private address of " + index.Label(have[at])
	if other := slices.IndexFunc(have, func(i *providers.Instance) bool { return x.KeyOf(i) != key }); other >= 0 {
		why += ", and of " + index.Label(have[other])
	}
	return why + ", and is not moved: it has no owner marker"
}

// remains returns what remains of the services of some records without their cloud.
func (b *builder) remains(key providers.CloudKey, records []*providers.Record) []services.Remaining {
	x := b.v.Index
	out := []services.Remaining{}
	seen := map[string]bool{}
	for _, r := range records {
		if _, host := x.Targets[r.Name]; seen[r.Name] || host && x.ServicesByName[r.Name] == nil || b.planned[r.Identity()] == 0 {
			continue
		}
		seen[r.Name] = true
		out = append(out, services.RemainingAt(x, r, key))
	}
	slices.SortFunc(out, func(a, c services.Remaining) int { return strings.Compare(a.Service, c.Service) })
	return out
}
