package cli

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/providers"
)

// The rows below are what stands in JSON. Their keys are a promise to scripts:
// keys are added, never renamed; arrays and maps are never null. Texts from
// outside are clean of control characters.

// instanceRow is one instance.
type instanceRow struct {
	Cloud      string            `json:"cloud"`
	Provider   string            `json:"provider"`
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	State      string            `json:"state"`
	Region     string            `json:"region"`
	Type       string            `json:"type"`
	Image      string            `json:"image"`
	PublicIPs  []string          `json:"public_ips"`
	PrivateIPs []string          `json:"private_ips"`
	Launched   *time.Time        `json:"launched"`
	Tags       map[string]string `json:"tags"`
	Service    string            `json:"service"`
	Findings   []string          `json:"findings"`
	Records    []string          `json:"records"`
	CloudKey   string            `json:"cloud_key"`
	Reason     string            `json:"reason"` // why it is in its state, in the cloud's own words; empty where it does not say
}

// ownerRow is an owner marker.
type ownerRow struct {
	Fleet      string    `json:"fleet"`
	Instance   string    `json:"instance"`
	Cloud      string    `json:"cloud"` // name in this config, or the key when no cloud here has it
	CloudKey   string    `json:"cloud_key"`
	Registered time.Time `json:"registered"`
	Quiesced   bool      `json:"quiesced"`
}

// refRow names an instance.
type refRow struct {
	Cloud string `json:"cloud"`
	ID    string `json:"id"`
	Name  string `json:"name"`
}

// recordRow is one record.
type recordRow struct {
	Zone     string    `json:"zone"`
	Provider string    `json:"provider"`
	Name     string    `json:"name"`
	Type     string    `json:"type"`
	TTL      uint32    `json:"ttl"`
	Value    string    `json:"value"`
	Proxied  bool      `json:"proxied"`
	Owner    *ownerRow `json:"owner"`
	Findings []string  `json:"findings"`
	Instance *refRow   `json:"instance"`
	Service  string    `json:"service"`
	AutoTTL  bool      `json:"auto_ttl"`
	Alias    bool      `json:"alias"`
	SetID    string    `json:"set_id"`
	Weight   *int64    `json:"weight"` // of a weighted record set, else null
	Comment  string    `json:"comment"`
	// Controller is the program that manages the record by what it says itself, or empty.
	Controller string   `json:"controller"`
	Wire       *wireRow `json:"wire"` // null unless name servers were asked

	named string // as the command line takes it
}

