package dnsview

import (
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Records that another program makes from a source of its own (Kubernetes objects, files in a repository) say so
// in one of two places: in a registry of TXT records beside them (external-dns, the ownership records of
// octoDNS), or in the comment or tags that Cloudflare keeps. Such a program writes again what rollcall
// changes, markers included, so that rollcall adopts none of its records.

// ControllerOf returns the program that manages a record of this snapshot by what it says itself, such
// as `external-dns (owner edns)`, or the empty string.
func (v *View) ControllerOf(r *providers.Record) string { return v.Index.ControllerOf(r) }

// WhyServiceHidden returns why no client would see a record at the name of a declared service: the name
// lies below a delegation or a DNAME of its zone. It is empty for a name that its zone answers for.
func (v *View) WhyServiceHidden(name string) string {
	s := v.Index.ServicesByName[providers.CanonicalName(name)]
	if s == nil || s.ReadZone == nil {
		return ""
	}
	typ := "A"
	if s.Kind == index.DNSSD {
		typ = "SRV"
	}
	why, _ := v.Index.Occluded(s.ReadZone, providers.CanonicalName(s.Name), typ)
	return why
}

// View is what Inspect makes of one snapshot. It is immutable and safe for
// concurrent use; pointers in it point into the snapshot.
type View struct {
	Snapshot *providers.Snapshot
	Options  index.Options
	// Findings are sorted: most severe first, dangling first among equals, then
	// by class and by what they are about. The order does not depend on the
	// order of rows or sources.
	Findings []Finding
	// Sources is the coverage of every source as the findings used it, clouds
	// first, in config order.
	Sources []index.Basis

	Index      *index.Index
	sorted     []*Finding      // what Findings is made of
	stages     [][]*inspector  // of the inspection
	tables     []*memberTables // of the declared services
	unwell     map[unwellNode]bool
	until      time.Time // the first moment at which time alone changes a stage; zero for never
	taken      int       // parts of stages that an earlier inspection made
	attached   *attached
	services   atomic.Pointer[any]  // see ServicesOf
	earlier    atomic.Pointer[View] // that it was made from, if that has services, until it has some of its own
	servicesID *ServicesID
}

// ServicesID is one for all views of whose services everything is the same but what health checks say. It holds nothing of a view.
type ServicesID struct{ _ byte }

// ServicesID returns the identity of the services of the view.
func (v *View) ServicesID() *ServicesID { return v.servicesID }

// ServicesOf returns what build returned at the first call for this view. It is for package tree, whose Of everyone else
// calls: a view keeps its services, of the one type S. If the view was made from an earlier one that has services, build
// is called with that and them. It is safe for concurrent use, and then it may call build several times.
func ServicesOf[S any](v *View, build func(v, last *View, services S) S) S {
	if have := v.services.Load(); have != nil {
		return (*have).(S)
	}
	var services S
	last := v.earlier.Load()
	if last != nil {
		if have := last.services.Load(); have != nil {
			services = (*have).(S)
		} else {
			last = nil // they were released meanwhile
		}
	}
	made := any(build(v, last, services))
	if !v.services.CompareAndSwap(nil, &made) {
		if have := v.services.Load(); have != nil {
			made = *have
		}
	}
	v.earlier.Store(nil)
	return made.(S)
}

// ReleaseServices forgets the services of the view, and the earlier view that they would be made from, which holds all rows of its
// time. They are built from nothing when they are asked for again. It is safe for concurrent use.
func (v *View) ReleaseServices() {
	v.services.Store(nil)
	v.earlier.Store(nil)
}

// takeServices takes over the services of an earlier view with the same rows and findings, if that has made them and health checks
// say the same.
func (v *View) takeServices(last *View) {
	v.servicesID = last.servicesID
	for i := range v.Options.Health {
		h := &v.Options.Health[i]
		s := v.Index.ServicesByName[providers.CanonicalName(h.Service)]
		if s != nil && v.Index.Outdated(s, h) != last.Index.Outdated(s, h) {
			return
		}
	}
	if services := last.services.Load(); services != nil && slices.Equal(v.Options.Health, last.Options.Health) {
		v.services.Store(services)
	}
}

// ClassCount is how many findings of one class there are.
type ClassCount struct {
	Class    Class
	Severity Severity // the worst among them
	Count    int
}

// Counts returns the number of findings by class, most severe class first. It leaves out those that are snoozed.
func (v *View) Counts() []ClassCount {
	var out []ClassCount
	at := map[Class]int{}
	for i := range v.Findings {
		f := &v.Findings[i]
		if v.Snooze(f) != nil {
			continue
		}
		n, ok := at[f.Class]
		if !ok {
			n = len(out)
			at[f.Class] = n
			out = append(out, ClassCount{Class: f.Class, Severity: f.Severity})
		}
		out[n].Count++
	}
	return out
}

// Count returns the number of findings of one class.
func (v *View) Count(c Class) int {
	n := 0
	for i := range v.Findings {
		if v.Findings[i].Class == c {
			n++
		}
	}
	return n
}

// Complete reports whether every source was complete and fresh.
func (v *View) Complete() bool {
	for _, s := range v.Sources {
		if s.State != providers.CoverageComplete {
			return false
		}
	}
	return true
}

// FindingsOf returns the findings about one record, worst first.
func (v *View) FindingsOf(id providers.Identity) []*Finding { return v.FindingsOfRecord(v.Record(id)) }

// FindingsOfRecord returns the findings about a record of this snapshot, worst
// first. It is the quick form of FindingsOf for those who hold the pointer.
func (v *View) FindingsOfRecord(r *providers.Record) []*Finding {
	if p, ok := v.Index.PlaceOf(r); ok {
		return v.FindingsAt(p)
	}
	return nil
}

// FindingsOfInstance returns the findings about one instance, worst first: those
// about its records too.
func (v *View) FindingsOfInstance(key providers.CloudKey, id string) []*Finding {
	if n := v.Index.KnownNode(key, id); n >= 0 {
		return v.FindingsOfNode(n)
	}
	if v.attached == nil {
		return nil
	}
	return v.attached.others[index.InstanceKey{Cloud: key, ID: id}]
}

// WireOf returns what the name servers answered for the name and type of a
// record of this snapshot, or nil when they were not asked, not lately, or about other values than
// the zone holds now.
func (v *View) WireOf(r *providers.Record) *index.WireState { return v.Index.ByWire[r] }

// WireZone returns what the name servers of a zone were found to be lately, or nil.
func (v *View) WireZone(zone string) *index.WireZone {
	zone = providers.CanonicalName(zone)
	for i := range v.Options.WireZones {
		if w := &v.Options.WireZones[i]; w.Zone == zone && v.Index.IsFresh(w.At) {
			return w
		}
	}
	return nil
}

// Record finds a record of the snapshot by its identity, or returns nil.
func (v *View) Record(id providers.Identity) *providers.Record { return v.Index.Record(id) }

// Instance finds an instance by the key of its cloud and its id, or returns nil.
// Terminated instances are found as long as the cloud lists them.
func (v *View) Instance(key providers.CloudKey, id string) *providers.Instance {
	return v.Index.Instance(key, id)
}

// LostByStop returns, as a sentence, the public addresses that an instance loses when it is stopped, or "".
func (v *View) LostByStop(ref providers.InstanceRef) string {
	i, cs := v.Instance(ref.Key, ref.ID), v.Index.CloudsByKey[ref.Key]
	if i == nil || cs == nil {
		return ""
	}
	var lost []string
	for _, a := range i.PublicIPs {
		if v.Index.LosesAddress(cs, i, a) {
			lost = append(lost, a.String())
		}
	}
	if len(lost) == 0 {
		return ""
	}
	return index.Label(i) + " loses its public address " + strings.Join(lost, ", ") + " when it stops: " + cs.View.Cloud.Traits.Title + " takes it back"
}

// RecordsOf returns the records that belong to an instance, in stable order:
// those whose marker names it, and those without a marker that hold one of its addresses.
func (v *View) RecordsOf(key providers.CloudKey, id string) []*providers.Record {
	return v.Index.RecordsOf(key, id)
}

// InstanceOf returns the instance that a record belongs to: the one that its
// marker names, else the one that holds its address. It returns nil when the
// cloud does not list it any more, or when no one here has the address.
func (v *View) InstanceOf(r *providers.Record) *providers.Instance { return v.Index.InstanceOf(r) }

// CloudByKey returns the view of the cloud that answers with this key, or nil.
func (v *View) CloudByKey(key providers.CloudKey) *providers.CloudView {
	return v.Index.CloudView(key)
}

// ServiceOf names the service that a record belongs to, or returns the empty string.
func (v *View) ServiceOf(r *providers.Record) string { return v.Index.ServiceOf(r) }

// ServiceOfInstance names the service that an instance is a node of: the first
// declared one that selects it, else the one of its records, else the one in
// its tag. It returns the empty string when there is none.
func (v *View) ServiceOfInstance(i *providers.Instance) string {
	return v.Index.FirstServiceOf(i)
}

// ServicesOfInstance names all services that an instance is a node of.
func (v *View) ServicesOfInstance(i *providers.Instance) []string { return v.Index.ServicesOf(i) }

// Service returns the declaration of a service, or nil.
func (v *View) Service(name string) *index.Service { return v.Index.Service(name) }

// FirstSeen returns since when a finding of this view stands: when an earlier scan saw it first, else the time of this one.
func (v *View) FirstSeen(f *Finding) time.Time {
	if at, ok := v.Options.Seen[f.Key()]; ok {
		return at
	}
	return v.Options.Now
}

// Seen says when each finding of this view was first seen, by its Finding.Key:
// by an earlier scan, as Options.Seen has it, or by this one. It is what the next scan wants as
// Options.Seen. What this scan could not establish, since a source was not complete, keeps its time.
func (v *View) Seen() map[string]time.Time {
	out := make(map[string]time.Time, len(v.Findings))
	for i := range v.Findings {
		f := &v.Findings[i]
		k := f.Key()
		at, ok := v.Options.Seen[k]
		if !ok {
			at = v.Options.Now
		}
		out[k] = at
		if was := *f; f.Class == Unknown && f.Would != "" {
			was.Class = f.Would
			if at, ok := v.Options.Seen[was.Key()]; ok {
				out[was.Key()] = at
			}
		}
	}
	blind := map[string]bool{} // zones, and keys of clouds
	for _, z := range v.Index.Zones {
		if z.State != providers.CoverageComplete {
			blind[z.Name] = true
		}
	}
	for _, c := range v.Index.Clouds {
		if c.State != providers.CoverageComplete && c.Key != "" {
			blind[string(c.Key)] = true
		}
	}
	if len(blind) == 0 {
		return out
	}
	for k, at := range v.Options.Seen {
		if slices.ContainsFunc(strings.Split(k, "|"), func(part string) bool { return blind[part] }) {
			out[k] = at
		}
	}
	return out
}

// IsBackInDNS reports whether an instance has records beside its markers, and no marker says that it was taken out of DNS.
func (v *View) IsBackInDNS(ref providers.InstanceRef) bool {
	return v.Index.CountRecordsOf(ref.Key, ref.ID) > 0 && !v.Index.IsQuiesced(ref.Key, ref.ID)
}
