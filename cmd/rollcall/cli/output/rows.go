package output

import (
	"strings"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/rows"
	"rollcall/providers/journal"
)

// Instances returns the listing of instances, with their age at a time.
func Instances(now func() time.Time) *Listing[rows.Instance] {
	return &Listing[rows.Instance]{ID: (*rows.Instance).ID, Columns: rows.InstanceTable(now), Object: func(r *rows.Instance) any { return r.Object() }}
}

// InstancesWithStatus returns the listing of instances with what their clouds say of them; of returns nil for nothing.
func InstancesWithStatus(now func() time.Time, of func(*rows.Instance) *rows.StatusObject) *Listing[rows.Instance] {
	l := Instances(now)
	text := func(part func(*rows.StatusObject) string) func(*rows.Instance) string {
		return func(r *rows.Instance) string {
			if s := of(r); s != nil {
				return part(s)
			}
			return ""
		}
	}
	l.Columns = append(l.Columns,
		rows.Column[*rows.Instance]{Title: "CHECKS", Text: text(func(s *rows.StatusObject) string { return s.Checks })},
		rows.Column[*rows.Instance]{Title: "NOTICES", Text: text(func(s *rows.StatusObject) string { return strings.Join(s.Notices, "; ") })})
	l.Object = func(r *rows.Instance) any {
		o := r.Object()
		o.Status = of(r)
		return o
	}
	return l
}

// Records returns the listing of records; with wire, as name servers answer them.
func Records(wire bool) *Listing[rows.Record] {
	return &Listing[rows.Record]{ID: (*rows.Record).Named, Columns: rows.RecordTable(wire), Object: func(r *rows.Record) any { return r.Object() }}
}

// Findings returns the listing of findings.
func Findings() *Listing[rows.Finding] {
	return &Listing[rows.Finding]{ID: (*rows.Finding).Identity, Columns: rows.FindingTable(), Object: func(r *rows.Finding) any { return r.Object() }}
}

// Services returns the listing of services.
func Services() *Listing[rows.ServiceLine] {
	return &Listing[rows.ServiceLine]{ID: (*rows.ServiceLine).ID, Columns: rows.ServiceTable(), Object: func(r *rows.ServiceLine) any { return r.Object() }}
}

// Sources returns the listing of sources; with wire, whether name servers serve the zones.
func Sources(wire bool) *Listing[rows.Source] {
	return &Listing[rows.Source]{ID: (*rows.Source).Key, Columns: rows.SourceTable(wire)}
}

// Entries returns the listing of entries of the journal; with proofs, by whom they are proved.
func Entries(proofs bool) *Listing[rows.Entry] {
	l := &Listing[rows.Entry]{ID: (*rows.Entry).Key, Columns: rows.EntryTable(), Object: func(e *rows.Entry) any { return e.Entry }}
	if proofs {
		l.Columns = append(l.Columns, rows.Column[*rows.Entry]{Title: "PROVED BY", Text: func(e *rows.Entry) string { return words.Clean(e.ProvedBy) }})
		l.Object = func(e *rows.Entry) any {
			return struct {
				journal.Entry
				ProvedBy string `json:"proved_by"`
			}{e.Entry, e.ProvedBy}
		}
	}
	return l
}

// Events returns the listing of events of a timeline.
func Events(ascii bool) *Listing[rows.Event] {
	return &Listing[rows.Event]{ID: (*rows.Event).Key, Columns: rows.EventTable(ascii)}
}
