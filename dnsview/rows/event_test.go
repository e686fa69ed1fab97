package rows_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/journal"
)

func TestNoEventHasWhatWouldSteerATerminal(t *testing.T) {
	const hostile = "e\x1b[31mvil\u202e\x07"
	r := &providers.Record{Zone: hostile, Name: hostile, Type: "TXT", Value: hostile, Owners: []providers.Owner{{Instance: hostile}}}
	f := &dnsview.Finding{
		Class: dnsview.Dead, Severity: dnsview.High, Record: r, Zone: hostile, Service: hostile, Name: hostile, Reason: hostile,
		Instance: &providers.InstanceRef{Cloud: hostile, Key: hostile, ID: hostile, Name: hostile},
	}
	begun, ended := rows.NewFindingEvent(f, time.Time{}), rows.NewEndEvent(f.Key(), time.Time{})
	for _, e := range []rows.Event{
		begun, ended, rows.NewStateEvent(&providers.Instance{Cloud: hostile, ID: hostile, Name: hostile}, hostile, hostile, hostile, time.Time{}),
		rows.NewChangeEvent(&journal.Entry{ID: hostile, Who: hostile, Verb: hostile, Sentence: hostile, Reason: hostile, Zone: hostile, Change: &providers.Change{Before: *r}}),
	} {
		text, err := json.Marshal(e)
		if err != nil || strings.ContainsAny(string(text), "\u202e") || strings.Contains(string(text), `\u00`) {
			t.Errorf("%s, %v", text, err)
		}
	}
	if begun.Finding != ended.Finding || ended.Class != "dead" {
		t.Errorf("%q begins and %q ends", begun.Finding, ended.Finding)
	}
}

func TestTheEndOfAFindingSaysWhatItWasAbout(t *testing.T) {
	record := &providers.Record{Zone: "example.com", Name: "www.example.com", Type: "A", Value: "192.0.2.1", ID: "r1"}
	instance := &providers.InstanceRef{Cloud: "aws", Key: "k1", ID: "i-1"}
	for _, c := range []struct {
		finding dnsview.Finding
		want    string
	}{
		{dnsview.Finding{Class: dnsview.Dead, Service: "www.example.com", Zone: "example.com", Record: record, Instance: instance}, "no longer dead: www.example.com A 192.0.2.1"},
		{dnsview.Finding{Class: dnsview.Foreign, Record: record}, "no longer foreign: www.example.com A 192.0.2.1"},
		{dnsview.Finding{Class: dnsview.Missing, Service: "www.example.com", Zone: "example.com", Instance: instance}, "no longer missing: i-1"},
		{dnsview.Finding{Class: dnsview.Thin, Service: "www.example.com", Zone: "example.com", Name: "www.example.com A"}, "no longer thin: www.example.com A"},
		{dnsview.Finding{Class: dnsview.OneCloud, Service: "www.example.com"}, "no longer one-cloud: www.example.com"},
		{dnsview.Finding{Class: dnsview.Lame, Zone: "example.com"}, "no longer lame: example.com"},
	} {
		if got := rows.NewEndEvent(c.finding.Key(), time.Now()).Text; got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
