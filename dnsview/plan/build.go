package plan

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// defaultTTL is the TTL in seconds of a new record if its service declares none and its name has none yet.
const defaultTTL = 60

// builder builds a plan from a view.
type builder struct {
	v       *dnsview.View
	plan    Plan
	planned map[providers.Identity]int      // deletes and updates already in the plan, by record
	targets map[string][]*providers.Record  // what leads to a name, by the name; see leadingToName
	markers map[providers.Identity]int      // ids of the steps that create markers of quiesced values
	left    map[index.SetKey]index.Capacity // remaining capacity of zones and record sets, computed on first use
}

func newBuilder(v *dnsview.View, verb index.Verb) *builder {
	return &builder{v: v, plan: Plan{Verb: verb}, planned: map[providers.Identity]int{}, left: map[index.SetKey]index.Capacity{}}
}

func (b *builder) skip(s string) {
	if !slices.Contains(b.plan.Skipped, s) {
		b.plan.Skipped = append(b.plan.Skipped, s)
	}
}

// list skips what the verb says that it only lists.
func (b *builder) list(s string) {
	n := len(b.plan.Skipped)
	b.skip(s)
	b.plan.listed += len(b.plan.Skipped) - n
}

func (b *builder) add(s Step) int {
	s.ID = len(b.plan.Steps) + 1
	b.plan.Steps = append(b.plan.Steps, s)
	return s.ID
}

func (b *builder) change(c providers.Change, sentence string, reason dnsview.Class, ref *providers.InstanceRef, needs ...int) int {
	s := Step{Kind: StepChange, Zone: c.Record().Zone, Change: &c, Sentence: sentence, Reason: reason, Needs: needs}
	if ref != nil {
		s.Instance = *ref
	}
	return b.add(s)
}

// end returns the plan. A plan without a title gets the sentence of its only step, or what with the number of steps.
func (b *builder) end(what string) Plan {
	b.dropUnwritable()
	if b.v != nil {
		b.dropRefused(acceptances(b.v.Index))
	}
	switch n := len(b.plan.Steps); n {
	case 0:
		b.plan.Title = "Nothing to do"
	case 1:
		b.plan.Title = b.plan.Steps[0].Sentence
	default:
		b.plan.Title = what
	}
	return b.plan
}

// dropUnwritable removes the steps that change a zone or name that rollcall does not write to, and all that need them.
// The plan of an undo keeps them.
func (b *builder) dropUnwritable() {
	if b.v == nil || b.plan.Verb.TakesBack() {
		return
	}
	b.plan.Steps = keepSteps(b.plan.Steps, func(s *Step) string {
		if s.Change == nil {
			return ""
		}
		why := b.v.Index.Refused(s.Change)
		if r := s.Change.Record(); why != "" && b.v.Index.ZoneRefused(s.Zone) == "" {
			why = r.Label() + " is left alone: " + why
		}
		return why
	}, b.skip)
}

// hasRoom reports whether a new value has room in its record set and zone. If not, it is skipped with the reason.
func (b *builder) hasRoom(r *providers.Record) bool {
	for _, k := range []index.SetKey{index.SetKeyOf(r), {Zone: r.Zone}} {
		c, known := b.left[k]
		if !known {
			c = b.capacity(k, r)
		}
		if c.Left == 0 {
			b.skip(r.Label() + " has no room: " + c.Why)
			return false
		}
		c.Left--
		b.left[k] = c
	}
	return true
}

// capacity returns how many values like r fit into a zone or a record set.
func (b *builder) capacity(k index.SetKey, r *providers.Record) index.Capacity {
	if k.Name == "" {
		if c, limited := b.v.Index.Capacity[k.Zone]; limited {
			return c
		}
		return index.Capacity{Left: math.MaxInt}
	}
	fit, err := CheckRoom(b.v.Index.Traits(r.Zone), b.recordsAt(b.v.Index.ZonesByName[r.Zone], r.Name, r.Type), r)
	left, more := fit.More+1, strconv.Itoa(fit.More+1)
	if err != nil {
		left, more = 0, "no"
	}
	return index.Capacity{Left: left, Why: index.Clean(r.Name) + " " + r.Type + " has " + strconv.Itoa(fit.Values-1) + " values, and " + more + " more fit: " + fit.Bound}
}

// hasFleet reports whether there is a fleet id, without which no owned record is changed. If not, it is skipped with
// the reason.
func (b *builder) hasFleet() bool {
	if b.v.Options.Fleet == "" {
		b.skip("there is no fleet id here, so nothing that is owned is changed: run rollcall config init")
		return false
	}
	return true
}

