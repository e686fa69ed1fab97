package cli

import (
	"cmp"
	"slices"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/dnsview/rows"
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
	Instance *rows.Ref `json:"instance"`
	Service  string    `json:"service"`
	AutoTTL  bool      `json:"auto_ttl"`
	Alias    bool      `json:"alias"`
	SetID    string    `json:"set_id"`
	Weight   *int64    `json:"weight"` // of a weighted record set, else null
	Comment  string    `json:"comment"`
	// Controller is the program that manages the record by what it says itself, or empty.
	Controller string     `json:"controller"`
	Wire       *rows.Wire `json:"wire"` // null unless name servers were asked

	named string // as the command line takes it
}

func instanceRows(v *dnsview.View, keep func(*providers.Instance) bool) []instanceRow {
	list := []instanceRow{}
	for c := range v.Snapshot.Clouds {
		for i := range v.Snapshot.Clouds[c].Instances {
			if inst := &v.Snapshot.Clouds[c].Instances[i]; keep(inst) {
				list = append(list, newInstanceRow(v, inst))
			}
		}
	}
	slices.SortStableFunc(list, func(a, b instanceRow) int {
		return cmp.Or(cmp.Compare(cloudOrder(v, a.Cloud), cloudOrder(v, b.Cloud)), naturalCompare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return list
}

func cloudOrder(v *dnsview.View, name string) int {
	return slices.IndexFunc(v.Snapshot.Clouds, func(c providers.CloudView) bool { return words.Clean(c.Cloud.Name) == name })
}

func newInstanceRow(v *dnsview.View, i *providers.Instance) instanceRow {
	r := instanceRow{
		Cloud: words.Clean(i.Cloud), Provider: string(i.Provider), ID: words.Clean(i.ID), Name: words.Clean(i.Name), State: words.Clean(string(i.State)),
		Region: words.Clean(i.Region), Type: words.Clean(i.Type), Image: words.Clean(i.Image),
		PublicIPs: rows.Addresses(i.PublicIPs), PrivateIPs: rows.Addresses(i.PrivateIPs), Launched: moment(i.Launched),
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
	list := []recordRow{}
	for z := range v.Snapshot.Zones {
		zone := &v.Snapshot.Zones[z]
		at := len(list)
		for i := range zone.Records {
			if rec := &zone.Records[i]; keep(rec) {
				list = append(list, newRecordRow(v, zone.Zone.Provider, rec))
			}
		}
		slices.SortStableFunc(list[at:], func(a, b recordRow) int {
			return cmp.Or(compareNames(a.Name, b.Name), cmp.Compare(a.Type, b.Type), naturalCompare(a.Value, b.Value))
		})
	}
	return list
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
		Wire: rows.NewWire(v.WireOf(rec)), named: words.Clean(v.RecordName(rec)),
		Controller: words.Clean(v.ControllerOf(rec)),
	}
	if rec.InWeightedSet() {
		r.Weight = &rec.Weight
	}
	if o, ok := rec.Owner(); ok {
		r.Owner = newOwnerRow(v, o)
	}
	if i := v.InstanceOf(rec); i != nil {
		r.Instance = refTo(i)
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

// findingRows returns the findings of a view that pass a filter.
func findingRows(v *dnsview.View, by filter.Filter) []rows.Finding {
	list := []rows.Finding{}
	for _, f := range rows.Findings(v) {
		if by.Match(f) {
			list = append(list, *f)
		}
	}
	return list
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

func refTo(i *providers.Instance) *rows.Ref {
	r := rows.NewRef(i.Ref())
	return &r
}
