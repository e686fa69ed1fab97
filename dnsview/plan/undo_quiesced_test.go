package plan_test

import (
	"strconv"
	"testing"
	"time"

	"rollcall/dnsview/plan"
	"rollcall/providers"
)

func TestAValueIsQuiescedByTheMarkerOfItsOwnNameAlone(t *testing.T) {
	o := providers.Owner{Fleet: "7f3a9c1e", Cloud: "18dca2ab24", Instance: "m-1", Registered: time.Unix(1_795_172_400, 0).UTC()}
	a := providers.Record{Zone: "example.com", Name: "example.com", Type: "A", Value: "192.0.2.1", Owners: []providers.Owner{o}}
	for name, want := range map[string]bool{"example.com": true, "www.example.com": false} {
		q := o
		q.Quiesced = true
		text, err := q.For("A", "192.0.2.1").Encode()
		if err != nil {
			t.Fatal(err)
		}
		marker := providers.Record{Zone: "example.com", Name: providers.MarkerName("m-1", name), Type: "TXT", TTL: 300, Value: strconv.Quote(text)}
		r := a
		d := plan.Done{Change: &providers.Change{Op: providers.OpCreate, After: a}, Result: &r}
		d.SetQuiesced([]*providers.Record{&marker})
		if got := d.Result.Owners[0].Quiesced; got != want {
			t.Errorf("by the marker at %s: %v", name, got)
		}
	}
}
