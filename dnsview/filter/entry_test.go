package filter

import (
	"testing"
	"time"

	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/journal"
)

func TestAFilterChoosesEntriesOfTheJournal(t *testing.T) {
	o := providers.Owner{Fleet: "f1", Cloud: "k", Instance: "i-0dead"}
	was := providers.Record{Zone: "scalability.expert", Name: "www.scalability.expert", Type: "A", TTL: 60, Value: "192.0.2.9", Owners: []providers.Owner{o}}
	is := was
	is.Value = "192.0.2.10"
	entries := rows.Entries([]journal.Entry{{
		ID: "12", Run: "r49a75f0e", Who: "ops@desk", Verb: "update", State: journal.Failed, Sentence: "Change it", Note: "it was looked up", Zone: was.Zone, Reason: "moved",
		Instance: &providers.InstanceRef{Cloud: "aws-use1", ID: "i-0dead", Name: "www-07"}, Change: &providers.Change{Op: providers.OpUpdate, Before: was, After: is}, Time: now.Add(-2 * time.Hour),
	}, {
		ID: "13", Run: "r2", Who: "me@here", Verb: "drain", State: journal.Done, Sentence: "Terminate www-08", Instance: &providers.InstanceRef{Cloud: "joyent-ams", ID: "c2f0", Name: "www-08"}, Time: now,
	}}, now)
	for _, c := range []struct {
		filter        string
		change, power bool
	}{
		{"", true, true},
		{"state:failed", true, false},
		{"-state:failed", false, true},
		{"verb:drain", false, true},
		{"who~desk", true, false},
		{"run=r49a75f0e", true, false},
		{"id=13", false, true},
		{"zone:scalability", true, false},
		{"finding:moved", true, false},
		{"cloud:joyent", false, true},
		{"node:www-0", true, true},
		{"name:www.scal", true, false},
		{"name:www-08", false, true},
		{"value=192.0.2.10", true, false},
		{"value=192.0.2.9", true, false},
		{"ip=192.0.2.9", true, false},
		{"type:A", true, false},
		{"owner:i-0dead", true, false},
		{"fleet:f1", true, false},
		{"ttl>59", true, false},
		{"age>1h", true, false},
		{"age<1h", false, true},
		{"looked", true, false},
		{"terminate", false, true},
		{"192.0.2.10", true, false},
		{"region:us", false, false},
	} {
		f, err := Parse(c.filter)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := f.Match(entries[0]), f.Match(entries[1]); a != c.change || b != c.power {
			t.Errorf("%q: %v and %v, want %v and %v", c.filter, a, b, c.change, c.power)
		}
	}
}
