package dnsview_test

import (
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

func TestAReadingTellsWhetherAChangeWasMade(t *testing.T) {
	was := cfRecord(wwwName, "165.225.128.1", keyEast, tritonA)
	was.ID, was.Modified = "id-1", longAgo
	is := was
	is.Value, is.Modified = "165.225.128.9", time.Time{}
	with := func(r providers.Record, change func(r *providers.Record)) []providers.Record {
		change(&r)
		return []providers.Record{r}
	}
	same := func(*providers.Record) {}
	changed := func(r *providers.Record) { r.Modified = testNow }
	sibling := cfRecord(wwwName, "34.200.16.1", keyUse1, ec2A)
	plain := providers.Record{Zone: r53Zone, Name: "a.unilans.net", Type: "A", TTL: 60, Value: "192.0.2.1", Owners: []providers.Owner{owner(keyEast, tritonB)}}
	marker := plan.MarkerRecord(&plain, mustEncode(t, owner(keyEast, tritonB).For("A", "192.0.2.1")))
	again := func(r *providers.Record) { r.Owners = []providers.Owner{owner(keyEast, tritonA)} }
	for _, c := range []struct {
		name  string
		c     providers.Change
		found []providers.Record
		want  index.Outcome
		now   bool
	}{
		{"a delete whose record is gone", providers.Change{Op: providers.OpDelete, Before: was}, []providers.Record{sibling}, index.Made, false},
		{"a delete whose record is there", providers.Change{Op: providers.OpDelete, Before: was}, with(was, same), index.NotMade, false},
		{"a delete whose record was made anew by somebody", providers.Change{Op: providers.OpDelete, Before: was}, with(was, func(r *providers.Record) { r.ID = "id-2" }), index.Made, false},
		{"a delete whose record was changed by somebody", providers.Change{Op: providers.OpDelete, Before: was}, with(was, func(r *providers.Record) { r.TTL = 5 }), index.CannotTell, false},
		{"a delete on Route 53 whose value has another owner now", providers.Change{Op: providers.OpDelete, Before: plain}, with(plain, again), index.CannotTell, false},
		{"a create that is there", providers.Change{Op: providers.OpCreate, After: plain}, with(plain, same), index.Made, true},
		{"a create into a set with another TTL", providers.Change{Op: providers.OpCreate, After: plain}, with(plain, func(r *providers.Record) { r.TTL = 300 }), index.Made, true},
		{"a create that is not there", providers.Change{Op: providers.OpCreate, After: plain}, []providers.Record{sibling}, index.NotMade, false},
		{"a create whose value somebody else has", providers.Change{Op: providers.OpCreate, After: plain}, with(plain, again), index.CannotTell, false},
		{"a create whose value stands there twice", providers.Change{Op: providers.OpCreate, After: plain}, []providers.Record{plain, plain}, index.CannotTell, false},
		{"a marker that is there", providers.Change{Op: providers.OpCreate, After: marker}, []providers.Record{marker}, index.Made, true},
		{"an update that is there", providers.Change{Op: providers.OpUpdate, Before: was, After: is}, with(is, changed), index.Made, true},
		{"an update that is not", providers.Change{Op: providers.OpUpdate, Before: was, After: is}, with(was, same), index.NotMade, false},
		{"an update of the marker alone that is there", providers.Change{Op: providers.OpUpdate, Before: plain, After: quiet(plain)}, with(quiet(plain), same), index.Made, true},
		{"an update of the marker alone that is not", providers.Change{Op: providers.OpUpdate, Before: plain, After: quiet(plain)}, with(plain, same), index.NotMade, false},
		{"an update over which somebody else has gone", providers.Change{Op: providers.OpUpdate, Before: was, After: is}, with(is, func(r *providers.Record) { r.TTL = 5 }), index.CannotTell, false},
		{"an update before which somebody else came", providers.Change{Op: providers.OpUpdate, Before: was, After: is}, with(was, changed), index.CannotTell, false},
		{"an update whose record is gone", providers.Change{Op: providers.OpUpdate, Before: was, After: is}, nil, index.CannotTell, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			now, v, why := index.OutcomeOf(c.found, &c.c)
			if v != c.want || (now != nil) != c.now || why == "" {
				t.Errorf("%v, %+v, %q; want %v", v, now, why, c.want)
			}
		})
	}
}

// quiet is a record that says that it is quiesced.
func quiet(r providers.Record) providers.Record {
	o := r.Owners[0]
	o.Quiesced = true
	r.Owners = []providers.Owner{o}
	return r
}

func mustEncode(t *testing.T, o providers.Owner) string {
	t.Helper()
	s, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
