package rows

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// InstanceKey is the identity of an instance.
type InstanceKey struct{ Cloud, ID string }

// KeyOf returns the identity of the instance of a reference.
func KeyOf(r providers.InstanceRef) InstanceKey { return InstanceKey{Cloud: r.Cloud, ID: r.ID} }

// Instance is the row of an instance, with its records and findings. There is one for each instance on view, so it holds
// only what costs more than a look at the instance.
type Instance struct {
	Inst *providers.Instance // as the cloud returned it; its texts are not clean

	// For a screen, clean; set by Join:
	Service  string
	Findings []*dnsview.Finding // worst first

	view    *dnsview.View
	natural string // sort key of the name
	at      int32  // its number, which orders what is equal
	order   int32  // of the cloud
	records int32  // that belong to it, without owner markers
	node    int32  // its number in the index; -1 for none
}

// NewInstance returns the row of an instance for filters and tables.
func NewInstance(v *dnsview.View, i *providers.Instance) *Instance {
	return &Instance{Inst: i, view: v}
}

// Instances returns the rows of all instances of a view in the order of tables.
func Instances(v *dnsview.View) []Instance {
	list := []Instance{}
	for c := range v.Snapshot.Clouds {
		at := len(list)
		for i := range v.Snapshot.Clouds[c].Instances {
			list = append(list, Instance{Inst: &v.Snapshot.Clouds[c].Instances[i], view: v, order: int32(c)})
		}
		slices.SortStableFunc(list[at:], func(a, b Instance) int {
			return cmp.Or(NaturalCompare(a.name(), b.name()), cmp.Compare(a.id(), b.id()))
		})
	}
	return list
}

// join sets the fields for a screen.
func (r *Instance) join(t *index.Texts) {
	i, v := r.Inst, r.view
	r.Service = providers.Clean(v.ServiceOfInstance(i))
	r.records = v.Index.CountRecordsOf(i.Key, i.ID)
	r.node = v.Index.KnownNode(i.Key, i.ID)
	r.Findings = r.found()
	r.natural = naturalKey(t, r.title())
}

// found returns the findings about the instance, worst first.
func (r *Instance) found() []*dnsview.Finding {
	if r.node >= 0 {
		return r.view.FindingsOfNode(r.node)
	}
	return r.view.FindingsOfInstance(r.Inst.Key, r.Inst.ID)
}

// IsQuiesced reports whether a marker says that a value of the instance was taken out of DNS.
func (r *Instance) IsQuiesced() bool { return r.view.Index.IsQuiesced(r.Inst.Key, r.Inst.ID) }

// Ref returns the instance, clean. Its name is the id if it has none.
func (r *Instance) Ref() providers.InstanceRef {
	return providers.InstanceRef{Cloud: r.cloud(), Key: r.Inst.Key, ID: r.id(), Name: r.title()}
}

func (r *Instance) title() string { return cmp.Or(r.name(), r.id()) }

// Address returns the first public address, or else the first private one, or the empty string.
func (r *Instance) Address() string {
	switch i := r.Inst; {
	case len(i.PublicIPs) > 0:
		return i.PublicIPs[0].String()
	case len(i.PrivateIPs) > 0:
		return i.PrivateIPs[0].String()
	}
	return ""
}

// Type returns the type, clean.
func (r *Instance) Type() string { return providers.Clean(r.Inst.Type) }

// Records returns the records that belong to the instance, without owner markers.
func (r *Instance) Records() []providers.Identity {
	out := make([]providers.Identity, 0, r.records)
	for _, rec := range r.view.RecordsOf(r.Inst.Key, r.Inst.ID) {
		if !rec.IsMarker() {
			out = append(out, rec.Identity())
		}
	}
	return out
}

// CountRecords returns the number of Records.
func (r *Instance) CountRecords() int { return int(r.records) }

// Production reports whether the cloud is marked as production.
func (r *Instance) Production() bool { return r.source().Production }

// compareInstances compares rows of a screen by cloud, name and id.
func compareInstances(a, b *Instance) int {
	return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.natural, b.natural), cmp.Compare(a.Inst.ID, b.Inst.ID), cmp.Compare(a.at, b.at))
}

// Outdated reports whether the row is not from the last read of its cloud.
func (r *Instance) Outdated() bool { return r.source().Outdated() }

func (r *Instance) source() *providers.CloudView { return &r.view.Snapshot.Clouds[r.order] }

// Key returns the identity of the row.
func (r *Instance) Key() InstanceKey { return InstanceKey{Cloud: r.Inst.Cloud, ID: r.Inst.ID} }

