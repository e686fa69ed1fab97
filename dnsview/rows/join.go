package rows

import (
	"cmp"
	"net/netip"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
)

// Joined holds the instances and records of a view for the two panes of a screen.
type Joined struct {
	Instances []*Instance // worst first, then by cloud and name
	Records   []*Record   // worst first, then by zone and name

	byName struct { // the numbers of the same rows by source and name alone
		instances, records []int32
	}
	urgent struct { // how urgent each row is, by its number
		nodes, values []dnsview.Severity
	}
	view   *dnsview.View
	nodes  []Instance   // including hidden ones
	places index.Places // of nodes by their keys, as they were first joined
	now    []int32      // number in nodes of each of these, -1 for one that is gone; nil if they are the same
	shown  []bool       // which of nodes a screen shows
	values []Record
	rowOf  []int32 // number in values of each record of all zones, one after the other; -1 for one that has no row
}

// Instance returns the row of an instance, which may be a hidden one, or nil.
func (j *Joined) Instance(k InstanceKey) *Instance {
	if n := j.places.Find(index.HashName(k.ID), j.has(k)); n >= 0 {
		return &j.nodes[j.nodeAt(n)]
	}
	return nil
}

func (j *Joined) has(k InstanceKey) func(place int32) bool {
	return func(place int32) bool {
		n := j.nodeAt(place)
		return n >= 0 && j.nodes[n].Inst.ID == k.ID && j.nodes[n].Inst.Cloud == k.Cloud
	}
}

// nodeAt returns the number of the row of an instance with a place; -1 for one that is gone.
func (j *Joined) nodeAt(place int32) int32 {
	if j.now == nil {
		return place
	}
	return j.now[place]
}

// Join returns the rows of a view. It omits terminated instances without records, and owner markers without findings.
func Join(v *dnsview.View) *Joined {
	j := &Joined{view: v}
	j.instances(v)
	j.records(v)
	index.Sort(j.byName.instances, j.compareInstances)
	j.worstFirst()
	return j
}

// rowsOfPart is how many rows are joined as one part.
const rowsOfPart = 1024

func (j *Joined) instances(v *dnsview.View) {
	n := 0
	for i := range v.Snapshot.Clouds {
		n += len(v.Snapshot.Clouds[i].Instances)
	}
	list := make([]Instance, 0, n)
	for order := range v.Snapshot.Clouds {
		c := &v.Snapshot.Clouds[order]
		for i := range c.Instances {
			list = append(list, Instance{Inst: &c.Instances[i], view: v, at: int32(len(list)), order: int32(order)})
		}
	}
	j.urgent.nodes = make([]dnsview.Severity, len(list))
	index.Parallel(len(list), rowsOfPart, func(from, to int) {
		var text index.Texts
		for i := from; i < to; i++ {
			list[i].join(&text)
			j.urgent.nodes[i] = list[i].urgency()
		}
	})
	j.nodes, j.shown, j.byName.instances = list, make([]bool, len(list)), make([]int32, 0, len(list))
	j.findNodes()
	for i := range list {
		if j.shown[i] = list[i].isShown(); j.shown[i] {
			j.byName.instances = append(j.byName.instances, int32(i))
		}
	}
}

// findNodes makes rows of instances found by their keys.
func (j *Joined) findNodes() {
	j.places = index.NewPlaces(len(j.nodes) + len(j.nodes)/4 + 64) // with room for those that come
	for i := range j.nodes {
		j.putNode(int32(i), int32(i))
	}
}

// putNode makes the row with a number found by its key, at a place.
func (j *Joined) putNode(n, place int32) {
	r := &j.nodes[n]
	j.places.Put(index.HashName(r.Inst.ID), place, j.has(r.Key()))
}

// isShown reports whether a screen shows the row.
func (r *Instance) isShown() bool {
	return !r.Inst.State.Dead() || r.records > 0 || len(r.Findings) > 0
}

func (j *Joined) records(v *dnsview.View) {
	n := 0
	for i := range v.Snapshot.Zones {
		n += len(v.Snapshot.Zones[i].Records)
	}
	list := make([]Record, 0, n)
	j.rowOf = make([]int32, 0, n)
	for order := range v.Snapshot.Zones {
		z := &v.Snapshot.Zones[order]
		for i := range z.Records {
			rec := &z.Records[i]
			found := v.FindingsOfRecord(rec)
			if len(found) == 0 && rec.IsMarker() {
				j.rowOf = append(j.rowOf, -1)
				continue // the owner is in the row of the marked record
			}
			j.rowOf = append(j.rowOf, int32(len(list)))
			list = append(list, Record{Rec: rec, view: v, at: int32(len(list)), order: int32(order), Findings: found})
		}
	}
	j.urgent.values = make([]dnsview.Severity, len(list))
	addresses := make([]netip.Addr, len(list))
	index.Parallel(len(list), rowsOfPart, func(from, to int) {
		var text index.Texts
		for n := from; n < to; n++ {
			r := &list[n]
			r.join(&text)
			addresses[n] = r.address()
			j.joinOwner(r)
			j.urgent.values[n] = r.urgency()
		}
	})
	j.values, j.byName.records = list, make([]int32, len(list))
	for i := range list {
		j.byName.records[i] = int32(i)
	}
	index.Sort(j.byName.records, func(x, y int32) int {
		a, b := &list[x], &list[y]
		return cmp.Or(compareSets(a, b), compareLed(addresses[x], addresses[y], a, b), cmp.Compare(x, y))
	})
}

// joinOwner links a row with that of its instance.
func (j *Joined) joinOwner(r *Record) {
	var node *Instance
	if i := r.view.InstanceOf(r.Rec); i != nil {
		node = j.Instance(InstanceKey{Cloud: i.Cloud, ID: i.ID})
	}
	r.joinOwner(node)
}

func (j *Joined) compareInstances(a, b int32) int { return compareInstances(&j.nodes[a], &j.nodes[b]) }

func (j *Joined) compareRecords(a, b int32) int { return compareRecords(&j.values[a], &j.values[b]) }
