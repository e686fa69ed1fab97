package rows

import (
	"time"

	"rollcall/dnsview"
	"rollcall/providers"
)

// Instance is one instance, joined with what DNS and the findings say of it.
type Instance struct {
	Inst *providers.Instance // as the cloud has it; its texts are not clean

	view *dnsview.View
}

// NewInstance returns the row of an instance of a view.
func NewInstance(v *dnsview.View, i *providers.Instance) *Instance {
	return &Instance{Inst: i, view: v}
}

func (r *Instance) FilterName() string { return r.Inst.Name }

func (r *Instance) FilterAge() (time.Duration, bool) {
	if r.Inst.Launched.IsZero() {
		return 0, false
	}
	return r.view.Options.Now.Sub(r.Inst.Launched), true
}

func (r *Instance) FilterTTL() (uint64, bool) { return 0, false }

func (r *Instance) FilterValues(field, tag string, yield func(string) bool) {
	i := r.Inst
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
		for _, s := range r.view.ServicesOfInstance(i) {
			if !yield(s) {
				return
			}
		}
	case "finding", "class", "severity":
		yieldClasses(r.view.FindingsOfInstance(i.Key, i.ID), field, yield)
	case "fleet":
		yield(i.Tags[providers.TagFleet])
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
