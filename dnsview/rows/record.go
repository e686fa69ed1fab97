package rows

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Record is the row of one record value, with the instance that it leads to. There is one for each record on view, so it
// holds only what costs more than a look at the record.
type Record struct {
	Rec *providers.Record // as the provider returned it; its texts are not clean

	// For a screen, clean; set by Join:
	Node     string             // the owner, or the holder of the address
	Findings []*dnsview.Finding // worst first
	Wire     *index.WireState   // answers of name servers; nil if none is asked

	view    *dnsview.View
	leadsTo *Instance // nil for none
	natural string
	at      int32 // its number, which orders what is equal
	order   int32 // of the zone
}

// NewRecord returns the row of a record for filters.
func NewRecord(v *dnsview.View, r *providers.Record) *Record { return &Record{Rec: r, view: v} }

// Records returns the rows of all records of a view in the order of tables.
func Records(v *dnsview.View) []Record {
	list := []Record{}
	for z := range v.Snapshot.Zones {
		at := len(list)
		for i := range v.Snapshot.Zones[z].Records {
			list = append(list, Record{Rec: &v.Snapshot.Zones[z].Records[i], view: v, order: int32(z)})
		}
		slices.SortStableFunc(list[at:], func(a, b Record) int {
			return cmp.Or(compareNames(a.full(), b.full()), cmp.Compare(a.Type(), b.Type()), NaturalCompare(a.value(), b.value()))
		})
	}
	return list
}

// compareNames compares names label by label from the right, so that names below one another are adjacent.
func compareNames(a, b string) int {
	x, y := providers.SplitName(a), providers.SplitName(b)
	for len(x) > 0 && len(y) > 0 {
		if c := NaturalCompare(x[len(x)-1], y[len(y)-1]); c != 0 {
			return c
		}
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	return cmp.Compare(len(x), len(y))
}

// compareRecords compares rows of a screen by zone, name, type and value.
func compareRecords(a, b *Record) int {
	return cmp.Or(compareSets(a, b), compareValues(a, b), cmp.Compare(a.at, b.at))
}

// compareSets compares rows by zone, name and type.
func compareSets(a, b *Record) int {
	return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.natural, b.natural), cmp.Compare(a.Rec.Type, b.Rec.Type))
}

// compareValues compares addresses by number and all else by text.
func compareValues(a, b *Record) int { return compareLed(a.address(), b.address(), a, b) }

// compareLed is compareValues for rows whose addresses are known.
func compareLed(x, y netip.Addr, a, b *Record) int {
	if x.IsValid() && y.IsValid() {
		return x.Compare(y)
	}
	return cmp.Compare(a.Rec.Value, b.Rec.Value)
}

// address returns the address that the record leads to; the zero value for none.
func (r *Record) address() netip.Addr {
	a, _ := r.Rec.Addr()
	return a
}

// join sets the fields for a screen, except those of the owner.
func (r *Record) join(t *index.Texts) {
	r.Wire = r.view.WireOf(r.Rec)
	r.ordered(t)
}

// ordered sets the field that orders the rows of a screen, and returns r.
func (r *Record) ordered(t *index.Texts) *Record {
	if r.Rec.Name != r.Rec.Zone { // the apex sorts first
		r.natural = naturalKey(t, r.Rec.Name)
	}
	return r
}

// Name returns the name relative to the zone, readable and clean.
func (r *Record) Name() string {
	return providers.Clean(Relative(r.view.Options.Readable(r.Rec.Name), r.view.Options.Readable(r.Rec.Zone)))
}

// Value returns the value, readable and clean.
func (r *Record) Value() string {
	if !index.HoldsName(r.Rec.Type) {
		return providers.Clean(r.Rec.Value)
	}
	return providers.Clean(r.view.Options.Readable(r.Rec.Value))
}

// Instances returns the identity of the instance that the record leads to, alone, or none.
func (r *Record) Instances() []InstanceKey {
	if r.leadsTo == nil {
		return nil
	}
	return []InstanceKey{r.leadsTo.Key()}
}

