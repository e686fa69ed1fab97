package cli

import (
	"fmt"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/providers"
)

// wireRow is what name servers answered for the name and type of a record.
type wireRow struct {
	State    string          `json:"state"`
	Reason   string          `json:"reason"`
	Resolves bool            `json:"resolves"` // only whether it resolves could be compared
	Agree    int             `json:"agree"`    // authoritative servers that answer as the API says
	Servers  int             `json:"servers"`  // of so many
	At       *time.Time      `json:"at"`
	Since    *time.Time      `json:"since"`
	Until    *time.Time      `json:"until"` // when the last resolver must have forgotten the old answer
	Answers  []wireAnswerRow `json:"answers"`
}

// wireAnswerRow is what one server said.
type wireAnswerRow struct {
	Server   string     `json:"server"`
	Resolver bool       `json:"resolver"`
	Values   []string   `json:"values"`
	TTL      uint32     `json:"ttl"`
	Agrees   bool       `json:"agrees"`
	Failure  *string    `json:"failure"`
	At       *time.Time `json:"at"`
}

// wireZoneRow is what the name servers of a zone are.
type wireZoneRow struct {
	State    string     `json:"state"`
	Reason   string     `json:"reason"`
	Problems []string   `json:"problems"`
	At       *time.Time `json:"at"`
}

// newWireRow returns null for a name that no one asks for.
func newWireRow(w *dnsview.WireState) *wireRow {
	if w == nil {
		return nil
	}
	r := &wireRow{
		State: string(w.State), Reason: words.Clean(w.Reason), Resolves: w.Resolves, Agree: w.Agree, Servers: w.Servers, Answers: []wireAnswerRow{},
	}
	if w.State != dnsview.WireWaiting {
		r.At, r.Since, r.Until = moment(w.At), moment(w.Since), moment(w.Until)
	}
	for i := range w.Answers {
		a := &w.Answers[i]
		r.Answers = append(r.Answers, wireAnswerRow{
			Server: words.Clean(a.Server), Resolver: a.Resolver, Values: cleanAll(a.Values), TTL: a.TTL, Agrees: a.Agrees, Failure: text(a.Failure), At: moment(a.At),
		})
	}
	return r
}

func newWireZoneRow(w *dnsview.WireZone) *wireZoneRow {
	if w == nil {
		return nil
	}
	return &wireZoneRow{State: string(w.State), Reason: words.Clean(w.Reason), Problems: cleanAll(w.Problems), At: moment(w.At)}
}

func cleanAll(in []string) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = words.Clean(s)
	}
	return out
}

// String gives the state in one word with how many servers agree, for tables.
func (r *wireRow) String() string {
	switch {
	case r == nil:
		return ""
	case r.Servers == 0:
		return r.State
	case r.Resolves && r.State == string(dnsview.WireInSync):
		return "resolves"
	}
	return fmt.Sprintf("%s %d/%d", r.State, r.Agree, r.Servers)
}

// String gives the state of a zone's name servers, for tables.
func (r *wireZoneRow) String() string {
	if r == nil {
		return ""
	}
	return r.State
}

// withWire adds what the name servers of its zones are to the rows of sources.
func withWire(rows []sourceRow, v *dnsview.View) []sourceRow {
	for i := range v.Snapshot.Zones {
		z := &v.Snapshot.Zones[i].Zone
		for n := range rows {
			if rows[n].Kind == "zone" && providers.SameName(rows[n].Name, z.Name) {
				rows[n].Wire = newWireZoneRow(v.WireZone(z.Name))
			}
		}
	}
	return rows
}