// ID returns the instance in the form of the command line.
func (r *Instance) ID() string { return r.cloud() + "/" + r.id() }

// State returns the state, clean.
func (r *Instance) State() string { return providers.Clean(string(r.Inst.State)) }

func (r *Instance) cloud() string { return providers.Clean(r.Inst.Cloud) }
func (r *Instance) id() string    { return providers.Clean(r.Inst.ID) }
func (r *Instance) name() string  { return providers.Clean(r.Inst.Name) }

func (r *Instance) classes() []string {
	return classes(r.view.FindingsOfInstance(r.Inst.Key, r.Inst.ID))
}

// dns returns the state of the instance in DNS: its worst finding, else the number of its records.
func (r *Instance) dns() string {
	if len(r.Findings) > 0 {
		return r.Findings[0].Label()
	}
	return strconv.Itoa(int(r.records))
}

// InstanceTable returns the columns of tables; ages are as of now.
func InstanceTable(now func() time.Time) []Column[*Instance] {
	launched := func(text func(t time.Time) string) func(*Instance) string {
		return func(r *Instance) string {
			if r.Inst.Launched.IsZero() {
				return ""
			}
			return text(r.Inst.Launched)
		}
	}
	return []Column[*Instance]{
		{Title: "CLOUD", Text: (*Instance).cloud},
		{Title: "NAME", Text: (*Instance).name},
		{Title: "ID", Text: (*Instance).id},
		{Title: "STATE", Text: (*Instance).State},
		{Title: "ADDRESS", Text: func(r *Instance) string { return strings.Join(Addresses(r.Inst.PublicIPs), ",") }},
		{
			Title: "AGE", Aging: true, Text: launched(func(t time.Time) string { return Duration(now().Sub(t)) }),
			Key: launched(func(t time.Time) string { return strconv.FormatInt(max(0, int64(now().Sub(t)/time.Second)), 10) }),
		},
		{Title: "SERVICE", Text: func(r *Instance) string { return providers.Clean(r.view.ServiceOfInstance(r.Inst)) }},
		{Title: "DNS", Text: func(r *Instance) string { return strconv.Itoa(len(r.view.RecordsOf(r.Inst.Key, r.Inst.ID))) }},
		{Title: "FINDINGS", Text: func(r *Instance) string { return strings.Join(r.classes(), ",") }},
		{Title: "PROVIDER", Wide: true, Text: func(r *Instance) string { return string(r.Inst.Provider) }},
		{Title: "REGION", Wide: true, Text: func(r *Instance) string { return providers.Clean(r.Inst.Region) }},
		{Title: "TYPE", Wide: true, Text: func(r *Instance) string { return providers.Clean(r.Inst.Type) }},
		{Title: "IMAGE", Wide: true, Text: func(r *Instance) string { return providers.Clean(r.Inst.Image) }},
		{Title: "PRIVATE", Wide: true, Text: func(r *Instance) string { return strings.Join(Addresses(r.Inst.PrivateIPs), ",") }},
		{Title: "LAUNCHED", Wide: true, Text: launched(func(t time.Time) string { return t.UTC().Format(time.RFC3339) })},
		{Title: "TAGS", Wide: true, Text: func(r *Instance) string {
			tags := cleanTags(r.Inst.Tags)
			var out []string
			for _, k := range slices.Sorted(maps.Keys(tags)) {
				out = append(out, k+"="+tags[k])
			}
			return strings.Join(out, ",")
		}},
		{Title: "REASON", Wide: true, Text: func(r *Instance) string { return providers.Clean(r.Inst.Reason) }},
		{Title: "LIFECYCLE", Wide: true, Text: func(r *Instance) string { return providers.Clean(r.Inst.Lifecycle) }},
		{Title: "NOTE", Wide: true, Text: func(r *Instance) string { return r.Note().text() }},
	}
}

