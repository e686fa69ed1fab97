package rows

import (
	"time"

	"rollcall/dnsview"
	"rollcall/providers"
)

// Record is one value of a record, joined with the instance that it leads to.
type Record struct {
	Rec *providers.Record // as the provider has it; its texts are not clean

	view *dnsview.View
}

// NewRecord returns the row of a record of a view.
func NewRecord(v *dnsview.View, r *providers.Record) *Record { return &Record{Rec: r, view: v} }

func (r *Record) FilterName() string { return r.Rec.Name }

func (r *Record) FilterAge() (time.Duration, bool) {
	if o, ok := r.Rec.Owner(); ok {
		return r.view.Options.Now.Sub(r.view.MarkerSince(r.Rec, o)), true
	}
	if !r.Rec.Modified.IsZero() {
		return r.view.Options.Now.Sub(r.Rec.Modified), true
	}
	return 0, false
}

func (r *Record) FilterTTL() (uint64, bool) { return uint64(r.Rec.TTL), true }

func (r *Record) FilterValues(field, tag string, yield func(string) bool) {
	rec := r.Rec
	switch field {
	case "":
		for _, s := range [...]string{rec.Name, rec.Type, rec.Value, rec.Comment} {
			if !yield(s) {
				return
			}
		}
		for i := range rec.Owners {
			if !yield(rec.Owners[i].Instance) {
				return
			}
		}
		if i := r.view.InstanceOf(rec); i != nil {
			yield(i.Name)
		}
	case "name":
		yield(rec.Name)
	case "zone":
		yield(rec.Zone)
	case "type":
		yield(rec.Type)
	case "value":
		yield(rec.Value)
	case "ip":
		if rec.Type == "A" || rec.Type == "AAAA" {
			yield(rec.Value)
		}
	case "proxied":
		yesNo(rec.Proxied, yield)
	case "wire":
		if w := r.view.WireOf(rec); w != nil {
			yield(string(w.State))
		}
	case "service":
		yield(r.view.ServiceOf(rec))
	case "finding", "class", "severity":
		yieldClasses(r.view.FindingsOfRecord(rec), field, yield)
	case "owner", "id":
		if len(rec.Owners) == 0 && field == "owner" {
			yield("")
		}
		for i := range rec.Owners {
			if !yield(rec.Owners[i].Instance) {
				return
			}
		}
	case "fleet":
		for i := range rec.Owners {
			if !yield(rec.Owners[i].Fleet) {
				return
			}
		}
	case "provider":
		for i := range r.view.Snapshot.Zones {
			if z := &r.view.Snapshot.Zones[i].Zone; z.Name == rec.Zone && !yield(string(z.Provider)) {
				return
			}
		}
	default:
		if i := r.view.InstanceOf(rec); i != nil {
			ofInstance(i, field, tag, yield)
			return
		}
		o, ok := rec.Owner()
		switch {
		case !ok:
		case field == "node":
			yield(o.Instance)
		case field == "cloud":
			if cv := r.view.CloudByKey(o.Cloud); cv != nil {
				yield(cv.Cloud.Name)
			}
		}
	}
}

func yesNo(b bool, yield func(string) bool) {
	if b {
		if yield("yes") {
			yield("true")
		}
		return
	}
	if yield("no") {
		yield("false")
	}
}