// Production reports whether the cloud that the record leads to is marked as production.
func (r *Record) Production() bool {
	if r.leadsTo != nil {
		return r.leadsTo.Production()
	}
	o, owned := r.Rec.Owner()
	if !owned || o.Host() {
		return false
	}
	c := r.view.CloudByKey(o.Cloud)
	return c != nil && c.Production
}

// Outdated reports whether the row is not from the last read of its zone.
func (r *Record) Outdated() bool { return r.source().Outdated() }

func (r *Record) source() *providers.ZoneView { return &r.view.Snapshot.Zones[r.order] }

// joinOwner sets the owner, and links the record with its instance, which may be nil.
func (r *Record) joinOwner(node *Instance) {
	r.leadsTo = node
	var i *providers.Instance
	if node != nil {
		i = node.Inst
	}
	r.Node = r.nodeText(i)
}

// nodeText returns what a screen shows of the node that the record leads to; i is its instance, or nil.
func (r *Record) nodeText(i *providers.Instance) string {
	o, owned := r.Rec.Owner()
	switch {
	case len(r.Rec.Owners)+len(r.Rec.BadMarkers) > 0 && !owned:
		return "(ambiguous)"
	case i != nil:
		name := cmp.Or(providers.Clean(i.Name), providers.Clean(i.ID))
		if i.State.Dead() {
			name += " (gone)"
		}
		return name
	case !owned:
		return ""
	case o.Host():
		return providers.Clean(strings.TrimPrefix(o.Instance, providers.HostPrefix)) + " (host)"
	}
	id := providers.Clean(ShortID(o.Instance))
	c := r.view.CloudByKey(o.Cloud)
	if c == nil {
		return id + " (elsewhere)"
	}
	if l, ok := c.Lookup(o.Instance); ok && l.Gone {
		return id + " (gone)"
	}
	return id + " (not seen)"
}

// Key returns the identity of the row.
func (r *Record) Key() providers.Identity { return r.Rec.Identity() }

// Named returns the record in the form of the command line.
func (r *Record) Named() string { return providers.Clean(r.view.RecordName(r.Rec)) }

// Type returns the type, clean.
func (r *Record) Type() string { return providers.Clean(r.Rec.Type) }

func (r *Record) zone() string     { return providers.Clean(r.Rec.Zone) }
func (r *Record) full() string     { return providers.Clean(r.Rec.Name) }
func (r *Record) value() string    { return providers.Clean(r.Rec.Value) }
func (r *Record) provider() string { return string(r.view.Snapshot.Zones[r.order].Zone.Provider) }

func (r *Record) classes() []string { return classes(r.view.FindingsOfRecord(r.Rec)) }

// node returns the instance that the record leads to, else the one in its marker.
func (r *Record) node() string {
	if i := r.view.InstanceOf(r.Rec); i != nil {
		return cmp.Or(providers.Clean(i.Name), providers.Clean(i.ID))
	}
	o, _ := r.Rec.Owner()
	return providers.Clean(o.Instance)
}

// owner returns the JSON of the owner marker, or nil.
func (r *Record) owner() *OwnerObject {
	o, ok := r.Rec.Owner()
	if !ok {
		return nil
	}
	out := &OwnerObject{
		Fleet: providers.Clean(o.Fleet), Instance: providers.Clean(o.Instance), Cloud: providers.Clean(string(o.Cloud)), CloudKey: providers.Clean(string(o.Cloud)),
		Registered: o.Registered, Quiesced: o.Quiesced,
	}
	if c := r.view.CloudByKey(o.Cloud); c != nil {
		out.Cloud = providers.Clean(c.Cloud.Name)
	}
	return out
}