// InstanceScreen returns the columns of the console; now is called when they are drawn.
func InstanceScreen(now func() time.Time) []Column[*Instance] {
	type row = *Instance
	return withExtra([]Column[row]{
		{
			Title: "CLOUD", Min: 11, Max: 16, Priority: 1, Text: row.cloud,
			Compare: func(a, b row) int { return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.natural, b.natural)) },
		},
		{
			Title: "NAME", Min: 8, Max: 32, Middle: true, Text: row.title,
			Compare: func(a, b row) int { return cmp.Compare(a.natural, b.natural) },
		},
		{Title: "ID", Min: 10, Max: 20, Priority: 6, Text: row.id},
		{
			Title: "STATE", Min: 1, Max: 13, Priority: 3, Text: row.State,
			Compare: func(a, b row) int { return cmp.Compare(a.Inst.State, b.Inst.State) },
		},
		{
			Title: "ADDRESS", Min: 15, Narrow: 13, Max: 39, Priority: 2, Text: row.Address,
			Compare: func(a, b row) int {
				x, y := a.Inst.PublicIPs, b.Inst.PublicIPs
				if len(x) > 0 && len(y) > 0 {
					return x[0].Compare(y[0])
				}
				return cmp.Compare(len(y), len(x))
			},
		},
		{
			Title: "TYPE", Min: 8, Max: 18, Priority: 7, Text: row.Type,
			Compare: func(a, b row) int { return cmp.Compare(a.Inst.Type, b.Inst.Type) },
		},
		{
			Title: "AGE", Min: 3, Max: 4, Priority: 5, Right: true,
			Text: func(r row) string {
				if r.Inst.Launched.IsZero() {
					return ""
				}
				return Age(now().Sub(r.Inst.Launched))
			},
			Compare: func(a, b row) int { return b.Inst.Launched.Compare(a.Inst.Launched) },
		},
		readColumn(now, func(r row) time.Time { return r.source().RowsFrom }),
		{
			Title: "SERVICE", Min: 10, Max: 30, Priority: 8, Text: func(r row) string { return r.Service },
			Compare: func(a, b row) int { return cmp.Compare(a.Service, b.Service) },
		},
		{
			Title: "DNS", Min: 3, Max: 15, Text: row.dns,
			Compare: func(a, b row) int {
				return cmp.Or(cmp.Compare(severityOf(b.Findings), severityOf(a.Findings)), cmp.Compare(a.records, b.records))
			},
		},
	}, InstanceTable(now))
}

// severityOf returns the severity of the worst finding for sorting; without findings it is below info.
func severityOf(f []*dnsview.Finding) int {
	if len(f) == 0 {
		return -1
	}
	return int(f[0].Severity)
}

func cleanTags(in providers.Tags) map[string]string {
	out := make(map[string]string, len(in))
	for _, t := range in {
		out[providers.Clean(t.Name)] = providers.Clean(t.Value)
	}
	return out
}

// StatusObject is the JSON of the status checks and scheduled events of an instance.
type StatusObject struct {
	Checks  string   `json:"checks"`  // its status checks in one line, or empty
	Notices []string `json:"notices"` // failing checks and scheduled events, a sentence each
}

// NewStatus returns the StatusObject of a condition.
func NewStatus(c *providers.Condition) *StatusObject {
	return &StatusObject{Checks: providers.Clean(c.Checks), Notices: cleanAll(c.Notices)}
}

// InstanceObject is the JSON of an instance.
type InstanceObject struct {
	Identity   string            `json:"identity"`    // what commands take
	Cloud      string            `json:"cloud"`       // name of its cloud
	Provider   string            `json:"provider"`    // such as ec2
	ID         string            `json:"id"`          // the cloud's own id
	Name       string            `json:"name"`        // its name, or empty
	State      string            `json:"state"`       // such as running or stopped
	Region     string            `json:"region"`      // region or data centre
	Type       string            `json:"type"`        // size, in the cloud's own words
	Image      string            `json:"image"`       // id of its image
	PublicIPs  []string          `json:"public_ips"`  // which can be reached from outside
	PrivateIPs []string          `json:"private_ips"` // which cannot
	Launched   *time.Time        `json:"launched"`    // when, or null
	Tags       map[string]string `json:"tags"`        // by name
	Service    string            `json:"service"`     // that it belongs to, or empty
	Findings   []string          `json:"findings"`    // classes of the findings about it
	Records    []string          `json:"records"`     // which have it as their owner, as commands take them
	CloudKey   string            `json:"cloud_key"`   // key of the cloud
	Reason     string            `json:"reason"`      // why it is in its state, in the cloud's own words, or empty
	Lifecycle  string            `json:"lifecycle"`   // what the cloud itself does with it, such as replace it, or empty
	Status     *StatusObject     `json:"status"`      // what its cloud says of it beside its state, or null if it was not asked or says nothing; see --status
	Note       *NoteObject       `json:"note"`        // what an operator wrote about it, or null
	AsOf       *time.Time        `json:"as_of"`       // when the read began that the row is of, or null
	Coverage   string            `json:"coverage"`    // of the last read of its source: complete, partial, failed, stale or unread
}

