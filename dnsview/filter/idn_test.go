package filter

import (
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

func TestAnInternationalizedNameIsFoundAsItIsShownAndAsItIsOnTheWire(t *testing.T) {
	const zone = "xn--bcher-kva.example"
	rec := &providers.Record{Zone: zone, Name: "www." + zone, Type: "CNAME", Value: "xn--mller-kva.example", TTL: 60}
	v := dnsview.Inspect(&providers.Snapshot{Zones: []providers.ZoneView{{Zone: providers.Zone{Name: zone}, Records: []providers.Record{*rec}}}}, index.Options{})
	row := rows.NewRecord(v, &v.Snapshot.Zones[0].Records[0])
	for text, want := range map[string]bool{
		"zone:bücher.example": true, "zone=bücher.example": true, "zone:BÜCH": true, "zone:" + zone: true, "zone=bücher": false, "-zone:bücher": false,
		"name:www.bücher": true, "name=www.bücher.example": true, "name~ücher.ex": true, "name~^www\\.b.cher\\.": true, "value:müller": true, "~müller": true,
		"bücher": true, "www.bücher.example": true, "cher.example": true, "xn--bcher": true, "-bücher": false, "bäcker": false, "name:müller": false,
	} {
		f, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, byText := f.Match(row), f.MatchText(row, string(AppendText(nil, row))); got != want || byText != want {
			t.Errorf("%s: %v, by its text %v", text, got, byText)
		}
	}
	for text, unfit := range map[string]bool{"zone:bücher.example": false, "zone=BÜCHER.example": false, "zone~ücher": false, "zone:" + zone: false, "zone:bäcker.example": true} {
		f, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, found := f.Unfit("zone", []string{"scalability.expert", zone}); found != unfit {
			t.Errorf("%s: no zone has that: %v", text, found)
		}
	}
}