func (b *builder) record(id providers.Identity) *providers.Record {
	r := b.v.Record(id)
	switch {
	case r == nil:
		b.skip(index.Clean(id.Name) + " " + id.Type + " " + index.Clean(id.Value) + ": there is no such record any more")
	case b.v.Index.OnlyListed(r.Zone):
		b.skip(b.v.Index.ZoneRefused(r.Zone))
		return nil
	}
	return r
}

func (b *builder) instance(ref providers.InstanceRef) *providers.Instance {
	i := b.v.Instance(ref.Key, ref.ID)
	switch {
	case i == nil && isHost(ref):
		b.skip(index.ShortID(ref.ID) + " joined by hand, and is no instance of a cloud: quiesce it, or let it leave with rollcall service leave")
	case i == nil:
		b.skip(index.Clean(ref.Name) + " (" + index.ShortID(ref.ID) + "): no cloud shows it")
	}
	return i
}

// ours returns the owner of a record of this fleet. Other records are skipped with the reason.
func (b *builder) ours(r *providers.Record) (providers.Owner, bool) {
	o, ok := r.Owner()
	switch {
	case r.Alias:
		b.skip(r.Label() + " is an alias, which is read-only")
	case len(r.Owners) > 1 || len(r.BadMarkers) > 0:
		b.skip(r.Label() + ": its markers do not say clearly whose it is")
	case !ok:
		b.skip(r.Label() + " " + b.v.Index.AdoptOr(r, "has no owner marker: rollcall changes only what it owns; adopt it first"))
	case o.Fleet != b.v.Options.Fleet:
		b.skip(r.Label() + " belongs to fleet " + index.Clean(o.Fleet))
	default:
		return o, true
	}
	return o, false
}

