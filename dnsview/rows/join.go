package rows

import (
	"cmp"
	"slices"

	"rollcall/dnsview"
)

// Joined holds the instances and records of a view for the two panes of a screen.
type Joined struct {
	Instances []*Instance
	Records   []*Record
	ByID      map[InstanceKey]*Instance // all instances, including hidden ones
}

// Join returns the rows of a view. It omits terminated instances without records, and owner markers without findings.
func Join(v *dnsview.View) *Joined {
	j := &Joined{ByID: map[InstanceKey]*Instance{}}
	j.instances(v)
	j.records(v)
	slices.SortStableFunc(j.Instances, func(a, b *Instance) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.natural, b.natural), cmp.Compare(a.Inst.ID, b.Inst.ID))
	})
	slices.SortStableFunc(j.Records, compareRecords)
	return j
}

func (j *Joined) instances(v *dnsview.View) {
	n := 0
	for i := range v.Snapshot.Clouds {
		n += len(v.Snapshot.Clouds[i].Instances)
	}
	list := make([]Instance, 0, n)
	j.Instances = make([]*Instance, 0, n)
	for order := range v.Snapshot.Clouds {
		c := &v.Snapshot.Clouds[order]
		for i := range c.Instances {
			list = append(list, Instance{Inst: &c.Instances[i], view: v, order: order, Production: c.Production})
			r := &list[len(list)-1]
			r.join()
			j.ByID[r.Key()] = r
			if r.Inst.State.Dead() && len(r.Records) == 0 && len(r.Findings) == 0 {
				continue
			}
			j.Instances = append(j.Instances, r)
		}
	}
}

func (j *Joined) records(v *dnsview.View) {
	n := 0
	for i := range v.Snapshot.Zones {
		n += len(v.Snapshot.Zones[i].Records)
	}
	list := make([]Record, 0, n)
	j.Records = make([]*Record, 0, n)
	for order := range v.Snapshot.Zones {
		z := &v.Snapshot.Zones[order]
		for i := range z.Records {
			rec := &z.Records[i]
			found := v.FindingsOfRecord(rec)
			if rec.IsMarker() && len(found) == 0 {
				continue // the owner is in the row of the marked record
			}
			list = append(list, Record{Rec: rec, view: v, order: order, Findings: found})
			r := &list[len(list)-1]
			r.join()
			var node *Instance
			if i := v.InstanceOf(rec); i != nil {
				node = j.ByID[InstanceKey{Cloud: i.Cloud, ID: i.ID}]
			}
			r.joinOwner(node)
			j.Records = append(j.Records, r)
		}
	}
}
