package rows

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// The types below are the JSON output. Scripts rely on it: keys are added, never renamed, and arrays and maps are never
// null. External texts are clean of control characters.

// Ref names an instance.
type Ref struct {
	Cloud string `json:"cloud"` // name of its cloud
	ID    string `json:"id"`    // the cloud's own id
	Name  string `json:"name"`  // its name, or empty
}

// NewRef returns the Ref of an instance.
func NewRef(i providers.InstanceRef) Ref {
	return Ref{Cloud: providers.Clean(i.Cloud), ID: providers.Clean(i.ID), Name: providers.Clean(i.Name)}
}

func refOf(i *providers.InstanceRef) *Ref {
	if i == nil {
		return nil
	}
	r := NewRef(*i)
	return &r
}

// RecordRef names a record, with the set identifier if its record set has one.
type RecordRef struct {
	Zone  string `json:"zone"`   // name of its zone
	Name  string `json:"name"`   // fully qualified, without the last dot
	Type  string `json:"type"`   // such as A or SRV
	Value string `json:"value"`  // as dig +short prints it, without the last dot
	SetID string `json:"set_id"` // set identifier of Route 53, or empty
}

// NewRecordRef returns the RecordRef of a record.
func NewRecordRef(r *providers.Record) *RecordRef {
	return &RecordRef{
		Zone: providers.Clean(r.Zone), Name: providers.Clean(r.Name), Type: providers.Clean(r.Type), Value: providers.Clean(r.Value), SetID: providers.Clean(r.SetID),
	}
}

// RecordName returns a record in the form of the command line.
func RecordName(zone, name, typ, value string) string {
	return strings.Join([]string{zone + ":" + name, typ, value}, "/")
}

// FindingObject is the JSON of a finding.
type FindingObject struct {
	// Identity is what commands take for what the finding is about.
	Identity string     `json:"identity"`
	AsOf     *time.Time `json:"as_of"`    // when the oldest read began of those that it rests on, or null
	Coverage string     `json:"coverage"` // the worst of the sources that it rests on: complete, stale, partial, failed or unread
	Class    string     `json:"class"`    // such as dead or missing
	Severity string     `json:"severity"` // critical, high, medium, low or info
	Record   *RecordRef `json:"record"`   // what it is about, or null
	Instance *Ref       `json:"instance"` // what it is about, or the owner of the record, or null
	Cloud    string     `json:"cloud"`    // name of the cloud that it is about, or empty
	Reason   string     `json:"reason"`   // in one sentence
	Evidence []Evidence `json:"evidence"` // the facts that it rests on
	Remedy   string     `json:"remedy"`   // what rollcall would do, or empty
	Service  string     `json:"service"`  // name of the service, or empty
	Zone     string     `json:"zone"`     // name of the zone, or empty
	Would    string     `json:"would"`    // class unknown: the class that the evidence points to
	Name     string     `json:"name"`     // domain name, or name and type, if the finding is not about a single record
	RestsOn  []Basis    `json:"rests_on"` // the sources that it rests on, with their coverage
	// Controller is the program that manages the record according to its own marks, or empty.
	Controller string `json:"controller"`
	// Advice is the command of the remedy, or what a person can do if there is none.
	Advice string `json:"advice"`
	// Certain is false for class unknown, and for a finding that an earlier scan established on complete evidence and that is
	// not known to be over, while the sources in UncertainSources are not complete.
	Certain          bool     `json:"certain"`
	UncertainSources []string `json:"uncertain_sources"` // names of the sources that leave it uncertain
	// Since is when the finding was first seen, by this or an earlier run.
	Since time.Time `json:"since"`
	// Snoozed is null unless an operator keeps the finding out of alarms now.
	Snoozed *SnoozeObject `json:"snoozed"`
}

// Evidence is one fact.
type Evidence struct {
	Source string     `json:"source"` // what said so
	Fact   string     `json:"fact"`   // in words
	At     *time.Time `json:"at"`     // when it was read, or null
}