// RecordTable returns the columns of tables; wire adds the answers of name servers.
func RecordTable(wire bool) []Column[*Record] {
	type row = *Record
	out := []Column[row]{
		{Title: "ZONE", Text: func(r row) string { return r.view.Options.Readable(r.zone()) }},
		{Title: "NAME", Text: func(r row) string { return r.view.Options.Readable(r.full()) }},
		{Title: "TYPE", Text: row.Type},
		{Title: "TTL", Text: func(r row) string {
			if r.Rec.AutoTTL {
				return "auto"
			}
			return strconv.Itoa(int(r.Rec.TTL))
		}, Key: func(r row) string { return strconv.Itoa(int(r.Rec.TTL)) }},
		{Title: "VALUE", Text: row.Value},
		{Title: "NODE", Text: row.node},
		{Title: "FINDINGS", Text: func(r row) string { return strings.Join(r.classes(), ",") }},
		{Title: "PROVIDER", Wide: true, Text: row.provider},
		{Title: "PROXIED", Wide: true, Text: func(r row) string { return strconv.FormatBool(r.Rec.Proxied) }},
		{Title: "SERVICE", Wide: true, Text: func(r row) string { return r.view.Options.Readable(providers.Clean(r.view.ServiceOf(r.Rec))) }},
		{Title: "OWNER", Wide: true, Text: func(r row) string {
			if o := r.owner(); o != nil {
				return o.Cloud + "/" + o.Instance
			}
			return ""
		}},
		{Title: "COMMENT", Wide: true, Text: func(r row) string { return providers.Clean(r.Rec.Comment) }},
		{Title: "NOTE", Wide: true, Text: func(r row) string { return r.Note().text() }},
		{Title: "SET", Wide: true, Text: func(r row) string { return providers.Clean(r.Rec.SetID) }},
		{Title: "WEIGHT", Wide: true, Text: func(r row) string {
			if r.Rec.InWeightedSet() {
				return strconv.FormatInt(r.Rec.Weight, 10)
			}
			return ""
		}},
	}
	if wire {
		out = slices.Insert(out, 6, Column[row]{Title: "WIRE", Text: func(r row) string { return newWire(r.view.WireOf(r.Rec)).String() }})
	}
	return out
}

// RecordScreen returns the columns of the console; now is called when they are drawn.
func RecordScreen(now func() time.Time) []Column[*Record] {
	type row = *Record
	return withExtra([]Column[row]{
		{
			Title: "NAME", Min: 8, Max: 36, Middle: true, Text: row.Name,
			Compare: func(a, b row) int { return cmp.Or(cmp.Compare(a.natural, b.natural), compareRecords(a, b)) },
		},
		{Title: "ZONE", Min: 10, Max: 24, Priority: 8, Text: row.zone, Compare: compareRecords},
		{
			Title: "TYPE", Min: 5, Narrow: 4, Max: 6, Priority: 2, Text: row.Type,
			Compare: func(a, b row) int { return cmp.Compare(a.Rec.Type, b.Rec.Type) },
		},
		{
			Title: "TTL", Min: 4, Max: 6, Priority: 5, Right: true,
			Text: func(r row) string {
				switch {
				case r.Rec.AutoTTL:
					return "auto"
				case r.Rec.Alias:
					return "alias"
				}
				return strconv.FormatUint(uint64(r.Rec.TTL), 10)
			},
			Compare: func(a, b row) int { return cmp.Compare(a.Rec.TTL, b.Rec.TTL) },
		},
		{
			Title: "VALUE", Min: 15, Max: 44, Priority: 1, Middle: true, Text: row.Value,
			Compare: compareValues,
		},
		{Title: "VIA", Min: 7, Max: 7, Priority: 7, Optional: true, Text: func(r row) string {
			if r.Rec.Proxied {
				return "proxied"
			}
			return ""
		}},
		{
			Title: "NODE", Min: 8, Max: 24, Priority: 3, Middle: true, Text: func(r row) string { return r.Node },
			Compare: func(a, b row) int { return cmp.Compare(a.Node, b.Node) },
		},
		{Title: "WIRE", Min: 5, Max: 13, Priority: 4, Optional: true, Text: func(r row) string {
			if r.Wire == nil {
				return ""
			}
			return string(r.Wire.State)
		}, Compare: compareWire},
		readColumn(now, func(r row) time.Time { return r.source().RowsFrom }),
		{
			Title: "FINDING", Min: 10, Max: 18, Priority: -1,
			Text: func(r row) string {
				if len(r.Findings) == 0 {
					return ""
				}
				return r.Findings[0].Label()
			},
			Compare: func(a, b row) int { return cmp.Compare(severityOf(b.Findings), severityOf(a.Findings)) },
		},
	}, RecordTable(false))
}

