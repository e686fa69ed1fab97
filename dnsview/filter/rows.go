package filter

import (
	"time"

	"rollcall/dnsview"
	"rollcall/providers"
)

// The values of a row are those that its columns show. With an empty field a
// row yields all that a bare word is looked for in.

type instanceRow struct {
	v *dnsview.View
	i *providers.Instance
}

func (r *instanceRow) name() string { return r.i.Name }

func (r *instanceRow) age() (time.Duration, bool) {
	if r.i.Launched.IsZero() {
		return 0, false
	}
	return r.v.Options.Now.Sub(r.i.Launched), true
}

func (r *instanceRow) ttl() (uint64, bool) { return 0, false }

func (r *instanceRow) each(field, tag string, yield func(string) bool) {
	i := r.i
	switch field {
	case "":
		for _, s := range [...]string{i.Name, i.ID, i.Cloud, string(i.State), i.Type, i.Region, i.Image} {
			if !yield(s) {
				return
			}
		}
		if !ips(i, yield) {
			return
		}
		for k, t := range i.Tags {
			if !yield(t) || !yield(k+"="+t) {
				return
			}
		}
	case "ip", "value":
		ips(i, yield)
	case "service":
		for _, s := range r.v.ServicesOfInstance(i) {
			if !yield(s) {
				return
			}
		}
	case "finding", "class", "severity":
		classes(r.v.FindingsOfInstance(i.Key, i.ID), field, yield)
	case "fleet":
		yield(i.Tags[providers.TagFleet])
	case "zone":
		for _, rec := range r.v.RecordsOf(i.Key, i.ID) {
			if !yield(rec.Zone) {
				return
			}
		}
	default:
		ofInstance(i, field, tag, yield)
	}
}

// ofInstance yields the plain columns of an instance.
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
		yield(string(i.State))
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
		if v, ok := i.Tags[tag]; ok {
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

func classes(fs []*dnsview.Finding, field string, yield func(string) bool) {
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

type recordRow struct {
	v *dnsview.View
	r *providers.Record
}

func (r *recordRow) name() string { return r.r.Name }

func (r *recordRow) age() (time.Duration, bool) {
	if o, ok := r.r.Owner(); ok {
		return r.v.Options.Now.Sub(r.v.MarkerSince(r.r, o)), true
	}
	if !r.r.Modified.IsZero() {
		return r.v.Options.Now.Sub(r.r.Modified), true
	}
	return 0, false
}

func (r *recordRow) ttl() (uint64, bool) { return uint64(r.r.TTL), true }

func (r *recordRow) each(field, tag string, yield func(string) bool) {
	rec := r.r
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
		if i := r.v.InstanceOf(rec); i != nil {
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
		if w := r.v.WireOf(rec); w != nil {
			yield(string(w.State))
		}
	case "service":
		yield(r.v.ServiceOf(rec))
	case "finding", "class", "severity":
		classes(r.v.FindingsOfRecord(rec), field, yield)
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
		for i := range r.v.Snapshot.Zones {
			if z := &r.v.Snapshot.Zones[i].Zone; z.Name == rec.Zone && !yield(string(z.Provider)) {
				return
			}
		}
	default:
		if i := r.v.InstanceOf(rec); i != nil {
			ofInstance(i, field, tag, yield)
			return
		}
		o, ok := rec.Owner()
		switch {
		case !ok:
		case field == "node":
			yield(o.Instance)
		case field == "cloud":
			if cv := r.v.CloudByKey(o.Cloud); cv != nil {
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

type findingRow struct {
	v *dnsview.View
	f *dnsview.Finding
}

func (r *findingRow) name() string {
	switch {
	case r.f.Record != nil:
		return r.f.Record.Name
	case r.f.Instance != nil:
		return r.f.Instance.Name
	}
	return r.f.Service
}

func (r *findingRow) instance() *providers.Instance {
	if r.f.Instance == nil {
		return nil
	}
	return r.v.Instance(r.f.Instance.Key, r.f.Instance.ID)
}

func (r *findingRow) age() (time.Duration, bool) {
	if r.f.Record != nil {
		return (&recordRow{r.v, r.f.Record}).age()
	}
	if i := r.instance(); i != nil {
		return (&instanceRow{r.v, i}).age()
	}
	return 0, false
}

func (r *findingRow) ttl() (uint64, bool) {
	if r.f.Record == nil {
		return 0, false
	}
	return uint64(r.f.Record.TTL), true
}

func (r *findingRow) each(field, tag string, yield func(string) bool) {
	f := r.f
	switch field {
	case "":
		for _, s := range [...]string{string(f.Class), f.Reason, f.Cloud, f.Service, f.Zone} {
			if !yield(s) {
				return
			}
		}
	case "finding", "class":
		yield(string(f.Class))
	case "severity":
		yield(f.Severity.String())
	case "service":
		yield(f.Service)
	case "cloud":
		yield(f.Cloud)
	case "zone":
		yield(f.Zone)
	case "name":
		if yield(r.name()) && f.Instance != nil {
			yield(f.Instance.Name)
		}
	case "id", "node":
		if f.Instance != nil && yield(f.Instance.ID) && field == "node" {
			yield(f.Instance.Name)
		}
	case "state", "region", "image", "tag":
		if i := r.instance(); i != nil {
			ofInstance(i, field, tag, yield)
		}
	default:
		switch i := r.instance(); {
		case f.Record != nil:
			(&recordRow{r.v, f.Record}).each(field, tag, yield)
		case i != nil:
			(&instanceRow{r.v, i}).each(field, tag, yield)
		}
	}
}