// Basis is the coverage of a source that a finding depends on.
type Basis struct {
	Source     string  `json:"source"`      // name of a cloud or a zone
	State      string  `json:"state"`       // complete, partial, failed, stale or unread
	AgeSeconds float64 `json:"age_seconds"` // of its rows
	Error      *string `json:"error"`       // why it was not read, or null
}

// Object returns the JSON of the finding.
func (r *Finding) Object() FindingObject {
	f := r.Finding
	o := FindingObject{
		Identity: r.Identity(), Class: string(f.Class), Severity: f.Severity.String(), Cloud: providers.Clean(f.Cloud), Reason: r.Why, Evidence: []Evidence{},
		Remedy: string(f.Remedy), Service: providers.Clean(f.Service), Zone: providers.Clean(f.Zone), Would: string(f.Would), RestsOn: []Basis{},
		Name: providers.Clean(f.Name), Controller: providers.Clean(f.Controller), Advice: providers.Clean(r.view.Advice(f)), Instance: refOf(f.Instance),
		Certain: f.Certain(), UncertainSources: []string{}, Since: r.view.FirstSeen(f).UTC(), Snoozed: r.Snooze(),
	}
	o.AsOf, o.Coverage = readOf(r.view, f.RestsOn)
	for _, b := range f.Uncertain {
		o.UncertainSources = append(o.UncertainSources, providers.Clean(b.Source))
	}
	if f.Record != nil {
		o.Record = NewRecordRef(f.Record)
	}
	for _, e := range f.Evidence {
		o.Evidence = append(o.Evidence, Evidence{Source: providers.Clean(e.Source), Fact: providers.Clean(e.Fact), At: moment(e.At)})
	}
	for _, b := range f.RestsOn {
		o.RestsOn = append(o.RestsOn, Basis{Source: providers.Clean(b.Source), State: StateName(b.State), AgeSeconds: Seconds(b.Age), Error: cleanText(b.Err)})
	}
	return o
}

// fromBest are the states of a source, the best first.
var fromBest = []providers.CoverageState{providers.CoverageComplete, providers.CoverageStale, providers.CoveragePartial, providers.CoverageFailed, providers.CoverageNone}

// readOf returns when the oldest read began of the rows of sources, nil if one has none, and their worst state.
func readOf(v *dnsview.View, sources []index.Basis) (asOf *time.Time, coverage string) {
	worst, oldest, none := 0, time.Time{}, len(sources) == 0
	for _, b := range sources {
		worst = max(worst, slices.Index(fromBest, b.State))
		from := rowsFrom(v, b.Source)
		none = none || from.IsZero()
		if oldest.IsZero() || from.Before(oldest) {
			oldest = from
		}
	}
	if none {
		oldest = time.Time{}
	}
	return moment(oldest), StateName(fromBest[worst])
}

// rowsFrom returns when the read began that the rows of a source are of, or zero.
func rowsFrom(v *dnsview.View, source string) time.Time {
	for _, c := range v.Index.Clouds {
		if c.Name == source {
			return c.View.RowsFrom
		}
	}
	if z := v.Index.ZonesByName[source]; z != nil {
		return z.View.RowsFrom
	}
	return time.Time{}
}

// Subject returns that of the finding's object.
func (r *Finding) Subject() string {
	o := r.Object()
	return o.Subject()
}

// Subject returns what the finding is about, independent of its class, from fields that are stored over a restart.
func (o *FindingObject) Subject() string {
	if x := o.Record; x != nil {
		return o.Service + " " + RecordName(x.Zone, x.Name, x.Type, x.Value) + "#" + x.SetID
	}
	return o.Service + " " + about(o.Instance, o.Name, o.Service, o.Zone, o.Cloud)
}

// classes returns the classes of findings, each once, worst first.
func classes(found []*dnsview.Finding) []string {
	out := []string{}
	for _, f := range found {
		if !slices.Contains(out, string(f.Class)) {
			out = append(out, string(f.Class))
		}
	}
	return out
}

// Addresses returns addresses as texts.
func Addresses(in []netip.Addr) []string {
	out := make([]string, len(in))
	for i, a := range in {
		out[i] = a.String()
	}
	return out
}