// OwnerObject is the JSON of an owner marker.
type OwnerObject struct {
	Fleet      string    `json:"fleet"`      // id of the fleet
	Instance   string    `json:"instance"`   // id of the instance, or host:NAME
	Cloud      string    `json:"cloud"`      // name in this config, or the key if it is not there
	CloudKey   string    `json:"cloud_key"`  // key of the cloud
	Registered time.Time `json:"registered"` // when the record was registered
	Quiesced   bool      `json:"quiesced"`   // whether the value was taken out on purpose
}

// RecordObject is the JSON of a record.
type RecordObject struct {
	Identity string       `json:"identity"` // what commands take
	Zone     string       `json:"zone"`     // name of its zone
	Provider string       `json:"provider"` // such as route53
	Name     string       `json:"name"`     // fully qualified, without the last dot
	Type     string       `json:"type"`     // such as A or SRV
	TTL      uint32       `json:"ttl"`      // in seconds
	Value    string       `json:"value"`    // as dig +short prints it, without the last dot
	Proxied  bool         `json:"proxied"`  // whether Cloudflare answers with addresses of its own
	Owner    *OwnerObject `json:"owner"`    // its owner marker, or null
	Findings []string     `json:"findings"` // classes of the findings about it
	Instance *Ref         `json:"instance"` // which has its address, or null
	Service  string       `json:"service"`  // that it belongs to, or empty
	AutoTTL  bool         `json:"auto_ttl"` // whether the provider chooses the TTL
	Alias    bool         `json:"alias"`    // an alias record of Route 53, which is read-only
	SetID    string       `json:"set_id"`   // set identifier of Route 53, or empty
	Weight   *int64       `json:"weight"`   // of a weighted record set, else null
	Comment  string       `json:"comment"`  // at the provider, without an owner marker
	// Controller is the program that manages the record according to its own marks, or empty.
	Controller string `json:"controller"`
	Wire       *Wire  `json:"wire"` // null unless name servers were queried

	Note     *NoteObject `json:"note"`     // what an operator wrote about it, or null
	AsOf     *time.Time  `json:"as_of"`    // when the read began that the row is of, or null
	Coverage string      `json:"coverage"` // of the last read of its source: complete, partial, failed, stale or unread
}

// Object returns the JSON of the record.
func (r *Record) Object() RecordObject {
	rec, v := r.Rec, r.view
	o := RecordObject{
		Identity: r.Named(), Zone: r.zone(), Provider: r.provider(), Name: r.full(), Type: r.Type(), TTL: rec.TTL, Value: r.value(),
		Proxied: rec.Proxied, Owner: r.owner(), Findings: r.classes(), Service: providers.Clean(v.ServiceOf(rec)),
		AutoTTL: rec.AutoTTL, Alias: rec.Alias, SetID: providers.Clean(rec.SetID), Comment: providers.Clean(rec.Comment),
		Controller: providers.Clean(v.ControllerOf(rec)), Wire: newWire(v.WireOf(rec)), Note: r.Note(), AsOf: moment(r.source().RowsFrom), Coverage: StateName(r.source().Coverage.At(r.view.Options.Now, r.view.Options.MaxAge)),
	}
	if rec.InWeightedSet() {
		o.Weight = &rec.Weight
	}
	if i := v.InstanceOf(rec); i != nil {
		ref := NewRef(i.Ref())
		o.Instance = &ref
	}
	return o
}