// recordRef names a record.
type recordRef struct {
	Zone  string `json:"zone"`
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

// recordInSet names a record of a row of JSON, with the identifier of its record set where that has one.
type recordInSet struct {
	recordRef
	SetID string `json:"set_id"`

	named string // as the command line takes it
}

func newRecordInSet(r *providers.Record, named string) *recordInSet {
	return &recordInSet{
		recordRef: recordRef{Zone: words.Clean(r.Zone), Name: words.Clean(r.Name), Type: words.Clean(r.Type), Value: words.Clean(r.Value)}, SetID: words.Clean(r.SetID), named: words.Clean(named),
	}
}

// findingRow is one finding.
type findingRow struct {
	Class    string        `json:"class"`
	Severity string        `json:"severity"`
	Record   *recordInSet  `json:"record"`
	Instance *refRow       `json:"instance"`
	Cloud    string        `json:"cloud"`
	Reason   string        `json:"reason"`
	Evidence []evidenceRow `json:"evidence"`
	Remedy   string        `json:"remedy"`
	Service  string        `json:"service"`
	Zone     string        `json:"zone"`
	Would    string        `json:"would"` // class unknown: what the evidence points to
	Name     string        `json:"name"`  // domain name, or name and type, of a finding about no single record
	RestsOn  []basisRow    `json:"rests_on"`
	// Controller is the program that manages the record by what it says itself, or empty.
	Controller string `json:"controller"`
	// Advice is what is to be done: the command of the remedy, or what a person does where there is none.
	Advice string `json:"advice"`
}

// evidenceRow is one fact.
type evidenceRow struct {
	Source string     `json:"source"`
	Fact   string     `json:"fact"`
	At     *time.Time `json:"at"`
}

// basisRow is the coverage of a source that a finding rests on.
type basisRow struct {
	Source     string  `json:"source"`
	State      string  `json:"state"`
	AgeSeconds float64 `json:"age_seconds"`
	Error      *string `json:"error"`
}

// sourceRow is one source.
type sourceRow struct {
	Name       string       `json:"name"`
	Kind       string       `json:"kind"` // cloud, zone or file
	Provider   string       `json:"provider"`
	State      string       `json:"state"`
	Rows       int          `json:"rows"`
	AgeSeconds *float64     `json:"age_seconds"`
	Error      *string      `json:"error"`
	Account    string       `json:"account"`
	Region     string       `json:"region"`
	Key        string       `json:"key"`
	Production bool         `json:"production"`
	BudgetLeft *int         `json:"budget_left"`
	Wire       *wireZoneRow `json:"wire"` // null for clouds, and unless name servers were asked
}

func instanceRows(v *dnsview.View, keep func(*providers.Instance) bool) []instanceRow {
	rows := []instanceRow{}
	for c := range v.Snapshot.Clouds {
		for i := range v.Snapshot.Clouds[c].Instances {
			if inst := &v.Snapshot.Clouds[c].Instances[i]; keep(inst) {
				rows = append(rows, newInstanceRow(v, inst))
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b instanceRow) int {
		return cmp.Or(cmp.Compare(cloudOrder(v, a.Cloud), cloudOrder(v, b.Cloud)), naturalCompare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return rows
}

func cloudOrder(v *dnsview.View, name string) int {
	return slices.IndexFunc(v.Snapshot.Clouds, func(c providers.CloudView) bool { return words.Clean(c.Cloud.Name) == name })
}

func newInstanceRow(v *dnsview.View, i *providers.Instance) instanceRow {
	r := instanceRow{
		Cloud: words.Clean(i.Cloud), Provider: string(i.Provider), ID: words.Clean(i.ID), Name: words.Clean(i.Name), State: words.Clean(string(i.State)),
		Region: words.Clean(i.Region), Type: words.Clean(i.Type), Image: words.Clean(i.Image),
		PublicIPs: addresses(i.PublicIPs), PrivateIPs: addresses(i.PrivateIPs), Launched: moment(i.Launched),
		Tags: make(map[string]string, len(i.Tags)), Service: words.Clean(v.ServiceOfInstance(i)),
		Findings: classes(v.FindingsOfInstance(i.Key, i.ID)), Records: []string{}, CloudKey: string(i.Key), Reason: words.Clean(i.Reason),
	}
	for k, t := range i.Tags {
		r.Tags[words.Clean(k)] = words.Clean(t)
	}
	for _, rec := range v.RecordsOf(i.Key, i.ID) {
		r.Records = append(r.Records, words.Clean(v.RecordName(rec)))
	}
	return r
}

func recordRows(v *dnsview.View, keep func(*providers.Record) bool) []recordRow {
	rows := []recordRow{}
	for z := range v.Snapshot.Zones {
		zone := &v.Snapshot.Zones[z]
		at := len(rows)
		for i := range zone.Records {
			if rec := &zone.Records[i]; keep(rec) {
				rows = append(rows, newRecordRow(v, zone.Zone.Provider, rec))
			}
		}
		slices.SortStableFunc(rows[at:], func(a, b recordRow) int {
			return cmp.Or(compareNames(a.Name, b.Name), cmp.Compare(a.Type, b.Type), naturalCompare(a.Value, b.Value))
		})
	}
	return rows
}

// compareNames puts names that lie below one another together: it compares label by
// label from the right.
func compareNames(a, b string) int {
	x, y := providers.SplitName(a), providers.SplitName(b)
	for len(x) > 0 && len(y) > 0 {
		if c := naturalCompare(x[len(x)-1], y[len(y)-1]); c != 0 {
			return c
		}
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	return cmp.Compare(len(x), len(y))
}

func newRecordRow(v *dnsview.View, p providers.Provider, rec *providers.Record) recordRow {
	r := recordRow{
		Zone: words.Clean(rec.Zone), Provider: string(p), Name: words.Clean(rec.Name), Type: words.Clean(rec.Type), TTL: rec.TTL, Value: words.Clean(rec.Value),
		Proxied: rec.Proxied, Findings: classes(v.FindingsOfRecord(rec)), Service: words.Clean(v.ServiceOf(rec)),
		AutoTTL: rec.AutoTTL, Alias: rec.Alias, SetID: words.Clean(rec.SetID), Comment: words.Clean(rec.Comment),
		Wire: newWireRow(v.WireOf(rec)), named: words.Clean(v.RecordName(rec)),
		Controller: words.Clean(v.ControllerOf(rec)),
	}
	if rec.InWeightedSet() {
		r.Weight = &rec.Weight
	}
	if o, ok := rec.Owner(); ok {
		r.Owner = newOwnerRow(v, o)
	}
	if i := v.InstanceOf(rec); i != nil {
		r.Instance = &refRow{Cloud: words.Clean(i.Cloud), ID: words.Clean(i.ID), Name: words.Clean(i.Name)}
	}
	return r
}

func newOwnerRow(v *dnsview.View, o providers.Owner) *ownerRow {
	r := &ownerRow{
		Fleet: words.Clean(o.Fleet), Instance: words.Clean(o.Instance), Cloud: words.Clean(string(o.Cloud)), CloudKey: words.Clean(string(o.Cloud)),
		Registered: o.Registered, Quiesced: o.Quiesced,
	}
	if c := v.CloudByKey(o.Cloud); c != nil {
		r.Cloud = words.Clean(c.Cloud.Name)
	}
	return r
}

func newFindingRow(v *dnsview.View, f *dnsview.Finding) findingRow {
	r := findingRow{
		Class: string(f.Class), Severity: f.Severity.String(), Cloud: words.Clean(f.Cloud), Reason: words.Clean(f.Reason), Evidence: []evidenceRow{},
		Remedy: string(f.Remedy), Service: words.Clean(f.Service), Zone: words.Clean(f.Zone), Would: string(f.Would), RestsOn: basisRows(f.RestsOn),
		Name: words.Clean(f.Name), Controller: words.Clean(f.Controller), Advice: words.Clean(v.Advice(f)),
	}
	if f.Record != nil {
		r.Record = newRecordInSet(f.Record, v.RecordName(f.Record))
	}
	if f.Instance != nil {
		r.Instance = &refRow{Cloud: words.Clean(f.Instance.Cloud), ID: words.Clean(f.Instance.ID), Name: words.Clean(f.Instance.Name)}
	}
	for _, e := range f.Evidence {
		r.Evidence = append(r.Evidence, evidenceRow{Source: words.Clean(e.Source), Fact: words.Clean(e.Fact), At: moment(e.At)})
	}
	return r
}

func basisRows(b []dnsview.Basis) []basisRow {
	rows := []basisRow{}
	for _, x := range b {
		rows = append(rows, basisRow{Source: words.Clean(x.Source), State: stateName(x.State), AgeSeconds: seconds(x.Age), Error: text(x.Err)})
	}
	return rows
}

func findingRows(v *dnsview.View, keep func(*dnsview.Finding) bool) []findingRow {
	rows := []findingRow{}
	for i := range v.Findings {
		if f := &v.Findings[i]; keep(f) {
			rows = append(rows, newFindingRow(v, f))
		}
	}
	return rows
}

// sourceRows reports every source as a person would: a complete read that has
// grown too old is stale.
func sourceRows(s *providers.Snapshot, now time.Time, maxAge time.Duration) []sourceRow {
	rows := []sourceRow{}
	for i := range s.Clouds {
		c := &s.Clouds[i]
		r := newSourceRow(c.Cloud.Name, "cloud", c.Cloud.Provider, c.Coverage, len(c.Instances), c.RowsFrom, c.BudgetLeft, now, maxAge)
		r.Account, r.Region, r.Key, r.Production = words.Clean(cmp.Or(c.Coverage.Account, c.Cloud.Account)), words.Clean(c.Cloud.Region), string(cmp.Or(c.Coverage.Key, c.Cloud.Key)), c.Production
		rows = append(rows, r)
	}
	for i := range s.Zones {
		z := &s.Zones[i]
		r := newSourceRow(z.Zone.Name, "zone", z.Zone.Provider, z.Coverage, len(z.Records), z.RowsFrom, z.BudgetLeft, now, maxAge)
		r.Account = words.Clean(cmp.Or(z.Coverage.Account, z.Zone.Account))
		rows = append(rows, r)
	}
	return rows
}

func newSourceRow(name, kind string, p providers.Provider, c providers.Coverage, n int, from time.Time, left int, now time.Time, maxAge time.Duration) sourceRow {
	r := sourceRow{Name: words.Clean(name), Kind: kind, Provider: string(p), State: stateName(c.At(now, maxAge)), Rows: n}
	if !from.IsZero() {
		age := seconds(now.Sub(from))
		r.AgeSeconds = &age
	}
	if c.Err != nil {
		r.Error = text(c.Err.Error())
	}
	if left >= 0 {
		r.BudgetLeft = &left
	}
	return r
}

func stateName(s providers.CoverageState) string {
	return cmp.Or(string(s), "unread")
}

// classes names the classes of findings, each once, worst first.
func classes(found []*dnsview.Finding) []string {
	out := []string{}
	for _, f := range found {
		if !slices.Contains(out, string(f.Class)) {
			out = append(out, string(f.Class))
		}
	}
	return out
}

func addresses(in []netip.Addr) []string {
	out := make([]string, len(in))
	for i, a := range in {
		out[i] = a.String()
	}
	return out
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	s = words.Clean(s)
	return &s
}

// seconds rounds to milliseconds, below which nothing here is measured.
func seconds(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond).Milliseconds()) / 1000
}

// recordName writes a record as the command line takes it.
func recordName(zone, name, typ, value string) string {
	return strings.Join([]string{zone + ":" + name, typ, value}, "/")
}