// Object returns the JSON of the instance.
func (r *Instance) Object() InstanceObject {
	i := r.Inst
	o := InstanceObject{
		Identity: r.ID(), Cloud: r.cloud(), Provider: string(i.Provider), ID: r.id(), Name: r.name(), State: r.State(),
		Region: providers.Clean(i.Region), Type: providers.Clean(i.Type), Image: providers.Clean(i.Image),
		PublicIPs: Addresses(i.PublicIPs), PrivateIPs: Addresses(i.PrivateIPs), Launched: moment(i.Launched), Tags: cleanTags(i.Tags),
		Service: providers.Clean(r.view.ServiceOfInstance(i)), Findings: r.classes(), Records: []string{}, CloudKey: string(i.Key), Reason: providers.Clean(i.Reason), Lifecycle: providers.Clean(i.Lifecycle), Note: r.Note(), AsOf: moment(r.source().RowsFrom), Coverage: StateName(r.source().Coverage.At(r.view.Options.Now, r.view.Options.MaxAge)),
	}
	for _, rec := range r.view.RecordsOf(i.Key, i.ID) {
		o.Records = append(o.Records, providers.Clean(r.view.RecordName(rec)))
	}
	return o
}

// FilterName returns the text that a bare word is fuzzily matched with.
func (r *Instance) FilterName() string { return r.Inst.Name }

// FilterAge returns the age of the instance.
func (r *Instance) FilterAge() (time.Duration, bool) {
	if r.Inst.Launched.IsZero() {
		return 0, false
	}
	return r.view.Options.Now.Sub(r.Inst.Launched), true
}

// FilterTTL returns false: an instance has no TTL.
func (r *Instance) FilterTTL() (uint64, bool) { return 0, false }

// FilterValues yields the values of a field.
func (r *Instance) FilterValues(field, tag string, yield func(string) bool) {
	i := r.Inst
	switch field {
	case "":
		for _, s := range [...]string{i.Name, i.ID, i.Cloud, string(i.State), i.Type, i.Region, i.Image, r.Note().text()} {
			if !yield(s) {
				return
			}
		}
		if !ips(i, yield) {
			return
		}
		for _, t := range i.Tags {
			if !yield(t.Value) || !yield(t.Name+"="+t.Value) {
				return
			}
		}
		if i.State.Dead() && !yield("gone") {
			return
		}
		for _, s := range r.view.ServicesOfInstance(i) {
			if !yield(s) {
				return
			}
		}
		yieldClasses(r.view.FindingsOfInstance(i.Key, i.ID), "class", yield)
	case "ip", "value":
		ips(i, yield)
	case "service":
		for _, s := range r.view.ServicesOfInstance(i) {
			if !yield(s) {
				return
			}
		}
	case "finding", "class", "severity":
		yieldClasses(r.view.FindingsOfInstance(i.Key, i.ID), field, yield)
	case "fleet":
		yield(i.Tags.Get(providers.TagFleet))
	case "zone":
		for _, rec := range r.view.RecordsOf(i.Key, i.ID) {
			if !yield(rec.Zone) {
				return
			}
		}
	default:
		ofInstance(i, field, tag, yield)
	}
}

// ofInstance yields the values of the plain fields of an instance.
func ofInstance(i *providers.Instance, field, tag string, yield func(string) bool) {
	switch field {
	case "name":
		yield(i.Name)
	case "id":
		yield(i.ID)
	case "node":
		if yield(i.Name) {
			yield(i.ID)
		}
	case "state":
		if yield(string(i.State)) && i.State.Dead() {
			yield("gone")
		}
	case "cloud":
		yield(i.Cloud)
	case "provider":
		yield(string(i.Provider))
	case "region":
		yield(i.Region)
	case "type":
		yield(i.Type)
	case "image":
		yield(i.Image)
	case "tag":
		if v, ok := i.Tags.Lookup(tag); ok {
			yield(v)
		}
	}
}

func ips(i *providers.Instance, yield func(string) bool) bool {
	for _, a := range i.PublicIPs {
		if !yield(a.String()) {
			return false
		}
	}
	for _, a := range i.PrivateIPs {
		if !yield(a.String()) {
			return false
		}
	}
	return true
}

// yieldClasses yields the classes of findings, or their severities.
func yieldClasses(fs []*dnsview.Finding, field string, yield func(string) bool) {
	for _, f := range fs {
		s := string(f.Class)
		if field == "severity" {
			s = f.Severity.String()
		}
		if !yield(s) {
			return
		}
	}
}
