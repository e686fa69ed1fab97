package ui

import (
	"cmp"
	"slices"
	"strings"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// instanceKey is the identity of an instance on the screen.
type instanceKey struct{ Cloud, ID string }

func refKey(r providers.InstanceRef) instanceKey { return instanceKey{Cloud: r.Cloud, ID: r.ID} }

// instanceRow is one instance, joined and ready to be drawn: every text is clean.
type instanceRow struct {
	inst       *providers.Instance
	ref        providers.InstanceRef // with clean texts, for the screen
	cloudOrder int
	production bool
	address    string
	service    string
	typ        string
	records    []providers.Identity
	findings   []*dnsview.Finding // worst first
	natural    string             // sort key of the name
	text       string             // lower case, for bare filter words
}

// Key is the identity of the row.
func (r *instanceRow) Key() instanceKey { return instanceKey{Cloud: r.inst.Cloud, ID: r.inst.ID} }

// recordRow is one record value, joined and ready to be drawn.
type recordRow struct {
	rec        *providers.Record
	id         providers.Identity
	zoneOrder  int
	name       string // relative to the zone
	value      string
	node       string // who owns it, or whose address it is
	instances  []instanceKey
	production bool
	findings   []*dnsview.Finding
	wire       *dnsview.WireState // what name servers answer; nil when no one asks for it
	natural    string
	text       string
}

// Key is the identity of the row.
func (r *recordRow) Key() providers.Identity { return r.id }

// worst is the most severe finding of a row.
func worst(f []*dnsview.Finding) *dnsview.Finding {
	if len(f) == 0 {
		return nil
	}
	return f[0]
}

// viewModel is everything that the screen shows of one snapshot. It is built in a
// command and is immutable afterwards.
type viewModel struct {
	view      *dnsview.View
	instances []*instanceRow
	records   []*recordRow
	findings  []*rows.Finding
	summary   []dnsview.ClassCount
	sources   []rows.Source
	byID      map[instanceKey]*instanceRow
	services  *services // nil unless its screen was shown when the rows were made
}

// join makes the rows of a view. It is pure.
func join(v *dnsview.View) *viewModel {
	s := v.Snapshot
	j := &viewModel{view: v, byID: map[instanceKey]*instanceRow{}, summary: v.Counts(), findings: rows.Findings(v)}
	j.sources = rows.WithFindings(rows.Sources(s, v.Options.Now, v.Options.MaxAge), v)
	j.joinInstances(s)
	j.joinRecords(s)
	slices.SortStableFunc(j.instances, func(a, b *instanceRow) int {
		return cmp.Or(cmp.Compare(a.cloudOrder, b.cloudOrder), cmp.Compare(a.natural, b.natural), cmp.Compare(a.inst.ID, b.inst.ID))
	})
	slices.SortStableFunc(j.records, compareRecords)
	return j
}

func (j *viewModel) joinInstances(s *providers.Snapshot) {
	n := 0
	for i := range s.Clouds {
		n += len(s.Clouds[i].Instances)
	}
	rows := make([]instanceRow, 0, n)
	j.instances = make([]*instanceRow, 0, n)
	for order := range s.Clouds {
		c := &s.Clouds[order]
		for i := range c.Instances {
			inst := &c.Instances[i]
			rows = append(rows, instanceRow{inst: inst, cloudOrder: order, production: c.Production})
			r := &rows[len(rows)-1]
			r.fill(j.view)
			j.byID[r.Key()] = r
			if inst.State.Dead() && len(r.records) == 0 && len(r.findings) == 0 {
				continue // gone, and nothing points at it any more
			}
			j.instances = append(j.instances, r)
		}
	}
}

func (j *viewModel) joinRecords(s *providers.Snapshot) {
	total := 0
	for i := range s.Zones {
		total += len(s.Zones[i].Records)
	}
	recs := make([]recordRow, 0, total)
	j.records = make([]*recordRow, 0, total)
	for order := range s.Zones {
		z := &s.Zones[order]
		for i := range z.Records {
			rec := &z.Records[i]
			found := j.view.FindingsOfRecord(rec)
			if rec.IsMarker() && len(found) == 0 {
				continue // the owner shows in the row that the marker belongs to
			}
			recs = append(recs, recordRow{rec: rec, id: rec.Identity(), zoneOrder: order, findings: found, wire: j.view.WireOf(rec)})
			r := &recs[len(recs)-1]
			r.fill()
			j.owner(r)
			r.text += " " + strings.ToLower(r.node)
			j.records = append(j.records, r)
		}
	}
}

// owner says whose a record is, and links it with the instance.
func (j *viewModel) owner(r *recordRow) {
	var node *instanceRow
	if i := j.view.InstanceOf(r.rec); i != nil {
		node = j.byID[instanceKey{Cloud: i.Cloud, ID: i.ID}]
	}
	if node != nil {
		r.instances = []instanceKey{node.Key()}
		r.production = node.production
	}
	o, owned := r.rec.Owner()
	switch {
	case len(r.rec.Owners)+len(r.rec.BadMarkers) > 0 && !owned:
		r.node = "(ambiguous)"
	case node != nil && node.inst.State.Dead():
		r.node = node.ref.Name + " (gone)"
	case node != nil:
		r.node = node.ref.Name
	case !owned:
	case o.Host():
		r.node = Clean(strings.TrimPrefix(o.Instance, providers.HostPrefix)) + " (host)"
	default:
		c := j.view.CloudByKey(o.Cloud)
		if c == nil {
			r.node = Clean(short(o.Instance)) + " (elsewhere)"
			return
		}
		r.production = c.Production
		r.node = Clean(short(o.Instance))
		if l, ok := c.Lookups[o.Instance]; ok && l.Gone {
			r.node += " (gone)"
		} else {
			r.node += " (not seen)"
		}
	}
}

func compareRecords(a, b *recordRow) int {
	return cmp.Or(cmp.Compare(a.zoneOrder, b.zoneOrder), cmp.Compare(a.natural, b.natural),
		cmp.Compare(a.rec.Type, b.rec.Type), compareValues(a.rec, b.rec))
}

// compareValues orders addresses by number and everything else by text.
func compareValues(a, b *providers.Record) int {
	x, ok := a.Addr()
	y, ok2 := b.Addr()
	if ok && ok2 {
		return x.Compare(y)
	}
	return cmp.Compare(a.Value, b.Value)
}

func (r *instanceRow) fill(v *dnsview.View) {
	i := r.inst
	r.ref = providers.InstanceRef{Cloud: Clean(i.Cloud), Key: i.Key, ID: Clean(i.ID), Name: Clean(i.Name)}
	if r.ref.Name == "" {
		r.ref.Name = r.ref.ID
	}
	switch {
	case len(i.PublicIPs) > 0:
		r.address = i.PublicIPs[0].String()
	case len(i.PrivateIPs) > 0:
		r.address = i.PrivateIPs[0].String()
	}
	r.typ = Clean(i.Type)
	r.service = Clean(v.ServiceOfInstance(i))
	for _, rec := range v.RecordsOf(i.Key, i.ID) {
		if !rec.IsMarker() {
			r.records = append(r.records, rec.Identity())
		}
	}
	r.findings = v.FindingsOfInstance(i.Key, i.ID)
	r.natural = naturalKey(r.ref.Name)
	r.text = strings.ToLower(r.ref.Name + " " + r.ref.ID + " " + r.address)
}

func (r *recordRow) fill() {
	r.value = Clean(dnsview.ReadableValue(r.rec.Type, r.rec.Value))
	r.name = Clean(relative(dnsview.Readable(r.rec.Name), dnsview.Readable(r.rec.Zone)))
	r.natural = naturalKey(r.rec.Name)
	if r.rec.Name == r.rec.Zone {
		r.natural = "" // the apex comes first
	}
	r.text = strings.ToLower(r.name + " " + r.value)
	if strings.Contains(r.rec.Name, "xn--") {
		r.text += " " + r.rec.Name // it is found by either spelling
	}
}

// short is the beginning of an id, enough to tell it from others.
func short(id string) string {
	n := 10
	if len(id) == 36 && id[8] == '-' { // a UUID
		n = 8
	}
	if len(id) > n {
		return id[:n]
	}
	return id
}

// relative gives a name as it is called within its zone. The apex is shown
// with the zone's name, since every zone has one.
func relative(name, zone string) string {
	if name == zone {
		return "@ " + zone
	}
	return strings.TrimSuffix(name, "."+zone)
}

// naturalKey makes www-9 sort before www-10: runs of digits are padded.
func naturalKey(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			j++
		}
		if n := j - i; n > 0 {
			for range 8 - min(n, 8) {
				b.WriteByte('0')
			}
			b.WriteString(s[i:j])
			i = j
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return strings.ToLower(b.String())
}
