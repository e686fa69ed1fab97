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