// unique returns values without repetitions.
func unique[T comparable](values []T) []T {
	var out []T
	seen := make(map[T]bool, len(values))
	for _, v := range values {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// uniqueInstances returns refs without repetitions of an instance.
func uniqueInstances(refs []providers.InstanceRef) []providers.InstanceRef {
	var out []providers.InstanceRef
	for _, r := range refs {
		if !slices.ContainsFunc(out, func(o providers.InstanceRef) bool { return o.Key == r.Key && o.ID == r.ID }) {
			out = append(out, r)
		}
	}
	return out
}

// eachOurs calls f with each record that exists and clearly belongs to this fleet, and with its owner.
func (b *builder) eachOurs(records []providers.Identity, f func(*providers.Record, providers.Owner)) {
	for _, id := range unique(records) {
		if r := b.record(id); r != nil {
			if o, ok := b.ours(r); ok {
				f(r, o)
			}
		}
	}
}

// withSRVTo returns the records that are there, each address with the SRV values that lead to it and go with it.
func (b *builder) withSRVTo(records []providers.Identity, goes func(srv, address *providers.Record) bool) (rs []*providers.Record) {
	for _, id := range unique(records) {
		r := b.record(id)
		if r == nil {
			continue
		}
		rs = append(rs, r)
		if r.Type != "A" && r.Type != "AAAA" {
			continue
		}
		for _, s := range b.srvTo(r) {
			if goes(s, r) {
				rs = append(rs, s)
			}
		}
	}
	return rs
}

// now returns the time by the clock of the provider of a zone, by which the age of a marker there is measured.
func (b *builder) now(zone string) time.Time {
	now := b.v.Options.Now
	if z := b.v.Index.ZonesByName[zone]; z != nil {
		now = now.Add(z.View.Coverage.Skew)
	}
	return now.UTC().Truncate(time.Second)
}

// Deregister plans the removal of dead and dangling entries, and of markers without a record. Records that are not dead
// are skipped with the reason. An SRV value is removed before the host name that it leads to, so that no client finds
// it without the name.
func Deregister(v *dnsview.View, records ...providers.Identity) Plan {
	b := newBuilder(v, index.VerbDeregister)
	if !b.hasFleet() {
		return b.end("")
	}
	rs := b.withSRVTo(records, func(s, _ *providers.Record) bool { return v.FindingForDelete(s) != nil })
	slices.SortStableFunc(rs, srvFirst)
	for _, r := range rs {
		b.deregister(r)
	}
	return b.end("Deregister " + index.Plural(len(b.plan.Steps), "dead entry", "dead entries"))
}

// DeregisterDead plans the removal of every entry that is certainly dead or dangling; the others are skipped with the reason.
func DeregisterDead(v *dnsview.View) Plan {
	var ids []providers.Identity
	for i := range v.Findings {
		if f := &v.Findings[i]; f.Record != nil && f.Certain() && (f.Class == dnsview.Dead || f.Class == dnsview.Dangling) {
			ids = append(ids, f.Record.Identity())
		}
	}
	p := Deregister(v, ids...)
	for i := range v.Findings {
		f := &v.Findings[i]
		if c := cmp.Or(f.Would, f.Class); !f.Certain() && (c == dnsview.Dead || c == dnsview.Dangling) {
			p.Skipped = append(p.Skipped, f.Reason)
		}
	}
	return p
}

func srvFirst(a, b *providers.Record) int {
	return srvRank(a) - srvRank(b)
}

func srvRank(r *providers.Record) int {
	switch r.Type {
	case "SRV":
		return 0
	case "A", "AAAA":
		return 1
	}
	return 2
}

// srvTo returns the SRV records that lead to a host name.
func (b *builder) srvTo(host *providers.Record) []*providers.Record {
	return slices.DeleteFunc(b.leadingToName(host.Name), func(r *providers.Record) bool { return r.Type != "SRV" })
}

// leadingToName returns, in stable order, the records whose target is a name: SRV values, aliases and others.
func (b *builder) leadingToName(name string) []*providers.Record {
	if b.targets == nil {
		b.targets = map[string][]*providers.Record{}
		for _, z := range b.v.Index.Zones {
			for i := range z.View.Records {
				r := &z.View.Records[i]
				if to := r.Target(); to != "" {
					b.targets[to] = append(b.targets[to], r)
				}
			}
		}
	}
	out := slices.Clone(b.targets[name])
	slices.SortFunc(out, index.CompareRecords)
	return out
}

func (b *builder) deregister(r *providers.Record) {
	if _, ok := b.planned[r.Identity()]; ok {
		return
	}
	f := b.v.LivenessFinding(r)
	why, hidden := b.v.Index.Occluded(b.v.Index.ZonesByName[r.Zone], r.Name, r.Type)
	who := b.v.ControllerOf(r)
	switch {
	case hidden:
		b.skip(r.Label() + " is left alone: " + why + "; nothing is written there")
		return
	case who != "" && index.Marked(r):
		b.skip(r.Label() + " has two owners: it has an owner marker, and " + who + " manages it: change or remove it at its source")
		return
	case b.v.FindingForDelete(r) != nil:
	case f != nil && f.Remedy == dnsview.RemedyDelete && f.Class == dnsview.OrphanMarker:
		b.planned[r.Identity()] = b.change(providers.Change{Op: providers.OpDelete, Before: *r}, "Delete "+r.Label()+": "+f.Reason, f.Class, f.Instance)
		return
	case f == nil:
		if _, ok := b.ours(r); ok {
			b.skip(r.Label() + " is not dead: quiesce or drain its node to take it out")
		}
		return
	case f.Class == dnsview.Stopped && f.Certain():
		b.skip(f.Reason + "; quiesce it")
		return
	default:
		b.skip(f.Reason)
		return
	}
	needs, strands, blocked := b.srvsLeadingTo(r)
	if blocked != nil {
		b.skipLastAddress(r, blocked)
		return
	}
	why = strings.TrimPrefix(f.Reason, r.Label()+" is dead: ")
	why = strings.TrimPrefix(why, r.Label()+" dangles: ")
	n := b.change(providers.Change{Op: providers.OpDelete, Before: *r}, "Delete "+r.Label()+": "+why, f.Class, f.Instance, needs...)
	b.setStrands(n, strands)
	b.planned[r.Identity()] = n
}

// Power plans to start, stop, reboot or terminate instances, without touching DNS.
func Power(v *dnsview.View, action PowerAction, instances ...providers.InstanceRef) Plan {
	b := newBuilder(v, index.VerbPower)
	for _, ref := range uniqueInstances(instances) {
		if i := b.instance(ref); i != nil {
			b.power(action, i)
		}
	}
	return b.end(title(string(action)) + " " + index.Plural(len(b.plan.Steps), "instance", "instances"))
}

func (b *builder) power(action PowerAction, i *providers.Instance, needs ...int) int {
	if i.State.Dead() {
		b.skip(index.Label(i) + " is terminated already")
		return 0
	}
	sentence := title(string(action)) + " " + index.Label(i)
	if i.Lifecycle != "" && action != PowerStart {
		sentence += "; it is " + index.Clean(i.Lifecycle)
	}
	return b.add(Step{Kind: StepPower, Action: action, Instance: b.v.Index.Ref(i), Sentence: sentence, Needs: needs})
}

func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// WithoutUnwritable removes from a plan the steps that change a zone or a name that rollcall does not write to.
func WithoutUnwritable(v *dnsview.View, p Plan) Plan {
	b := &builder{v: v, plan: p}
	b.dropUnwritable()
	return b.plan
}
